"""Whether the parts of a definition fit together: names, types, bindings, required inputs, circles.

Pure; called by `definition` when a job is submitted. Everything that is wrong goes to `problems`.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping

from .command import bindings, foreign_bindings, optional_bindings
from .progress import cycle
from .records import Component, Port, Source, Step
from .values import Problems, is_wanted

Ports = Mapping[str, Port]


def check_bindings(component: Component, place: str, problems: Problems) -> None:
    """The command and the variables use ports that exist, and optional inputs inside `$[[…]]` only."""
    known = {("inputs", port.name) for port in component.inputs}
    known |= {("outputs", port.name) for port in component.outputs}
    command = component.command or str(component.options.get("arguments") or "")
    texts = [command, *(value for _, value in component.variables)]
    for text in texts:
        for foreign in foreign_bindings(text):
            problems.add(place, f"a command cannot use {foreign}")
        for side, name in sorted(bindings(text) - known):
            problems.add(place, f"no such port: {side}.{name}{_close(name, (other for _, other in known))}")
    if component.kind != "parallel" and not component.command.strip():
        problems.add(place, "the command is empty")
    optional = {port.name for port in component.inputs if port.optional and port.default is None}
    bare = bindings(command) - optional_bindings(command)
    for name in sorted(name for side, name in bare if side == "inputs" and name in optional):
        problems.add(place, f"the optional input `{name}` must stand inside `$[[…]]`")


def check_graph(
    steps: Iterable[Step],
    components: Mapping[str, Component],
    inputs: Iterable[Port],
    outputs: Iterable[Port],
    path: str,
    problems: Problems,
) -> None:
    """Each step's inputs and outputs are those of its component, and what they are bound to exists and fits.

    `path` is the place of the pipeline in the request: empty, or `jobs.outer.`.
    """
    by_name = {step.name: step for step in steps}
    taken, made = _by_name(inputs), _by_name(outputs)
    before = problems.count
    for step in by_name.values():
        component = components.get(step.component)
        if component is not None:  # else it was refused already
            place = f"{path}jobs.{step.name}"
            _check_inputs(step, component, by_name, components, taken, place, problems)
            _check_outputs(step, component, made, place, problems)
    _check_pipeline_outputs(by_name.values(), made, path, problems)
    if problems.count == before and (circle := cycle({step.name: step.needs for step in by_name.values()})):
        problems.add(f"{path}jobs", f"these steps wait for each other: {', '.join(circle)}")


def _check_inputs(
    step: Step,
    component: Component,
    steps: Mapping[str, Step],
    components: Mapping[str, Component],
    taken: Ports,
    path: str,
    problems: Problems,
) -> None:
    ports = _by_name(component.inputs)
    for name, source in step.inputs.items():
        place = f"{path}.inputs.{name}"
        port = ports.get(name)
        if port is None:
            problems.add(place, f"the component has no such input{_close(name, ports)}")
            continue
        given = _given_type(source, steps, components, taken, place, problems)
        if given and not is_wanted(port, given):
            problems.add(place, f"it takes {port.type}, not {given}")
    for name, port in ports.items():
        is_given = name in step.inputs or name in component.bound_elsewhere
        if not is_given and not port.optional and port.default is None:
            problems.add(f"{path}.inputs.{name}", "no value for it")


def _given_type(
    source: Source,
    steps: Mapping[str, Step],
    components: Mapping[str, Component],
    taken: Ports,
    place: str,
    problems: Problems,
) -> str:
    """The type of what an input is bound to; empty if that is not known, or a problem."""
    if source.kind == "parent":
        if source.text not in taken:
            problems.add(place, f"the pipeline has no such input: {source.text}{_close(source.text, taken)}")
            return ""
        return taken[source.text].type
    if source.kind == "step":
        producer = steps.get(source.text)
        if producer is None:
            problems.add(place, f"there is no such step: {source.text}{_close(source.text, steps)}")
            return ""
        if producer.component not in components:
            return ""
        made = _by_name(components[producer.component].outputs)
        if source.output not in made:
            what = f"{source.text}.outputs.{source.output}"
            problems.add(place, f"the step has no such output: {what}{_close(source.output, made)}")
            return ""
        return made[source.output].type
    return ""


def _check_outputs(step: Step, component: Component, made: Ports, path: str, problems: Problems) -> None:
    ports = _by_name(component.outputs)
    for name, destination in step.outputs.items():
        place = f"{path}.outputs.{name}"
        if name not in ports:
            problems.add(place, f"the component has no such output{_close(name, ports)}")
        if destination.parent and destination.parent not in made:
            problems.add(
                place, f"the pipeline has no such output: {destination.parent}{_close(destination.parent, made)}"
            )


def _check_pipeline_outputs(steps: Iterable[Step], made: Ports, path: str, problems: Problems) -> None:
    bound: dict[str, str] = {}
    for step in steps:
        for destination in step.outputs.values():
            if destination.parent in bound:
                both = f"{bound[destination.parent]}, {step.name}"
                problems.add(f"{path}outputs.{destination.parent}", f"it is written twice: {both}")
            elif destination.parent:
                bound[destination.parent] = step.name
    for name in sorted(made.keys() - bound.keys()):
        problems.add(f"{path}outputs.{name}", "no step writes it")


def _by_name(ports: Iterable[Port]) -> dict[str, Port]:
    return {port.name: port for port in ports}


def _close(name: str, known: Iterable[str]) -> str:
    found = difflib.get_close_matches(name, list(known), 1)
    return f" (did you mean {found[0]}?)" if found else ""
