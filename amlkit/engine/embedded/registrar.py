"""One registration of the program, from what it asks for to what the state then holds.

`monitor` calls it from many threads. Decisions (check, diff, what to do) are taken one at a time under a lock; the
work that follows runs in parallel, as far as the gate lets it. Order of the rules: Pulumi's step generator.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from amlkit.engine.events import Op, OutputsEvent
from amlkit.errors import AmlkitError, EngineError
from amlkit.propertyvalues import UNKNOWN, has_unknown

from . import steps, urns
from .cascade import Cascade
from .decide import Diff, decide, forced_diff, settled, with_ignored, with_replace_on_changes
from .gate import Stopped
from .goal import Goal, desired, inherit
from .kinds import Component, Custom, Kind, ProviderKind
from .lookup import Seen
from .providers import config_only
from .registry import default_inputs
from .resource import PROVIDER_PREFIX, STACK_TYPE, Resource
from .run import Run
from .snapshot import New, Old
from .values import equal


class Registrar:
    """What the program registered so far in one run, and how the next registration is answered."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self.seen = Seen(run)
        self.cascade = Cascade(run, self.seen)
        self._deciding = threading.RLock()
        self._defaults: dict[tuple[str, str], str] = {}
        self._stack_outputs: dict[str, Any] | None = None

    def register(self, goal: Goal) -> New:
        """Decide and do what a registration needs; returns when it is done and in the state.

        Raises:
            Stopped: the run stops, because of this or something else; what is wrong has been reported.
        """
        with self._run.gate.enter(), self._failing(goal):
            with self._deciding:
                self._run.gate.check()
                work = self._decided(goal)
            entry = work()
            self.seen.add(entry)
            return entry

    def read(self, goal: Goal, identifier: str) -> New:
        """Read what is not managed here (`X.get(...)`).

        Raises:
            Stopped: as in `register`.
        """
        with self._run.gate.enter(), self._failing(goal):
            with self._deciding:
                self._run.gate.check()
                goal = self._placed(goal)
                urn = self.seen.claim(self._urn(goal), goal)
                old = self.seen.olds.get(urn)
                new = replace(desired(goal, urn, self._provider_of(goal), None), external=True, id=identifier)
                kind = Custom(self._run.registry.get(new.provider))
                self.seen.operated.add(urn)
            with self._run.gate.slot():
                entry = steps.read(self._run, old, new, kind)
            self.seen.add(entry)
            return entry

    def fail(self, error: Exception, urn: str = "") -> None:
        """Report what went wrong and stop the run."""
        if not isinstance(error, InvalidError):
            self._run.reporter.failure(error, urn)
        self._run.gate.stop()

    def any_unknown(self, urns_: Iterable[str]) -> bool:
        """Is one of these resources still without an id (previews only)?"""
        entries = [self.seen.news.get(urn) for urn in urns_]
        return any(each is not None and each.resource.custom and not is_known(each.resource.id) for each in entries)

    def provider_for(self, type_: str, version: str, reference: str) -> str:
        """The provider reference for a call without a resource: the given one, else the package's default."""
        with self._run.gate.enter(), self._deciding:
            return reference or self._default_provider(urns.package_of(type_), version)

    def set_outputs(self, urn: str, outputs: dict[str, Any]) -> None:
        """Outputs of a component, after all that is in it; the stack's wait for the end of the run."""
        if urns.parse(urn).type == STACK_TYPE:
            self._stack_outputs = outputs
            return
        with self._run.gate.enter():
            entry = self.seen.news.get(urn)
            if entry is None:
                raise EngineError(f"outputs for a resource that is not registered: {urn}")
            self._run.reporter.hide(outputs)
            self._run.snapshot.set_outputs(entry, outputs)
            op, before = self.seen.components.pop(urn, (Op.SAME, None))
            if op is Op.CREATE:
                self._run.hooks.run("AfterCreate", entry.resource, old=None, new=entry.resource, done=True)
            elif op is Op.UPDATE:
                self._run.hooks.run("AfterUpdate", entry.resource, old=before, new=entry.resource, done=True)

    def finish_outputs(self, *, succeeded: bool) -> Mapping[str, Any]:
        """Put the stack's outputs into the state; after a failure over the old ones. Returns what is there now."""
        entry = next((each for each in self._run.snapshot.news if each.resource.type == STACK_TYPE), None)
        if entry is None:
            return {}
        old = self.seen.olds.get(entry.resource.urn)
        before = dict(old.resource.outputs) if old else {}
        given = self._stack_outputs
        after = before if given is None else given if succeeded else before | given
        self._run.reporter.hide(after)
        self._run.snapshot.set_outputs(entry, dict(after))
        self._run.reporter.event(OutputsEvent(before, after))
        return after

    @contextmanager
    def _failing(self, goal: Goal) -> Iterator[None]:
        try:
            yield
        except AmlkitError as error:
            self.fail(error, self._urn(goal))
            raise Stopped from error

    def _decided(self, goal: Goal) -> Callable[[], New]:
        goal = self._placed(goal)
        urn = self.seen.claim(self._urn(goal), goal)
        reference = self._provider_of(goal) if goal.custom and not goal.is_provider else ""
        old = self.seen.olds.get(urn)
        self._refuse_import(goal, old)
        new = desired(goal, urn, reference, old.resource if old else None)
        kind = self._kind_of(new)
        recreating = urn in self.cascade.deleted
        fresh = old is None or recreating or old.resource.external
        wanted = new
        if old is not None and not fresh:
            new = replace(new, inputs=with_ignored(new.inputs, old.resource.inputs, goal.ignore_changes))
        new = self._checked(new, kind, None if old is None or fresh else old.resource)
        self.seen.operated.add(urn)
        if old is None:
            return self._creation(new, kind, None, {})
        if fresh:
            if recreating:
                self.seen.replaced.add(urn)
            return self._creation(new, kind, old, {}, after=self.cascade.recreated(urn) if recreating else None)
        return self._changed(goal, old, new, wanted, kind)

    def _changed(self, goal: Goal, old: Old, new: Resource, wanted: Resource, kind: Kind) -> Callable[[], New]:
        before = old.resource
        diff = self._diff(before, new, kind)
        if diff.warning:
            self._run.reporter.message("warning", diff.warning, new.urn)
        diff = with_replace_on_changes(diff, goal.replace_on_changes, init_errors=bool(before.init_errors))
        decision = decide(before, new, diff, goal.delete_before_replace)
        if decision.op is Op.SAME:
            return self._noted(new, Op.SAME, None, lambda: steps.same(self._run, old, new, kind))
        if decision.op is Op.UPDATE:
            return self._noted(
                new, Op.UPDATE, before, self._slotted(lambda: steps.update(self._run, old, new, kind, decision.changes))
            )
        self._refuse_protected(before, new)
        self.seen.replaced.add(new.urn)
        again = self._checked(wanted, kind, None)
        prepare = self.cascade.prepared(old) if decision.delete_first else None
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
                return steps.create(self._run, new, kind, replaces, changes)

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

    def _provider_of(self, goal: Goal) -> str:
        package = urns.package_of(goal.type)
        if goal.provider:
            return goal.provider
        parent = self.seen.goals.get(goal.parent)
        inherited = {**(parent.providers if parent else {}), **goal.providers}.get(package, "")
        return inherited or self._default_provider(package, goal.version)

    def _default_provider(self, package: str, version: str) -> str:
        if (package, version) not in self._defaults:
            goal = Goal(
                type=f"{PROVIDER_PREFIX}{package}",
                name=urns.default_provider_name(version),
                custom=True,
                inputs=default_inputs(package, version, self._run.config),
            )
            entry = self._decided(goal)()
            self.seen.add(entry)
            self._defaults[package, version] = urns.provider_reference(entry.resource.urn, entry.resource.id)
        return self._defaults[package, version]

    def _kind_of(self, new: Resource) -> Kind:
        if new.is_provider:
            return ProviderKind(self._run.registry)
        return Custom(self._run.registry.get(new.provider)) if new.custom else Component()

    def _checked(self, new: Resource, kind: Kind, old: Resource | None) -> Resource:
        if not self._run.preview and has_unknown(new.inputs):
            raise EngineError(f"an input of {new.urn} is not known")
        self._run.reporter.hide(new.inputs)
        checked = kind.check(new, old.inputs if old else {}, old)
        for name, reason in checked.failures:
            place = f": property {name}" if name else ""
            self._run.reporter.message(
                "error", f"{new.type} resource '{new.name}'{place} has a problem: {reason}", new.urn
            )
        if checked.failures:
            raise InvalidError(new.urn)
        return replace(new, inputs=checked.inputs)

    def _diff(self, old: Resource, new: Resource, kind: Kind) -> Diff:
        forced = forced_diff(new, self.seen.replaced)
        if forced is not None:
            return forced
        if self._provider_changed(old, new):
            return Diff(True, replaces=("provider",))
        return settled(kind.diff(old, new), old, new.inputs)

    def _provider_changed(self, old: Resource, new: Resource) -> bool:
        """A provider that is another one replaces what it manages only if its own DiffConfig says so."""
        if old.provider == new.provider:
            return False
        if not old.provider or not new.provider:
            return True
        old_urn, _ = urns.parse_reference(old.provider)
        new_urn, _ = urns.parse_reference(new.provider)
        before, entry = self.seen.old_provider(old_urn), self.seen.news.get(new_urn)
        if entry is None:
            raise EngineError(f"a provider that the program does not register: {new.provider}")
        after = entry.resource
        if before is None or equal(config_only(before.inputs), config_only(after.inputs)):
            return before is None
        return self._run.registry.get(new.provider).diff_config(before, after).replace

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

    def _refuse_import(self, goal: Goal, old: Old | None) -> None:
        if not goal.import_id or not goal.custom:
            return
        known = old is not None and (old.resource.import_id or old.resource.id) == goal.import_id
        if not known or (old is not None and old.resource.external):
            raise EngineError(
                "import is not supported by the embedded engine yet", hint="use the Pulumi CLI for this run"
            )


class InvalidError(EngineError):
    """A resource whose inputs the provider refused; the reasons were reported already."""

    def __init__(self, urn: str) -> None:
        super().__init__(f"resource {urn} is invalid")


def is_known(identifier: str) -> bool:
    """Is it an id, not the place of one that a preview does not know?"""
    return bool(identifier) and identifier != UNKNOWN
