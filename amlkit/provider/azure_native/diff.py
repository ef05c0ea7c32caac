"""Diff: the state's inputs against the program's, and what of it replaces. Pure; never looks at outputs or at Azure.

The rules are the official provider's: path parameters and the row's create-only inputs replace; names that are
compared without case are few; an unknown value counts as changed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from .names import CREATE_FIRST
from .outputs import VERSION
from .types import ResourceType

Kind = Literal["add", "delete", "update"]
Path = tuple[str | int, ...]

_PLAIN_KEY = re.compile(r'[^.\[\]"\s]+')


@dataclass(frozen=True)
class Change:
    """One changed input: its path in Pulumi's writing (`a.b[0]["c.d"]`), how it changed, whether that replaces."""

    path: str
    kind: Kind
    replaces: bool


@dataclass(frozen=True)
class Difference:
    """All changes; `delete_first` is meant for a replacement only."""

    changes: tuple[Change, ...]
    delete_first: bool

    @property
    def replaces(self) -> tuple[str, ...]:
        """Paths of what replaces."""
        return tuple(change.path for change in self.changes if change.replaces)


def diff(
    row: ResourceType, old_inputs: Mapping[str, Any], news: Mapping[str, Any], old_outputs: Mapping[str, Any]
) -> Difference:
    """What differs between the inputs of the state and those of the program.

    `old_outputs` only answer two questions: the api-version of a state without that input, and whether an added
    create-only input is what the resource has already (then it is no replacement).
    """
    olds = {VERSION: old_outputs[VERSION], **old_inputs} if VERSION in old_outputs else dict(old_inputs)
    changes = []
    for path, kind in _compare(_comparable(olds), _comparable(news), ()):
        replaces = _replaces(row, path, kind)
        if replaces and kind == "add" and len(path) == 1 and news[str(path[0])] == old_outputs.get(str(path[0])):
            replaces = False
        changes.append(Change(written(path), kind, replaces))
    replaced = any(change.replaces for change in changes)
    return Difference(tuple(changes), replaced and not old_inputs.get(CREATE_FIRST, False))


def written(path: Path) -> str:
    """A path as Pulumi writes it: keys that are no plain names in brackets and quotes."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        elif _PLAIN_KEY.fullmatch(part):
            text += f".{part}" if text else part
        else:
            escaped = part.replace('"', '\\"')
            text += f'["{escaped}"]'
    return text


def first_segment(path: str) -> str:
    """The first dotted segment of a path: what the protocol's `diffs` list."""
    return path.split(".")[0]


def _comparable(inputs: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _folded(name, value) for name, value in inputs.items() if not name.startswith("__")}


def _folded(name: str, value: Any) -> Any:
    if isinstance(value, str) and name == "location":
        return value.replace(" ", "").lower()
    if isinstance(value, str) and name == "resourceGroupName":
        return value.lower()
    return value


def _compare(old: Any, new: Any, path: Path) -> Iterator[tuple[Path, Kind]]:
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in sorted({**old, **new}):
            yield from _member(old, new, key, (*path, key))
    elif isinstance(old, list) and isinstance(new, list):
        before, after = dict(enumerate(old)), dict(enumerate(new))
        for index in sorted({**before, **after}):
            yield from _member(before, after, index, (*path, index))
    elif old != new or isinstance(old, bool) != isinstance(new, bool):
        yield path, "update"


def _member(old: Mapping[Any, Any], new: Mapping[Any, Any], key: Any, path: Path) -> Iterator[tuple[Path, Kind]]:
    if key not in old:
        yield path, "add"
    elif key not in new:
        yield path, "delete"
    else:
        yield from _compare(old[key], new[key], path)


def _replaces(row: ResourceType, path: Path, kind: Kind) -> bool:
    keys = {*row.parameters, *row.force_new}
    if _pattern(path) in keys:
        return True
    return kind == "update" and any(_pattern(path[:end]) in keys for end in range(1, len(path)))


def _pattern(path: Path) -> str:
    """`("a", 0, "b")` as the rows write it: `a[].b`."""
    text = ""
    for part in path:
        text += "[]" if isinstance(part, int) else f".{part}" if text else part
    return text
