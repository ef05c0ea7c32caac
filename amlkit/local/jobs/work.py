"""What the runner is told of a step of a run, what messages call it, and how the processes of runs are ended.

Used by the scheduler.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from .bindings import given
from .environments import Environment
from .outputs import places
from .records import Component, Step
from .runner import Work
from .state import Run
from .variables import Identity

_STOP_SECONDS = 10.0


def label(step: str) -> str:
    """What messages call a step; the only one of a single command has no name."""
    return f"step `{step}`" if step else "the command"


def work_of(run: Run, step: Step, environment: Environment) -> Work:
    """All that the runner needs."""
    job, name, component = run.job, run.names[step.name], run.component(step)
    inputs = tuple(given(step, component, job.inputs, run.produced))
    parameters = {item.port.name: item.text for item in inputs if item.port.is_literal}
    uris, kept = places(job, run.definition, step, component, name)
    return Work(
        Identity(name, job.name, job.workspace, job.experiment, parameters),
        label(step.name),
        _with_modes(run, step, component),
        inputs,
        uris,
        kept,
        (*component.variables, *step.variables),
        replace(environment, notes=(*environment.notes, *_notes(step))),
        step.timeout_seconds,
        step.compute,
        step.slots,
        run.definition.datastore,
    )


def _notes(step: Step) -> tuple[str, ...]:
    return (f"settings that mean nothing on this machine: {'; '.join(step.left_out)}",) if step.left_out else ()


def _with_modes(run: Run, step: Step, component: Component) -> Component:
    """The component with the modes of its outputs that the node, or else the run, asks for."""
    modes = {}
    for name, destination in step.outputs.items():
        asked = run.job.outputs.get(destination.parent) or {}
        modes[name] = destination.mode or str(asked.get("mode") or "")
    if not any(modes.values()):
        return component
    outputs = tuple(replace(port, mode=modes.get(port.name) or port.mode) for port in component.outputs)
    return replace(component, outputs=outputs)


def end_all(runs: Iterable[Run], why: str) -> None:
    """Kill the processes of runs and wait until they are gone."""
    handles = [handle for run in runs for handle in list(run.handles.values())]
    running = [handle for handle in handles if not handle.stop(why, 0.0)]
    for handle in running:
        handle.done.wait(_STOP_SECONDS)
