"""Property paths, as `ignoreChanges`, `replaceOnChanges` and detailed diffs write them: `a.b[0]["odd key"]`, `*`.

Pure; called by `options` and `decide`. Source of the syntax: Pulumi's documentation of these resource options.
"""

from __future__ import annotations

import re
from typing import Any

from amlkit.errors import EngineError

Path = tuple[str | int, ...]
"""Names and list positions; `*` stands for any one name or position."""

_PART = re.compile(r'\.?(?P<name>[^.\[\]"]+)|\[(?P<index>\d+|\*)\]|\["(?P<quoted>(?:[^"\\]|\\.)*)"\]')


def parse(text: str) -> Path:
    """The parts of a path. Raises EngineError on a text that is none."""
    parts: list[str | int] = []
    position = 0
    while position < len(text):
        match = _PART.match(text, position)
        if match is None:
            raise EngineError(f"not a property path: `{text}`")
        if match["name"] is not None:
            parts.append(match["name"])
        elif match["index"] is not None:
            parts.append("*" if match["index"] == "*" else int(match["index"]))
        else:
            parts.append(re.sub(r"\\(.)", r"\1", match["quoted"]))
        position = match.end()
    if not parts:
        raise EngineError("a property path is empty")
    return tuple(parts)


def covers(pattern: Path, path: Path) -> bool:
    """Is `path` the place that the pattern names, or inside it?"""
    if len(path) < len(pattern):
        return False
    return all(want in ("*", have) for want, have in zip(pattern, path, strict=False))


def removed(value: Any, path: Path) -> Any:
    """A value without what is at the path; itself if nothing is there."""
    head, rest = path[0], path[1:]
    if isinstance(value, dict) and head in value:
        if not rest:
            return {key: item for key, item in value.items() if key != head}
        return {**value, head: removed(value[head], rest)}
    if isinstance(value, list) and isinstance(head, int) and head < len(value):
        inner = [removed(value[head], rest)] if rest else []
        return [*value[:head], *inner, *value[head + 1 :]]
    return value


def restore(new: Any, old: Any, path: Path) -> Any:
    """`new` with what `old` holds at the path, also where `old` holds nothing; places that `new` cannot have stay."""
    head, rest = path[0], path[1:]
    if head == "*":
        return _restore_all(new, old, rest)
    if isinstance(head, int):
        return _restore_item(new, old, head, rest)
    if not isinstance(new, dict) or not isinstance(old, dict | type(None)):
        return new
    before = old or {}
    if rest:
        return {**new, head: restore(new[head], before.get(head), rest)} if head in new else new
    if head in before:
        return {**new, head: before[head]}
    return {key: value for key, value in new.items() if key != head}


def _restore_all(new: Any, old: Any, rest: Path) -> Any:
    if not rest:
        return new if old is None else old
    if isinstance(new, dict):
        before = old if isinstance(old, dict) else {}
        return {key: restore(value, before.get(key), rest) for key, value in new.items()}
    if isinstance(new, list):
        before_list = old if isinstance(old, list) else []
        return [restore(item, before_list[i] if i < len(before_list) else None, rest) for i, item in enumerate(new)]
    return new


def _restore_item(new: Any, old: Any, index: int, rest: Path) -> Any:
    if not isinstance(new, list) or not isinstance(old, list) or index >= min(len(new), len(old)):
        return new
    changed = list(new)
    changed[index] = restore(new[index], old[index], rest) if rest else old[index]
    return changed
