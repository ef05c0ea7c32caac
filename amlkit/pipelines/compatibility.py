"""Which type of port may feed which. Called by `feeding`.

Azure ML lists the types and documents no table of what may feed what, and azure-ai-ml 1.35 checks nothing of it: what
reaches a script is a path in every case. So the rule here is the one that cannot surprise a script: what is always a
folder may come where a folder is asked for, a more special thing where a more general one is. What a type is made of:
Microsoft's pages on MLTable (a folder with an `MLTable` file) and on MLflow models (a folder with an `MLmodel` file).
Never the other way round: nobody can say offline that a folder holds an `MLmodel` file.
"""

from __future__ import annotations

from collections.abc import Mapping

from ..components.definition import InputPort
from ..components.ports import PortType

ALSO: Mapping[PortType, frozenset[PortType]] = {
    PortType.FOLDER: frozenset({PortType.MLTABLE, PortType.MLFLOW_MODEL, PortType.CUSTOM_MODEL}),
    PortType.CUSTOM_MODEL: frozenset({PortType.MLFLOW_MODEL}),
}
"""What a port takes besides its own type; a number takes an integer, see `PortType.takes`."""


def fits(port: PortType, offered: PortType) -> bool:
    """May a value of the type `offered` feed a port?"""
    return port.takes(offered) or offered in ALSO.get(port, frozenset())


def not_offered(port: InputPort, enum: tuple[str, ...]) -> str:
    """Why texts of a parameter (`enum`: its legal values, if listed) may be illegal for a port, or nothing."""
    if not port.enum:
        return ""
    if not enum:
        return f"it may be any text, the input takes {', '.join(port.enum)}"
    others = [value for value in enum if value not in port.enum]
    return f"it may be {', '.join(others)}, the input takes {', '.join(port.enum)}" if others else ""
