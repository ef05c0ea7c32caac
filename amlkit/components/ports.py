"""Ports of a step: what `Input[T]` and `Output[T]` mean to a type checker and when a definition is read.

`T` is data (`Folder`, `File`, `MLTable`, `MLflowModel`, `CustomModel`) or a literal: `float`, `int`, `str`, `bool`,
`Literal["a", "b"]` or an enum of strings. `Input[T]` is a `T` or the output of another step.
What stands for a value while a pipeline is defined, an output or a parameter, is a `Placeholder`: it has no value
yet, so every question to it is refused instead of answered wrongly.
"""

from __future__ import annotations

import types
from dataclasses import dataclass
from enum import Enum, StrEnum
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


class MLTable(Folder):
    """A folder with an `MLTable` file that says how its data is read (`mltable`)."""


class CustomModel(Folder):
    """A model in a form of one's own (`custom_model`): a file or a folder."""


class MLflowModel(CustomModel):
    """A model as MLflow saves it (`mlflow_model`): a folder with an `MLmodel` file."""


class PortType(StrEnum):
    """The type of a port by Azure ML's name for it. An enum is a string with a list of legal values."""

    FOLDER = "uri_folder"
    FILE = "uri_file"
    MLTABLE = "mltable"
    MLFLOW_MODEL = "mlflow_model"
    CUSTOM_MODEL = "custom_model"
    NUMBER = "number"
    INTEGER = "integer"
    STRING = "string"
    BOOLEAN = "boolean"

    @property
    def is_data(self) -> bool:
        """Files, as against a literal on the command line."""
        return self not in (PortType.NUMBER, PortType.INTEGER, PortType.STRING, PortType.BOOLEAN)

    @property
    def is_model(self) -> bool:
        """Registered as a model, not as data."""
        return self in (PortType.MLFLOW_MODEL, PortType.CUSTOM_MODEL)

    def takes(self, other: PortType) -> bool:
        """May a value of the other type come in here? An integer is a number too; nothing else is converted."""
        return self is other or (self is PortType.NUMBER and other is PortType.INTEGER)


PORT_TYPES: dict[type, PortType] = {
    Folder: PortType.FOLDER,
    File: PortType.FILE,
    MLTable: PortType.MLTABLE,
    MLflowModel: PortType.MLFLOW_MODEL,
    CustomModel: PortType.CUSTOM_MODEL,
    float: PortType.NUMBER,
    int: PortType.INTEGER,
    str: PortType.STRING,
    bool: PortType.BOOLEAN,
}

_MODES = ("ro_mount", "rw_mount", "download", "direct")
OUTPUT_MODES = ("rw_mount", "upload", "direct")


def input_modes(of: PortType) -> tuple[str, ...]:
    """How an input may reach a step, in Azure ML's words; a literal has no mode."""
    if not of.is_data:
        return ()
    return (*_MODES, "eval_mount", "eval_download") if of is PortType.MLTABLE else _MODES


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
    version: str = ""
    mode: str = ""


def output(*, register: str = "", version: str = "", mode: str = "", init: Literal[False] = False) -> Any:
    """Declare an output: `model: Output[MLflowModel] = output(register="digits")`.

    Args:
        register: register what the step wrote as a version of the data asset, or model, of this name.
        version: the version to register; without one, the workspace counts.
        mode: how it leaves the step: `rw_mount` (what Azure ML does without a word), `upload`, `direct`.
        init: tells type checkers that an output is not an argument of the step. Leave it.
    """
    return OutputOptions(register, version, mode)


@dataclass(frozen=True)
class Declared:
    """What an annotation declares; `enum`: the legal values of a string, in order, if they are listed."""

    direction: Literal["input", "output"]
    type: PortType
    enum: tuple[str, ...] = ()
    optional: bool = False


def read_annotation(annotation: Any) -> Declared | str:
    """What an annotation declares, or, in words, what is wrong with it."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Output:
        return _declared("output", arguments[0])
    if origin in (Union, types.UnionType):
        optional = type(None) in arguments
        inputs = [item for item in arguments if get_origin(item) is not Output and item is not type(None)]
        outputs = [get_args(item)[0] for item in arguments if get_origin(item) is Output]
        if not inputs and optional:
            return "an output is always there: drop `| None`"
        if len(inputs) == 1 and outputs == inputs:
            return _declared("input", inputs[0], optional)
    return f"`{_name(annotation)}` is neither `Input[…]` nor `Output[…]`"


def _declared(direction: Literal["input", "output"], of: Any, optional: bool = False) -> Declared | str:
    enum = _enum_values(of)
    if isinstance(enum, str):
        return enum
    found = PortType.STRING if enum else PORT_TYPES.get(of)
    if found is None:
        names = ", ".join(item.__name__ for item in PORT_TYPES)
        return f"`{direction.capitalize()}[{_name(of)}]` is not supported: use {names}, Literal or an enum of strings"
    if direction == "output" and not found.is_data:
        return f"`Output[{_name(of)}]` is not supported: an output is data: a Folder, a File, an MLTable or a model"
    return Declared(direction, found, enum, optional)


def _enum_values(of: Any) -> tuple[str, ...] | str:
    """The values that a type lists, in order; none if it lists none; what is wrong, if they are no strings."""
    if get_origin(of) is Literal:
        values = get_args(of)
    elif isinstance(of, type) and issubclass(of, Enum):
        values = tuple(item.value for item in of) if issubclass(of, str) else (None,)
    else:
        return ()
    if not values or not all(isinstance(item, str) for item in values):
        return f"the values of `{_name(of)}` are not all strings"
    return tuple(str(item) for item in values)


def type_of_literal(value: Any) -> PortType | None:
    """The port type of a Python value, or None if it has none."""
    return PORT_TYPES.get(type(plain(value)))


def plain(value: Any) -> Any:
    """The value of a member of an enum of strings; anything else as it is."""
    return value.value if isinstance(value, Enum) and isinstance(value, str) else value


def _name(annotation: Any) -> str:
    return getattr(annotation, "__name__", None) or str(annotation)
