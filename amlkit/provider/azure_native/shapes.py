"""What a type takes and gives, read from `shapes/` (see `derive.py`), with each property's place on the wire.

Pulumi's names and ARM's differ in two ways: `properties` is lifted to the top for most types (flattening), and a few
properties are named otherwise (the rows' `renames`). Both are resolved here, once, into `Property.wire`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from .types import ROOT, TYPES, ResourceType

_SHAPES = Path(__file__).parent / "shapes"
_SCALARS = {"s": "string", "i": "integer", "n": "number", "b": "boolean", "*": "any"}


@dataclass(frozen=True)
class Kind:
    """The type of a value: `form` is a JSON type, or `any`, `constant`, `list`, `map`, `set`, `object`, `union`.

    `set` is a list of texts in Pulumi and an object with empty values on the wire. `names` are the object type, or
    the union's; `item` is what a list or map holds; `constant` the only value.
    """

    form: str
    names: tuple[str, ...] = ()
    item: Kind | None = None
    constant: str = ""


@dataclass(frozen=True)
class Property:
    """One property of an object type: where it stands on the wire, below the object, and what it is."""

    wire: tuple[str, ...]
    kind: Kind
    required: bool


Fields = Mapping[str, Property]


@dataclass(frozen=True)
class Shape:
    """A resource type's inputs and outputs, and the object types that they are made of."""

    inputs: Fields
    outputs: Fields
    types: Mapping[str, Fields]

    def member(self, kind: Kind, value: Any, wire: bool = False) -> Fields | None:
        """The fields of an object or of the fitting member of a union; None: pass it as it is.

        Of a union the first whose constants agree with the value fits. `wire`: the value is an answer of ARM's.
        """
        if not isinstance(value, Mapping):
            return None
        if kind.form == "object":
            return self.types[kind.names[0]]
        if kind.form == "union":
            for name in kind.names:
                if _fits(self.types[name], value, wire):
                    return self.types[name]
        return None


def shape(row: ResourceType) -> Shape:
    """The shape of a row of the table, or of an inert type."""
    return _module(row.name.split(":")[0])[row.name] if row.name in TYPES else _described(row.name)


def _fits(fields: Fields, value: Mapping[str, Any], wire: bool) -> bool:
    constants = {name: item for name, item in fields.items() if item.kind.form == "constant"}
    found = (value.get(item.wire[0] if wire else name) == item.kind.constant for name, item in constants.items())
    return bool(constants) and all(found)


@cache
def _module(module: str) -> Mapping[str, Shape]:
    document = json.loads((_SHAPES / f"{module}.json").read_text())
    rows = [TYPES[f"{module}:{name}"] for name in document["resources"]]
    return {
        row.name: _shape(document["resources"][row.name.split(":")[1]], document["types"], row.renames, row.root)
        for row in rows
    }


@cache
def _described(name: str) -> Shape:
    from . import derive  # types with behaviour have shape files

    found = derive.described(name)
    known = _shape(found.resource, found.types, {}, ROOT)
    if not name.startswith("network:"):
        return known
    # parts of networks are resources too: ARM keeps theirs below `properties` (inferred from `id` and `name`)
    parts = {key: entry for key, entry in found.types.items() if {"id", "name"} <= entry.keys() or _is_zone_part(key)}
    return replace(known, types={**known.types, **{key: _fields(entry, {}, ROOT) for key, entry in parts.items()}})


def _is_zone_part(type_name: str) -> bool:
    return type_name.startswith("PrivateDnsZoneConfig")


def _shape(
    given: Mapping[str, Mapping[str, str]],
    types: Mapping[str, Mapping[str, str]],
    renames: Mapping[str, Mapping[str, str]],
    root: frozenset[str],
) -> Shape:
    flat = "properties" not in given["in"] and "properties" not in given["out"]
    inputs, outputs = (_fields(given[side], renames.get("", {}), root if flat else None) for side in ("in", "out"))
    return Shape(inputs, outputs, {key: _fields(entry, renames.get(key, {}), None) for key, entry in types.items()})


def _fields(entries: Mapping[str, str], renames: Mapping[str, str], root: frozenset[str] | None) -> Fields:
    """`root` given: properties that are not in it lie under `properties`."""
    fields = {}
    for name, text in entries.items():
        wire = tuple(renames.get(name, name).split("."))
        if root is not None and name not in root:
            wire = ("properties", *wire)
        fields[name] = Property(wire, _kind(text.lstrip("!")), text.startswith("!"))
    return fields


@cache
def _kind(text: str) -> Kind:
    mark, rest = text[0], text[1:]
    match mark:
        case "=":
            return Kind("constant", constant=rest)
        case "#":
            return Kind("object", (rest,))
        case "|":
            return Kind("union", tuple(rest.split("|")))
        case "[":
            return Kind("list", item=_kind(rest))
        case "{":
            return Kind("map", item=_kind(rest))
        case "<":
            return Kind("set", item=_kind(rest))
    return Kind(_SCALARS[mark])
