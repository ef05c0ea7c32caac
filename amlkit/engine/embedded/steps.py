"""Carries out one step: hooks before and after, the note of a pending operation, the provider's call, the new state.

Called by `registrar` (create, update, same, read), `deleting`, `cascade`, `dismantling` and `bulkimport`. A step that
fails raises EngineError after the state is as it should be; an after-hook that fails is reported and fails the
operation, but the step stays done.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial

from amlkit.engine.events import Op, StepEvent
from amlkit.errors import EngineError
from amlkit.propertyvalues import UNKNOWN

from .gate import AbandonedError, BrokenOffError
from .kinds import Custom, Kind
from .manifest import now
from .providers import Outcome, UnsureError
from .resource import Resource
from .retrying import retried, unwell
from .run import Run
from .snapshot import New, Old
from .values import equal, mark_outputs


@dataclass(frozen=True)
class Step:
    """What is done to what, for the display: `old` and `new` as before and after, `changes` as in `StepEvent`."""

    op: Op
    old: Resource | None
    new: Resource | None
    changes: Mapping[str, str]

    def event(self, **fields: object) -> StepEvent:
        """The event of this step."""
        subject = self.new or self.old
        assert subject is not None  # noqa: S101  one of the two is there
        known = {"before": self.old, "after": self.new, "changes": self.changes}
        return StepEvent(urn=subject.urn, type=subject.type, op=self.op, **known, **fields)  # type: ignore[arg-type]


@dataclass
class Course:
    """A step under way; what is found out on the way is told when it ends."""

    step: Step

    def made(self, new: Resource, **others: object) -> None:
        """What it has become, and what else is other than it was when it began."""
        self.step = replace(self.step, new=new, **others)  # type: ignore[arg-type]


@contextmanager
def reported(run: Run, step: Step) -> Iterator[Course]:
    """Tell the display that a step begins, and how it ends."""
    for resource in (step.old, step.new):
        if resource is not None:
            run.reporter.hide([resource.inputs, resource.outputs])
    began = time.monotonic()
    run.reporter.step(step.event(state="started"))
    course = Course(step)
    try:
        yield course
    except AbandonedError:
        raise  # it has not ended
    except EngineError as error:
        known = {"error": str(error), "unsure": isinstance(error, UnsureError), "seconds": time.monotonic() - began}
        run.reporter.step(course.step.event(state="failed", **known))
        raise
    run.reporter.step(course.step.event(state="done", seconds=time.monotonic() - began))


def create(
    run: Run, new: Resource, kind: Kind, replaces: Old | None, changes: Mapping[str, str], *, gone: bool = False
) -> New:
    """Make a resource; with `replaces`, as the new half of a replacement; `gone`: what it replaces is deleted."""
    op = Op.CREATE_REPLACEMENT if replaces else Op.CREATE
    old = replaces.resource if replaces else None
    if replaces and gone:  # what went with another one: the reason is told with the creation alone
        run.reporter.step(Step(Op.REPLACE, old, new, changes or {}).event(state="done"))
    with reported(run, Step(op, old, new, changes)) as course:
        run.hooks.run("BeforeCreate", new, old=None, new=new)
        ticket = run.snapshot.begin(new, "creating")
        with _undone_on_failure(run, ticket, unless=BrokenOffError):
            attempt = partial(kind.create, new, preview=run.preview)
            outcome = retried(run, "create", attempt, old=None, new=new)
        stamp = now()
        made = _finished(run, new, outcome, created=stamp, modified=stamp)
        entry = run.snapshot.created(ticket, made, replaces)
        if old is not None and not old.pending_replacement:
            old = replace(old, delete=True)
        course.made(made, old=old)
        _raise_if_unwell(outcome)
        if new.custom:
            after(run, "AfterCreate", made, None)
    if replaces and not gone:
        run.reporter.step(Step(Op.REPLACE, old, made, changes).event(state="done"))
    return entry


def update(run: Run, old: Old, new: Resource, kind: Kind, changes: Mapping[str, str]) -> New:
    """Change a resource in place."""
    before = old.resource
    new = replace(new, id=before.id)
    with reported(run, Step(Op.UPDATE, before, new, changes)) as course:
        run.hooks.run("BeforeUpdate", new, old=before, new=new)
        ticket = run.snapshot.begin(new, "updating")
        with _undone_on_failure(run, ticket):
            attempt = partial(kind.update, before, new, preview=run.preview)
            outcome = retried(run, "update", attempt, old=before, new=new)
        modified = now() if new.custom else before.modified
        made = _finished(run, new, outcome, created=before.created, modified=modified)
        course.made(made)
        if outcome.init_errors:
            made = replace(made, inputs=before.inputs)  # so that the next diff sees what is still to be done
        entry = run.snapshot.updated(ticket, old, made)
        _raise_if_unwell(outcome)
        if new.custom:
            after(run, "AfterUpdate", made, before)
    return entry


def same(run: Run, old: Old, new: Resource, kind: Kind) -> New:
    """Keep a resource as it is, with what the program says of it now."""
    before = old.resource
    kept = replace(new, id=before.id, outputs=mark_outputs(before.outputs, new.inputs, new.additional_secret_outputs))
    with reported(run, Step(Op.SAME, before, kept, {})):
        kind.same(before, kept)
        return run.snapshot.same(old, kept)


def read(run: Run, old: Old | None, new: Resource, kind: Custom) -> New:
    """Read a resource that is not ours to manage; one of ours with another id makes place for it."""
    if old is not None and not old.resource.external and old.resource.id != new.id:
        return _read_instead(run, old, new, kind)
    with reported(run, Step(Op.READ, old.resource if old else None, new, {})) as course:
        found = _found(run, old, new, kind)
        course.made(found)
        if old is None:
            return run.snapshot.updated(0, None, found)
        if not equal(old.resource.outputs, found.outputs):
            course.made(found, changes={"outputs": "update"})
        changed = not equal(old.resource.outputs, found.outputs) or not equal(old.resource.inputs, found.inputs)
        found = replace(found, modified=now() if changed else old.resource.modified)
        if changed or not old.resource.external:
            return run.snapshot.updated(0, old, found)
        return run.snapshot.same(old, found)


def _read_instead(run: Run, old: Old, new: Resource, kind: Custom) -> New:
    before = old.resource
    with reported(run, Step(Op.READ_REPLACEMENT, before, new, {})) as course:
        found = _found(run, old, new, kind)
        entry = run.snapshot.created(0, found, old)
        before = replace(before, delete=True)
        course.made(found, old=before)
    run.reporter.step(Step(Op.REPLACE, before, found, {}).event(state="done"))
    return entry


def _found(run: Run, old: Old | None, new: Resource, kind: Custom) -> Resource:
    """What there is to read; of an id that a preview does not know, nothing yet."""
    outcome = Outcome(new.id, {}) if new.id == UNKNOWN else kind.provider.read(new, new.inputs)
    if not outcome.id:
        raise EngineError(f"resource '{new.id}' does not exist")
    return _finished(run, new, outcome, created=old.resource.created if old else "", modified="")


def delete(run: Run, old: Old, kind: Custom | None, op: Op, *, replacing: bool = False) -> None:
    """Delete a resource; without a kind only the state forgets it.

    With `replacing` it goes before its replacement is made, and stays in the state until then.

    Raises:
        EngineError: it is protected, a hook or the provider refused.
    """
    resource = old.resource
    with reported(run, Step(op, resource, None, {})):
        run.hooks.run("BeforeDelete", resource, old=resource, new=None)
        if resource.protect and op is Op.DELETE:
            raise ProtectedError(resource)
        ticket = run.snapshot.begin(resource, "deleting")
        if kind is not None and not run.preview:
            with _undone_on_failure(run, ticket):
                retried(run, "delete", partial(_deleted, kind, resource), old=resource, new=None)
        run.snapshot.deleted(ticket, old, pending_replacement=replacing)
        after(run, "AfterDelete", None, resource)


class ProtectedError(EngineError):
    """A resource that must not be deleted."""

    def __init__(self, resource: Resource) -> None:
        super().__init__(
            f"resource {resource.urn} cannot be deleted because it is protected",
            hint="remove the `protect` option from the resource in the program, run `up`, then try again",
        )


@contextmanager
def _undone_on_failure(run: Run, ticket: int, unless: type[EngineError] | tuple[()] = ()) -> Iterator[None]:
    """Drop the note of what had begun; after `unless` the next run looks for what was made."""
    try:
        yield
    except BaseException as error:
        if not isinstance(error, unless):
            run.snapshot.failed(ticket)
        raise


def _finished(run: Run, new: Resource, outcome: Outcome, *, created: str, modified: str) -> Resource:
    run.reporter.hide(outcome.outputs)
    return replace(
        new,
        id=outcome.id,
        outputs=mark_outputs(outcome.outputs, new.inputs, new.additional_secret_outputs),
        init_errors=outcome.init_errors,
        refresh_before_update=outcome.refresh_before_update,
        created=created,
        modified=modified,
    )


def _raise_if_unwell(outcome: Outcome) -> None:
    if outcome.init_errors:
        raise EngineError(unwell(outcome).rstrip())


def after(run: Run, kind: str, new: Resource | None, old: Resource | None) -> None:
    """Run after-hooks; a failure fails the operation and lets nothing new start, but what happened has happened."""
    subject = new or old
    assert subject is not None  # noqa: S101  one of the two is there
    try:
        run.hooks.run(kind, subject, old=old, new=new, done=True)
    except EngineError as error:
        run.reporter.failure(error, subject.urn)
        if not run.manner.continue_on_error:
            run.gate.stop()


def _deleted(kind: Custom, resource: Resource) -> Outcome:
    kind.provider.delete(resource)
    return Outcome("", {})
