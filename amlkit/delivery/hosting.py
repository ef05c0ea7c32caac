"""What the commands do for plugins before a program runs.

`host`: `amlkit:inert` of a local stack, which types of its program are kept as documents, with nothing behind them; the
plugin is told by a variable, and the local Azure ML. `offer_plugin`: the plugin `amlkit` is found without a word.
"""

from __future__ import annotations

import json
import os
from collections.abc import MutableMapping
from pathlib import Path

from amlkit import provider
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


def offer_plugin(environment: MutableMapping[str, str] = os.environ) -> None:
    """Put the plugin `amlkit` on PATH, where engines look for one that the project's Pulumi.yaml does not place."""
    folder = str(Path(provider.__file__).with_name("bin"))
    paths = environment.get("PATH", "").split(os.pathsep)
    if folder not in paths:
        environment["PATH"] = os.pathsep.join([folder, *filter(None, paths)])
