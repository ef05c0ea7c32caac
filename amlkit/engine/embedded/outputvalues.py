"""Output marks: values off the wire that say of themselves what they depend on; transforms of the program get these.

`transforms` makes and reads them. Pure functions over the plain values of `amlkit.propertyvalues`. Source of the
rules: Pulumi's resource monitor.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from amlkit.propertyvalues import OUTPUT, RESOURCE, SECRET, SIGNATURE, UNKNOWN


def marked(value: Any) -> Any:
    """A value in which every secret and every unknown is an output; references to resources stay as they are."""
    if isinstance(value, str) and value == UNKNOWN:
        return {SIGNATURE: OUTPUT}
    if isinstance(value, Mapping):
        if value.get(SIGNATURE) == SECRET:
            return {SIGNATURE: OUTPUT, "value": marked(value["value"]), "secret": True}
        if value.get(SIGNATURE) == RESOURCE:
            return value
        return {key: marked(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [marked(item) for item in value]
    return value


def depending(value: Any, on: Mapping[str, set[str]]) -> dict[str, Any]:
    """Properties as outputs that also depend on what `on` says of each; untouched where they say so themselves."""
    return {key: _with(item, on.get(key, set())) for key, item in value.items()}


def dependencies(value: Any) -> Iterator[str]:
    """URNs that a value's outputs depend on, at any depth; may repeat."""
    if isinstance(value, Mapping):
        mark = value.get(SIGNATURE)
        if mark == OUTPUT:
            yield from value.get("dependencies") or ()
            yield from dependencies(value.get("value"))
        elif mark == RESOURCE:
            yield from dependencies(value.get("id"))
        else:
            for item in value.values():
                yield from dependencies(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from dependencies(item)


def _with(value: Any, urns: set[str]) -> Any:
    if urns <= set(dependencies(value)):
        return value
    output = (
        value if isinstance(value, Mapping) and value.get(SIGNATURE) == OUTPUT else {SIGNATURE: OUTPUT, "value": value}
    )
    return {**output, "dependencies": sorted({*(output.get("dependencies") or ()), *urns})}
