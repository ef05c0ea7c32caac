"""What a step is, read from its class: a frozen record. Made by the step kinds in `step`, used by `component`.

Reading never fails: what is wrong becomes a problem of the record, so that `check` can report everything at once.
"""

from __future__ import annotations

import inspect
import re
import typing
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any, Final, Literal

from ..errors import Problem
from .environment import Conda
from .ports import Declared, OutputOptions, PortType, read_annotation, type_of_literal

PORT_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
NAME = re.compile(r"[a-z_][a-z0-9_]{0,254}")  # of components, jobs and pipelines, as azure-ai-ml takes them


class _None(Enum):
    NO_DEFAULT = "no default"


NO_DEFAULT: Final = _None.NO_DEFAULT
Default = float | int | str | bool | Literal[_None.NO_DEFAULT]


@dataclass(frozen=True)
class InputPort:
    """An input by name; only a literal may have a default."""

    name: str
    type: PortType
    default: Default = NO_DEFAULT


@dataclass(frozen=True)
class OutputPort:
    """An output by name, and the data asset that it is registered as, if any."""

    name: str
    type: PortType
    register: str = ""


@dataclass(frozen=True)
class StepDefinition:
    """A step before it is used: ports in declared order; paths start beside the file that defines it."""

    name: str
    description: str
    folder: Path
    source: str
    script: str
    environment: Conda
    inputs: tuple[InputPort, ...]
    outputs: tuple[OutputPort, ...]
    allow_reuse: bool
    problems: tuple[Problem, ...] = ()

    def input(self, name: str) -> InputPort | None:
        """The input of that name."""
        return next((port for port in self.inputs if port.name == name), None)

    def output(self, name: str) -> OutputPort | None:
        """The output of that name."""
        return next((port for port in self.outputs if port.name == name), None)


@dataclass(frozen=True)
class Ports:
    """The ports of a class, and what is wrong with its annotations."""

    inputs: tuple[InputPort, ...]
    outputs: tuple[OutputPort, ...]
    problems: tuple[Problem, ...]


def read_ports(cls: type, where: str, reserved: frozenset[str]) -> Ports:
    """The ports that a class and its bases declare by annotations, in order."""
    try:
        hints = typing.get_type_hints(cls)
    except (NameError, TypeError, AttributeError) as error:
        return Ports((), (), (Problem(where, f"its annotations cannot be read: {error}"),))
    inputs: list[InputPort] = []
    outputs: list[OutputPort] = []
    problems = [
        Problem(f"{where}.{name}", f"`{name}` is an argument of every step", "call the port something else")
        for name in sorted(reserved & inspect.get_annotations(cls).keys())
    ]
    for name, annotation in hints.items():
        if name in reserved or name.startswith("_"):
            continue
        port = _read_port(name, annotation, getattr(cls, name, NO_DEFAULT))
        if isinstance(port, InputPort):
            inputs.append(port)
        elif isinstance(port, OutputPort):
            outputs.append(port)
        else:
            problems.append(Problem(f"{where}.{name}", port))
    return Ports(tuple(inputs), tuple(outputs), tuple(problems))


def _read_port(name: str, annotation: Any, value: Any) -> InputPort | OutputPort | str:
    declared = read_annotation(annotation)
    if isinstance(declared, str):
        return declared
    if not PORT_NAME.fullmatch(name):
        return f"`{name}` is not a legal name: letters, digits and `_`"
    if declared.direction == "output":
        options = value if isinstance(value, OutputOptions) else OutputOptions()
        legal = value is NO_DEFAULT or isinstance(value, OutputOptions)
        return (
            OutputPort(name, declared.type, options.register) if legal else "an output has no default: use `output(…)`"
        )
    return _read_input(name, declared, value)


def _read_input(name: str, declared: Declared, value: Any) -> InputPort | str:
    if value is NO_DEFAULT:
        return InputPort(name, declared.type)
    found = type_of_literal(value)
    if declared.type.is_data:
        return "a step's data has no default: give the pipeline's parameter one"
    if found is None or not declared.type.takes(found):
        return f"a default of type {type(value).__name__} for an input of type {declared.type}: {value!r}"
    return InputPort(name, declared.type, value)


def snake_case(name: str) -> str:
    """`TrainModel` → `train_model`: the name of a step that is not given one."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()
