"""From a function to a graph: `@pipeline`, and the one call of the function that records its steps.

    @pipeline
    def training(corpus: Input[Folder] = corpora.folder("digits/"), learning_rate: Input[float] = 0.1) -> Report:
        \"\"\"Train two models and compare them.\"\"\"
        features = Extract(raw=corpus, compute=cpu).features
        ...

The function runs with placeholders for its parameters. Its own failures stay the cause of what is raised.
"""

from __future__ import annotations

import inspect
import traceback
import typing
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, Generic, ParamSpec, TypeVar

from ..components.definition import NO_DEFAULT
from ..components.needs import Compute
from ..components.ports import PORT_TYPES, Data, Output, Placeholder, PortType, read_annotation, type_of_literal
from ..components.step import Call, Step, call_of, recording
from ..errors import DefinitionError, Problem
from .graph import Binding, FromData, FromOutput, FromParameter, Graph, Node, Parameter, Result, Unusable, Value

P = ParamSpec("P")
R_co = TypeVar("R_co", covariant=True)


class Pipeline(Generic[P, R_co]):
    """What `@pipeline` makes of a function. Nothing runs until `check` or `compile` asks for its graph."""

    def __init__(self, function: Callable[P, R_co]) -> None:
        self.function = function
        self.name: str = function.__name__
        self.__doc__ = function.__doc__

    def __call__(self, *_: P.args, **__: P.kwargs) -> R_co:
        """Nest it in another pipeline, which is not there yet.

        Raises:
            DefinitionError: always.
        """
        if recording.get() is None:
            what, hint = "a pipeline is not called", "give it to `compile`, or run it by its endpoint"
        else:
            what, hint = "a pipeline in a pipeline is not supported yet", "call its steps"
        raise DefinitionError([Problem(self.name, what, hint)])

    def __repr__(self) -> str:
        return f"<pipeline {self.name}>"


def pipeline(function: Callable[P, R_co]) -> Pipeline[P, R_co]:
    """Make a pipeline of a function with parameters `Input[…]` that returns a NamedTuple of outputs, or None."""
    return Pipeline(function)


class ParameterValue(Placeholder):
    """Stands for a parameter while the function runs."""

    def __init__(self, pipeline_name: str, name: str) -> None:
        super().__init__(f"{pipeline_name}.{name}")
        self.name = name


@dataclass(frozen=True)
class Traced:
    """The graph, and the exception of the function if it failed."""

    graph: Graph
    failure: Exception | None = None


def trace(of: Pipeline[..., Any]) -> Traced:
    """Run a pipeline's function once and record what it does. Never raises: problems are in the graph."""
    parameters, problems = _read_parameters(of)
    steps: list[Step] = []
    token = recording.set(steps)
    failure: Exception | None = None
    returned: Any = None
    try:
        returned = of.function(**{name: ParameterValue(of.name, name) for name in parameters})
    except DefinitionError as error:
        failure = error
        problems += error.problems
    except Exception as error:  # the user's code may raise anything
        failure = error
        problems.append(_failure(of, error))
    finally:
        recording.reset(token)
    here = frozenset(id(step) for step in steps)
    results = [] if failure else list(_results(of.name, returned, here, problems))
    graph = Graph(
        name=of.name,
        description=" ".join((of.__doc__ or "").split()),
        parameters=tuple(item for item in parameters.values() if item is not None),
        nodes=tuple(_node(call_of(step), here) for step in steps),
        results=tuple(results),
        problems=tuple(problems),
        is_whole=failure is None,
    )
    return Traced(graph, failure)


def _read_parameters(of: Pipeline[..., Any]) -> tuple[dict[str, Parameter | None], list[Problem]]:
    """Parameters in order; None for one that is wrong, so that the function can be called all the same."""
    problems: list[Problem] = []
    parameters: dict[str, Parameter | None] = {}
    try:
        hints = _hints(of.function)
    except (NameError, TypeError, AttributeError) as error:
        hints = {}
        problems.append(Problem(of.name, f"its annotations cannot be read: {error}"))
    for name, item in inspect.signature(of.function).parameters.items():
        default = NO_DEFAULT if item.default is inspect.Parameter.empty else item.default
        found = _parameter(name, hints.get(name), default) if hints else None
        if isinstance(found, str):
            problems.append(Problem(f"{of.name}.{name}", found))
        parameters[name] = found if isinstance(found, Parameter) else None
    return parameters, problems


def _hints(function: Callable[..., Any]) -> dict[str, Any]:
    """The parameters' annotations; what is returned need not be known by name."""
    annotations = {name: item for name, item in inspect.get_annotations(function).items() if name != "return"}
    return typing.get_type_hints(SimpleNamespace(__annotations__=annotations), function.__globals__)


def _parameter(name: str, annotation: Any, default: Any) -> Parameter | str:
    if annotation is None:
        return "it has no type: annotate it with `Input[…]`"
    declared = read_annotation(annotation)
    if isinstance(declared, str):
        return declared
    if declared.direction == "output":
        return "a parameter is an `Input[…]`"
    if default is not NO_DEFAULT:
        found = PORT_TYPES.get(type(default)) if isinstance(default, Data) else type_of_literal(default)
        if found is None or not declared.type.takes(found):
            return f"a default of type {type(default).__name__} for a parameter of type {declared.type}: {default!r}"
    return Parameter(name, declared.type, default)


def _failure(of: Pipeline[..., Any], error: Exception) -> Problem:
    code = of.function.__code__
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == code.co_filename]
    place = f"line {lines[-1]} of `{code.co_filename}`" if lines else f"`{code.co_filename}`"
    return Problem(of.name, f"its function failed in {place}: {type(error).__name__}: {error}")


def _results(name: str, returned: Any, here: frozenset[int], problems: list[Problem]) -> Iterator[Result]:
    if returned is None:
        return
    if not (isinstance(returned, tuple) and hasattr(returned, "_fields")):
        hint = "return a NamedTuple of outputs, so that each has a name"
        problems.append(Problem(name, f"it returns a {type(returned).__name__}", hint))
        return
    for field, value in zip(returned._fields, returned, strict=True):
        yield Result(field, _binding(value, here))


def _node(call: Call, here: frozenset[int]) -> Node:
    compute = call.compute.name if isinstance(call.compute, Compute) else None
    inputs = {name: _binding(value, here) for name, value in call.given.items()}
    return Node(call.name, call.definition, inputs, compute, call.positional)


def _binding(value: Any, here: frozenset[int]) -> Binding:
    """What feeds an input; `here` are the identities of the steps of this pipeline."""
    if isinstance(value, ParameterValue):
        return FromParameter(value.name)
    if isinstance(value, Output):
        return FromOutput(call_of(value.owner).name, value.port, id(value.owner) in here)
    if isinstance(value, Data):
        return FromData(value, PORT_TYPES.get(type(value), PortType.FOLDER))
    if isinstance(value, Step):
        call = call_of(value)
        outputs = [port.name for port in call.definition.outputs]
        hint = f"did you mean `{call.name}.{outputs[0]}`?" if outputs else "it has no output"
        return Unusable(f"a whole step is given: {call.name}", hint)
    if type_of_literal(value) is not None:
        return Value(value)
    return Unusable(f"a {type(value).__name__} is given: {value!r}", "give a literal, a Folder, a File or an output")
