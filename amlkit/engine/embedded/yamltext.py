"""YAML that people wrote: read as Pulumi reads it, and changed a key at a time so that comments and order stay.

Used by `project` and `stackfile`. Scalars follow YAML 1.2 (`yes` is a string, `0o14` and `1e3` are numbers), as the
Pulumi CLI takes them; PyYAML's own resolver follows 1.1.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import yaml

from amlkit.errors import SetupError

_BOOL = re.compile(r"^(?:true|True|TRUE|false|False|FALSE)$")
_INT = re.compile(r"^(?:[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+)$")
_FLOAT = re.compile(r"^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$")
_NULL = re.compile(r"^(?:~|null|Null|NULL|)$")


class _Loader(yaml.SafeLoader):
    """SafeLoader with the scalars of YAML 1.2."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012  PyYAML's own way


for _tag, _pattern, _first in (
    ("bool", _BOOL, "tTfF"),
    ("int", _INT, "-+0123456789"),
    ("float", _FLOAT, "-+.0123456789"),
    ("null", _NULL, ["~", "n", "N", ""]),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", _pattern, list(_first))


class _Dumper(yaml.SafeDumper):
    """SafeDumper that quotes what either version of YAML would take for something else than a string.

    Its form is that of the Pulumi CLI: lists are indented, those texts are in double quotes, lines are lines.
    """

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        """Indent lists too."""
        super().increase_indent(flow, indentless=False)


def _text_node(dumper: _Dumper, text: str) -> yaml.ScalarNode:
    kind = dumper.resolve(yaml.ScalarNode, text, (True, False))  # type: ignore[no-untyped-call]
    ambiguous = kind != _STR or _OLD_BOOL.match(text)
    return dumper.represent_scalar(_STR, text, style='"' if ambiguous else "|" if "\n" in text else None)


_STR = "tag:yaml.org,2002:str"
_OLD_BOOL = re.compile(r"^(?:y|Y|yes|Yes|YES|on|On|ON|n|N|no|No|NO|off|Off|OFF)$")
_Dumper.add_representer(str, _text_node)

_Dumper.add_implicit_resolver("tag:yaml.org,2002:float", _FLOAT, list("-+.0123456789"))
_Dumper.add_implicit_resolver("tag:yaml.org,2002:int", _INT, list("-+0123456789"))


def _integer(loader: _Loader, node: yaml.ScalarNode) -> int:
    text = str(loader.construct_scalar(node))
    return int(text, 0) if text[:2] in ("0o", "0x") else int(text)


_Loader.add_constructor("tag:yaml.org,2002:int", _integer)


def load(text: str, file: Path) -> dict[str, Any]:
    """The mapping that a file holds; an empty file is an empty one.

    Raises:
        SetupError: it is no YAML, or no mapping; with the line.
    """
    try:
        document = yaml.load(text, _Loader)  # noqa: S506  a SafeLoader
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        place = f"{file}:{mark.line + 1}" if mark else str(file)
        raise SetupError(f"not YAML: {error.problem}", where=place) from error
    except yaml.YAMLError as error:
        raise SetupError(f"not YAML: {error}", where=str(file)) from error
    if document is None:
        return {}
    if not isinstance(document, dict):
        raise SetupError("must be a mapping", where=str(file))
    return {str(key): value for key, value in document.items()}


def with_key(text: str, path: tuple[str, ...], value: Any) -> str:
    """The text with the value at a path of keys set; everything else stays as it was."""
    return _edited(text, path, value)


def without_key(text: str, path: tuple[str, ...]) -> str:
    """The text without the entry at a path; the same text if there is none."""
    return _edited(text, path, None)


def _edited(text: str, path: tuple[str, ...], value: Any) -> str:
    root = yaml.compose(text, _Loader)
    if root is None:
        return text + ("" if value is None else _dumped(path, value, 0))
    if isinstance(root, yaml.MappingNode) and root.flow_style:
        return _dumped((), _changed(_value(root), path, value), 0)
    found, depth = _entry(root, path)
    lines = text.splitlines(keepends=True)
    if lines and not lines[-1].endswith("\n"):
        lines[-1] += "\n"
    if depth == len(path) and _is_simple(found[1], value):
        node = found[1]
        return text[: node.start_mark.index] + _scalar(value, node.style) + text[node.end_mark.index :]
    if depth == len(path):
        first, after, indent = _range(found, lines)
        new = [] if value is None else [_dumped(path[-1:], value, indent)]
        return "".join([*lines[:first], *new, *lines[after:]])
    if value is None and not (depth and found[1].flow_style):
        return text
    if depth == 0:
        return "".join(lines) + _dumped(path, value, 0)
    return "".join(_inserted(lines, found, path[depth:], value))


def _is_simple(node: yaml.Node, value: Any) -> bool:
    """Can a value stand where this node is, with the rest of the line as it is?"""
    place = isinstance(node, yaml.ScalarNode) and node.style in (None, "'", '"') and node.value != ""
    same_line = node.start_mark.line == node.end_mark.line
    return place and same_line and isinstance(value, str | int | float) and "\n" not in str(value)


def _scalar(value: str | float, style: str | None) -> str:
    """A value as it stands on a line; a text in the quotes that were there."""
    if isinstance(value, str) and style == '"':
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, str) and style == "'":
        return "'" + value.replace("'", "''") + "'"
    return _dumped(("",), value, 0).partition(": ")[2].rstrip("\n")


