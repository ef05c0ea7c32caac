"""What one run knows of its resources: the old ones by URN, the new ones, what was done; filled by `registrar`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from amlkit.engine.events import Op
from amlkit.errors import EngineError

from .aliasing import Aliases
from .goal import Goal
from .resource import Resource
from .run import Run
from .snapshot import New, Old


@dataclass(frozen=True)
class Found:
    """A place in the old state or none, the old name if it is not the new one, and what two resources both claim."""

    old: Old | None
    alias: str
    conflicts: tuple[str, ...]


class Seen:
    """Old and new resources by URN, and sets of URNs: `operated` (a step exists), `replaced` (in this run)."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self.olds: dict[str, Old] = {each.resource.urn: each for each in run.snapshot.olds if not each.resource.delete}
        self.news: dict[str, New] = {}
        self.goals: dict[str, Goal] = {}
        self.operated: set[str] = set()
        self.replaced: set[str] = set()
        self.aliases = Aliases(run.stack, run.project)
        self.components: dict[str, tuple[Op, Resource | None]] = {}

    def claim(self, urn: str, goal: Goal) -> str:
        """Take a URN for a registration.

        Raises:
            EngineError: it is taken.
        """
        if urn in self.goals:
            raise EngineError(f"Duplicate resource URN '{urn}'; try giving it a unique name")
        self.goals[urn] = goal
        return urn

    def find(self, urn: str, goal: Goal) -> Found:
        """Look up what a registration was in the old state: by its URN first, then by its aliases."""
        conflicts = []
        if urn in self.aliases.new_of:
            other = self.aliases.new_of[urn]
            conflicts.append(f"Duplicate resource URN '{urn}' conflicting with alias on resource with URN '{other}'")
        if urn in self.olds:
            return Found(self.olds[urn], "", tuple(conflicts))
        alias = next((each for each in self.aliases.candidates(goal) if each in self.olds), "")
        if not alias or alias == urn:
            return Found(None, "", tuple(conflicts))
        others = [urn] if alias in self.goals else []
        others += [self.aliases.new_of[alias]] if alias in self.aliases.new_of else []
        conflicts += [
            f"Duplicate resource alias '{alias}' applied to resource with URN '{urn}' "
            f"conflicting with resource with URN '{other}'"
            for other in others
        ]
        self.aliases.found(urn, alias)
        return Found(self.olds[alias], alias, tuple(conflicts))

    def names_before(self, urn: str) -> tuple[str, ...]:
        """The old name of a resource that was found under another one."""
        return (self.aliases.old_of[urn],) if urn in self.aliases.old_of else ()

    def operate(self, urn: str) -> None:
        """Note that a step exists for a resource, under its old name too: nothing is left to delete there."""
        self.operated.add(urn)
        if urn in self.aliases.old_of:
            self.operated.add(self.aliases.old_of[urn])

    def add(self, entry: New) -> None:
        """Note a resource that is done."""
        self.news[entry.resource.urn] = entry

    def old_provider(self, urn: str) -> Resource | None:
        """A provider as it was before this run."""
        found = self.olds.get(urn)
        return found.resource if found else None

    def resources(self) -> Iterator[Resource]:
        """Everything, old and new: where a provider is looked for that is not loaded."""
        return self._run.snapshot.resources()
