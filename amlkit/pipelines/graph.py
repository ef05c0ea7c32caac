"""A pipeline as a frozen graph: nodes, what feeds each of their inputs, parameters, results. Pure data.

Made from a function by `trace`, judged by `checks`, rendered by `compiler`. A node is a step or a nested pipeline; a
binding is what feeds one input.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeAlias

from ..components.definition import NO_DEFAULT, Default, InputPort, OutputPort, StepDefinition
from ..components.ports import Data, PortType
from ..components.sweeps import Space, Sweep
from ..errors import Problem


@dataclass(frozen=True)
class Value:
    """A literal."""

    value: float | int | str | bool


@dataclass(frozen=True)
class FromParameter:
    """A parameter of the pipeline."""

    name: str


@dataclass(frozen=True)
class FromOutput:
    """An output of another node. `is_here`: that node belongs to the same pipeline."""

    node: str
    port: str
    is_here: bool = True


@dataclass(frozen=True)
class FromData:
    """Data where it lies."""

    data: Data
    type: PortType


@dataclass(frozen=True)
class FromSearch:
    """A value that the trials of a sweep search."""

    space: Space


@dataclass(frozen=True)
class Unusable:
    """Something that can feed no input: what it is, and the next move."""

    what: str
    hint: str = ""


Binding: TypeAlias = Value | FromParameter | FromOutput | FromData | FromSearch | Unusable


@dataclass(frozen=True)
class Parameter:
    """A parameter of a pipeline; the default of a data parameter is where the data lies. `enum`: its legal values."""

    name: str
    type: PortType
    default: Default | Data = NO_DEFAULT
    optional: bool = False
    enum: tuple[str, ...] = ()

    @property
    def port(self) -> InputPort:
        """The input that it is on the pipeline's component. A place is no default there: Azure ML takes literals."""
        default = NO_DEFAULT if isinstance(self.default, Data) else self.default
        return InputPort(self.name, self.type, default, self.optional, self.enum)

    @property
    def needs_value(self) -> bool:
        """Must whoever runs the pipeline give one?"""
        return self.default is NO_DEFAULT and not self.optional


@dataclass(frozen=True)
class Settings:
    """What `@pipeline(…)` says about its runs; computes and datastores are needs by name, empty: not said."""

    tags: Mapping[str, str] = field(default_factory=dict)
    experiment: str = ""
    continue_on_step_failure: bool = False
    force_rerun: bool = False
    default_compute: str = ""
    default_datastore: str = ""


@dataclass(frozen=True)
class Node:
    """One use of a step, or of a pipeline (then `nested` is its graph, and there is no `step`).

    `after` are the nodes that it waits for without taking data of theirs, sorted. `positional` counts the arguments
    that were given without a name. `sweep` says how its trials are made, if it is swept.
    """

    name: str
    step: StepDefinition | None
    inputs: Mapping[str, Binding]
    compute: str | None = None
    positional: int = 0
    after: tuple[str, ...] = ()
    sweep: Sweep | None = None
    nested: Graph | None = None

    @property
    def component(self) -> str:
        """The name of what it uses."""
        return self.nested.name if self.nested else self.step.name if self.step else ""

    @property
    def ports_in(self) -> Mapping[str, InputPort]:
        """The inputs of what it uses, in declared order."""
        if self.nested:
            return self.nested.ports_in
        return {port.name: port for port in self.step.inputs} if self.step else {}

    @property
    def ports_out(self) -> Mapping[str, OutputPort]:
        """The outputs of what it uses, in declared order."""
        if self.nested:
            return self.nested.ports_out
        return {port.name: port for port in self.step.outputs} if self.step else {}

    @property
    def sources(self) -> frozenset[str]:
        """The nodes that it takes data of."""
        return frozenset(item.node for item in self.inputs.values() if isinstance(item, FromOutput) and item.is_here)

    @property
    def waits_for(self) -> frozenset[str]:
        """The nodes that must be over before it starts, for whichever reason."""
        return self.sources.union(self.after)

    def fed(self, name: str) -> Binding | None:
        """What feeds an input, be it the default place of a nested pipeline's data; None: nothing does."""
        if name in self.inputs or self.nested is None:
            return self.inputs.get(name)
        parameter = self.nested.parameter(name)
        if parameter is not None and isinstance(parameter.default, Data):
            return FromData(parameter.default, parameter.type)
        return None


@dataclass(frozen=True)
class Result:
    """What a pipeline returns under a name."""

    name: str
    source: Binding


@dataclass(frozen=True)
class Graph:
    """A pipeline. `is_whole` is false if its function failed: then nodes and results may be missing."""

    name: str
    description: str
    parameters: tuple[Parameter, ...]
    nodes: tuple[Node, ...]
    results: tuple[Result, ...]
    problems: tuple[Problem, ...] = ()
    is_whole: bool = True
    settings: Settings = Settings()

    @cached_property
    def by_name(self) -> Mapping[str, Node]:
        """The nodes by name."""
        return {node.name: node for node in self.nodes}

    @cached_property
    def ports_in(self) -> Mapping[str, InputPort]:
        """Its parameters as inputs of its component."""
        return {item.name: item.port for item in self.parameters}

    @cached_property
    def ports_out(self) -> Mapping[str, OutputPort]:
        """Its results as outputs of its component; those that are no output of a node are left out."""
        found = ((result.name, self.type_of(result.source)) for result in self.results)
        return {name: OutputPort(name, of_type) for name, of_type in found if of_type is not None}

    @cached_property
    def steps(self) -> tuple[StepDefinition, ...]:
        """The step definitions that its own nodes use, each once, in order of first use."""
        return tuple({id(node.step): node.step for node in self.nodes if node.step}.values())

    @cached_property
    def _parameters(self) -> Mapping[str, Parameter]:
        return {item.name: item for item in self.parameters}

    def parameter(self, name: str) -> Parameter | None:
        """The parameter of that name."""
        return self._parameters.get(name)

    def type_of(self, source: Binding) -> PortType | None:
        """The type of a node's output, if there is such an output."""
        if not isinstance(source, FromOutput) or not source.is_here or source.node not in self.by_name:
            return None
        port = self.by_name[source.node].ports_out.get(source.port)
        return port.type if port else None


def with_nested(graph: Graph) -> tuple[Graph, ...]:
    """The graph and every pipeline nested in it, each once, the innermost first, the graph itself last."""
    found: dict[int, Graph] = {}

    def visit(of: Graph) -> None:
        for inner in _nested(of):
            if id(inner) not in found:
                visit(inner)
        found[id(of)] = of

    visit(graph)
    return tuple(found.values())


def _nested(graph: Graph) -> Iterator[Graph]:
    yield from (node.nested for node in graph.nodes if node.nested is not None)
