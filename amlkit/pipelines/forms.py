"""The normal form of a pipeline, whose digest is its definition. Called by `compiler`.

Never of the wire body: a later renderer, another compute, another place of the data or another default leave it as it
is. What came later joins the form only where it is used, so that older definitions keep their digests. A change of a
form is a reuse break, and the golden files in the tests say so.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .. import digest
from ..components.definition import NO_DEFAULT
from ..components.kinds import sweep
from ..components.ports import PortType
from .graph import (
    Binding,
    FromData,
    FromOutput,
    FromParameter,
    FromSearch,
    Graph,
    Node,
    Parameter,
    Settings,
    Value,
    with_nested,
)


def definitions(graph: Graph, steps: Mapping[str, str]) -> dict[str, str]:
    """The definition digests of a pipeline and of those nested in it, by name; `steps`: those of the step classes."""
    known = dict(steps)
    for each in with_nested(graph):
        known[each.name] = digest.of(_form(each, known))
    return {each.name: known[each.name] for each in with_nested(graph)}


def typed(value: Any, type_: PortType) -> Any:
    """An integer in the place of a number is a number: `1` and `1.0` are one definition."""
    return float(value) if type_ is PortType.NUMBER and value is not NO_DEFAULT else value


def _form(graph: Graph, known: Mapping[str, str]) -> dict[str, Any]:
    """Form 1: parameters, components, what feeds each input, order, results, and what a run does on a failure."""
    form = {
        "form": 1,
        "kind": "pipeline",
        "parameters": {item.name: _parameter(item) for item in graph.parameters},
        "steps": {node.name: _node(node, known) for node in graph.nodes},
        "results": {result.name: _binding(result.source, PortType.FOLDER) for result in graph.results},
    }
    settings = _settings(graph.settings)
    return {**form, "settings": settings} if settings else form


def _parameter(item: Parameter) -> Any:
    more: dict[str, Any] = {"optional": True} if item.optional else {}
    if item.enum:
        more["enum"] = sorted(item.enum)
    return {"type": str(item.type), **more} if more else str(item.type)


def _settings(settings: Settings) -> dict[str, bool]:
    flags = ("continue_on_step_failure", "force_rerun")
    return {name: True for name in flags if getattr(settings, name)}


def _node(node: Node, known: Mapping[str, str]) -> dict[str, Any]:
    form: dict[str, Any] = {"component": known[node.component], "inputs": _inputs(node)}
    if node.after:
        form["after"] = list(node.after)
    if node.sweep is not None:
        form["sweep"] = sweep.form(node.sweep)
    return form


def _inputs(node: Node) -> dict[str, list[Any]]:
    """What feeds each input; a default of the step counts as a value that was given."""
    forms = {}
    for port in node.ports_in.values():
        binding = node.fed(port.name)
        if binding is not None:
            forms[port.name] = _binding(binding, port.type)
        elif port.default is not NO_DEFAULT:
            forms[port.name] = _binding(Value(port.default), port.type)
    return forms


def _binding(binding: Binding, type_: PortType) -> list[Any]:
    match binding:
        case Value(value):
            return ["value", typed(value, type_)]
        case FromParameter(name):
            return ["parameter", name]
        case FromOutput(node, port):
            return ["output", node, port]
        case FromData(_, data_type):
            return ["data", str(data_type)]
        case FromSearch(space):
            return ["search", space.body()]
    raise AssertionError(binding)  # checked
