"""What one run knows of its resources: the old ones by URN, the new ones, what was done; filled by `registrar`."""

from __future__ import annotations

from amlkit.engine.events import Op
from amlkit.errors import EngineError

from . import urns
from .goal import Alias, Goal
from .resource import Resource
from .run import Run
from .snapshot import New, Old


class Seen:
    """Old and new resources by URN, and sets of URNs: `operated` (a step exists), `replaced` (in this run)."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self.olds: dict[str, Old] = {each.resource.urn: each for each in run.snapshot.olds if not each.resource.delete}
        self.news: dict[str, New] = {}
        self.goals: dict[str, Goal] = {}
        self.operated: set[str] = set()
        self.replaced: set[str] = set()
        self.components: dict[str, tuple[Op, Resource | None]] = {}

    def claim(self, urn: str, goal: Goal) -> str:
        """Take a URN for a registration.

        Raises:
            EngineError: it is taken, or the resource has another name in the state (an alias that is needed).
        """
        if urn in self.goals:
            raise EngineError(f"Duplicate resource URN '{urn}'", hint="give one of the two another name")
        if urn not in self.olds:
            for alias in goal.aliases:
                if self._alias_urn(alias, goal) in self.olds:
                    raise EngineError(
                        f"aliases are not supported yet: {urn} is {self._alias_urn(alias, goal)} in the state",
                        hint="use the Pulumi CLI for this run",
                    )
        self.goals[urn] = goal
        return urn

    def add(self, entry: New) -> None:
        """Note a resource that is done."""
        self.news[entry.resource.urn] = entry

    def old_provider(self, urn: str) -> Resource | None:
        """A provider as it was before this run."""
        found = self.olds.get(urn)
        return found.resource if found else None

    def resources(self) -> list[Resource]:
        """Everything, old and new: where a provider is looked for that is not loaded."""
        return self._run.snapshot.resources()

    def _alias_urn(self, alias: Alias, goal: Goal) -> str:
        if alias.urn:
            return alias.urn
        parent = "" if alias.no_parent else alias.parent or goal.parent
        return urns.urn(
            alias.stack or self._run.stack,
            alias.project or self._run.project,
            parent,
            alias.type or goal.type,
            alias.name or goal.name,
        )
