"""Values of inputs: checked against the declared type and written as Azure ML writes them into a command line.

Used when a job is submitted; everything that is wrong is collected and refused at once.
"""

from __future__ import annotations

import math
import re
import threading
from collections.abc import Mapping
from typing import Any

from ..web import AzureError
from .records import FILE_TYPES, LITERAL_TYPES, Port

_DURATION = re.compile(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?")


class Problems:
    """What is wrong with a request, by place."""

    def __init__(self) -> None:
        self._found: list[tuple[str, str]] = []

    def add(self, place: str, what: str) -> None:
        """One more: `add("inputs.learning_rate", "not a number: 'fast'")`."""
        self._found.append((place.lstrip("."), what))

    def mapping(self, value: Any, place: str) -> Mapping[str, Any]:
        """A member of a body that must be an object: empty if it is missing, or a problem."""
        if isinstance(value, Mapping):
            return value
        if value is not None:
            self.add(place, f"it must be an object, not {value!r}")
        return {}

    def text(self, value: Any, place: str) -> str:
        """A member of a body that must be a text, or a number or boolean with one: empty if it is missing."""
        if isinstance(value, Mapping | list):
            self.add(place, f"it must be a string, not {value!r}")
        return "" if value is None or isinstance(value, Mapping | list) else str(value)

    def texts(self, value: Any, place: str) -> dict[str, str]:
        """A member of a body that must be an object of texts: tags, properties, variables."""
        return {name: self.text(item, f"{place}.{name}") for name, item in self.mapping(value, place).items()}

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self._found)

    def refuse(self) -> None:
        """Raise if there are any.

        Raises:
            AzureError: 400 with every problem, in its message and as details.
        """
        if not self._found:
            return
        details = [{"code": "UserError", "target": place, "message": what} for place, what in self._found]
        message = "; ".join(f"{place}: {what}" for place, what in self._found)
        raise AzureError(400, "UserError", message, details)


def literal(port: Port, value: Any) -> str:
    """A literal's text: `0.1`, `5`, `True`, the string itself.

    Raises:
        ValueError: the value is not of the port's type, none of its `enum` or out of its range; the message says so.
    """
    text = of_type(port.type, value)
    if port.enum and text not in port.enum:
        raise ValueError(f"not one of {', '.join(port.enum)}: {text!r}")
    if port.least is not None and float(text) < float(port.least):
        raise ValueError(f"less than {port.least}: {text}")
    if port.most is not None and float(text) > float(port.most):
        raise ValueError(f"more than {port.most}: {text}")
    return text


def of_type(port_type: str, value: Any) -> str:
    """A literal's text, whatever else its port asks for.

    Raises:
        ValueError: the value is not of the type.
    """
    match port_type:
        case "integer":
            return _integer(value)
        case "number":
            return _number(value)
        case "boolean":
            if str(value).lower() in ("true", "false"):
                return str(value).capitalize()
            raise ValueError(f"not a boolean: {value!r}")
    if not isinstance(value, str):
        raise ValueError(f"not a string: {value!r}")
    return value


def type_name(text: str) -> str:
    """`UriFolder` and `uri_folder` as `uri_folder`, `Literal` as `literal`, `MLTable` as `mltable`."""
    known = {"urifolder", "urifile", "mltable", "custommodel", "mlflowmodel", "tritonmodel", "literal"}
    plain = text.replace("_", "").lower()
    names = {"urifolder": "uri_folder", "urifile": "uri_file", "custommodel": "custom_model"}
    names |= {"mlflowmodel": "mlflow_model", "tritonmodel": "triton_model"}
    return names.get(plain, plain) if plain in known else text


def is_wanted(port: Port, given: str) -> bool:
    """May something of type `given` go into a port? Folders mix with what is like them: tables, models.

    Literals mix too; whether a value fits is seen where it is known: see `literal`.
    """
    if port.is_literal or given in LITERAL_TYPES:
        return port.is_literal and given in LITERAL_TYPES
    return (port.type in FILE_TYPES) == (given in FILE_TYPES)


def seconds(timeout: Any) -> float:
    """A timeout as Azure ML takes it: seconds, or an ISO 8601 duration (`PT1H30M`); 0: none.

    Raises:
        ValueError: neither.
    """
    text = "0" if timeout is None else str(timeout)
    match = _DURATION.fullmatch(text)
    if re.fullmatch(r"\d{1,15}(?:\.\d+)?|", text):
        found = float(text or 0)
    elif match and any(match.groups()):
        days, hours, minutes, rest = (float(part or 0) for part in match.groups())
        found = ((days * 24 + hours) * 60 + minutes) * 60 + rest
    else:
        raise ValueError(f"not a duration: {timeout!r}")
    if found > threading.TIMEOUT_MAX:
        raise ValueError(f"a longer time than this machine can wait: {timeout!r}")
    return found


def flag(settings: Mapping[str, Any], name: str) -> bool:
    """A setting, which may come as a boolean or as its text, under its snake or camel case name."""
    camel = re.sub(r"_(\w)", lambda match: match[1].upper(), name)
    value = settings.get(name, settings.get(camel, settings.get(camel[:1].upper() + camel[1:], False)))
    return str(value).lower() == "true"


def _integer(value: Any) -> str:
    try:
        if isinstance(value, bool) or (isinstance(value, float) and not value.is_integer()):
            raise ValueError
        return str(int(value))
    except (ValueError, TypeError) as error:
        raise ValueError(f"not an integer: {value!r}") from error


def _number(value: Any) -> str:
    try:
        if isinstance(value, bool) or not math.isfinite(float(value)):
            raise ValueError
    except (ValueError, TypeError, OverflowError) as error:
        raise ValueError(f"not a number: {value!r}") from error
    return str(value).strip()
