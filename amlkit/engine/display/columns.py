"""The columns of the live tree, fitted to the terminal: types are shortened first, names cut next; the state stays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

_MARGIN = 5  # a symbol and the spaces around it
_GAP = 2
_SHORTEST_NAME = 12
_SHORTEST_KIND = 8
_SHORTEST_INFO = 8  # less says nothing
_BARE = 2


@dataclass(frozen=True)
class Line:
    """One resource: `guide` leads to it from its parent, `info` is cut where the terminal ends."""

    symbol: str
    colour: str
    guide: str
    kind: str
    name: str
    state: str
    info: str
    passing: str = ""
    """Comes and goes while it runs, so nothing makes room for it."""
    busy: bool = False
    """Is it under way, or did it fail? It stays in sight where rows are few."""


@dataclass(frozen=True)
class Columns:
    """Lines of which every part has its room (`info` includes `passing`), and the widths of the first two columns."""

    lines: tuple[Line, ...]
    kinds: int
    names: int


def shortened(kind: str, form: int) -> str:
    """A type token: 0 whole, 1 without its package, 2 without its module too (`Datastore`)."""
    return ":".join(kind.split(":")[min(form, kind.count(":")) :])


def form_for(lines: Sequence[Line], width: int) -> int:
    """The longest form of the types in which every line fits, else the shortest."""
    for form in range(_BARE):
        kinds, names = _widths(lines, form)
        rest = max((sum(_GAP + len(text) for text in (line.state, line.info) if text) for line in lines), default=0)
        if _MARGIN + kinds + _GAP + names + rest <= width:
            return form
    return _BARE


def fitted(lines: Sequence[Line], width: int, form: int) -> Columns:
    """The lines with types in that form; where the state has no room left, names are cut and then types."""
    kinds, names = _widths(lines, form)
    states = max((len(line.state) for line in lines), default=0)
    room = max(width - _MARGIN - 2 * _GAP - states, _SHORTEST_KIND + _SHORTEST_NAME)
    names = max(min(names, room - kinds), _SHORTEST_NAME)
    kinds = min(kinds, room - names)
    left = width - _MARGIN - kinds - _GAP - names
    return Columns(tuple(_fitted(line, form, kinds, names, left) for line in lines), kinds, names)


def _fitted(line: Line, form: int, kinds: int, names: int, left: int) -> Line:
    room = left - _GAP - (len(line.state) + _GAP if line.state else 0)
    said = "; ".join(part for part in (line.info, line.passing) if part)
    return replace(
        line,
        kind=_cut(shortened(line.kind, form), kinds - len(line.guide)),
        name=_cut(line.name, names, ends=True),
        info=_cut(said, room) if room >= min(len(said), _SHORTEST_INFO) else "",
        passing="",
    )


def _widths(lines: Sequence[Line], form: int) -> tuple[int, int]:
    kinds = max((len(line.guide + shortened(line.kind, form)) for line in lines), default=0)
    return kinds, max((_SHORTEST_NAME, *(len(line.name) for line in lines)))


def _cut(text: str, room: int, *, ends: bool = False) -> str:
    """At most `room` characters; with `ends` also the last ones, which tell names apart."""
    if len(text) <= room:
        return text
    tail = (room - 1) // 2 if ends else 0
    return f"{text[: max(room - 1 - tail, 0)]}…{text[len(text) - tail :]}"
