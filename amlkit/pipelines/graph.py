"""A pipeline as a frozen graph: steps, what feeds each of their inputs, parameters, results. Pure data.

Made from a function by `trace`, judged by `checks`, rendered by `compiler`. A binding is what feeds one input.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from ..components.definition import NO_DEFAULT, Default, StepDefinition
from ..components.ports import Data, PortType
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
    """An output of another step. `is_here`: that step belongs to the same pipeline."""

    node: str
    port: str
    is_here: bool = True


@dataclass(frozen=True)
class FromData:
    """Data where it lies."""

    data: Data
    type: PortType


@dataclass(frozen=True)
class Unusable:
    """Something that can feed no input: what it is, and the next move."""

    what: str
    hint: str = ""


Binding: TypeAlias = Value | FromParameter | FromOutput | FromData | Unusable


@dataclass(frozen=True)
class Parameter:
    """A parameter of a pipeline; the default of a data parameter is where the data lies."""

    name: str
    type: PortType
    default: Default | Data = NO_DEFAULT


@dataclass(frozen=True)
class Node:
    """One use of a step. `positional` counts the arguments that were given without a name."""

    name: str
    step: StepDefinition
    inputs: Mapping[str, Binding]
    compute: str | None
    positional: int = 0


@dataclass(frozen=True)
class Result:
    """What a pipeline returns under a name."""

    name: str
    source: Binding


@dataclass(frozen=True)
class Graph:
    """A pipeline. `is_whole` is false if its function failed: then steps and results may be missing."""

    name: str
    description: str
    parameters: tuple[Parameter, ...]
    nodes: tuple[Node, ...]
    results: tuple[Result, ...]
    problems: tuple[Problem, ...] = ()
    is_whole: bool = True

    def parameter(self, name: str) -> Parameter | None:
        """The parameter of that name."""
        return next((item for item in self.parameters if item.name == name), None)

    @property
    def steps(self) -> tuple[StepDefinition, ...]:
        """The step definitions in use, each once, in order of first use."""
        return tuple(dict.fromkeys(node.step for node in self.nodes))
