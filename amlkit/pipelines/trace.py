"""From a function to a graph: the one call of a pipeline's function that records its steps.

The function runs with placeholders for its parameters. Its own failures stay the cause of what is raised.
"""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from ..components.definition import NO_DEFAULT, not_listed
from ..components.needs import Compute
from ..components.ports import PORT_TYPES, Data, Declared, plain, read_annotation, type_of_literal
from ..components.step import Step, call_of, recording
from ..errors import DefinitionError, Problem
from .bindings import binding
from .frame import Frame, Handle, Nested, ParameterValue, Traced, name_of, running
from .graph import Binding, Graph, Node, Parameter, Result
from .order import waits

if TYPE_CHECKING:
    from .decorator import Pipeline


def trace(of: Pipeline[..., Any]) -> Traced:
    """Run a pipeline's function once and record what it does. Never raises: problems are in the graph."""
    return run(Frame(of))


def run(frame: Frame) -> Traced:
    """The same for a frame that is made already: a pipeline that another one nests."""
    of = frame.pipeline
    parameters, problems = _read_parameters(of)
    frame.problems.extend((*of.problems, *problems))
    outer, steps = running.set(frame), recording.set(frame.steps)
    failure: BaseException | None = None
    returned: Any = None
    try:
        returned = of.function(**{name: ParameterValue(frame, name) for name in parameters})
    except DefinitionError as error:
        failure = error
        frame.problems.extend(error.problems)
    except (Exception, SystemExit) as error:  # the user's code may raise anything
        failure = error
        frame.problems.append(_failure(of, error))
    finally:
        recording.reset(steps)
        running.reset(outer)
    handles = tuple(frame.handles())
    here = {id(handle): name_of(handle) for handle in handles}
    known = frozenset(here)
    graph = Graph(
        name=of.name,
        description=" ".join((of.__doc__ or "").split()),
        parameters=tuple(item for item in parameters.values() if item is not None),
        nodes=tuple(_node(handle, frame, here, known) for handle in handles),
        results=() if failure else tuple(_results(returned, frame, known)),
        is_whole=failure is None,
        settings=of.settings,
    )
    return Traced(replace(graph, problems=tuple(frame.problems)), returned, failure)


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
        if item.kind in (item.VAR_POSITIONAL, item.VAR_KEYWORD):
            hint = "name each parameter: `rate: Input[float]`"
            problems.append(Problem(f"{of.name}.{name}", "a pipeline takes no `*` or `**` parameters", hint))
            continue
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
    parameter = Parameter(name, declared.type, optional=declared.optional, enum=declared.enum)
    if declared.optional and (default is None or default is NO_DEFAULT):
        return parameter
    if declared.optional:
        return f"the default of an optional parameter is None: {default!r}"
    if default is NO_DEFAULT:
        return parameter
    return _wrong_default(declared, default) or replace(parameter, default=plain(default))


def _wrong_default(declared: Declared, default: Any) -> str:
    found = PORT_TYPES.get(type(default)) if isinstance(default, Data) else type_of_literal(default)
    if found is None or not declared.type.takes(found):
        return f"a default of type {type(default).__name__} for a parameter of type {declared.type}: {default!r}"
    wrong = not_listed(declared.enum, default)
    return f"its default {wrong}" if wrong else ""


def _failure(of: Pipeline[..., Any], error: BaseException) -> Problem:
    code = of.function.__code__
    from traceback import extract_tb

    lines = [frame.lineno for frame in extract_tb(error.__traceback__) if frame.filename == code.co_filename]
    place = f"line {lines[-1]} of `{code.co_filename}`" if lines else f"`{code.co_filename}`"
    return Problem(of.name, f"its function failed in {place}: {type(error).__name__}: {error}")


def _results(returned: Any, frame: Frame, here: frozenset[int]) -> Iterator[Result]:
    if returned is None:
        return
    if not (isinstance(returned, tuple) and hasattr(returned, "_fields")):
        hint = "return a NamedTuple of outputs, so that each has a name"
        frame.problems.append(Problem(frame.pipeline.name, f"it returns a {type(returned).__name__}", hint))
        return
    for field, value in zip(returned._fields, returned, strict=True):
        yield Result(field, binding(value, frame, here))


def _node(handle: Handle, frame: Frame, here: Mapping[int, str], known: frozenset[int]) -> Node:
    if isinstance(handle, Nested):
        optional = {item.name for item in handle.graph.parameters if item.optional}
        given = {name: item for name, item in handle.given.items() if item is not None or name not in optional}
        inputs = _bindings(given, frame, known)
        node = Node(handle.name, None, inputs, positional=handle.positional, nested=handle.graph)
        after = waits(handle, handle.after, frame, here)
    else:
        call = call_of(handle)
        inputs = _bindings(call.given, frame, known)
        compute = _compute(handle, frame)
        node = Node(call.name, call.definition, inputs, compute, call.positional, sweep=call.sweep)
        after = waits(handle, call.after, frame, here)
    return replace(node, after=tuple(name for name in after if name not in node.sources))


def _bindings(given: Mapping[str, Any], frame: Frame, here: frozenset[int]) -> dict[str, Binding]:
    return {name: binding(value, frame, here) for name, value in given.items()}


def _compute(step: Step, frame: Frame) -> str | None:
    """The need by its name; None: it says nothing."""
    call = call_of(step)
    if call.compute is None or isinstance(call.compute, Compute):
        return call.compute.name if call.compute else None
    place = f"{frame.pipeline.name}.{call.name}.compute"
    frame.problems.append(Problem(place, f"not a Compute: {call.compute!r}", 'write `compute=Compute("cpu")`'))
    return ""
