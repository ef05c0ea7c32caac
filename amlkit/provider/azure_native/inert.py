"""What a stack lists as inert: types for which the local Azure ML has no behaviour, read as types and their paths.

`amlkit:inert` of a stack's file names modules (`network`), types (`network:Subnet`) or, for a type that is not in
`inertpaths`, a type and its path. `named` turns that list into paths, `delivery.hosting` hands them to the plugin in a
variable, and `plugin` takes them for types. What a type takes and gives is read from the installed SDK (`derive`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import takewhile
from typing import Any

from amlkit.errors import DefinitionError, EngineError, Problem, near

from .inertpaths import GROUP, PATHS
from .types import TYPES

VARIABLE = "AMLKIT_INERT"
CONFIG_KEY = "amlkit:inert"

_TYPE = re.compile(r"([a-z0-9]+):([A-Za-z0-9]+)")


def named(entries: Any, place: str) -> dict[str, str]:
    """Type to path of everything that a stack's list names.

    Raises:
        DefinitionError: everything in the list, at `place`, that is no type, is not known here, or has behaviour.
    """
    if not isinstance(entries, list):
        hint = "write it like `[network, privatedns, monitor:DiagnosticSetting]`"
        raise DefinitionError([Problem(place, "is not a list of modules and types", hint)])
    found: dict[str, str] = {}
    problems: list[Problem] = []
    for index, entry in enumerate(entries):
        pairs = entry.items() if isinstance(entry, Mapping) else [(entry, None)]
        for name, path in pairs:
            listed = _of_path(str(name), path) if path is not None else _of_table(str(name))
            if isinstance(listed, Problem):
                problems.append(Problem(f"{place}[{index}]", listed.what, listed.hint))
            else:
                found |= listed
    if problems:
        raise DefinitionError(problems)
    return found


def from_variable(text: str) -> dict[str, str]:
    """Type to path, as the plugin's environment has it.

    Raises:
        EngineError: the variable holds something else.
    """
    try:
        found = json.loads(text) if text else {}
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise EngineError(f"{VARIABLE} is no JSON object of types and paths")
    return {str(name).removeprefix("azure-native:"): str(path) for name, path in found.items()}


def arm_types(paths: Iterable[str]) -> Iterator[str]:
    """The ARM types of paths: `Microsoft.Network/virtualNetworks/subnets`; the one above where a path leaves it."""
    for path in paths:
        namespace, *rest = path.rpartition("/providers/")[2].split("/")
        kinds = takewhile(lambda kind: not kind.startswith("{"), rest[::2])
        yield "/".join([namespace, *kinds])


def how_to_list(name: str) -> str:
    """The hint for a type that a program declares and the stack does not list."""
    entry = name if name in PATHS else f"{{{name}: Microsoft.…/…/{{…Name}}}}"
    key = f"`{CONFIG_KEY}: [{entry}]` in its file"
    return f"the stack may keep it as a document, with nothing behind it: {key}, read by `amlkit`, not by `pulumi`"


def _of_table(name: str) -> dict[str, str] | Problem:
    name = name.removeprefix("azure-native:")
    if name in PATHS:
        return {name: PATHS[name]}
    if name in TYPES:
        return Problem("", f"the local Azure ML has behaviour for it: {name}", "take it off the list")
    if found := {each: path for each, path in PATHS.items() if each.startswith(f"{name}:")}:
        return found
    modules = {each.partition(":")[0] for each in PATHS}
    close = near(name, {*modules, *PATHS})
    if close:
        return Problem("", f"no module or type that can be inert by name: {name}", f"did you mean `{close[0]}`?")
    hint = "give a type's path below the resource group: `{compute:Disk: 'Microsoft.Compute/disks/{diskName}'}`"
    return Problem("", f"no module or type that can be inert by name: {name}", hint)


def _of_path(name: str, path: Any) -> dict[str, str] | Problem:
    name = name.removeprefix("azure-native:")
    if not _TYPE.fullmatch(name):
        return Problem("", f"not a type: {name}", "it is written like `compute:Disk`")
    if name in TYPES:
        return Problem("", f"the local Azure ML has behaviour for it: {name}", "take it off the list")
    whole = str(path) if str(path).startswith("/") else f"{GROUP}/{path}"
    below = whole.rpartition("/providers/")[2].split("/")
    if "/providers/" not in whole or len(below) < 3 or len(below) % 2 == 0 or not re.fullmatch(r"{\w+}", below[-1]):
        hint = "it is written like `Microsoft.Compute/disks/{diskName}`, or begins with a slash and holds `/providers/`"
        return Problem("", f"not the path of a type: {path}", hint)
    return {name: whole}
