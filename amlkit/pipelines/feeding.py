"""Does what feeds a node fit? Unknown and unfed inputs, sources that do not exist, types. Called by `checks`."""

from __future__ import annotations

import math
from collections.abc import Iterator

from ..components.definition import NO_DEFAULT, InputPort, not_listed
from ..components.kinds import sweep
from ..components.ports import PortType, type_of_literal
from ..errors import Problem, near
from . import locations
from .compatibility import fits, not_offered
from .graph import Binding, FromData, FromOutput, FromParameter, FromSearch, Graph, Node, Unusable, Value


def problems_of(graph: Graph, node: Node, *, local_data: bool) -> Iterator[Problem]:
    """What is wrong with the arguments of one node."""
    yield from _arguments(graph, node)
    for name, binding in node.inputs.items():
        where = f"{graph.name}.{node.name}.{name}"
        yield from source_problems(graph, binding, where)
        if isinstance(binding, FromData):
            yield from locations.problems_of(binding.data, where, local_data=local_data)
        port = node.ports_in.get(name)
        if port is not None:
            yield from _fit(graph, binding, port, where)
    yield from _searches(graph, node)


def source_problems(graph: Graph, binding: Binding, where: str) -> Iterator[Problem]:
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
    source = graph.by_name.get(binding.node)
    if source is None:
        yield Problem(where, f"no step is called `{binding.node}`")
    elif binding.port not in source.ports_out:
        meant = near(binding.port, source.ports_out)
        hint = f"did you mean `{binding.node}.{meant[0]}`?" if meant else ""
        yield Problem(where, f"`{binding.node}` has no output `{binding.port}`", hint)


def what(binding: Binding) -> str:
    """A binding in words."""
    match binding:
        case Value(value):
            return f"`{value!r}`"
        case FromParameter(name):
            return f"parameter `{name}`"
        case FromOutput(node, port):
            return f"`{node}.{port}`"
        case FromData(data):
            return f"`{data.path}`"
        case FromSearch(space):
            return f"`{space.type}`"
    return "it"


def _arguments(graph: Graph, node: Node) -> Iterator[Problem]:
    where = f"{graph.name}.{node.name}"
    if node.positional:
        said = f"{node.positional} inputs are given without a name"
        said = f"{node.positional} more inputs are given than it has" if node.nested else said
        yield Problem(where, said, "give inputs by name")
    known, outputs = list(node.ports_in), node.ports_out
    for name in node.inputs:
        if name in known:
            continue
        meant = near(name, known) or (known if len(known) == 1 else [])
        found = f"`{name}` is an output, not an input" if name in outputs else f"`{node.component}` has no such input"
        yield Problem(f"{where}.{name}", found, f"did you mean `{meant[0]}`?" if meant else "")
    for port in node.ports_in.values():
        if node.fed(port.name) is None and port.default is NO_DEFAULT and not port.optional:
            yield Problem(f"{where}.{port.name}", "nothing feeds this input", f"give `{port.name}=…`")


def _fit(graph: Graph, binding: Binding, port: InputPort, where: str) -> Iterator[Problem]:
    """Type, listed values, and whether there is a value at all in every run."""
    offered = _offered(graph, binding)
    if offered is not None and not fits(port.type, offered):
        hint = _type_hint(port, offered)
        yield Problem(where, f"{what(binding)} is of type {offered}, the input of type {port.type}", hint)
        return
    if isinstance(binding, Value) and (wrong := not_listed(port.enum, binding.value)):
        meant = near(str(binding.value), port.enum)
        hint = f"did you mean `{meant[0]}`?" if meant else ""
        yield Problem(where, f"`{binding.value}` {wrong.partition(':')[0]}", hint)
    parameter = graph.parameter(binding.name) if isinstance(binding, FromParameter) else None
    if parameter is None:
        return
    if parameter.optional and not port.optional:
        shown = f"`{port.name}: Input[…] | None = None`"
        hint = f"let the step do without it ({shown}), or give the parameter a default"
        yield Problem(where, f"{what(binding)} may have no value, the input needs one", hint)
    if wrong := not_offered(port, parameter.enum):
        names = ", ".join(f'"{value}"' for value in port.enum)
        yield Problem(where, f"{what(binding)} does not fit: {wrong}", f"declare it as `Input[Literal[{names}]]`")


def _offered(graph: Graph, binding: Binding) -> PortType | None:
    """The type of what feeds an input, if it is known."""
    if isinstance(binding, Value):
        return type_of_literal(binding.value)
    if isinstance(binding, FromData):
        return binding.type
    if isinstance(binding, FromParameter):
        parameter = graph.parameter(binding.name)
        return parameter.type if parameter else None
    return graph.type_of(binding)


def _type_hint(port: InputPort, offered: PortType) -> str:
    if port.type.is_data and offered is PortType.STRING:
        return 'data is given as `Folder("…")`, `File("…")` or by a datastore: `corpora.folder("…")`'
    if port.type.is_data and offered.is_data and fits(offered, port.type):
        return f"not every {offered} is a {port.type}: declare the output as what it is"
    return ""


def _searches(graph: Graph, node: Node) -> Iterator[Problem]:
    spaces = {name: item.space for name, item in node.inputs.items() if isinstance(item, FromSearch)}
    where = f"{graph.name}.{node.name}"
    if node.step is not None:
        yield from sweep.problems_of(node.step, node.sweep, spaces, where)
        return
    for name in spaces:
        hint = "sweep a step of the nested pipeline"
        yield Problem(f"{where}.{name}", "a value is searched, and a nested pipeline is not swept", hint)
