"""One registration of the program, from what it asks for to what the state then holds.

`monitor` calls it from many threads. Decisions (check, diff, what to do) are taken one at a time under a lock; the
work that follows runs in parallel, as far as the gate lets it. Order of the rules: Pulumi's step generator.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace

from amlkit.engine.events import Op
from amlkit.errors import AmlkitError, EngineError
from amlkit.propertyvalues import UNKNOWN, has_unknown

from . import deleting, dismantling, importing, rereading, steps, urns
from .answers import Answer, Answered, Failures
from .cascade import Cascade
from .decide import Diff, decide, forced_diff, settled, with_ignored, with_replace_on_changes
from .deleting import Condemned
from .gate import Stopped
from .goal import Goal, desired, inherit
from .kinds import Component, Custom, Kind, ProviderKind
from .lookup import Seen
from .outputs import Outputs
from .passedover import PassedOver
from .providerchoice import ProviderChoice
from .resource import Resource
from .run import Run
from .snapshot import New, Old


class Registrar:
    """What the program registered so far in one run, and how the next registration is answered."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self.seen = Seen(run)
        self.cascade = Cascade(run, self.seen)
        self._deciding = threading.RLock()
        self._providers = ProviderChoice(run, self.seen, lambda goal: self._decided(goal)())
        self.failures = Failures()
        self._passed = PassedOver(run)
        self.outputs = Outputs(run, self.seen, self._is_passed_over)

    def register(self, goal: Goal) -> Answer:
        """Decide and do what a registration needs; returns when it is done and in the state.

        Raises:
            Stopped: the run stops, because of this or something else; what is wrong has been reported.
        """
        with self._run.gate.enter(), self._failing(goal):
            try:
                with self._deciding:
                    self._run.gate.check()
                    work = self._decided(goal)
                return self._carried_out(goal, work)
            except Answered as passed_over:
                return passed_over.answer

    def read(self, goal: Goal, identifier: str) -> Answer:
        """Read what is not managed here (`X.get(...)`).

        Raises:
            Stopped: as in `register`.
        """
        with self._run.gate.enter(), self._failing(goal):
            try:
                with self._deciding:
                    self._run.gate.check()
                    work = self._decided_read(goal, identifier)
                return self._carried_out(goal, work)
            except Answered as passed_over:
                return passed_over.answer

    def fail(self, error: Exception, urn: str = "") -> None:
        """Report what went wrong and stop the run."""
        if not isinstance(error, InvalidError):
            self._run.reporter.failure(error, urn)
        self._run.gate.stop()

    def any_unknown(self, urns_: Iterable[str]) -> bool:
        """Is one of these resources still without an id (previews only)?"""
        asked = list(urns_)
        if any(map(self._is_passed_over, asked)):
            return True
        entries = [self.seen.news.get(urn) for urn in asked]
        return any(each is not None and each.resource.custom and not is_known(each.resource.id) for each in entries)

    def unregistered(self) -> list[Condemned]:
        """What is to be deleted after the program: what was replaced, and what it did not register."""
        return deleting.unregistered(self._run, self.seen.operated, self.cascade.handled)

    def provider_for(self, type_: str, version: str, reference: str) -> str:
        """The provider reference for a call without a resource: the given one, else the package's default."""
        with self._run.gate.enter(), self._deciding:
            return reference or self._providers.default(type_, version)

    @contextmanager
    def _failing(self, goal: Goal) -> Iterator[None]:
        try:
            yield
        except AmlkitError as error:
            self.fail(error, self._urn(goal))
            raise Stopped from error

    def _is_passed_over(self, urn: str) -> bool:
        return urn in self.failures or urn in self._passed

    def _carried_out(self, goal: Goal, work: Callable[[], New]) -> Answer:
        """Do the work; where the run continues after errors a failure is this registration's alone."""
        try:
            entry = work()
        except AmlkitError as error:
            if not self._run.manner.continue_on_error:
                raise
            urn = self._urn(goal)
            self._run.reporter.failure(error, urn)
            self.failures.add(urn)
            return Answer(self._as_known(urn, goal), result="fail")
        self.seen.add(entry)
        return Answer(entry.resource)

    def _as_known(self, urn: str, goal: Goal) -> Resource:
        """What the program is told of a resource that is not as it wants it."""
        old = None if urn in self.seen.replaced else self.seen.olds.get(urn)
        return Resource(urn=urn, type=goal.type, custom=goal.custom, id=old.resource.id if old else "")

    def _refuse_dependant(self, goal: Goal, new: Resource) -> None:
        """Raises Answered for what needs something that failed."""
        if self.failures.concern(new):
            self.seen.operate(new.urn)
            self.failures.add(new.urn)
            raise Answered(Answer(self._as_known(new.urn, goal), result="skip"))

    def _decided_read(self, goal: Goal, identifier: str) -> Callable[[], New]:
        goal = self._placed(goal)
        urn = self.seen.claim(self._urn(goal), goal)
        old, _ = self._found(urn, goal)
        new = replace(desired(goal, urn, self._providers.of(goal), None), external=True, id=identifier)
        new = replace(new, aliases=self.seen.names_before(urn))
        self._refuse_dependant(goal, new)
        kind = Custom(self._run.registry.get(new.provider))
        self.seen.operate(urn)
        return self._slotted(lambda: steps.read(self._run, old, new, kind))

    def _decided(self, goal: Goal) -> Callable[[], New]:
        goal = self._placed(goal)
        urn = self.seen.claim(self._urn(goal), goal)
        reference = self._providers.of(goal)
        old, conflicted = self._found(urn, goal)
        new = desired(goal, urn, reference, old.resource if old else None)
        new = replace(new, aliases=self.seen.names_before(urn))
        self._refuse_dependant(goal, new)
        if old is not None and rereading.is_read(self._run, new, old, self.cascade.deleted):
            return self._read_first(goal, new, old, conflicted)
        rereading.note_unread(self._run, new, old)
        return self._next(goal, new, old, conflicted)

    def _read_first(self, goal: Goal, new: Resource, old: Old, conflicted: bool) -> Callable[[], New]:
        self.seen.operate(new.urn)

        def work() -> New:
            with self._run.gate.slot():
                found = rereading.read(self._run, new, old)
            with self._deciding:
                self._run.gate.check()
                follow = self._next(goal, new, found, conflicted)
            return follow()

        return work

    def _next(self, goal: Goal, new: Resource, old: Old | None, conflicted: bool) -> Callable[[], New]:
        """What to do with a resource that is in the old state as `old` says."""
        urn = new.urn
        if entry := rereading.answered(self._run, self._passed, new, old):
            self.seen.operate(urn)
            return lambda: entry
        if self._run.manner.dismantles:
            dismantling.refuse_new(self._passed, new, old)
        kind = self._kind_of(new)
        if self._run.manner.dismantles and (kept := dismantling.as_it_is(self._run, new, old, kind)):
            self.seen.operate(urn)
            return kept
        recreating = urn in self.cascade.deleted
        fresh = old is None or recreating or old.resource.external
        wanted = new
        if isinstance(kind, Custom) and importing.is_asked(goal, old.resource if old else None):
            if conflicted:
                raise InvalidError(urn)
            return self._import(goal, new, kind, None if recreating else old)
        if old is not None and not fresh:
            new = replace(new, inputs=with_ignored(new.inputs, old.resource.inputs, goal.ignore_changes))
        new = self._checked(new, kind, None if old is None or fresh else old.resource)
        if conflicted:
            raise InvalidError(urn)
        self.seen.operate(urn)
        if old is None:
            return self._creation(new, kind, None, {})
        if fresh:
            if recreating:
                self.seen.replaced.add(urn)
                return self._creation(new, kind, old, self.cascade.why(urn), after=self.cascade.recreated(urn))
            return self._creation(new, kind, old, {})
        return self._changed(goal, old, new, wanted, kind)

    def _found(self, urn: str, goal: Goal) -> tuple[Old | None, bool]:
        """What it was in the old state, and whether another registration claims the same; that has been reported."""
        found = self.seen.find(urn, goal)
        for text in found.conflicts:
            self._run.reporter.message("error", text, urn)
        if found.alias and goal.is_provider:
            self._run.registry.alias(urn, found.alias)
        return found.old, bool(found.conflicts)

    def _import(self, goal: Goal, new: Resource, kind: Custom, replaces: Old | None) -> Callable[[], New]:
        """Take over what exists; what the program wants otherwise is decided when it has been read."""
        self.seen.operate(new.urn)

        def work() -> New:
            with self._run.gate.slot():
                entry = importing.take(self._run, new, lambda: importing.imported(new, kind), replaces)
            with self._deciding:
                self._run.gate.check()
                wanted = importing.adjustable(entry.resource, new)
                old = Old(entry.resource, made=entry)
                kept = with_ignored(wanted.inputs, old.resource.inputs, goal.ignore_changes)
                checked = self._checked(replace(wanted, inputs=kept), kind, old.resource)
                follow = self._changed(goal, old, checked, wanted, kind)
            return follow()

        return work

    def _changed(self, goal: Goal, old: Old, new: Resource, wanted: Resource, kind: Kind) -> Callable[[], New]:
        gone = old.resource.urn in self.cascade.deleted  # under an old name: found by a diff, as Pulumi does
        before = replace(old.resource, pending_replacement=True) if gone else old.resource
        diff = self._diff(before, new, kind)
        if diff.warning:
            self._run.reporter.message("warning", diff.warning, new.urn)
        diff = with_replace_on_changes(diff, goal.replace_on_changes, init_errors=bool(before.init_errors))
        decision = decide(before, new, diff, goal.delete_before_replace)
        if decision.op is Op.SAME and old.made is not None:
            made = old.made
            return lambda: made
        if decision.op is Op.SAME:
            return self._noted(new, Op.SAME, None, lambda: steps.same(self._run, old, new, kind))
        if decision.op is Op.UPDATE:
            return self._noted(
                new, Op.UPDATE, before, self._slotted(lambda: steps.update(self._run, old, new, kind, decision.changes))
            )
        self._refuse_protected(before, new)
        self._refuse_imported(goal, before, new, diff)
        self.seen.replaced.add(new.urn)
        again = self._checked(wanted, kind, None)
        prepare = self.cascade.prepared(old) if decision.delete_first and not gone else None
        if gone:
            prepare = self.cascade.recreated(before.urn)
        return self._creation(again, kind, old, decision.changes, after=prepare)

    def _creation(
        self,
        new: Resource,
        kind: Kind,
        replaces: Old | None,
        changes: Mapping[str, str],
        after: Callable[[], None] | None = None,
    ) -> Callable[[], New]:
        def work() -> New:
            if after is not None:
                after()
            with self._run.gate.slot():
                return steps.create(self._run, new, kind, replaces, changes, gone=after is not None)

        return self._noted(new, Op.CREATE, None, work)

    def _slotted(self, work: Callable[[], New]) -> Callable[[], New]:
        def slotted() -> New:
            with self._run.gate.slot():
                return work()

        return slotted

    def _noted(self, new: Resource, op: Op, before: Resource | None, work: Callable[[], New]) -> Callable[[], New]:
        """Remember what happens to a component: its after-hooks wait for its outputs."""
        if not new.custom:
            self.seen.components[new.urn] = (op, before)
        return work

    def _placed(self, goal: Goal) -> Goal:
        """With what it inherits from its parent."""
        if goal.parent and goal.parent not in self.seen.goals:
            raise EngineError(f"unknown parent of {goal.name}: {goal.parent}")
        return inherit(goal, self.seen.goals.get(goal.parent))

    def _urn(self, goal: Goal) -> str:
        return urns.urn(self._run.stack, self._run.project, goal.parent, goal.type, goal.name)

    def _kind_of(self, new: Resource) -> Kind:
        if new.is_provider:
            return ProviderKind(self._run.registry)
        return Custom(self._run.registry.get(new.provider)) if new.custom else Component()

    def _checked(self, new: Resource, kind: Kind, old: Resource | None) -> Resource:
        if not self._run.preview and has_unknown(new.inputs):
            raise EngineError(f"an input of {new.urn} is not known")
        self._run.reporter.hide(new.inputs)
        checked = kind.check(new, old.inputs if old else {}, old)
        for line in checked.told(new):
            self._run.reporter.message("error", line, new.urn)
        if checked.failures:
            raise InvalidError(new.urn)
        return replace(new, inputs=checked.inputs)

    def _diff(self, old: Resource, new: Resource, kind: Kind) -> Diff:
        if not self._run.preview and has_unknown(new.replacement_trigger):
            raise EngineError(f"replacement trigger contains unknowns for {new.urn}")
        forced = forced_diff(old, new, self.seen.replaced)
        if forced is not None:
            return forced
        if self._providers.changed(old, new):
            return Diff(True, replaces=("provider",))
        return settled(kind.diff(old, new), old, new.inputs)

    def _refuse_imported(self, goal: Goal, old: Resource, new: Resource, diff: Diff) -> None:
        """The program says which thing it is to be: another one in its place is not that."""
        if not goal.import_id:
            return
        text = importing.must_not_replace(old, new, diff)
        if not self._run.preview:
            raise EngineError(text)
        self._run.reporter.message("warning", text, new.urn)

    def _refuse_protected(self, old: Resource, new: Resource) -> None:
        if not (old.protect and new.protect):
            return
        error = EngineError(
            f"unable to replace resource {new.urn} as it is currently marked for protection",
            hint="remove the `protect` option from the resource in the program, then run `up`",
        )
        if not self._run.preview:
            raise error
        self._run.reporter.failure(error, new.urn)


class InvalidError(EngineError):
    """A resource whose inputs the provider refused; the reasons were reported already."""

    def __init__(self, urn: str) -> None:
        super().__init__(f"resource {urn} is invalid")


def is_known(identifier: str) -> bool:
    """Is it an id, not the place of one that a preview does not know?"""
    return bool(identifier) and identifier != UNKNOWN
