"""What a pipeline, with those nested in it, needs from where it is published or run. Called by `compiler`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..components.definition import StepDefinition
from ..components.ports import Data
from ..manifest import reference, references
from .graph import FromData, Graph, with_nested
from .locations import is_local, upload_name


def steps(graph: Graph) -> tuple[StepDefinition, ...]:
    """The step definitions that it uses, each once, each before those of its jobs if it is a pipeline from YAML."""
    found: dict[int, StepDefinition] = {}
    waiting = [step for each in with_nested(graph) for step in each.steps]
    while waiting:
        step = waiting.pop(0)
        found.setdefault(id(step), step)
        waiting = [*step.children, *waiting]
    return tuple(found.values())


def computes(graph: Graph) -> tuple[str, ...]:
    """The computes that it names, sorted; also those that the jobs of a YAML pipeline name."""
    names = {node.compute for each in with_nested(graph) for node in each.nodes}
    names |= {each.settings.default_compute for each in with_nested(graph)}
    for step in steps(graph):
        names |= {
            name for kind, _, name in (item.partition(":") for item in references(step.spec)) if kind == "compute"
        }
    return tuple(sorted(name for name in names if name))


def datastores(graph: Graph) -> tuple[str, ...]:
    """The datastores that it names, sorted."""
    names = {data.datastore for _, data in places(graph)}
    names |= {each.settings.default_datastore for each in with_nested(graph)}
    return tuple(sorted(name for name in names if name))


def uploads(graph: Graph) -> dict[str, str]:
    """Local data, as absolute paths, by the names that bodies refer to it with."""
    return {name: str(Path(data.path).absolute()) for name, data in places(graph) if is_local(data)}


def settings(graph: Graph) -> dict[str, Any]:
    """The settings of a run, as azure-ai-ml names them; only what is said."""
    said = graph.settings
    found: dict[str, Any] = {}
    if said.default_compute:
        found["default_compute"] = reference("compute", said.default_compute)
    if said.default_datastore:
        found["default_datastore"] = reference("datastore", said.default_datastore)
    for name in ("continue_on_step_failure", "force_rerun"):
        if getattr(said, name):
            found[name] = True
    return found


def places(graph: Graph) -> Iterator[tuple[str, Data]]:
    """All data that it names, by where it does: `training.corpus`, `training.extract.raw`."""
    for each in with_nested(graph):
        for item in each.parameters:
            if isinstance(item.default, Data):
                yield upload_name(each.name, item.name), item.default
        for node in each.nodes:
            for name in node.ports_in:
                binding = node.fed(name)
                if isinstance(binding, FromData):
                    yield upload_name(each.name, node.name, name), binding.data
