"""One node of a pipeline: its component, what its inputs are bound to, where its outputs go, its settings.

Called by `definition` and `levels`. Shapes: azure-ai-ml's pipeline nodes (snake case, `computeId`, `componentId`), and
the jobs that have no nodes (camel case).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from ... import digest
from .assets import Assets
from .bindings import PARENT_INPUT, mode_name
from .checks import check_bindings
from .kinds import distribution, parallel, sweep
from .kinds.reading import member
from .locations import ARTIFACT_STORE, filled
from .records import Component, ComponentKind, Destination, EnvironmentSpec, Port, Source, Step
from .values import Problems, literal, seconds

HASH_PATHS = "amlkit.hash_paths"
HASH_EXTRA = "amlkit.hash_extra"
_PARENT_OUTPUT = re.compile(r"\$\{\{\s*parent\.outputs\.([\w.-]+)\s*\}\}")
_STEP_OUTPUT = re.compile(r"\$\{\{\s*parent\.jobs\.([\w-]+)\.outputs\.([\w.-]+)\s*\}\}")
_READ = {"command": distribution.read, "parallel": parallel.read, "sweep": sweep.read}
KINDS = (*_READ, "pipeline")
_KINDS = "command, parallel, sweep and pipeline"
_OWN_SERVICES = ("Studio", "Tracking")  # of every job; clients send them back
_SIZES = ("instance_type", "docker_args")
UNKNOWN = Component("", "", "", EnvironmentSpec(), (), ())  # of a node that was refused


def reference(node: Mapping[str, Any]) -> str:
    """The component that a node names, as it was sent."""
    trial = node.get("trial")
    found = trial.get("componentId") if isinstance(trial, Mapping) else trial
    return str(found or node.get("componentId") or node.get("component") or "")


def step(
    name: str,
    path: str,
    node: Mapping[str, Any],
    components: dict[str, Component],
    compute: str,
    assets: Assets,
    problems: Problems,
) -> Step:
    """A node that is a process, under its name; its component joins `components`. `path` is its place."""
    key = component(node, path, components, assets, problems)
    found = components.get(key, UNKNOWN)
    takes, makes = ({port.name: port for port in side} for side in (found.inputs, found.outputs))
    own = node.get("computeId") or node.get("compute")
    identifier, slots = assets.compute(own or compute, f"{path}.computeId")
    distribution.check_nodes(found.options, slots, path, problems)
    variables = node.get("environment_variables") or node.get("environmentVariables")
    return Step(
        name,
        problems.text(node.get("display_name") or node.get("displayName"), f"{path}.display_name") or name,
        key,
        sources(node.get("inputs"), takes, f"{path}.inputs", assets, problems),
        destinations(node.get("outputs"), makes, f"{path}.outputs", assets, problems),
        identifier,
        slots,
        0.0 if found.kind == "sweep" else timeout(node.get("limits"), f"{path}.limits", problems),
        pairs(variables, f"{path}.environment_variables", problems),
        problems.texts(node.get("tags"), f"{path}.tags"),
        left_out(node, path, problems),
    )


def left_out(node: Mapping[str, Any], path: str, problems: Problems) -> tuple[str, ...]:
    """What a node or a job asks for that means nothing on one machine: nothing else comes out because of it."""
    services = problems.mapping(node.get("services"), f"{path}.services")
    resources = problems.mapping(node.get("resources"), f"{path}.resources")
    names = ", ".join(name for name in services if name not in _OWN_SERVICES)
    found = [f"services {names}"] if names else []
    found += ["identity"] if node.get("identity") else []
    found += ["queue_settings"] if member(node, "queue_settings") else []
    found += [name for name in _SIZES if member(resources, name)]
    return tuple(found)


def component(
    node: Mapping[str, Any], place: str, components: dict[str, Component], assets: Assets, problems: Problems
) -> str:
    """The key of a node's component in `components`; empty after a problem."""
    kind = str(node.get("type") or "command")
    if kind not in _READ:
        problems.add(place, f"a step of type {kind} does not run in the local Azure ML, only {_KINDS} do")
        return ""
    named = reference(node)
    if not named:
        problems.add(f"{place}.componentId", "no component")
        return ""
    document = assets.component(named, f"{place}.componentId")
    if not document:
        return ""
    spec = problems.mapping(document.get("componentSpec"), f"{place}.componentId")
    is_one = str(spec.get("type") or "command").removesuffix("Component").lower()
    if is_one not in ("command", "parallel"):
        problems.add(place, f"a component of type {is_one} is no step of the local Azure ML, only {_KINDS} are")
        return ""
    if is_one != ("parallel" if kind == "parallel" else "command"):
        problems.add(place, f"a {kind} step takes no component of type {is_one}: {named}")
        return ""
    declared = spec.get("inputs")
    shaped = {**spec, "inputs": declared if isinstance(declared, Mapping) else {}}  # said by `ports` if it is not
    options = _READ[kind](shaped, node, place, problems)
    plain = options if kind == "command" and not options else {"kind": kind, **options}
    key = f"{named}#{digest.of(plain)[:16]}" if plain else named
    if key not in components:
        made = of_spec(spec, kind, options, document.get("properties"), place, assets, problems)  # type: ignore[arg-type]
        components[key] = made
    return key


