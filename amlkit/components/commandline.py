"""How a step is called: its command line with Azure ML's placeholders. Used by `component`, for every kind.

A script gets its ports as options in declared order; a command is taken as it is written. Azure ML v2 starts no
command again that failed, so that is put into the line, which a shell reads.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable

from .definition import InputPort, OutputPort, StepDefinition
from .kinds.parallel import options_of
from .ports import PortType


def line(step: StepDefinition) -> str:
    """The command of a script or a command step."""
    if step.kind == "python script":
        text = " ".join(["python", shlex.quote(step.script), *options(step, _names(step))])
    else:
        text = step.command
    return _again(text, step.options.retries) if step.options.retries else text


def program_arguments(step: StepDefinition) -> str:
    """The options of a parallel step's script."""
    return " ".join(options(step, options_of(step)))


def options(step: StepDefinition, names: Iterable[str]) -> list[str]:
    """An option a port: `--rate ${{inputs.rate}}`; that of an optional input is left out when it has no value."""
    wanted = frozenset(names)
    ports: list[InputPort | OutputPort] = [*step.inputs, *step.outputs]
    return [_option(port) for port in ports if port.name in wanted]


def _option(port: InputPort | OutputPort) -> str:
    side = "inputs" if isinstance(port, InputPort) else "outputs"
    value = f"${{{{{side}.{port.name}}}}}"
    text = f"--{port.name} '{value}'" if port.type is PortType.STRING else f"--{port.name} {value}"
    return f"$[[{text}]]" if isinstance(port, InputPort) and port.optional else text


def _names(step: StepDefinition) -> list[str]:
    return [port.name for port in step.inputs] + [port.name for port in step.outputs]


def _again(text: str, retries: int) -> str:
    """A loop that starts a command again as often as allowed, and ends with the exit code of its last try."""
    count = 'amlkit_tries=$((amlkit_tries+1)); if [ "$amlkit_tries" -gt'
    stop = f'amlkit_code=$?; {count} {retries} ]; then exit "$amlkit_code"; fi'
    return f"amlkit_tries=0; until (\n{text}\n); do {stop}; done"
