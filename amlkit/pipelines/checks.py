"""Everything that can be wrong with a pipeline, found at once, offline, each with its place and a next move.

`check` is for people and tests; `examine` gives the compiler what it found on the way. One function a kind of mistake.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from graphlib import CycleError, TopologicalSorter
from typing import Any

from ..components.component import Component, inspect
from ..components.definition import NAME, NO_DEFAULT, PORT_NAME, InputPort
from ..components.ports import Data, PortType, type_of_literal
from ..errors import Problem
from .graph import Binding, FromData, FromOutput, FromParameter, Graph, Node, Unusable, Value
from .trace import Pipeline, trace


@dataclass(frozen=True)
class Examined:
    """A graph, its components by name, every problem, and what the pipeline's function raised if it failed."""

    graph: Graph
    components: Mapping[str, Component]
    problems: tuple[Problem, ...]
    failure: Exception | None = None


def check(pipeline: Pipeline[..., Any]) -> tuple[Problem, ...]:
    """All problems of a pipeline and its steps, sorted by place; none if it can be published."""
    return examine(pipeline).problems


def examine(pipeline: Pipeline[..., Any]) -> Examined:
    """Trace a pipeline, read what its steps consist of, and judge everything."""
    traced = trace(pipeline)
    problems = list(problems_of(traced.graph))
    components: dict[str, Component] = {}
    for step in traced.graph.steps:
        component, wrong = inspect(step)
        problems += wrong
        if component is not None:
            components[component.name] = component
    return Examined(traced.graph, components, tuple(sorted(set(problems))), traced.failure)


def problems_of(graph: Graph) -> Iterator[Problem]:
    """Problems of how steps fit together; what a step consists of is not looked at."""
    yield from graph.problems
    yield from _names(graph)
    yield from _parameters(graph)
    nodes = {node.name: node for node in graph.nodes}
    for node in graph.nodes:
        yield from _arguments(graph, node)
        yield from _inputs(graph, node, nodes)
    yield from _results(graph, nodes)
    yield from _cycles(graph)


def _names(graph: Graph) -> Iterator[Problem]:
    if not NAME.fullmatch(graph.name):
        yield Problem(graph.name, "not a legal name for a pipeline", "lower case letters, digits and `_`")
    if graph.is_whole and not graph.nodes:
        yield Problem(graph.name, "it has no steps")
    for name, count in Counter(node.name for node in graph.nodes).items():
        if count > 1:
            hint = f'tell them apart: `name="{name}_2"`'
            yield Problem(f"{graph.name}.{name}", f"{count} steps have this name", hint)
        if not NAME.fullmatch(name):
            yield Problem(f"{graph.name}.{name}", "not a legal name for a step", "lower case letters, digits and `_`")
    for name, count in Counter(step.name for step in graph.steps).items():
        if count > 1:
            yield Problem(
                f"{graph.name}.{name}", f"{count} classes make a component of this name", "rename one of them"
            )
        if name == graph.name:
            yield Problem(
                f"{graph.name}.{name}", "the pipeline has the same name as a step's class", "rename one of them"
            )


def _parameters(graph: Graph) -> Iterator[Problem]:
    used = {item.name for node in graph.nodes for item in node.inputs.values() if isinstance(item, FromParameter)}
    for item in graph.parameters:
        where = f"{graph.name}.{item.name}"
        if not PORT_NAME.fullmatch(item.name):
            yield Problem(where, "not a legal name for a parameter", "letters, digits and `_`")
        if graph.is_whole and item.name not in used:
            yield Problem(where, "no step uses this parameter", "give it to a step, or remove it")
        if isinstance(item.default, Data):
            yield from _location(item.default, where)


def _arguments(graph: Graph, node: Node) -> Iterator[Problem]:
    where = f"{graph.name}.{node.name}"
    if node.compute is None:
        yield Problem(where, "it has no compute", 'say where it runs: `compute=Compute("cpu")`')
    if node.positional:
        yield Problem(where, f"{node.positional} inputs are given without a name", "give inputs by name")
    known = [port.name for port in node.step.inputs]
    for name in node.inputs:
        if name in known:
            continue
        near = get_close_matches(name, known, n=1) or (known if len(known) == 1 else [])
        kind = "output" if node.step.output(name) else "input"
        what = f"`{name}` is an output, not an input" if kind == "output" else f"`{node.step.name}` has no such input"
        yield Problem(f"{where}.{name}", what, f"did you mean `{near[0]}`?" if near else "")
    for port in node.step.inputs:
        if port.name not in node.inputs and port.default is NO_DEFAULT:
            yield Problem(f"{where}.{port.name}", "nothing feeds this input", f"give `{port.name}=…`")


