"""Everything that can be wrong with a pipeline, found at once, offline, each with its place and a next move.

`check` is for people and tests; `examine` gives the compiler what it found on the way. One function a kind of mistake.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from typing import Any

from ..components.component import Component, inspect
from ..components.definition import NAME, PORT_NAME, StepDefinition
from ..components.ports import Data
from ..errors import Problem
from . import feeding, locations, needs, signals
from .decorator import Pipeline
from .graph import FromOutput, FromParameter, Graph, Node, Unusable, with_nested
from .trace import trace

_LEGAL = "lower case letters, digits and `_`"
_OURS = re.compile(r"amlkit_.*")  # ports that carry an order, see `variants`
_VARIANT = re.compile(r".*__(done|after)(_.*)?")


@dataclass(frozen=True)
class Examined:
    """A graph, its components by name, every problem, and what the pipeline's function raised if it failed."""

    graph: Graph
    components: Mapping[str, Component]
    problems: tuple[Problem, ...]
    failure: BaseException | None = None

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """What is no mistake and may surprise next month: images and environments that are not pinned."""
        found = (each.environment.warnings for each in self.components.values() if each.environment is not None)
        return tuple(sorted({warning for warnings in found for warning in warnings}))


def check(pipeline: Pipeline[..., Any]) -> tuple[Problem, ...]:
    """All problems of a pipeline and its steps, sorted by place; none if it can be published."""
    return examine(pipeline).problems


def examine(pipeline: Pipeline[..., Any], *, local_data: bool = False) -> Examined:
    """Trace a pipeline, read what its steps consist of, and judge everything; `local_data`: local paths are legal."""
    traced = trace(pipeline)
    problems = list(problems_of(traced.graph, local_data=local_data))
    components: dict[str, Component] = {}
    for step in _own_steps(traced.graph):
        component, wrong = inspect(step)
        problems += wrong
        if component is not None:
            components[component.name] = component
    return Examined(traced.graph, components, tuple(sorted(set(problems))), traced.failure)


def _own_steps(graph: Graph) -> tuple[StepDefinition, ...]:
    """Those of its nodes: `inspect` looks at the jobs of a YAML pipeline with the pipeline."""
    return tuple({id(step): step for each in with_nested(graph) for step in each.steps}.values())


def problems_of(graph: Graph, *, local_data: bool = False) -> Iterator[Problem]:
    """Problems of how steps fit together; what a step consists of is not looked at."""
    yield from _component_names(graph)
    for each in with_nested(graph):
        yield from each.problems
        yield from _names(each)
        yield from _parameters(each, local_data)
        yield from _computes(each, graph)
        for node in each.nodes:
            yield from feeding.problems_of(each, node, local_data=local_data)
        yield from _results(each)
        yield from _unused(each)
        yield from _cycles(each)
        yield from _settings(each, graph)
    yield from signals.problems_of(graph)


def _component_names(graph: Graph) -> Iterator[Problem]:
    """What is registered for one pipeline has one name each."""
    place, graphs = graph.name, with_nested(graph)
    steps = Counter(step.name for step in needs.steps(graph))
    for name, count in Counter(each.name for each in graphs).items():
        if count > 1:
            yield Problem(f"{place}.{name}", f"{count} pipelines have this name", "rename one of them")
        if name in steps:
            what = "the pipeline has" if name == place else "a nested pipeline has"
            yield Problem(f"{place}.{name}", f"{what} the same name as a step's class", "rename one of them")
    for name, count in steps.items():
        if count > 1:
            yield Problem(f"{place}.{name}", f"{count} classes make a component of this name", "rename one of them")
        if _VARIANT.fullmatch(name):
            yield Problem(f"{place}.{name}", "a name of this form is amlkit's own", "rename the step's class")


def _names(graph: Graph) -> Iterator[Problem]:
    if not NAME.fullmatch(graph.name) or _VARIANT.fullmatch(graph.name):
        yield Problem(graph.name, "not a legal name for a pipeline", _LEGAL)
    if graph.is_whole and not graph.nodes:
        yield Problem(graph.name, "it has no steps")
    for name, times in Counter(node.name for node in graph.nodes).items():
        if times > 1:
            nested = graph.by_name[name].nested
            hint = f'`{nested.name}.named("{name}_2")(…)`' if nested else f'`name="{name}_2"`'
            yield Problem(f"{graph.name}.{name}", f"{times} steps have this name", f"tell them apart: {hint}")
        if not NAME.fullmatch(name):
            yield Problem(f"{graph.name}.{name}", "not a legal name for a step", _LEGAL)


