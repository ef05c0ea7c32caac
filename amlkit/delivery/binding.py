"""Which compute and which datastore a pipeline's needs are in a workspace, when it is run without being published.

In this order: what is asked for, what the published pipeline is bound to, what has the same name in the workspace; in
the scratch workspace a missing compute is made, and its default datastore stands for any other.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from amlkit.errors import DefinitionError, Problem, RunError, ServiceError
from amlkit.manifest import BIND_PROPERTY, Manifest

from .scratch import LOCATION, is_scratch
from .stacks import MACHINE_LEARNING, Workspace

DEFAULT_DATASTORE = "workspaceblobstore"
COMPUTE_NAME = re.compile(r"[a-zA-Z](?![a-zA-Z0-9-]*-\d+$)[a-zA-Z0-9-]{1,23}")  # Azure's rule
COMPUTE_NAME_RULE = "2 to 24 letters, digits and dashes, a letter first, and no dash before digits at the end"
RUNS_COMMANDS = ("AmlCompute", "ComputeInstance", "Kubernetes")
_MAX_NODES = 4


@dataclass(frozen=True)
class Wanted:
    """What was asked for: needs to names of computes and datastores of the workspace."""

    computes: Mapping[str, str] = field(default_factory=dict)
    datastores: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Bound:
    """`values` by reference (`compute:cpu`, `datastore:corpora`); `said`: what was decided without being asked."""

    values: Mapping[str, str]
    said: tuple[str, ...] = ()


def bindings(workspace: Workspace, manifest: Manifest, wanted: Wanted) -> Bound:
    """Bind every need of a pipeline.

    Raises:
        DefinitionError: needs that nothing in the workspace is for, or options for needs that there are not; all.
    """
    problems = [
        Problem(f"{manifest.name}.{name}", f"the pipeline needs no such {kind}", _there(needs))
        for kind, given, needs in (
            ("compute", wanted.computes, manifest.computes),
            ("datastore", wanted.datastores, manifest.datastores),
        )
        for name in sorted(given.keys() - set(needs))
    ]
    published = _published(workspace, manifest) if manifest.computes or manifest.datastores else {}
    values: dict[str, str] = {}
    said: list[str] = []
    for need in manifest.computes:
        asked = wanted.computes.get(need) or published.get(f"compute.{need}") or need
        values[f"compute:{need}"] = compute_id(workspace, asked)
        problem = _compute(workspace, manifest, need, asked, said, is_asked=need in wanted.computes)
        problems += [problem] if problem else []
    for need in manifest.datastores:
        asked = wanted.datastores.get(need) or published.get(f"datastore.{need}") or need
        name = _datastore(workspace, need, asked, said, is_asked=need in wanted.datastores)
        if name is None:
            option = f"`--datastore {need}=NAME`; there is: {', '.join(_names(workspace, 'datastores'))}"
            problems.append(Problem(f"{manifest.name}.{need}", f"no such datastore in the workspace: {asked}", option))
        values[f"datastore:{need}"] = name or ""
    if problems:
        raise DefinitionError(problems)
    return Bound(values, tuple(said))


def compute_id(workspace: Workspace, name: str) -> str:
    """The ARM id of a compute of the workspace; an id stays what it is."""
    return name if name.startswith("/") else f"{workspace.id}/computes/{name}"


def make_computes(workspace: Workspace, names: Sequence[str]) -> tuple[str, ...]:
    """Make those of the computes that a local workspace does not have; a line for each that was made.

    Raises:
        DefinitionError: computes of kinds that run no commands; a missing one that is not to be made; all of them.
    """
    made: list[str] = []
    problems: list[Problem] = []
    for name in names:
        if not COMPUTE_NAME.fullmatch(name):
            problems.append(Problem(name, "not a name of a compute", f"a name has {COMPUTE_NAME_RULE}"))
            continue
        kind = _kind(workspace, name)
        if kind is None and workspace.service.target.is_local:
            made.append(_make(workspace, name))
        elif kind is None:
            there = ", ".join(_names(workspace, "computes"))
            problems.append(Problem(name, "no such compute in the workspace", f"there is: {there}"))
        elif kind not in RUNS_COMMANDS:
            problems.append(Problem(name, f"a {kind} compute runs no commands", f"`--compute {name}=NAME`"))
    if problems:
        raise DefinitionError(problems)
    return tuple(made)


def _compute(
    workspace: Workspace, manifest: Manifest, need: str, name: str, said: list[str], *, is_asked: bool
) -> Problem | None:
    where, option = f"{manifest.name}.{need}", f"`--compute {need}=NAME`"
    if not COMPUTE_NAME.fullmatch(name.rpartition("/")[2]):
        return Problem(where, f"not a name of a compute: {name}", f"{option}; a name has {COMPUTE_NAME_RULE}")
    kind = _kind(workspace, name)
    if kind is None and is_scratch(workspace) and not is_asked:
        said.append(_make(workspace, name))
        return None
    if kind is None:
        there = ", ".join(_names(workspace, "computes"))
        return Problem(where, f"no such compute in the workspace: {name}", f"{option}; there is: {there or 'none'}")
    if kind not in RUNS_COMMANDS:
        return Problem(where, f"a {kind} compute runs no commands: {name}", option)
    return None


def _datastore(workspace: Workspace, need: str, name: str, said: list[str], *, is_asked: bool) -> str | None:
    if _document(workspace, f"/datastores/{name}"):
        return name
    if is_asked or not is_scratch(workspace):
        return None
    said.append(
        f"datastore `{need}` is `{DEFAULT_DATASTORE}` of the scratch workspace: only what was put there is in it"
    )
    return DEFAULT_DATASTORE


def _make(workspace: Workspace, name: str) -> str:
    """An AmlCompute as small as a laptop; the line that says so."""
    scale = {"minNodeCount": 0, "maxNodeCount": _MAX_NODES, "nodeIdleTimeBeforeScaleDown": "PT120S"}
    cluster = {"vmSize": "Standard_DS3_v2", "scaleSettings": scale}
    body = {"location": LOCATION, "properties": {"computeType": "AmlCompute", "properties": cluster}}
    workspace.service.arm("PUT", compute_id(workspace, name), MACHINE_LEARNING, body)
    return f"compute `{name}` made: up to {_MAX_NODES} steps at once"


def _kind(workspace: Workspace, name: str) -> str | None:
    document = _document(workspace, compute_id(workspace, name).removeprefix(workspace.id))
    return str(document["properties"].get("computeType")) if document else None


def _document(workspace: Workspace, path: str) -> Any:
    try:
        return workspace.get(path)
    except ServiceError as error:
        if error.status == 404:
            return None
        raise


def _names(workspace: Workspace, collection: str) -> list[str]:
    return sorted(str(item["name"]) for item in workspace.listed(f"/{collection}"))


def _published(workspace: Workspace, manifest: Manifest) -> dict[str, str]:
    """What the published pipeline of that name is bound to; nothing if it is not published."""
    if is_scratch(workspace):
        return {}
    from .invocation import find_endpoint, serving_component

    try:
        component = serving_component(workspace, find_endpoint(workspace, manifest.name))
    except RunError:
        return {}
    properties: Mapping[str, str] = component.get("properties") or {}
    found = {
        name.removeprefix(BIND_PROPERTY): value for name, value in properties.items() if name.startswith(BIND_PROPERTY)
    }
    return {name: value.rpartition("/")[2] for name, value in found.items()}


def _there(needs: Sequence[str]) -> str:
    return f"it needs: {', '.join(needs)}" if needs else "it needs none"
