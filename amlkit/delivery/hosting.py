"""`amlkit:inert` of a local stack: which types of its program are kept as documents, with nothing behind them.

The commands call `host` before the program runs: it tells the plugin (by a variable) and the local Azure ML.
"""

from __future__ import annotations

import json
import os
from collections.abc import MutableMapping

from amlkit.provider.azure_native.inert import CONFIG_KEY, VARIABLE, arm_types, named
from amlkit.target import Service

from .stacks import Stack, settings_of


def owner(stack: Stack) -> str:
    """By which name the local Azure ML knows whose list of inert types it is."""
    return f"{stack.home.root.name}/{stack.name}"


def host(stack: Stack, service: Service, environment: MutableMapping[str, str] = os.environ) -> dict[str, str]:
    """Let the types that the stack lists live as documents; what they are, and their ARM paths.

    The local Azure ML takes the types of every stack that lives on it, the plugin those of this one.

    Raises:
        DefinitionError: everything in the list that is no type that can be inert.
        ServiceError: the local Azure ML refuses.
    """
    environment.pop(VARIABLE, None)
    known = settings_of(stack.home, stack.name)
    if not stack.is_local or CONFIG_KEY not in known:
        return {}
    paths = named(known[CONFIG_KEY], f"Pulumi.{stack.name}.yaml: {CONFIG_KEY}")
    environment[VARIABLE] = json.dumps({f"azure-native:{name}": path for name, path in paths.items()})
    manager = service.target.resource_manager
    body = {"owner": owner(stack), "types": sorted(set(arm_types(paths.values())))}
    service.call("PUT", f"{manager}/control/inert", manager, body)
    return paths
