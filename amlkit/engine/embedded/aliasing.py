"""Aliases: the names under which a resource may be in the old state, and a state's references after one was found so.

`lookup` asks for the names and notes which was found; `snapshot` has references rewritten before a state is saved, so
that no alias is ever needed to read it. Source of the rules: Pulumi's step generator and snapshot.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from . import urns
from .goal import Alias, Goal
from .references import with_references
from .resource import Resource


class Aliases:
    """What was found under another name in this run: `new_of` maps old URNs to new ones, `old_of` the other way."""

    def __init__(self, stack: str, project: str) -> None:
        self._stack = stack
        self._project = project
        self.new_of: dict[str, str] = {}
        self.old_of: dict[str, str] = {}

    def candidates(self, goal: Goal) -> list[str]:
        """URNs that a goal's resource may have in the old state besides its own, in the order to look for them.

        Its own aliases come first, then what follows from its parent's having been found under another name.
        """
        own = [self._urn(alias, goal) for alias in goal.aliases]
        parent = self.old_of.get(goal.parent)
        if parent is None:
            return list(dict.fromkeys(own))
        above = urns.parse(goal.parent).name
        inherited = [self._below(parent, above, goal.type, goal.name)]
        inherited += [self._below(parent, above, each.type, each.name) for each in map(urns.parse, own)]
        return list(dict.fromkeys(own + inherited))

    def found(self, new: str, old: str) -> None:
        """Note under which name a resource was."""
        self.new_of[old] = new
        self.old_of[new] = old

    def _urn(self, alias: Alias, goal: Goal) -> str:
        if alias.urn:
            return alias.urn
        parent = self.old_of.get(alias.parent, alias.parent) or goal.parent
        return urns.urn(
            alias.stack or self._stack,
            alias.project or self._project,
            "" if alias.no_parent else parent,
            alias.type or goal.type,
            alias.name or goal.name,
        )

    def _below(self, parent: str, above: str, type_: str, name: str) -> str:
        """The name of a child under the parent's old name; names that begin with the parent's follow it."""
        if name.startswith(above):
            name = urns.parse(parent).name + name.removeprefix(above)
        return urns.urn(self._stack, self._project, parent, type_, name)


def normalised(resources: Sequence[Resource]) -> tuple[Resource, ...]:
    """The resources without aliases, every reference to an old name made one to the new name.

    Children that are still under an old parent take its new type into their URNs.
    """
    if not any(each.aliases for each in resources):
        return tuple(resources)
    renamed: dict[str, str] = {}
    for each in resources:
        for alias in each.aliases:
            renamed[alias] = each.urn
        parent = renamed.get(each.parent)
        if parent is not None and urns.parent_type(parent):
            own = urns.parse(each.urn)
            renamed[each.urn] = urns.urn(own.stack, own.project, parent, own.type, own.name)

    def fixed(resource: Resource) -> Resource:
        made = with_references(replace(resource, aliases=()), lambda urn: renamed.get(urn, urn))
        if made.property_dependencies == resource.property_dependencies:
            return made
        kept = {key: names for key, names in made.property_dependencies.items() if names}
        return replace(made, property_dependencies=kept)  # a rewritten one loses its empty entries at Pulumi's too

    return tuple(fixed(each) for each in resources)
