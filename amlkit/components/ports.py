"""Ports of a step: what `Input[T]` and `Output[T]` mean to a type checker and when a definition is read.

`T` is `Folder`, `File`, or a literal: `float`, `int`, `str`, `bool`. `Input[T]` is a `T` or the output of another step.
What stands for a value while a pipeline is defined, an output or a parameter, is a `Placeholder`: it has no value
yet, so every question to it is refused instead of answered wrongly.
"""

from __future__ import annotations

import types
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Generic, Literal, NoReturn, TypeAlias, TypeVar, Union, get_args, get_origin

from ..errors import DefinitionError, Problem

if TYPE_CHECKING:
    from .step import Step

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


@dataclass(frozen=True)
class Data:
    """Where data lies: a path in a datastore, or, without one, a URI (`azureml://…`, `https://…`) or a local path."""

    path: str
    datastore: str | None = None


class Folder(Data):
    """A folder (`uri_folder`)."""


class File(Data):
    """A single file (`uri_file`)."""


class PortType(StrEnum):
    """The type of a port by Azure ML's name for it."""

    FOLDER = "uri_folder"
    FILE = "uri_file"
    NUMBER = "number"
    INTEGER = "integer"
    STRING = "string"
    BOOLEAN = "boolean"

    @property
    def is_data(self) -> bool:
        """Files, as against a literal on the command line."""
        return self in (PortType.FOLDER, PortType.FILE)

    def takes(self, other: PortType) -> bool:
        """May a value of the other type come in here? An integer is a number too; nothing else is converted."""
        return self is other or (self is PortType.NUMBER and other is PortType.INTEGER)


PORT_TYPES: dict[type, PortType] = {
    Folder: PortType.FOLDER,
    File: PortType.FILE,
    float: PortType.NUMBER,
    int: PortType.INTEGER,
    str: PortType.STRING,
    bool: PortType.BOOLEAN,
}


class Placeholder:
    """Stands for a value that is known in a run only. Comparing it, counting with it or testing it is an error.

    Raises:
        DefinitionError: from every such operation.
    """

    def __init__(self, where: str) -> None:
        self.where = where  # what it is, as a dotted place: `training.learning_rate`

    if not TYPE_CHECKING:  # a type checker refuses them because they are not there

        def _refuse(self, *_: Any) -> NoReturn:
            hint = "a pipeline is defined once, before any run: decide inside the step's script"
            raise DefinitionError([Problem(self.where, "its value is not known while the pipeline is defined", hint)])

        __bool__ = __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = _refuse
        __float__ = __int__ = __index__ = __len__ = __iter__ = __format__ = __str__ = _refuse
        __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __rtruediv__ = _refuse
        __pow__ = __rpow__ = __mod__ = __neg__ = __abs__ = __floordiv__ = __rfloordiv__ = __contains__ = _refuse
        __hash__ = object.__hash__

    def __repr__(self) -> str:
        return f"<{self.where}>"


class Output(Placeholder, Generic[T_co]):
    """The output of a step, to be handed to another one: what `step.model` is. No `type`: there is no such port."""

    def __init__(self, owner: Step, label: str, port: str, of_type: PortType | None) -> None:
        super().__init__(f"{label}.{port}")
        self.owner = owner
        self.port = port
        self.type = of_type


Input: TypeAlias = Union[T, Output[T]]  # noqa: UP007  an alias with a type variable, subscripted when a definition is read
Input.__doc__ = "An input: a value of the type, or the output of another step that will be one."


@dataclass(frozen=True)
class OutputOptions:
    """What `output(…)` says about an output."""

    register: str = ""


def output(*, register: str = "", init: Literal[False] = False) -> Any:
    """Declare an output: `model: Output[Folder] = output(register="digits")`.

    Args:
        register: register what the step wrote as a version of the data asset of this name.
        init: tells type checkers that an output is not an argument of the step. Leave it.
    """
    return OutputOptions(register)


@dataclass(frozen=True)
class Declared:
    """What an annotation declares."""

    direction: Literal["input", "output"]
    type: PortType


def read_annotation(annotation: Any) -> Declared | str:
    """What an annotation declares, or, in words, what is wrong with it."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Output:
        return _declared("output", arguments[0])
    if origin in (Union, types.UnionType):
        inputs = [item for item in arguments if get_origin(item) is not Output and item is not type(None)]
        outputs = [get_args(item)[0] for item in arguments if get_origin(item) is Output]
        if type(None) in arguments:
            return "optional ports are not supported yet"
        if len(inputs) == 1 and outputs == inputs:
            return _declared("input", inputs[0])
    return f"`{_name(annotation)}` is neither `Input[…]` nor `Output[…]`"


def _declared(direction: Literal["input", "output"], of: Any) -> Declared | str:
    if of not in PORT_TYPES:
        return (
            f"`{direction.capitalize()}[{_name(of)}]` is not supported: use {', '.join(t.__name__ for t in PORT_TYPES)}"
        )
    found = PORT_TYPES[of]
    if direction == "output" and not found.is_data:
        return f"`Output[{_name(of)}]` is not supported: an output is a Folder or a File"
    return Declared(direction, found)


def type_of_literal(value: Any) -> PortType | None:
    """The port type of a Python value, or None if it has none."""
    return PORT_TYPES.get(type(value))


def _name(annotation: Any) -> str:
    return getattr(annotation, "__name__", None) or str(annotation)
