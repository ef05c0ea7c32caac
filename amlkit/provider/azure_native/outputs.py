"""Answers of ARM to outputs and inputs; what a preview can say of the outputs; how drift moves into the inputs.

Pure; used by `operations` and `plugin`. Only what the type declares comes out, so what is write-only never does.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from amlkit.propertyvalues import UNKNOWN

from . import body
from .shapes import Fields, Kind, Shape, shape
from .types import ResourceType

VERSION = "azureApiVersion"  # an input and an output of every resource


def from_answer(row: ResourceType, document: Mapping[str, Any]) -> dict[str, Any]:
    """The outputs: the answer projected to the declared ones, nulls dropped, and the api-version."""
    known = shape(row)
    return {**_object(known, known.outputs, document), VERSION: row.version}


def preview(row: ResourceType, inputs: Mapping[str, Any], olds: Mapping[str, Any]) -> dict[str, Any]:
    """The outputs as far as inputs tell, everything else unknown. `olds`: the state's outputs; empty for a create."""
    known = shape(row)
    outputs = {name: _foreseen(known, item.kind, inputs.get(name)) for name, item in known.outputs.items()}
    outputs[VERSION] = UNKNOWN
    for name in ("name", "location"):
        if name in outputs and name in olds:
            outputs[name] = olds[name]
    return outputs


def as_inputs(row: ResourceType, outputs: Mapping[str, Any]) -> dict[str, Any]:
    """Outputs projected to the inputs of the type; path and query inputs are not among them."""
    known = shape(row)
    apart = {*row.parameters, *row.query, "id"}
    fields = {name: item for name, item in known.inputs.items() if name not in apart}
    return _restricted(known, fields, outputs)


def imported(row: ResourceType, id_: str, outputs: Mapping[str, Any]) -> dict[str, Any]:
    """Inputs for a resource that comes into the state by its id: nothing empty, no api-version."""
    return {**body.path_inputs(row, id_), **_without_empty(as_inputs(row, outputs))}


def refreshed(
    row: ResourceType, inputs: Mapping[str, Any], before: Mapping[str, Any], after: Mapping[str, Any]
) -> dict[str, Any]:
    """The state's inputs with what drifted between two outputs; the service's own defaults never come in."""
    then, now = as_inputs(row, before), as_inputs(row, after)
    for path in row.lists:  # made by resources of their own, unless the program gives them here
        parts = path.split(".")
        if _at(inputs, parts) is None:
            _drop(then, parts)
            _drop(now, parts)
    return _drifted(inputs, then, now)


def _object(known: Shape, fields: Fields, document: Mapping[str, Any]) -> dict[str, Any]:
    found = {}
    for name, item in fields.items():
        value: Any = document
        for part in item.wire:
            value = value.get(part) if isinstance(value, Mapping) else None
        if value is not None:
            found[name] = _value(known, item.kind, value)
    return found


def _value(known: Shape, kind: Kind, value: Any) -> Any:
    if isinstance(value, list) and kind.form == "list" and kind.item:
        return [_value(known, kind.item, item) for item in value if item is not None]
    if isinstance(value, Mapping):
        if kind.form == "map" and kind.item:
            return {key: _value(known, kind.item, item) for key, item in value.items() if item is not None}
        fields = known.member(kind, value, wire=True)
        if fields is not None:
            return _object(known, fields, value)
    return value


def _foreseen(known: Shape, kind: Kind, given: Any) -> Any:
    if kind.form == "constant":
        return kind.constant
    if given is None or given == UNKNOWN:
        return UNKNOWN
    if kind.form == "object":
        if not isinstance(given, Mapping):
            return UNKNOWN
        fields = known.types[kind.names[0]]
        return {name: _foreseen(known, item.kind, given.get(name)) for name, item in fields.items()}
    if kind.form == "map" and kind.item:
        if not isinstance(given, Mapping):
            return UNKNOWN  # a list of names that the service answers as a map
        return {key: _foreseen(known, kind.item, item) for key, item in given.items()}
    if kind.form == "list" and kind.item and isinstance(given, list):
        return [_foreseen(known, kind.item, item) for item in given]
    return given


def _restricted(known: Shape, fields: Fields, outputs: Mapping[str, Any]) -> dict[str, Any]:
    """Pulumi's outputs cut down to the fields of an input type."""
    return {
        name: _restricted_value(known, item.kind, outputs[name]) for name, item in fields.items() if name in outputs
    }


def _restricted_value(known: Shape, kind: Kind, value: Any) -> Any:
    if kind.form == "set" and isinstance(value, Mapping):
        return sorted(value)
    if isinstance(value, list) and kind.form == "list" and kind.item:
        return [_restricted_value(known, kind.item, item) for item in value]
    if isinstance(value, Mapping):
        if kind.form == "map" and kind.item:
            return {key: _restricted_value(known, kind.item, item) for key, item in value.items()}
        fields = known.member(kind, value)
        if fields is not None:
            return _restricted(known, fields, value)
    return value


def _drifted(inputs: Mapping[str, Any], then: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, Any]:
    result = dict(inputs)
    for name in {**then, **now}:
        if name not in now:
            result.pop(name, None)
        elif then.get(name) != now[name]:
            nested = (result.get(name), then.get(name), now[name])
            result[name] = _drifted(*nested) if all(isinstance(item, Mapping) for item in nested) else now[name]  # type: ignore[arg-type]
    return result


def _without_empty(value: Any) -> Any:
    if isinstance(value, Mapping):
        cleaned = {key: _without_empty(item) for key, item in value.items()}
        return {key: item for key, item in cleaned.items() if item not in ({}, [])}
    if isinstance(value, list):
        cleaned_items = [_without_empty(item) for item in value]
        return [item for item in cleaned_items if item not in ({}, [])]
    return value


def _at(value: Any, path: list[str]) -> Any:
    for part in path:
        value = value.get(part) if isinstance(value, Mapping) else None
    return value


def _drop(value: dict[str, Any], path: list[str]) -> None:
    holder = _at(value, path[:-1])
    if isinstance(holder, dict):
        holder.pop(path[-1], None)
