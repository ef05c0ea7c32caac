"""Inert types as rows of the table: their shape and api-version are what the installed SDK's source says.

Used by `plugin` and `invokes`. A nested object stands on the wire as Pulumi has it: where ARM keeps parts of it below
`properties`, the SDK does not say so, and what is inert is read by nobody else.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from amlkit.errors import EngineError

from . import derive
from .inert import how_to_list
from .types import TYPES, ResourceType


def row(name: str, listed: Mapping[str, str]) -> ResourceType:
    """The row of a type that the stack lists as inert.

    Raises:
        EngineError: it does not list it, or the SDK has no such type, or the listed path does not fit the type.
    """
    if name in listed:
        return _row(name, listed[name])
    if not derive.known(name):
        hint = f"this local plugin has {', '.join(sorted(TYPES))}"
        raise EngineError(f"Resource type azure-native:{name} not found", hint=hint)
    raise EngineError(f"the local Azure ML has no behaviour for azure-native:{name}", hint=how_to_list(name))


@cache
def _row(name: str, path: str) -> ResourceType:
    described = derive.described(name)
    inputs = described.resource["in"]
    # create-only for all that ARM tracks (inferred); like the official provider, the plugin fills it in
    fixed = ("location",) if "location" in inputs else ()
    made = ResourceType(name, described.version, path, force_new=fixed, location_required=False)
    strange = [each for each in made.parameters if each != "subscriptionId" and each not in inputs]
    if strange:
        texts = ", ".join(each for each, kind in inputs.items() if kind.lstrip("!") == "s")
        what = f"the path of {name} has a parameter that is no input of the type: {', '.join(strange)}"
        raise EngineError(what, hint=f"its inputs that are texts: {texts}")
    return made
