"""From a pipeline to a manifest: plain, frozen data that everything downstream takes. Pure: no network, no credentials.

The definition digest is of a numbered normal form, never of the wire body: a later renderer, another compute, another
place of the data or another default leave it as it is. A change of a form is a reuse break, and the golden file in the
tests says so.
"""

from __future__ import annotations

from typing import Any

from .. import digest
from ..components.component import Component
from ..components.definition import NO_DEFAULT, InputPort
from ..components.ports import Data, PortType
from ..components.render import assets, input_body, literal
from ..errors import DefinitionError
from ..manifest import DEFAULT_PROPERTY, DEFINITION_PROPERTY, Asset, Manifest, reference
from .checks import Examined, examine
from .graph import Binding, FromData, FromOutput, FromParameter, Graph, Node, Parameter, Value
from .trace import Pipeline


def compile(pipeline: Pipeline[..., Any]) -> Manifest:  # noqa: A001  the word for it
    """Check a pipeline and make its manifest.

    Raises:
        DefinitionError: every problem of the pipeline and its steps. What the function itself raised is the cause.
    """
    examined = examine(pipeline)
    if examined.problems:
        raise DefinitionError(examined.problems) from examined.failure
    graph = examined.graph
    prefix = graph.name
    found = [asset for component in _components(examined) for asset in assets(component, prefix)]
    whole = _pipeline_asset(examined)
    return Manifest(
        name=graph.name,
        definition=whole.definition,
        description=graph.description,
        assets=(*found, whole),
        computes=tuple(sorted({node.compute for node in graph.nodes if node.compute})),
        datastores=tuple(sorted({data.datastore for data in _data(graph) if data.datastore})),
    )


def _components(examined: Examined) -> list[Component]:
    return [examined.components[step.name] for step in examined.graph.steps]


def _data(graph: Graph) -> list[Data]:
    """All data that the pipeline names."""
    defaults = [item.default for item in graph.parameters if isinstance(item.default, Data)]
    inputs = [item.data for node in graph.nodes for item in node.inputs.values() if isinstance(item, FromData)]
    return defaults + inputs


def _pipeline_asset(examined: Examined) -> Asset:
    graph = examined.graph
    definition = definition_of(examined)
    results = {result.source: result.name for result in graph.results if isinstance(result.source, FromOutput)}
    spec = {
        "type": "pipeline",
        "name": graph.name,
        "inputs": {item.name: _parameter_body(item) for item in graph.parameters},
        "outputs": {name: {"type": str(_result_type(graph, source))} for source, name in results.items()},
        "jobs": {node.name: _job(node, results) for node in graph.nodes},
    }
    body = {
        "componentSpec": spec,
        "description": graph.description,
        "isAnonymous": False,
        "properties": {DEFINITION_PROPERTY: definition, **_default_properties(graph)},
    }
    return Asset("component", graph.name, graph.name, definition, body)


def _parameter_body(parameter: Parameter) -> dict[str, Any]:
    """A data parameter has no default on the wire: azure-ai-ml refuses to read a component with one."""
    default = NO_DEFAULT if isinstance(parameter.default, Data) else _typed(parameter.default, parameter.type)
    return input_body(InputPort(parameter.name, parameter.type, default))


def _default_properties(graph: Graph) -> dict[str, str]:
    """Where the data of a parameter lies by default: who invokes the pipeline without it fills it in from here."""
    return {
        f"{DEFAULT_PROPERTY}{item.name}": location(item.default)
        for item in graph.parameters
        if isinstance(item.default, Data)
    }


def location(data: Data) -> str:
    """The URI of data; in a datastore a reference stands for the datastore's name."""
    if data.datastore is None:
        return data.path
    return f"azureml://datastores/{reference('datastore', data.datastore)}/paths/{data.path}"


def _result_type(graph: Graph, source: FromOutput) -> PortType:
    port = next(node for node in graph.nodes if node.name == source.node).step.output(source.port)
    assert port is not None  # noqa: S101  checked
    return port.type


def _job(node: Node, results: dict[FromOutput, str]) -> dict[str, Any]:
    return {
        "name": node.name,
        "type": "command",
        "componentId": reference("component", node.step.name),
        "computeId": reference("compute", node.compute or ""),
        "inputs": {
            port.name: _input(node.inputs[port.name], port.type)
            for port in node.step.inputs
            if port.name in node.inputs
        },
        "outputs": _outputs(node, results),
    }


def _input(binding: Binding, type_: PortType) -> dict[str, Any]:
    match binding:
        case Value(value):
            return _literal(literal(_typed(value, type_)))
        case FromParameter(name):
            return _literal(f"${{{{parent.inputs.{name}}}}}")
        case FromOutput(node, port):
            return _literal(f"${{{{parent.jobs.{node}.outputs.{port}}}}}")
        case FromData(data, data_type):
            return {"job_input_type": str(data_type), "uri": location(data)}
    raise AssertionError(binding)  # checked


def _literal(value: str) -> dict[str, str]:
    return {"job_input_type": "literal", "value": value}


def _outputs(node: Node, results: dict[FromOutput, str]) -> dict[str, Any]:
    """Those that are a result of the pipeline or are registered; the others need no word."""
    outputs: dict[str, Any] = {}
    for port in node.step.outputs:
        result = results.get(FromOutput(node.name, port.name))
        if result is not None:
            outputs[port.name] = {"type": "literal", "value": f"${{{{parent.outputs.{result}}}}}"}
        elif port.register:
            outputs[port.name] = {"job_output_type": str(port.type), "name": port.register}
    return outputs


def _typed(value: Any, type_: PortType) -> Any:
    """An integer in the place of a number is a number: `1` and `1.0` are one definition."""
    return float(value) if type_ is PortType.NUMBER and value is not NO_DEFAULT else value


def definition_of(examined: Examined) -> str:
    """The definition digest of a pipeline (form 1): parameters, components, what feeds each input, results."""
    graph = examined.graph
    return digest.of(
        {
            "form": 1,
            "kind": "pipeline",
            "parameters": {item.name: str(item.type) for item in graph.parameters},
            "steps": {
                node.name: {"component": examined.components[node.step.name].definition, "inputs": _input_forms(node)}
                for node in graph.nodes
            },
            "results": {result.name: _form(result.source, PortType.FOLDER) for result in graph.results},
        }
    )


def _input_forms(node: Node) -> dict[str, list[Any]]:
    """What feeds each input; a default of the step counts as a value that was given."""
    forms = {}
    for port in node.step.inputs:
        binding = node.inputs.get(port.name)
        if binding is not None:
            forms[port.name] = _form(binding, port.type)
        elif port.default is not NO_DEFAULT:
            forms[port.name] = _form(Value(port.default), port.type)
    return forms


def _form(binding: Binding, type_: PortType) -> list[Any]:
    match binding:
        case Value(value):
            return ["value", _typed(value, type_)]
        case FromParameter(name):
            return ["parameter", name]
        case FromOutput(node, port):
            return ["output", node, port]
        case FromData(_, data_type):
            return ["data", str(data_type)]
    raise AssertionError(binding)  # checked