_Pair = tuple[Any, Any]


def _entry(root: yaml.Node, path: tuple[str, ...]) -> tuple[_Pair, int]:
    """The deepest entry on the path that exists and is a line of its own, and how deep it is."""
    found: _Pair = (None, root)
    for depth, key in enumerate(path):
        node = found[1]
        pairs = node.value if isinstance(node, yaml.MappingNode) and not node.flow_style else []
        pair = next((each for each in pairs if each[0].value == key), None)
        if pair is None:
            return found, depth
        found = pair
    return found, len(path)


def _inserted(lines: list[str], entry: _Pair, path: tuple[str, ...], value: Any) -> list[str]:
    """Lines with a change in an entry that is a mapping on one line, or one more key in one with lines of its own."""
    first, after, indent = _range(entry, lines)
    node = entry[1]
    if not isinstance(node, yaml.MappingNode) or node.flow_style or not node.value:
        block = _dumped((entry[0].value,), _changed(_value(node), path, value), indent)
        return [*lines[:first], block, *lines[after:]]
    child = node.value[-1][0].start_mark.column
    return [*lines[:after], _dumped(path, value, child), *lines[after:]]


def _value(node: yaml.Node) -> Any:
    return _Loader("").construct_document(node)


def _changed(known: Any, path: tuple[str, ...], value: Any) -> dict[str, Any]:
    """A mapping with the value at a path; None: without what is there."""
    inside = known if isinstance(known, dict) else {}
    head, rest = path[0], path[1:]
    if not rest and value is None:
        return {key: item for key, item in inside.items() if key != head}
    if value is None and head not in inside:
        return inside
    return {**inside, head: _changed(inside.get(head), rest, value) if rest else value}


def _range(entry: _Pair, lines: list[str]) -> tuple[int, int, int]:
    """First line, line after the last, and indentation of an entry; comments after it are not its own."""
    key, node = entry
    first = key.start_mark.line
    leaf = _last_leaf(node)  # a block collection itself ends where the next token begins
    after = min(max(leaf.end_mark.line + (1 if leaf.end_mark.column else 0), first + 1), len(lines))
    block = isinstance(leaf, yaml.ScalarNode) and leaf.style in ("|", ">")  # what looks like a comment in it is text
    while after > first + 1 and lines[after - 1].strip()[:1] in ("", "#"):
        line = lines[after - 1]
        if block and line.strip() and len(line) - len(line.lstrip()) > key.start_mark.column:
            break
        after -= 1
    return first, after, key.start_mark.column


def _last_leaf(node: yaml.Node) -> yaml.Node:
    while isinstance(node, yaml.CollectionNode) and node.value and not node.flow_style:
        last = node.value[-1]
        node = last[1] if isinstance(node, yaml.MappingNode) else last
    return node


def _dumped(path: tuple[str, ...], value: Any, indent: int) -> str:
    for key in reversed(path):
        value = {key: value}
    text = yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=10**9)
    return "".join(" " * indent + line for line in text.splitlines(keepends=True))