def of_spec(
    spec: Mapping[str, Any],
    kind: ComponentKind,
    options: Mapping[str, Any],
    properties: Any,
    place: str,
    assets: Assets,
    problems: Problems,
) -> Component:
    """The component of a spec; `properties` are those of its version."""
    dot = f"{place}." if place else ""
    task = problems.mapping(spec.get("task"), f"{dot}task") if kind == "parallel" else spec
    given = problems.mapping(properties, f"{dot}properties")
    made = Component(
        problems.text(spec.get("name"), f"{dot}name"),
        problems.text(spec.get("command"), f"{dot}command"),
        assets.code(task.get("code"), f"{dot}code"),
        assets.environment(task.get("environment"), f"{dot}environment"),
        assets.ports(spec.get("inputs"), f"{dot}inputs"),
        assets.ports(spec.get("outputs"), f"{dot}outputs", is_output=True),
        pairs(spec.get("environment_variables"), f"{dot}environment_variables", problems),
        str(spec.get("is_deterministic", True)).lower() != "false",
        kind,
        dict(options),
        _paths(given.get(HASH_PATHS), f"{dot}properties", problems),
        str(given.get(HASH_EXTRA) or ""),
    )
    if kind == "sweep":
        made = sweep.adapted(made)
    check_bindings(made, f"{dot}task" if kind == "parallel" else f"{dot}command", problems)
    return made


def sources(given: Any, ports: Mapping[str, Port], place: str, assets: Assets, problems: Problems) -> dict[str, Source]:
    """What the inputs of a node are bound to; one that was given as nothing at all is as one left out."""
    return {
        name: _source(item, ports.get(name), f"{place}.{name}", assets, problems)
        for name, item in problems.mapping(given, place).items()
        if not is_nothing(item)
    }


def destinations(
    given: Any, ports: Mapping[str, Port], place: str, assets: Assets, problems: Problems
) -> dict[str, Destination]:
    """Where the outputs of a node go."""
    return {
        name: destination(item, ports.get(name), f"{place}.{name}", assets, problems)
        for name, item in problems.mapping(given, place).items()
    }


def is_nothing(item: Any) -> bool:
    """Clients send an optional input without a value as nothing, or as a literal of nothing."""
    if not isinstance(item, Mapping):
        return item is None
    return all(item.get(name) is None for name in ("value", "uri", "path"))


def _source(item: Any, port: Port | None, place: str, assets: Assets, problems: Problems) -> Source:
    given = item if isinstance(item, Mapping) else {"value": item}
    mode = mode_name(str(given.get("mode") or (port.mode if port else "")))
    value = given.get("value", given.get("uri", given.get("path")))
    text = str(value)
    if match := PARENT_INPUT.fullmatch(text):
        return Source("parent", match[1], "", mode)
    if match := _STEP_OUTPUT.fullmatch(text):
        return Source("step", match[1], match[2], mode)
    if port is not None and not port.is_literal:
        return Source("data", assets.data(value, place, port), "", mode)
    if port is None or PARENT_INPUT.search(text):
        return Source("literal", text, "", mode)
    try:
        return Source("literal", literal(port, value), "", mode)
    except ValueError as error:
        problems.add(place, str(error))
        return Source("literal", text, "", mode)


def destination(item: Any, port: Port | None, place: str, assets: Assets, problems: Problems) -> Destination:
    """Where an output goes: of a node, or of a job (`assetName`, `uri`)."""
    given = item if isinstance(item, Mapping) else {"value": item}
    text = str(given.get("value") or given.get("uri") or given.get("path") or "")
    asset = problems.text(given.get("name") or given.get("assetName") or given.get("asset_name"), f"{place}.name")
    version = given.get("version") or given.get("assetVersion") or given.get("asset_version")
    found = Destination("", text, mode_name(str(given.get("mode") or "")), asset, problems.text(version, place))
    if asset and port is not None:
        assets.check_asset(port, asset, found.version, place)
    if match := _PARENT_OUTPUT.fullmatch(text):
        return Destination(match[1], "", found.mode, asset, found.version)
    sample = filled(text, ARTIFACT_STORE, "job", "output")  # a datastore that there always is
    if "${{" in sample:
        problems.add(place, f"an output can be bound to an output of the pipeline only: {text}")
    elif sample:
        assets.check_place(sample, place)
    return found


def pairs(given: Any, place: str, problems: Problems) -> tuple[tuple[str, str], ...]:
    """Environment variables."""
    for name in problems.mapping(given, place):
        if not name or "=" in name:
            problems.add(place, f"not a name of a variable: {name!r}")
    return tuple(problems.texts(given, place).items())


def timeout(limits: Any, place: str, problems: Problems) -> float:
    """The seconds of a node's `limits`; 0: none."""
    try:
        return seconds(problems.mapping(limits, place).get("timeout"))
    except ValueError as error:
        problems.add(f"{place}.timeout", str(error))
        return 0.0


def _paths(given: Any, place: str, problems: Problems) -> tuple[str, ...]:
    """A property holds the list as its JSON."""
    if not given:
        return ()
    try:
        found = json.loads(str(given))
    except ValueError:
        found = None
    if not isinstance(found, list) or not all(isinstance(item, str) for item in found):
        problems.add(f"{place}.{HASH_PATHS}", f"not a list of paths: {given!r}")
        return ()
    return tuple(found)
