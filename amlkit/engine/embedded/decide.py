"""What to do with a registration: a pure function of the old state, what is wanted, and what the provider says differs.

`registrar` calls it; the order of the rules is that of Pulumi's step generator.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from amlkit.engine.events import Changes, Op
from amlkit.propertyvalues import UNKNOWN, has_unknown, unsecret

from . import paths
from .resource import Resource
from .values import equal

INIT_ERROR = "#initerror"
"""The path under which an earlier unwell creation counts as a change, for `replaceOnChanges`."""


@dataclass(frozen=True)
class Diff:
    """A provider's answer: `changes` is None when it cannot tell. `detailed` maps property paths to kinds of change.

    `triggered`: not the provider's: a replacement because the program's trigger changed. `has_details`: the provider
    gives paths wherever something differs.
    """

    changes: bool | None
    replaces: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    detailed: Mapping[str, str] = field(default_factory=dict)
    delete_before_replace: bool = False
    warning: str = ""
    triggered: bool = False
    has_details: bool = False

    @property
    def replace(self) -> bool:
        """Does anything in it ask for a replacement?"""
        asked = self.triggered or bool(self.replaces)
        return asked or any(kind.endswith("-replace") for kind in self.detailed.values())


@dataclass(frozen=True)
class Decision:
    """What to do, and why: `changes` as in `StepEvent`, `reason` in words."""

    op: Op
    reason: str
    changes: Mapping[str, str] = field(default_factory=dict)
    delete_first: bool = False


def forced_diff(old: Resource, new: Resource, replaced: Collection[str]) -> Diff | None:
    """A replacement because the trigger changed, or of another one of this run; None if nothing forces one."""
    if is_triggered(old.replacement_trigger, new.replacement_trigger):
        return Diff(True, triggered=True)
    if any(urn in replaced for urn in new.replace_with):
        return Diff(True, replaces=("replaceWith",))
    if new.deleted_with in replaced:
        return Diff(True, replaces=("deletedWith",))
    return None


def is_triggered(old: Any, new: Any) -> bool:
    """Does a trigger ask for a replacement? Not where there is none, or was none; unknown ones always do."""
    before, after = unsecret(old), unsecret(new)
    if has_unknown(before) or has_unknown(after):
        return True
    return before is not None and after is not None and not equal(before, after)


def settled(diff: Diff, old: Resource, inputs: Mapping[str, Any]) -> Diff:
    """A diff that a provider left open, settled by comparing inputs without their secret marks."""
    if diff.changes is not None:
        return diff
    detailed = object_diff(unsecret(old.inputs), unsecret(inputs))
    return replace(diff, changes=bool(detailed), changed=tuple(_heads(detailed)), detailed=detailed)


def with_replace_on_changes(diff: Diff, patterns: Iterable[str], *, init_errors: bool) -> Diff:
    """A diff in which the changed paths that the program names ask for a replacement."""
    if not diff.changes and not init_errors:
        return diff
    wanted = [paths.parse(pattern) for pattern in patterns]

    def named(path: str) -> bool:
        return any(paths.covers(pattern, paths.parse(path)) for pattern in wanted)

    detailed = {path: _to_replace(kind) if named(path) else kind for path, kind in diff.detailed.items()}
    replaces = {*diff.replaces, *(key for key in diff.changed if named(key))}
    changes = diff.changes
    if init_errors and any(paths.covers(pattern, (INIT_ERROR,)) for pattern in wanted):
        replaces.add(INIT_ERROR)
        changes = True
    return replace(diff, changes=changes, replaces=tuple(sorted(replaces)), detailed=detailed)


def decide(old: Resource, new: Resource, diff: Diff, delete_before_replace: bool | None) -> Decision:
    """Same, update or replace for a resource that exists.

    `delete_before_replace` is what the program says, None if nothing: then the provider's word counts.
    """
    changes = named_changes(diff, old, new)
    if diff.changes or old.pending_replacement:
        if diff.replace or old.pending_replacement:
            first = diff.delete_before_replace if delete_before_replace is None else delete_before_replace
            keys = sorted(diff.replaces or (path for path, kind in changes.items() if kind.endswith("-replace")))
            reason = ", ".join(keys) or "its replacement was not finished"
            return Decision(Op.REPLACE, reason, changes, first)
        return Decision(Op.UPDATE, ", ".join(sorted(changes)), changes)
    if old.init_errors:
        return Decision(Op.UPDATE, "its creation did not finish", changes)
    return Decision(Op.SAME, "nothing differs")


def named_changes(diff: Diff, old: Resource, new: Resource) -> Changes:
    """Path → kind of change: the provider's details, else made of the names that it gives."""
    if diff.detailed:
        return Changes(dict(diff.detailed), diff.changed, diff.replaces, detailed=True)
    kinds = {}
    for key in {*diff.changed, *diff.replaces}:
        kind = "update" if key in old.inputs and key in new.inputs else "delete" if key in old.inputs else "add"
        if key not in old.inputs and key not in new.inputs:
            kind = "update"
        kinds[key] = f"{kind}-replace" if key in diff.replaces else kind
    return Changes(kinds, diff.changed, diff.replaces)


def object_diff(old: Any, new: Any, path: str = "") -> dict[str, str]:
    """Path → `add`, `delete` or `update` for every difference between two plain values; an unknown always differs."""
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        found: dict[str, str] = {}
        for key in sorted({*old, *new}):
            place = _joined(path, key)
            if key not in new:
                found[place] = "delete"
            elif key not in old:
                found[place] = "add"
            else:
                found |= object_diff(old[key], new[key], place)
        return found
    if isinstance(old, list) and isinstance(new, list):
        found = {}
        for index in range(max(len(old), len(new))):
            place = f"{path}[{index}]"
            if index >= len(new):
                found[place] = "delete"
            elif index >= len(old):
                found[place] = "add"
            else:
                found |= object_diff(old[index], new[index], place)
        return found
    return {} if equal(old, new) and not has_unknown(new) else {path: "update"}


def with_unknowns(resource: Resource, replaced: Collection[str]) -> dict[str, Any] | None:
    """Inputs with unknowns where they come from something that is replaced; None if none does."""
    affected = {
        key
        for key, needs in resource.property_dependencies.items()
        if key in resource.inputs and not set(needs).isdisjoint(replaced)
    }
    if not affected:
        return None
    return {key: UNKNOWN if key in affected else value for key, value in resource.inputs.items()}


def with_ignored(inputs: Mapping[str, Any], old: Mapping[str, Any], ignore_changes: Iterable[str]) -> Mapping[str, Any]:
    """Inputs with the old values at the paths whose changes are to be ignored."""
    result: Any = dict(inputs)
    for text in ignore_changes:
        path = paths.parse(text)
        result = dict(old) if path == ("*",) else paths.restore(result, dict(old), path)
    return dict(result)


def _to_replace(kind: str) -> str:
    return kind if kind.endswith("-replace") else f"{kind}-replace"


def _heads(detailed: Iterable[str]) -> list[str]:
    return sorted({str(paths.parse(path)[0]) for path in detailed})


def _joined(path: str, key: str) -> str:
    if not key or any(char in key for char in '.[]"'):
        quoted = key.replace("\\", "\\\\").replace('"', '\\"')
        return f'{path}["{quoted}"]'
    return f"{path}.{key}" if path else key
