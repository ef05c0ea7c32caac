"""What a pipeline's function makes while it runs: the placeholders of its parameters, the pipelines that it nests.

Steps are recorded by `amlkit.components.step`; this is what they do not know of. Used by `trace`, `order` and
`bindings`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

from ..components.ports import Output, Placeholder
from ..components.step import Step, call_of
from ..errors import Problem
from .graph import Graph

if TYPE_CHECKING:
    from .decorator import Pipeline


class ParameterValue(Placeholder):
    """Stands for a parameter while the function runs. `frame` is the run of the function that it belongs to."""

    def __init__(self, frame: Frame, name: str) -> None:
        super().__init__(f"{frame.pipeline.name}.{name}")
        self.frame = frame
        self.name = name


class Nested:
    """A pipeline as a node of another one. What it waits for may grow until the function ends, as a step's does."""

    def __init__(
        self, name: str, graph: Graph, given: Mapping[str, Any], positional: int, after: tuple[Any, ...]
    ) -> None:
        self.name = name
        self.graph = graph
        self.given = given
        self.positional = positional
        self.after = after


Handle: TypeAlias = Step | Nested


@dataclass(frozen=True)
class Traced:
    """The graph of a pipeline, what its function returned, and the exception of the function if it failed."""

    graph: Graph
    returned: Any = None
    failure: BaseException | None = None


@dataclass(frozen=True)
class Frame:
    """One run of a pipeline's function. `above`: the pipelines that it is nested in. `known`: those traced before."""

    pipeline: Pipeline[..., Any]
    above: tuple[Pipeline[..., Any], ...] = ()
    known: dict[Pipeline[..., Any], Traced] = field(default_factory=dict)
    steps: list[Step] = field(default_factory=list)
    nested: list[tuple[int, Nested]] = field(default_factory=list)  # with how many steps there were before it
    problems: list[Problem] = field(default_factory=list)

    def handles(self) -> Iterator[Handle]:
        """Steps and nested pipelines in the order in which they were made."""
        rest = iter([*self.nested, (len(self.steps), None)])
        made = 0
        for position, nested in rest:
            yield from self.steps[made:position]
            made = position
            if nested is not None:
                yield nested

    def add_nested(self, nested: Nested) -> None:
        """Record a nested pipeline."""
        self.nested.append((len(self.steps), nested))


running: ContextVar[Frame | None] = ContextVar("running", default=None)
"""The pipeline function that runs in this context; None outside of one."""


def name_of(handle: Handle) -> str:
    """The name of a node."""
    return handle.name if isinstance(handle, Nested) else call_of(handle).name


def owner_of(output: Output[Any]) -> Handle:
    """The step, or the nested pipeline, that an output is of."""
    return output.owner


def handles_in(item: Any) -> Iterator[Handle | Problem]:
    """The nodes that something stands for: a step, an output, what a nested pipeline returned, or a list of such.

    Anything else gives a problem without a place.
    """
    if isinstance(item, Step | Nested):
        yield item
    elif isinstance(item, Output):
        yield owner_of(item)
    elif isinstance(item, list | tuple):
        for part in item:
            yield from handles_in(part)
    elif item is None:
        hint = "a nested pipeline can be waited for by what it returns"
        yield Problem("", "None is given where a step is meant", hint)
    else:
        yield Problem("", f"a {type(item).__name__} is given where a step is meant: {item!r}", "give steps")
