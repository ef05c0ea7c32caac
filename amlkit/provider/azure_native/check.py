"""Check: a program's inputs completed (name, location, api-version) and validated. Pure but for `locate`.

Texts and order are the official provider's. Spec defaults are not applied here: the SDK's constructors send them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from amlkit.propertyvalues import UNKNOWN

from .names import CREATE_FIRST, DEFAULT, Autonaming, automatic
from .outputs import VERSION
from .shapes import Fields, Kind, Shape, shape
from .types import Limit, ResourceType

Locate = Callable[[str], str | None]  # a resource group's location, by its name

_NO_LOCATION = ". Either set it explicitly or configure it with 'pulumi config set azure-native:location <value>'."


@dataclass(frozen=True)
class Request:
    """What is checked: inputs of the program and of the state, and what a name is made of."""

    news: Mapping[str, Any]
    olds: Mapping[str, Any]
    logical: str
    seed: bytes = b""
    autonaming: Autonaming = DEFAULT


def check(
    row: ResourceType, request: Request, location: str | None, locate: Locate
) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The inputs to store, and what is wrong with them. `location` is the provider's configured one."""
    inputs = {name: _without_nulls(value) for name, value in request.news.items() if value is not None}
    _name(row, request, inputs)
    _locate(row, request, inputs, location, locate)
    inputs[VERSION] = row.version
    return inputs, tuple(_problems(row, inputs))


def _name(row: ResourceType, request: Request, inputs: dict[str, Any]) -> None:
    if row.name_input in inputs:
        return
    if row.name_input in request.olds:
        inputs[row.name_input] = request.olds[row.name_input]
        if CREATE_FIRST in request.olds:
            inputs[CREATE_FIRST] = request.olds[CREATE_FIRST]
        return
    made = automatic(row, request.logical, request.seed, request.autonaming)
    if made is None:
        return
    inputs[row.name_input], random = made
    if random:
        inputs[CREATE_FIRST] = True


def _locate(
    row: ResourceType, request: Request, inputs: dict[str, Any], configured: str | None, locate: Locate
) -> None:
    """An omitted location: the state's, else the configured one, else the resource group's."""
    if "location" not in shape(row).inputs or "location" in inputs:
        return
    found = request.olds.get("location") or configured
    group = inputs.get("resourceGroupName")
    if not found and isinstance(group, str) and row.name_input != "resourceGroupName":
        found = UNKNOWN if group == UNKNOWN else locate(group)
    if found:
        inputs["location"] = found


def _problems(row: ResourceType, inputs: Mapping[str, Any]) -> Iterator[str]:
    known = shape(row)
    for name in row.parameters:
        if name != "subscriptionId" and name not in inputs and not known.inputs[name].required:
            yield f"missing required property '{name}'"
    if row.location_required and "location" in known.inputs and "location" not in inputs:
        yield f"missing required property 'location'{_NO_LOCATION}"
    yield from _object_problems(known, known.inputs, inputs, "")
    for name, limit in row.limits.items():
        yield from _limit_problems(name, inputs.get(name), limit)


def _object_problems(known: Shape, fields: Fields, value: Mapping[str, Any], place: str) -> Iterator[str]:
    for name, item in fields.items():
        path = f"{place}.{name}" if place else name
        if name not in value:
            if item.required:
                yield f"missing required property '{path}'"
        elif value[name] != UNKNOWN:
            yield from _value_problems(known, item.kind, value[name], path)


def _value_problems(known: Shape, kind: Kind, value: Any, path: str) -> Iterator[str]:
    if kind.form in ("string", "integer", "number") and isinstance(value, list):
        yield f"'{path}' should be of type '{kind.form}' but got an array"
    elif kind.form == "integer" and isinstance(value, float):
        yield f"'{path}' must be an integer but got {value:f}"
    elif kind.form == "object":
        if isinstance(value, Mapping):
            yield from _object_problems(known, known.types[kind.names[0]], value, path)
        else:
            yield f"'{path}' should be of type 'object' but got {_article(value)}"
    elif kind.form in ("list", "set") and kind.item:
        if isinstance(value, list):
            for index, item in enumerate(value):
                if item != UNKNOWN:
                    yield from _value_problems(known, kind.item, item, f"{path}[{index}]")
        else:
            yield f"'{path}' should be of type 'array' but got {_article(value)}"


def _article(value: Any) -> str:
    if isinstance(value, list):
        return "an array"
    if isinstance(value, bool):
        return "a boolean"
    return {str: "a string", int: "a number", float: "a number"}.get(type(value), "an object")


def _limit_problems(name: str, value: Any, limit: Limit) -> Iterator[str]:
    if not isinstance(value, str) or value == UNKNOWN:
        return
    length = len(value.encode())
    if limit.least and length < limit.least:
        yield f"'{name}' is too short ({length}): at least {limit.least} characters required"
    if limit.most and length > limit.most:
        yield f"'{name}' is too long ({length}): at most {limit.most} characters allowed"
    if limit.pattern and not re.search(limit.pattern, value):
        yield f"'{name}' does not match expression '{limit.pattern}'"


def _without_nulls(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _without_nulls(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [_without_nulls(item) for item in value]
    return value
