"""Delete before replace: what has to go, with the resource that is replaced, before its replacement can be made.

`registrar` asks while it decides (`prepared`) and runs what it gets before the creation. Rules: Pulumi's.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection

from amlkit.engine.events import Changes, Op
from amlkit.errors import EngineError

from . import order, steps, urns
from .decide import settled, with_replace_on_changes, with_unknowns
from .deleting import kind_for_deletion
from .gate import ConsequenceError, Stopped
from .kinds import Custom
from .lookup import Seen
from .resource import Resource
from .run import Run
from .snapshot import Old


class Cascade:
    """`deleted`: URNs of what goes before its replacement in this run; `handled`: their places in the old state."""

    def __init__(self, run: Run, seen: Seen) -> None:
        self._run = run
        self._seen = seen
        self.deleted: set[str] = set()
        self.handled: set[Old] = set()
        self._gone: dict[str, threading.Event] = {}
        self._kept: set[str] = set()
        self._keys: dict[str, tuple[str, ...]] = {}

    def prepared(self, root: Old) -> Callable[[], None]:
        """Decide what goes with `root`; the work that deletes it all, deepest dependants first.

        Raises:
            EngineError: one of them is protected.
        """
        condemned = [each for each in reversed(self._dependants(root)) if each not in self.handled]
        for each in condemned:
            if each.resource.protect and not each.resource.delete:
                raise EngineError(
                    f"unable to replace resource {each.resource.urn} as part of replacing {root.resource.urn} "
                    "as it is currently marked for protection",
                    hint="remove the `protect` option from the resource in the program, then run `up`",
                )
        if not root.resource.pending_replacement:
            condemned.append(root)
        for each in condemned:
            self.handled.add(each)
            self.deleted.add(each.resource.urn)
            self._gone[each.resource.urn] = threading.Event()
        deleted_with = frozenset(self.deleted)
        return lambda: self._delete(root, condemned, deleted_with)

    def recreated(self, urn: str) -> Callable[[], None]:
        """What a resource that was deleted with another one waits for before it is made again.

        The work raises EngineError where that deletion failed.
        """
        self.deleted.discard(urn)
        gone = self._gone[urn]

        def wait() -> None:
            while not gone.wait(0.05):
                self._run.gate.check()
            if urn in self._kept and not self._run.manner.continue_on_error:
                raise Stopped
            if urn in self._kept:
                raise EngineError(f"{urn} was not deleted, so it is not made again")

        return wait

    def why(self, urn: str) -> Changes:
        """Which of its properties had a resource deleted with another one: they would have come from that."""
        return Changes(replaces=self._keys.get(urn, ()))

    def _delete(self, root: Old, condemned: list[Old], deleted_with: Collection[str]) -> None:
        waiting = [each.resource.urn for each in condemned]
        try:
            for each in condemned:
                with self._run.gate.slot():
                    kind = kind_for_deletion(self._run, each.resource, deleted_with)
                    self._delete_one(each, kind, root=each is root)
                self._gone[waiting.pop(0)].set()
        finally:
            self._kept.update(waiting)
            for urn in waiting:
                self._gone[urn].set()

    def _delete_one(self, old: Old, kind: Custom | None, *, root: bool) -> None:
        """What fails at a dependant is told there, and only ends what its root was about to do."""
        try:
            steps.delete(self._run, old, kind, Op.DELETE_REPLACED, replacing=not old.resource.delete)
        except EngineError as error:
            if root:
                raise
            self._run.reporter.failure(error, old.resource.urn)
            raise ConsequenceError(f"{old.resource.urn} was not deleted") from error

    def _dependants(self, root: Old) -> list[Old]:
        """In the order of the state: what would be replaced if `root` were another resource."""
        replaced = {root.resource.urn}
        found: list[Old] = []
        olds = self._run.snapshot.olds
        for each in order.dependants(olds, root, lambda old: old.resource, self._seen.operated | self.deleted):
            if self._goes_with(each.resource, replaced):
                replaced.add(each.resource.urn)
                found.append(each)
        urn = self._seen.aliases.new_of.get(root.resource.urn, root.resource.urn)
        for each in olds:
            named = urn in each.resource.replace_with  # under its new name alone, as Pulumi looks
            if named and each not in found and each.resource.urn not in self._seen.operated:
                found.append(each)
        return found

    def _goes_with(self, resource: Resource, replaced: set[str]) -> bool:
        if not resource.custom or resource.external:
            return False
        if resource.provider and urns.parse_reference(resource.provider)[0] in replaced:
            return True
        if resource.deleted_with in replaced:
            return True
        inputs = with_unknowns(resource, replaced)
        if inputs is None or resource.is_provider:
            return False
        provider = self._run.registry.ensure(resource.provider, self._seen.resources())
        diff = settled(provider.diff(resource, inputs, resource.ignore_changes), resource, inputs)
        wanted = with_replace_on_changes(diff, resource.replace_on_changes, init_errors=False)
        if wanted.replace:
            self._keys[resource.urn] = wanted.replaces
        return wanted.replace
