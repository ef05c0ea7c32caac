"""The nodes of a pipeline on the wire, as azure-ai-ml sends them. Called by `compiler`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..components import nodes
from ..components.component import Component
from ..components.ports import PortType
from ..components.render import literal
from ..manifest import reference
from .forms import typed
from .graph import Binding, FromData, FromOutput, FromParameter, FromSearch, Graph, Node, Value
from .locations import location, upload_name
from .signals import AFTER, Wait, wire_kind


@dataclass(frozen=True)
class Place:
    """What a node's body depends on besides the node.

    Its pipeline; the step's component, None of a nested pipeline; the name of the component that is registered for it,
    which may be a variant; its compute, by need; what it waits for; the names of the pipeline's outputs by the node's
    outputs that they are.
    """

    graph: Graph
    step: Component | None
    component: str
    compute: str
    waits: tuple[Wait, ...]
    results: Mapping[str, str]


def body(node: Node, place: Place) -> dict[str, Any]:
    """One node. A pipeline in it has no compute of its own, its steps have."""
    compute = {} if wire_kind(node) == "pipeline" else {"computeId": reference("compute", place.compute)}
    outputs = _outputs(node, place.results)
    return {
        "name": node.name,
        **_itself(node, place),
        **compute,
        "inputs": {**_inputs(node, place.graph), **_waits(place.waits)},
        **({"outputs": outputs} if outputs else {}),
    }


def _itself(node: Node, place: Place) -> dict[str, Any]:
    """Type, component, options, tags. A sweep's component is its trial."""
    component = reference("component", place.component)
    if place.step is None:
        tags = dict(node.nested.settings.tags) if node.nested else {}
        return {"type": "pipeline", "componentId": component, **({"tags": tags} if tags else {})}
    options = place.step.step.options
    spaces = {name: item.space for name, item in node.inputs.items() if isinstance(item, FromSearch)}
    found = nodes.body(place.step, node.sweep, spaces)
    found |= {"componentId": component} if node.sweep is None else {"trial": {"componentId": component}}
    return {**found, "tags": dict(options.tags)} if options.tags else found


def _inputs(node: Node, graph: Graph) -> dict[str, Any]:
    inputs = {}
    for port in node.ports_in.values():
        binding = node.fed(port.name)
        if binding is not None and not isinstance(binding, FromSearch):
            inputs[port.name] = _input(binding, port.type, upload_name(graph.name, node.name, port.name))
    return inputs


def _input(binding: Binding, type_: PortType, upload: str) -> dict[str, Any]:
    match binding:
        case Value(value):
            return _literal(literal(typed(value, type_)))
        case FromParameter(name):
            return _literal(f"${{{{parent.inputs.{name}}}}}")
        case FromOutput(node, port):
            return _literal(f"${{{{parent.jobs.{node}.outputs.{port}}}}}")
        case FromData(data, data_type):
            return {"job_input_type": str(data_type), "uri": location(data, upload)}
    raise AssertionError(binding)  # checked


def _waits(waits: tuple[Wait, ...]) -> dict[str, Any]:
    return {f"{AFTER}{number}": _input(wait.source, wait.type, "") for number, wait in enumerate(waits, start=1)}


def _literal(value: str) -> dict[str, str]:
    return {"job_input_type": "literal", "value": value}


def _outputs(node: Node, results: Mapping[str, str]) -> dict[str, Any]:
    """Those that are a result of the pipeline, are registered or have a mode; the others need no word.

    What is a result and registered is bound and named: azure-ai-ml sends that for `path: ${{parent.outputs.…}}` with
    a `name`.
    """
    outputs: dict[str, Any] = {
        port: {"type": "literal", "value": f"${{{{parent.outputs.{result}}}}}"} for port, result in results.items()
    }
    for port in node.step.outputs if node.step else ():
        said = nodes.registered(port)
        if port.name in outputs:
            said.pop("job_output_type", None)
        if said:
            outputs[port.name] = {**outputs.get(port.name, {}), **said}
    return outputs
