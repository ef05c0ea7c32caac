"""Property values and their differences as text, in the Pulumi CLI's form; secrets and unknowns by name only."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Mapping
from typing import Any

from amlkit.propertyvalues import ARCHIVE, ASSET, OUTPUT, RESOURCE, SIGNATURE, UNKNOWN, is_secret

from ..events import HIDDEN

_STEP = 4
_ABSENT = object()


def show(values: Mapping[str, Any], indent: int, sign: str = " ") -> list[str]:
    """Lines of a mapping, keys aligned, the names at column `indent`; `sign` stands two columns before each."""
    width = max((len(key) for key in values), default=0)
    lines: list[str] = []
    for key in sorted(values):
        lines += _value(f"{key:<{width}}: ", values[key], indent, sign)
    return lines


def compare(old: Mapping[str, Any], new: Mapping[str, Any], indent: int, *, same: bool = False) -> list[str]:
    """Lines of what differs, marked `+ - ~`; with `same` also what does not, unmarked."""
    shown = [key for key in sorted({*old, *new}) if same or key not in old or key not in new or old[key] != new[key]]
    width = max((len(key) for key in shown), default=0)
    lines: list[str] = []
    for key in shown:
        lines += _compared(f"{key:<{width}}: ", old.get(key, _ABSENT), new.get(key, _ABSENT), indent)
    return lines


def scalar(value: Any) -> str:
    """A value that fits on one line."""
    if is_secret(value):
        return HIDDEN
    match value:
        case None:
            return "<null>"
        case str() if value == UNKNOWN:
            return "[unknown]"
        case Mapping() if SIGNATURE in value:
            return _special(value)
        case Mapping() if not value:
            return "{}"
        case list() | tuple() if not value:
            return "[]"
    return json.dumps(masked(value), ensure_ascii=False)


def masked(value: Any) -> Any:
    """A value with `[secret]` for each secret in it: what may be written as JSON."""
    if is_secret(value):
        return HIDDEN
    if isinstance(value, Mapping):
        return {key: masked(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [masked(item) for item in value]
    return value


def _special(value: Mapping[str, Any]) -> str:
    digest = str(value.get("hash", ""))[:7]
    match value[SIGNATURE]:
        case mark if mark in (ASSET, ARCHIVE):
            kind = "asset" if mark == ASSET else "archive"
            form = next((key for key in ("text", "path", "uri", "assets") if key in value), "")
            place = f" {{ {value[form]} }}" if form in ("path", "uri") else ""
            return f"{kind}({'file' if form == 'path' else form}:{digest}){place}"
        case mark if mark == RESOURCE:
            return json.dumps(value.get("urn", ""))
        case mark if mark == OUTPUT:
            return "[unknown]" if "value" not in value else HIDDEN if value.get("secret") else scalar(value["value"])
    return "[unknown]"


def _is_nested(value: Any) -> bool:
    return (isinstance(value, Mapping) and bool(value) and SIGNATURE not in value) or (
        isinstance(value, list | tuple) and bool(value)
    )


def _line(label: str, text: str, indent: int, sign: str) -> str:
    return f"{' ' * (indent - 2)}{sign} {label}{text}"


def _value(label: str, value: Any, indent: int, sign: str) -> list[str]:
    if not _is_nested(value):
        return [_line(label, scalar(value), indent, sign)]
    if isinstance(value, Mapping):
        inside = show(value, indent + _STEP, sign)
        return [_line(label, "{", indent, sign), *inside, _line("}", "", indent, " ")]
    inside = [line for index, item in enumerate(value) for line in _value(f"[{index}]: ", item, indent + _STEP, sign)]
    return [_line(label, "[", indent, sign), *inside, _line("]", "", indent, " ")]


def _compared(label: str, old: Any, new: Any, indent: int) -> list[str]:
    if old is _ABSENT:
        return _value(label, new, indent, "+")
    if new is _ABSENT:
        return _value(label, old, indent, "-")
    if old == new:
        return _value(label, new, indent, " ")
    if _is_nested(old) and _is_nested(new):
        if isinstance(old, Mapping) and isinstance(new, Mapping):
            inside = compare(old, new, indent + _STEP)
            return [_line(label, "{", indent, "~"), *inside, _line("}", "", indent, " ")]
        if not isinstance(old, Mapping) and not isinstance(new, Mapping):
            return [_line(label, "[", indent, "~"), *_items(old, new, indent + _STEP), _line("]", "", indent, " ")]
    if isinstance(old, str) and isinstance(new, str) and "\n" in old + new and UNKNOWN not in (old, new):
        return [_line(label, "", indent, "~").rstrip(), *_text(old, new, indent + _STEP)]
    if _is_nested(old) or _is_nested(new):
        return [*_value(label, old, indent, "-"), *_value(label, new, indent, "+")]
    return [_line(label, f"{scalar(old)} => {scalar(new)}", indent, "~")]


def _items(old: Any, new: Any, indent: int) -> Iterable[str]:
    for index in range(max(len(old), len(new))):
        before = old[index] if index < len(old) else _ABSENT
        after = new[index] if index < len(new) else _ABSENT
        yield from _compared(f"[{index}]: ", before, after, indent)


def _text(old: str, new: str, indent: int) -> Iterable[str]:
    for line in difflib.ndiff(old.splitlines(), new.splitlines()):
        if not line.startswith("?"):
            yield f"{' ' * (indent - 2)}{line[0]} {line[2:]}"
