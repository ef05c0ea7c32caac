"""Carries out one step: hooks before and after, the note of a pending operation, the provider's call, the new state.

Called by `registrar` (create, update, same, read) and `deleting`. A step that fails raises EngineError after the
state is as it should be; an after-hook that fails is reported and fails the operation, but the step stays done.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace

from amlkit.engine.events import Op, StepEvent
from amlkit.errors import EngineError
from amlkit.propertyvalues import UNKNOWN

from .kinds import Custom, Kind
from .manifest import now
from .providers import Outcome
from .resource import Resource
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
        return StepEvent(
            urn=subject.urn,
            type=subject.type,
            op=self.op,
            parent=subject.parent,
            changes=self.changes,
            old=self.old.inputs if self.old else {},
            new=self.new.inputs if self.new else {},
            id=subject.id,
            provider=subject.provider,
            retain=bool(self.old and self.old.retain_on_delete),
            **fields,  # type: ignore[arg-type]
        )


@contextmanager
def reported(run: Run, step: Step) -> Iterator[dict[str, str]]:
    """Tell the display that a step begins, and how it ends; changes that show only then go into what it yields."""
    for resource in (step.old, step.new):
        if resource is not None:
            run.reporter.hide([resource.inputs, resource.outputs])
    began = time.monotonic()
    run.reporter.step(step.event(state="started"))
    changes = dict(step.changes)
    try:
        yield changes
    except EngineError as error:
        run.reporter.step(step.event(state="failed", error=str(error), seconds=time.monotonic() - began))
        raise
    ended = replace(step, changes=changes)
    run.reporter.step(ended.event(state="done", seconds=time.monotonic() - began))


def create(run: Run, new: Resource, kind: Kind, replaces: Old | None, changes: Mapping[str, str]) -> New:
    """Make a resource; with `replaces`, as the new half of a replacement."""
    op = Op.CREATE_REPLACEMENT if replaces else Op.CREATE
    with reported(run, Step(op, replaces.resource if replaces else None, new, changes)):
        run.hooks.run("BeforeCreate", new, old=None, new=new)
        ticket = run.snapshot.begin(new, "creating")
        with _undone_on_failure(run, ticket):
            outcome = kind.create(new, preview=run.preview)
        stamp = now()
        made = _finished(run, new, outcome, created=stamp, modified=stamp)
        entry = run.snapshot.created(ticket, made, replaces)
        _raise_if_unwell(outcome)
        if new.custom:
            _after(run, "AfterCreate", made, None)
    if replaces:
        run.reporter.step(Step(Op.REPLACE, replaces.resource, made, changes).event(state="done"))
    return entry


def update(run: Run, old: Old, new: Resource, kind: Kind, changes: Mapping[str, str]) -> New:
    """Change a resource in place."""
    before = old.resource
    new = replace(new, id=before.id)
    with reported(run, Step(Op.UPDATE, before, new, changes)):
        run.hooks.run("BeforeUpdate", new, old=before, new=new)
        ticket = run.snapshot.begin(new, "updating")
        with _undone_on_failure(run, ticket):
            outcome = kind.update(before, new, preview=run.preview)
        modified = now() if new.custom else before.modified
        made = _finished(run, new, outcome, created=before.created, modified=modified)
        if outcome.init_errors:
            made = replace(made, inputs=before.inputs)  # so that the next diff sees what is still to be done
        entry = run.snapshot.updated(ticket, old, made)
        _raise_if_unwell(outcome)
        if new.custom:
            _after(run, "AfterUpdate", made, before)
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
    with reported(run, Step(Op.READ, old.resource if old else None, new, {})) as changes:
        outcome = Outcome(new.id, {}) if new.id == UNKNOWN else kind.provider.read(new, new.inputs)
        if not outcome.id:
            raise EngineError(f"resource '{new.id}' does not exist")
        found = _finished(run, new, outcome, created=old.resource.created if old else "", modified="")
        if old is None:
            return run.snapshot.updated(0, None, found)
        if not equal(old.resource.outputs, found.outputs):
            changes["outputs"] = "update"
        replaces = not old.resource.external and old.resource.id != new.id
        if replaces:
            return run.snapshot.created(0, found, old)
        changed = not equal(old.resource.outputs, found.outputs) or not equal(old.resource.inputs, found.inputs)
        found = replace(found, modified=now() if changed else old.resource.modified)
        if changed or not old.resource.external:
            return run.snapshot.updated(0, old, found)
        return run.snapshot.same(old, found)


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
                kind.provider.delete(resource)
        run.snapshot.deleted(ticket, old, pending_replacement=replacing)
        _after(run, "AfterDelete", None, resource)


class ProtectedError(EngineError):
    """A resource that must not be deleted."""

    def __init__(self, resource: Resource) -> None:
        super().__init__(
            f"resource {resource.urn} cannot be deleted because it is protected",
            hint="remove the `protect` option from the resource in the program, run `up`, then try again",
        )


@contextmanager
def _undone_on_failure(run: Run, ticket: int) -> Iterator[None]:
    try:
        yield
    except BaseException:
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
        raise EngineError("\n".join(outcome.init_errors))


def _after(run: Run, kind: str, new: Resource | None, old: Resource | None) -> None:
    """An after-hook's failure fails the operation, not the step: what happened has happened."""
    subject = new or old
    assert subject is not None  # noqa: S101  one of the two is there
    try:
        run.hooks.run(kind, subject, old=old, new=new, done=True)
    except EngineError as error:
        run.reporter.failure(error, subject.urn)