def _parameters(graph: Graph, local_data: bool) -> Iterator[Problem]:
    used = {item.name for node in graph.nodes for item in node.inputs.values() if isinstance(item, FromParameter)}
    for item in graph.parameters:
        where = f"{graph.name}.{item.name}"
        if not PORT_NAME.fullmatch(item.name) or _OURS.fullmatch(item.name):
            yield Problem(where, "not a legal name for a parameter", "letters, digits and `_`")
        if graph.is_whole and item.name not in used:
            yield Problem(where, "no step uses this parameter", "give it to a step, or remove it")
        if isinstance(item.default, Data):
            yield from locations.problems_of(item.default, where, local_data=local_data)


def _computes(graph: Graph, outermost: Graph) -> Iterator[Problem]:
    default = graph.settings.default_compute or outermost.settings.default_compute
    for node in graph.nodes:
        where = f"{graph.name}.{node.name}"
        if node.step is not None and signals.wire_kind(node) == "pipeline":
            if node.compute is not None:
                what = "a pipeline from YAML runs on the computes that its jobs name"
                yield Problem(f"{where}.compute", what, "drop `compute=`")
            if not outermost.settings.default_compute and not _jobs_have_computes(node.step):
                hint = "name one in the YAML, or say `@pipeline(default_compute=…)`"
                yield Problem(where, "not all of its jobs have a compute", hint)
        elif node.step is not None and node.compute is None and not default:
            hint = 'say where it runs: `compute=Compute("cpu")`, or `@pipeline(default_compute=…)`'
            yield Problem(where, "it has no compute", hint)
    named = {graph.settings.default_compute, *(node.compute for node in graph.nodes)}
    for name in sorted(name for name in named if name and not locations.NEED_NAME.fullmatch(name)):
        yield Problem(graph.name, f"not a legal name for a compute: {name!r}", locations.NEED_HINT)


def _jobs_have_computes(step: StepDefinition) -> bool:
    jobs = (step.spec.get("jobs") or {}).values()
    own = all(job.get("computeId") or job.get("type") == "pipeline" for job in jobs)
    return own and all(_jobs_have_computes(child) for child in step.children if child.spec.get("type") == "pipeline")


def _results(graph: Graph) -> Iterator[Problem]:
    for result in graph.results:
        where = f"{graph.name}.{result.name}"
        yield from feeding.source_problems(graph, result.source, where)
        if not isinstance(result.source, FromOutput | Unusable):
            what = f"{feeding.what(result.source)} is not the output of a step"
            yield Problem(where, what, "return outputs of steps")
    sources = Counter(result.source for result in graph.results if isinstance(result.source, FromOutput))
    for source, count in sources.items():
        if count > 1:
            yield Problem(graph.name, f"{count} results are one output: {source.node}.{source.port}", "return it once")


def _unused(graph: Graph) -> Iterator[Problem]:
    """Steps that were run for nothing.

    A pipeline that returns nothing is run for what its steps do, and so is a step that has a place in an order.
    """
    if not graph.is_whole or not graph.results:
        return
    wanted = {result.source.node for result in graph.results if isinstance(result.source, FromOutput)}
    wanted = wanted.union(*(node.waits_for for node in graph.nodes))
    for node in graph.nodes:
        if node.name not in wanted and node.ports_out and not node.after and not _registers(node):
            hint = "give an output to a step, return it, or register it: `output(register=…)`"
            yield Problem(f"{graph.name}.{node.name}", "nothing uses what this step makes", hint)


def _registers(node: Node) -> bool:
    steps = needs.steps(node.nested) if node.nested else (node.step,) if node.step else ()
    return any(port.register for step in steps for port in step.outputs)


def _cycles(graph: Graph) -> Iterator[Problem]:
    sorter: TopologicalSorter[str] = TopologicalSorter()
    for node in graph.nodes:
        sorter.add(node.name, *node.waits_for)
    try:
        sorter.prepare()
    except CycleError as error:
        names = " → ".join(error.args[1])
        yield Problem(graph.name, f"steps wait for each other: {names}", "break the circle")


def _settings(graph: Graph, outermost: Graph) -> Iterator[Problem]:
    """A pipeline component carries no settings: they are the run's; azure-ai-ml drops them with a warning."""
    if graph is outermost:
        return
    for name in ("continue_on_step_failure", "force_rerun", "default_datastore"):
        value = getattr(graph.settings, name)
        if value and value != getattr(outermost.settings, name):
            hint = f"say it on the outermost pipeline, `{outermost.name}`, and for all of it"
            yield Problem(f"{graph.name}.{name}", "a nested pipeline cannot have this setting of its own", hint)
