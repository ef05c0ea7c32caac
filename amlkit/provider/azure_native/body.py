"""Inputs to what goes over the wire: the resource's id (its URL), the query and the body of its PUT.

Pure; used by `operations` and `invokes`. The body holds the given inputs alone: nothing is merged with the state.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, unquote

from amlkit.errors import EngineError

from .shapes import Fields, Kind, Shape, shape
from .types import ResourceType

_SCOPES = ("scope", "resourceUri", "resourceId")  # whole ids: parameters that hold slashes
_SLASHES_KEPT = (*_SCOPES, "roleAssignmentName")
_PATH_SAFE = "$&+=:@"  # what Go's path escaping leaves alone


def resource_id(template: str, inputs: Mapping[str, Any], subscription: str) -> str:
    """The path template with its parameters filled in; `subscriptionId` from an input of that name, if there is one.

    Raises:
        EngineError: a parameter is missing or no text.
    """

    def value_of(match: re.Match[str]) -> str:
        name = match[1]
        value = inputs.get(name, subscription if name == "subscriptionId" else None)
        if not isinstance(value, str):
            kind = "nothing" if value is None else f"a {type(value).__name__}"
            raise EngineError(f"expected string value for path parameter '{name}', got {kind}")
        return value.strip("/") if name in _SLASHES_KEPT else quote(value, safe=_PATH_SAFE)

    return re.sub(r"{(\w+)}", value_of, template)


def path_inputs(row: ResourceType, id_: str) -> dict[str, Any]:
    """The path parameters that an id holds, as inputs; literal parts compare without case.

    Raises:
        EngineError: the id does not follow the type's path.
    """
    pattern = "".join(
        f"(?P<{part[1:-1]}>{'.+' if part[1:-1] in _SCOPES else '[^/]+'})" if part.startswith("{") else re.escape(part)
        for part in re.split(r"({\w+})", row.path)
    )
    found = re.fullmatch(pattern, id_, re.IGNORECASE)
    if found is None:
        raise EngineError(f"failed to parse '{id_}' against the path '{row.path}'")
    return {name: unquote(value) for name, value in found.groupdict().items() if name != "subscriptionId"}


def query(row: ResourceType, inputs: Mapping[str, Any]) -> str:
    """The query of a PUT without the api-version: `?skipValidation=true`, or nothing."""
    pairs = [f"{wire}={_text(inputs[name])}" for name, wire in row.query.items() if inputs.get(name) is not None]
    return f"?{'&'.join(pairs)}" if pairs else ""


def wire_body(row: ResourceType, inputs: Mapping[str, Any], *, create: bool) -> dict[str, Any]:
    """The body of a PUT, without path and query inputs and unknown ones; `create` adds omitted sub-lists as `[]`."""
    known = shape(row)
    apart = {*row.parameters, *row.query}
    fields = {name: item for name, item in known.inputs.items() if name not in apart}
    body = _object(known, fields, inputs)
    for path in row.lists if create else ():
        _put_if_absent(body, path.split("."), [])
    return body


def _object(known: Shape, fields: Fields, value: Mapping[str, Any]) -> dict[str, Any]:
    body: dict[str, Any] = {}
    for name, item in fields.items():
        if value.get(name) is None:
            continue
        place = body
        for part in item.wire[:-1]:
            place = place.setdefault(part, {})
        place[item.wire[-1]] = _value(known, item.kind, value[name])
    return body


def _value(known: Shape, kind: Kind, value: Any) -> Any:
    if isinstance(value, list):
        if kind.form == "set":
            return {str(item): {} for item in value}
        if kind.form == "list" and kind.item:
            return [_value(known, kind.item, item) for item in value]
    if isinstance(value, Mapping):
        if kind.form == "map" and kind.item:
            return {key: _value(known, kind.item, item) for key, item in value.items()}
        fields = known.member(kind, value)
        if fields is not None:
            return _object(known, fields, value)
    return value


def _put_if_absent(body: dict[str, Any], path: list[str], value: Any) -> None:
    place = body
    for part in path[:-1]:
        place = place.setdefault(part, {})
    place.setdefault(path[-1], value)


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else quote(str(value), safe="")
