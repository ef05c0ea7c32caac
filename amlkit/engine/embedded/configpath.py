"""`config … --path`: a setting inside of a setting, `parent.list[0]["odd.key"]`, read, set and removed. Pure.

Called by `configcommands`. Values are those of the settings file: a mapping with the one key `secure` is a secret, not
a place to look into. Syntax, messages and which texts become numbers or truths are Pulumi's.
"""

from __future__ import annotations

import copy
import re
from typing import Any

from amlkit.errors import SetupError

Path = tuple[str | int, ...]
SECURE = "secure"
_INDEX = re.compile(r"[+-]?\d+")
_INTEGER = re.compile(r"[+-]?\d+")
_TRUTHS = {"true": True, "false": False}
_RESERVED = 'maps with the single key "secure" are reserved'
_TYPES = ("string", "bool", "int", "float")


def parse(text: str) -> Path:
    """The parts of a path; the first is a name.

    Raises:
        SetupError: it is none.
    """
    parts: list[str | int] = []
    if text.startswith("."):
        raise _wrong("expected property path to start with a name or index")
    while text:
        if text.startswith("["):
            part, text = _bracketed(text)
            parts.append(part)
            continue
        if text.startswith("."):
            text = text[1:]
            if not text:
                raise _wrong("expected property path to end with a name or index")
            if text.startswith("["):
                raise _wrong("expected property name after '.'")
        end = next((index for index, char in enumerate(text) if char in ".["), len(text))
        parts.append(text[:end])
        text = text[end:]
    if not parts:
        raise SetupError("empty config key path")
    if not isinstance(parts[0], str):
        raise SetupError("first path segement of config key must be a string")
    if not parts[0]:
        raise SetupError("config key is empty")
    return tuple(parts)


def _wrong(what: str) -> SetupError:
    return SetupError(f"invalid config key path: {what}")


def _bracketed(text: str) -> tuple[str | int, str]:
    """The part in the brackets that a text begins with, and the rest."""
    if text.startswith('["'):
        match = re.match(r'\["((?:\\"|[^"])*)"', text, re.DOTALL)
        if match is None:
            raise _wrong("missing closing quote in property name")
        rest = text[match.end() :]
        if not rest.startswith("]"):
            raise _wrong("missing closing bracket in property access")
        return match[1].replace('\\"', '"'), rest[1:]
    inner, mark, rest = text[1:].partition("]")
    if not mark:
        raise _wrong("missing closing bracket in array index")
    if inner == "*":
        return inner, rest
    if not _INDEX.fullmatch(inner):
        raise _wrong(f'invalid array index: strconv.ParseInt: parsing "{inner}": invalid syntax')
    return int(inner), rest


def written(path: Path) -> str:
    """A path as text."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        elif re.fullmatch(r"[A-Za-z0-9_]*", part):
            text += f".{part}" if text else part
        else:
            quoted = part.replace('"', '\\"')
            text += f'["{quoted}"]'
    return text


def found(value: Any, path: Path) -> tuple[Any, bool]:
    """What is at a path inside of a value, and whether anything is there."""
    for part in path:
        if not _has(value, part):
            return None, False
        value = value[part]
    return value, True


def placed(value: Any, path: Path, new: Any) -> Any:
    """A value with `new` at a path, below its name, which comes first; None stands for a value that is not there yet.

    A list may grow by one. A plain value directly below the name makes place for a list or a mapping.

    Raises:
        SetupError: something else is where the path goes through.
    """
    root = [copy.deepcopy(value)]
    holder: Any = root
    key: str | int = 0
    for depth, part in enumerate(path[1:], start=1):
        if holder[key] is None or (depth == 1 and not _holds(holder[key])):
            holder[key] = _container(part)
        inside = holder[key]
        if not _holds(inside):
            what = "an array" if isinstance(part, int) else "a map"
            raise SetupError(f"{written(path[:depth])}: expected {what}")
        _refuse_place(inside, path[: depth + 1], new if depth == len(path) - 1 else None)
        if isinstance(inside, list) and part == len(inside):
            inside.append(None)
        if isinstance(inside, dict):
            inside.setdefault(part, None)
        holder, key = inside, part
    holder[key] = new
    return root[0]


def without(value: Any, path: Path) -> Any:
    """A value without what is at a path, below its name, which comes first; the same value if nothing is there.

    Raises:
        SetupError: what is left would read as a secret.
    """
    if not found(value, path[1:])[1]:
        return value
    root = copy.deepcopy(value)
    inside, _ = found(root, path[1:-1])
    del inside[path[-1]]
    if isinstance(inside, dict) and list(inside) == [SECURE] and isinstance(inside[SECURE], str):
        raise SetupError(f"{written(path)}: {_RESERVED}")
    return root


def _has(value: Any, part: str | int) -> bool:
    if isinstance(value, list):
        return isinstance(part, int) and 0 <= part < len(value)
    return isinstance(value, dict) and _holds(value) and part in value and isinstance(part, str)


def _holds(value: Any) -> bool:
    """Is it a list or a mapping, and no secret?"""
    if isinstance(value, dict):
        return not (list(value) == [SECURE] and isinstance(value[SECURE], str))
    return isinstance(value, list)


def _container(part: str | int) -> Any:
    return {} if isinstance(part, str) else [None] * (part + 1)


def _refuse_place(inside: Any, path: Path, new: Any) -> None:
    part = path[-1]
    if isinstance(inside, list):
        if not isinstance(part, int):
            raise SetupError(f"{written(path)}: key for an array must be an int")
        if not 0 <= part <= len(inside):
            raise SetupError(f"{written(path)}: array index out of range")
        return
    if not isinstance(part, str):
        raise SetupError(f"{written(path)}: key for a map must be a string")
    if not inside and part == SECURE and isinstance(new, str):
        raise SetupError(_RESERVED)


def coerced(text: str) -> Any:
    """A text as it is kept inside of a list or mapping: truths and integers as such."""
    if text in _TRUTHS:
        return _TRUTHS[text]
    if not _INTEGER.fullmatch(text) or (len(text) > 1 and text.startswith("0")):
        return text
    number = int(text)
    fits = -(2**63) <= number < 2**64 and not (text.startswith("+") and number >= 2**63)
    return number if fits else text


def typed(text: str, kind: str) -> Any:
    """A text as the type that the user names: `string`, `bool`, `int` or `float`.

    Raises:
        SetupError: there is no such type, or the text is none of it.
    """
    if kind not in _TYPES:
        raise SetupError(f'invalid type "{kind}"; must be one of string, int, bool, or float')
    try:
        match kind:
            case "int":
                return int(text)
            case "float":
                return float(text)
            case "bool":
                return text in ("1", "t", "T", "TRUE", "true", "True")
    except ValueError as error:
        raise SetupError(f"not of type `{kind}`: {text}") from error
    return text