def _inputs(graph: Graph, node: Node, nodes: Mapping[str, Node]) -> Iterator[Problem]:
    for name, binding in node.inputs.items():
        where = f"{graph.name}.{node.name}.{name}"
        port = node.step.input(name)
        yield from _source(binding, nodes, where)
        if isinstance(binding, FromData):
            yield from _location(binding.data, where)
        offered = _offered(graph, binding, nodes)
        if port is not None and offered is not None and not port.type.takes(offered):
            yield Problem(
                where,
                f"{_what(binding)} is of type {offered}, the input of type {port.type}",
                _type_hint(port, offered),
            )


def _source(binding: Binding, nodes: Mapping[str, Node], where: str) -> Iterator[Problem]:
    """Is there such a thing at all?"""
    if isinstance(binding, Unusable):
        yield Problem(where, binding.what, binding.hint)
    if isinstance(binding, Value) and isinstance(binding.value, float) and not math.isfinite(binding.value):
        yield Problem(where, f"not a finite number: {binding.value}")
    if not isinstance(binding, FromOutput):
        return
    if not binding.is_here:
        yield Problem(where, f"step `{binding.node}` was made outside of this pipeline", "make it in the function")
        return
    source = nodes[binding.node].step if binding.node in nodes else None
    if source is None:
        yield Problem(where, f"no step is called `{binding.node}`")
    elif source.output(binding.port) is None:
        near = get_close_matches(binding.port, [port.name for port in source.outputs], n=1)
        hint = f"did you mean `{binding.node}.{near[0]}`?" if near else ""
        yield Problem(where, f"`{binding.node}` has no output `{binding.port}`", hint)


def _offered(graph: Graph, binding: Binding, nodes: Mapping[str, Node]) -> PortType | None:
    """The type of what feeds an input, if it is known."""
    if isinstance(binding, Value):
        return type_of_literal(binding.value)
    if isinstance(binding, FromData):
        return binding.type
    if isinstance(binding, FromParameter):
        parameter = graph.parameter(binding.name)
        return parameter.type if parameter else None
    if isinstance(binding, FromOutput) and binding.is_here and binding.node in nodes:
        port = nodes[binding.node].step.output(binding.port)
        return port.type if port else None
    return None


def _what(binding: Binding) -> str:
    match binding:
        case Value(value):
            return f"`{value!r}`"
        case FromParameter(name):
            return f"parameter `{name}`"
        case FromOutput(node, port):
            return f"`{node}.{port}`"
        case FromData(data):
            return f"`{data.path}`"
    return "it"


def _type_hint(port: InputPort, offered: PortType) -> str:
    if port.type.is_data and offered is PortType.STRING:
        return 'data is given as `Folder("…")`, `File("…")` or by a datastore: `corpora.folder("…")`'
    return ""


def _location(data: Data, where: str) -> Iterator[Problem]:
    """Can Azure reach it?"""
    if data.datastore is None:
        if "://" not in data.path:
            hint = 'put it into a datastore: `corpora.folder("digits/")`'
            yield Problem(where, f"a published pipeline cannot read a local path: {data.path}", hint)
    elif data.path.startswith("/") or ".." in data.path.split("/"):
        yield Problem(where, f"not a path from the datastore's root: {data.path}", "no leading `/`, no `..`")


def _results(graph: Graph, nodes: Mapping[str, Node]) -> Iterator[Problem]:
    for result in graph.results:
        where = f"{graph.name}.{result.name}"
        yield from _source(result.source, nodes, where)
        if not isinstance(result.source, FromOutput | Unusable):
            yield Problem(where, f"{_what(result.source)} is not the output of a step", "return outputs of steps")
        elif isinstance(result.source, FromOutput) and result.source.node in nodes:
            port = nodes[result.source.node].step.output(result.source.port)
            if port is not None and port.register:
                yield Problem(where, "a registered output cannot be a result of the pipeline yet", "drop `register=`")
    sources = Counter(result.source for result in graph.results if isinstance(result.source, FromOutput))
    for source, count in sources.items():
        if count > 1:
            yield Problem(graph.name, f"{count} results are one output: {source.node}.{source.port}", "return it once")


def _cycles(graph: Graph) -> Iterator[Problem]:
    sorter: TopologicalSorter[str] = TopologicalSorter()
    for node in graph.nodes:
        sources = {item.node for item in node.inputs.values() if isinstance(item, FromOutput) and item.is_here}
        sorter.add(node.name, *sources)
    try:
        sorter.prepare()
    except CycleError as error:
        names = " → ".join(error.args[1])
        yield Problem(graph.name, f"steps wait for each other: {names}", "break the circle")
