"""What a value in the call of a step or a pipeline means for the graph. Called by `trace`.

Nothing is judged here but what cannot be written into a graph; whether a binding fits its port is `feeding`'s matter.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..components.ports import PORT_TYPES, Data, Output, PortType, plain, type_of_literal
from ..components.step import Step, call_of
from ..components.sweeps import Space
from .frame import Frame, ParameterValue, name_of, owner_of
from .graph import Binding, FromData, FromOutput, FromParameter, FromSearch, Unusable, Value

_GIVE = "give a literal, a Folder, a File or an output"


def binding(value: Any, frame: Frame, here: frozenset[int]) -> Binding:
    """What feeds an input; `here` are the identities of the nodes of this pipeline."""
    value = plain(value)
    if isinstance(value, ParameterValue):
        if value.frame is frame:
            return FromParameter(value.name)
        hint = "give it to this pipeline as an argument"
        return Unusable(f"a parameter of another pipeline is given: {value.where}", hint)
    if isinstance(value, Output):
        owner = owner_of(value)
        return FromOutput(name_of(owner), value.port, id(owner) in here)
    if isinstance(value, Data):
        return FromData(value, PORT_TYPES.get(type(value), PortType.FOLDER))
    if isinstance(value, Space):
        return FromSearch(value)
    if type_of_literal(value) is not None:
        return Value(value)
    return _unusable(value)


def _unusable(value: Any) -> Unusable:
    if isinstance(value, Step):
        call = call_of(value)
        outputs = [port.name for port in call.definition.outputs]
        hint = f"did you mean `{call.name}.{outputs[0]}`?" if outputs else "it has no output"
        return Unusable(f"a whole step is given: {call.name}", hint)
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        names = ", ".join(f"`{name}`" for name in value._fields)
        return Unusable("all that a pipeline returns is given", f"give one of its outputs: {names}")
    if isinstance(value, list | tuple | set | frozenset | Mapping):
        kind = type(value).__name__
        hint = "an input takes one value: declare an input for each, or let a step gather them into one folder"
        return Unusable(f"a {kind} is given", hint)
    return Unusable(f"a {type(value).__name__} is given: {value!r}", _GIVE)
