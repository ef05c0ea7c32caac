"""The expressions of ARM templates, as far as the templates that official clients send need them: `[concat('a', …)]`.

Source: Microsoft's "ARM template functions". Used by `resources/deployments.py`. What `uniqueString` and `guid` make is
stable, but not what Azure makes of the same arguments. A function that is not here is refused by name.
"""

from __future__ import annotations

import hashlib
import json
import re
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from .arm import guid_of
from .web import AzureError

_TOKEN = re.compile(r"\s*(?:'((?:[^']|'')*)'|(-?\d+)|([A-Za-z_]\w*)|(.))", re.DOTALL)
_DEEPEST = 50


@dataclass(frozen=True)
class Scope:
    """What expressions of one template refer to. `group` is the id of its resource group, `read` gets a resource."""

    group: str
    location: str
    tenant: str
    parameters: Mapping[str, Any]
    variables: Mapping[str, Any]
    read: Callable[[str], dict[str, Any]]

    @property
    def subscription(self) -> str:
        """The id of the subscription."""
        return self.group.split("/")[2]


def evaluated(value: Any, scope: Scope, depth: int = 0) -> Any:
    """A value with all expressions in it replaced; members that come out null are left out.

    Raises:
        AzureError: 400: an expression that is none; 501: a function that is not here.
    """
    if depth > _DEEPEST:
        raise _invalid("variables that refer to themselves")
    if isinstance(value, dict):
        pairs = ((evaluated(name, scope, depth), evaluated(each, scope, depth)) for name, each in value.items())
        return {name: each for name, each in pairs if each is not None}
    if isinstance(value, list):
        return [evaluated(each, scope, depth) for each in value]
    if not isinstance(value, str) or not value.startswith("[") or not value.endswith("]"):
        return value
    return value[1:] if value.startswith("[[") else _Reader(value[1:-1], scope, depth).whole()


def id_of(scope_id: str, type_: str, name: str) -> str:
    """`<scope>/providers/<namespace>/<type>/<name>[/<type>/<name>…]`.

    Raises:
        AzureError: 400: a name with another number of segments than the type.
    """
    namespace, *types = type_.split("/")
    names = name.split("/")
    if len(types) != len(names):
        raise _invalid(f"the name '{name}' does not fit the type '{type_}'")
    tail = "/".join(f"{kind}/{each}" for kind, each in zip(types, names, strict=True))
    return f"{scope_id}/providers/{namespace}/{tail}"


class _Reader:
    """Reads one expression, evaluating it on the way; of an `if` only what is chosen."""

    def __init__(self, text: str, scope: Scope, depth: int) -> None:
        self._tokens = [match.groups() for match in _TOKEN.finditer(text) if match.group().strip()]
        self._place = 0
        self._scope = scope
        self._depth = depth
        self._text = text

    def whole(self) -> Any:
        value = self._value(live=True)
        if self._place != len(self._tokens):
            raise _invalid(f"'{self._text}'")
        return value

    def _value(self, *, live: bool) -> Any:
        text, number, name, sign = self._next()
        if text is not None:
            return text.replace("''", "'")
        if number is not None:
            return int(number)
        if name is None:
            raise _invalid(f"'{sign}' in '{self._text}'")
        value = self._call(name.lower(), live=live)
        while self._sign() in (".", "["):
            value = self._member(value, live=live)
        return value

    def _call(self, name: str, *, live: bool) -> Any:
        self._expect("(")
        arguments: list[Any] = []
        while self._sign() != ")":
            if arguments:
                self._expect(",")
            chosen = name != "if" or not arguments or (len(arguments) == 1) == bool(arguments[0])
            arguments.append(self._value(live=live and chosen))
        self._expect(")")
        return self._apply(name, arguments) if live else None

    def _member(self, value: Any, *, live: bool) -> Any:
        if self._next()[3] == ".":
            key = self._next()[2]
        else:
            key = self._value(live=live)
            self._expect("]")
        if not live:
            return None
        try:
            return value[key]
        except (KeyError, IndexError, TypeError) as error:
            raise _invalid(f"there is no '{key}' in '{self._text}'") from error

    def _apply(self, name: str, arguments: list[Any]) -> Any:
        if name in ("parameters", "variables"):
            known = getattr(self._scope, name)
            if arguments[0] not in known:
                raise _invalid(f"there is no '{arguments[0]}' among the {name}")
            return evaluated(known[arguments[0]], self._scope, self._depth + 1)
        function = _FUNCTIONS.get(name)
        if function is None:
            raise AzureError(501, "NotImplemented", f"The local Azure ML does not know the template function '{name}'.")
        try:
            return function(self._scope, *arguments)
        except (TypeError, ValueError, IndexError, AttributeError) as error:
            raise _invalid(f"'{name}' in '{self._text}': {error}") from error

    def _sign(self) -> str | None:
        return self._tokens[self._place][3] if self._place < len(self._tokens) else None

    def _next(self) -> tuple[str | None, ...]:
        if self._place >= len(self._tokens):
            raise _invalid(f"'{self._text}' ends too early")
        self._place += 1
        return self._tokens[self._place - 1]

    def _expect(self, sign: str) -> None:
        if self._next()[3] != sign:
            raise _invalid(f"'{sign}' is missing in '{self._text}'")


def _resource_id(scope: Scope, *parts: str) -> str:
    place = next(index for index, part in enumerate(parts) if "." in part and "/" in part)
    before, type_, names = parts[:place], parts[place], parts[place + 1 :]
    subscription = before[0] if len(before) > 1 else scope.subscription
    group = f"/subscriptions/{subscription}/resourceGroups/{before[-1]}" if before else scope.group
    return id_of(group, type_, "/".join(names))


def _concat(_: Scope, *parts: Any) -> Any:
    if parts and all(isinstance(part, list) for part in parts):
        return [each for part in parts for each in part]
    return "".join(str(part) for part in parts)


def _reference(scope: Scope, id_: str, _version: str = "", full: str = "") -> Any:
    document = scope.read(id_)
    return document if full.lower() == "full" else document.get("properties", {})


def _unique(_: Scope, *parts: str) -> str:
    return hashlib.sha256("\0".join(parts).lower().encode()).hexdigest()[:13]


def _invalid(what: str) -> AzureError:
    return AzureError(400, "InvalidTemplate", f"Deployment template validation failed: {what}.")


_FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "and": lambda _, *values: all(values),
    "array": lambda _, value: value if isinstance(value, list) else [value],
    "concat": _concat,
    "empty": lambda _, value: not value,
    "equals": lambda _, one, other: one == other,
    "false": lambda _: False,
    "guid": lambda _, *parts: guid_of("|".join(parts)),
    "if": lambda _, test, yes, no: yes if test else no,
    "json": lambda _, text: json.loads(text),
    "newguid": lambda _: str(uuid.uuid4()),
    "not": lambda _, value: not value,
    "null": lambda _: None,
    "or": lambda _, *values: any(values),
    "reference": _reference,
    "resourcegroup": lambda scope: {
        "id": scope.group,
        "name": scope.group.rpartition("/")[2],
        "location": scope.location,
    },
    "resourceid": _resource_id,
    "subscription": lambda scope: {
        "id": f"/subscriptions/{scope.subscription}",
        "subscriptionId": scope.subscription,
        "tenantId": scope.tenant,
    },
    "subscriptionresourceid": lambda scope, type_, *names: id_of(
        f"/subscriptions/{scope.subscription}", type_, "/".join(names)
    ),
    "tolower": lambda _, text: text.lower(),
    "toupper": lambda _, text: text.upper(),
    "true": lambda _: True,
    "uniquestring": _unique,
}
