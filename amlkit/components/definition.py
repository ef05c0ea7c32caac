"""What a step is, read from its class: a frozen record. Made by the step kinds in `step`, used by `component`.

Reading never fails: what is wrong becomes a problem of the record, so that `check` can report everything at once.
"""

from __future__ import annotations

import inspect
import re
import typing
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias

from ..errors import Problem, near
from .environment import EnvironmentSource
from .options import Options, Parallel
from .ports import Declared, OutputOptions, PortType, plain, read_annotation, type_of_literal

Kind: TypeAlias = Literal["python script", "command", "parallel", "yaml"]

PORT_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
NAME = re.compile(r"[a-z_][a-z0-9_]{0,254}")  # of components, jobs and pipelines, as azure-ai-ml takes them
RESERVED = frozenset(("name", "compute", "after"))  # arguments of every step: no port is called so


class _None(Enum):
    NO_DEFAULT = "no default"


NO_DEFAULT: Final = _None.NO_DEFAULT
Default = float | int | str | bool | Literal[_None.NO_DEFAULT]


@dataclass(frozen=True)
class InputPort:
    """An input by name; only a literal may have a default. `enum`: the legal values, if they are listed.

    `mode`: how data reaches the step, in Azure ML's words; empty: as Azure ML does it without a word.
    """

    name: str
    type: PortType
    default: Default = NO_DEFAULT
    optional: bool = False
    enum: tuple[str, ...] = ()
    mode: str = ""


@dataclass(frozen=True)
class OutputPort:
    """An output by name, and the data asset or model that it is registered as, if any."""

    name: str
    type: PortType
    register: str = ""
    version: str = ""
    mode: str = ""


@dataclass(frozen=True)
class StepDefinition:
    """A step before it is used: ports in declared order; paths start beside the file that defines it.

    `script` is a Python script's, or the entry script of a parallel step; `command` is a command step's, with Azure
    ML's placeholders. `code` is the folder that is its code, None: it has none. `hash_paths`: what counts for reuse,
    if not all of the code. `includes`: folders and files from elsewhere that join the code. `spec`: a YAML
    component's, as azure-ai-ml sends it; `children`: what the jobs of a YAML pipeline use.
    """

    name: str
    description: str
    folder: Path
    source: str
    script: str
    environment: EnvironmentSource
    inputs: tuple[InputPort, ...]
    outputs: tuple[OutputPort, ...]
    allow_reuse: bool
    problems: tuple[Problem, ...] = ()
    kind: Kind = "python script"
    command: str = ""
    code: str | None = "."
    hash_paths: tuple[str, ...] = ()
    includes: tuple[str, ...] = ()
    options: Options = field(default_factory=Options)
    parallel: Parallel | None = None
    spec: Mapping[str, Any] = field(default_factory=dict, hash=False)
    children: tuple[StepDefinition, ...] = ()

    @property
    def code_folder(self) -> Path:
        """The folder that is its code, whole."""
        return self.folder / (self.code or ".")

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


def read_ports(cls: type, where: str) -> Ports:
    """The ports that a class and its bases declare by annotations, in order."""
    try:
        hints = typing.get_type_hints(cls)
    except (NameError, TypeError, AttributeError) as error:
        return Ports((), (), (Problem(where, f"its annotations cannot be read: {error}"),))
    inputs: list[InputPort] = []
    outputs: list[OutputPort] = []
    problems = [reserved(f"{where}.{name}", name) for name in sorted(RESERVED & inspect.get_annotations(cls).keys())]
    for name, annotation in hints.items():
        if name in RESERVED or name.startswith("_"):
            continue
        port = _read_port(name, annotation, getattr(cls, name, NO_DEFAULT))
        if isinstance(port, InputPort):
            inputs.append(port)
        elif isinstance(port, OutputPort):
            outputs.append(port)
        else:
            problems.append(Problem(f"{where}.{name}", port))
    return Ports(tuple(inputs), tuple(outputs), tuple(problems))


def reserved(where: str, name: str) -> Problem:
    """A port has the name of an argument of every step."""
    return Problem(where, f"`{name}` is an argument of every step", "call the port something else")


def _read_port(name: str, annotation: Any, value: Any) -> InputPort | OutputPort | str:
    declared = read_annotation(annotation)
    if isinstance(declared, str):
        return declared
    if not PORT_NAME.fullmatch(name):
        return f"`{name}` is not a legal name: letters, digits and `_`"
    if declared.direction == "output":
        options = value if isinstance(value, OutputOptions) else OutputOptions()
        if value is not NO_DEFAULT and not isinstance(value, OutputOptions):
            return "an output has no default: use `output(…)`"
        return OutputPort(name, declared.type, options.register, options.version, options.mode)
    return _read_input(name, declared, value)


def _read_input(name: str, declared: Declared, value: Any) -> InputPort | str:
    port = InputPort(name, declared.type, optional=declared.optional, enum=declared.enum)
    if declared.optional:
        return port if value is NO_DEFAULT or value is None else f"the default of an optional input is None: {value!r}"
    if value is NO_DEFAULT:
        return port
    if declared.type.is_data:
        return "a step's data has no default: give the pipeline's parameter one"
    found = type_of_literal(value)
    if found is None or not declared.type.takes(found):
        return f"a default of type {type(value).__name__} for an input of type {declared.type}: {value!r}"
    wrong = not_listed(declared.enum, value)
    return f"its default {wrong}" if wrong else replace(port, default=plain(value))


def not_listed(enum: tuple[str, ...], value: Any) -> str:
    """What is wrong with a value of an enum, as a phrase (`is none of a, b: 'c'`); nothing where all is well."""
    value = plain(value)
    return f"is none of {', '.join(enum)}: {value!r}" if enum and value not in enum else ""


def did_you_mean(name: str, known: typing.Iterable[str]) -> str:
    """A hint, if something known is spelt nearly so."""
    found = near(str(name), sorted(known))
    return f"did you mean `{found[0]}`?" if found else ""


def snake_case(name: str) -> str:
    """`TrainModel` → `train_model`: the name of a step that is not given one."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()
