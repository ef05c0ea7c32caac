"""What the types have in common: the records between them and the plugin, and how inputs are compared.

Every type is a module with the same verbs (`Verbs`); `plugin` calls them and speaks Pulumi's protocol.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from amlkit import propertyvalues
from amlkit.propertyvalues import UNKNOWN

from .cloud import Cloud

Values = Mapping[str, Any]


@dataclass(frozen=True)
class Call:
    """One call of the engine: the cloud as this call may use it, and the two ways to tell the user something."""

    cloud: Cloud
    warn: Callable[[str], None]
    inform: Callable[[str], None]


@dataclass(frozen=True)
class Failure:
    """An input that is wrong."""

    key: str
    reason: str


@dataclass(frozen=True)
class Checked:
    """Inputs as they will be stored, or what is wrong with them."""

    inputs: dict[str, Any]
    failures: tuple[Failure, ...] = ()


@dataclass(frozen=True)
class Difference:
    """Top-level inputs that differ; those in `replaced` make it another resource."""

    changed: tuple[str, ...] = ()
    replaced: tuple[str, ...] = ()


@dataclass(frozen=True)
class Live:
    """A resource as it is: its id, the inputs that would make it, its outputs."""

    id: str
    inputs: dict[str, Any]
    outputs: dict[str, Any]


class Verbs(Protocol):
    """A resource type. Inputs and outputs are plain property values, in previews with `UNKNOWN` inside."""

    REFRESHED: bool
    """Is it read before every preview and update, so that drift shows without a refresh?"""

    def check(self, olds: Values, news: Values, call: Call) -> Checked:
        """Judge and complete what the program asks for; `olds` are the stored inputs, empty for a new one."""

    def diff(self, olds: Values, news: Values) -> Difference:
        """What an update would change; stored inputs against checked ones."""

    def preview(self, news: Values, outputs: Values) -> dict[str, Any]:
        """The outputs as far as they can be told without the cloud; `outputs` are the stored ones."""

    def create(self, news: Values, call: Call) -> Live:
        """Make it so; what is there already is adopted."""

    def read(self, id_: str, inputs: Values, outputs: Values, call: Call) -> Live | None:
        """As it is now, None if it is gone. An empty id asks whether a create that was cut off had its effect."""

    def update(self, id_: str, olds: Values, news: Values, call: Call) -> dict[str, Any]:
        """Make it so; the outputs."""

    def delete(self, id_: str, inputs: Values, call: Call) -> None:
        """Take it away; gone already is fine."""


def missing(news: Values, keys: Iterable[str]) -> tuple[Failure, ...]:
    """The required inputs that are not there."""
    return tuple(Failure(key, "is required") for key in keys if news.get(key) in (None, ""))


def is_known(value: Any) -> bool:
    """Is nothing in it unknown?"""
    return not propertyvalues.has_unknown(value)


def joined(*parts: Any) -> str:
    """Parts of an id as one text, unknown as soon as one of them is."""
    return "".join(str(part) for part in parts) if is_known(parts) else UNKNOWN


def compare(olds: Values, news: Values, identity: Iterable[str], ignored: Iterable[str] = ()) -> Difference:
    """The difference of two sets of inputs; a change of one of `identity` replaces."""
    skipped = set(ignored)
    keys = sorted((olds.keys() | news.keys()) - skipped)
    changed = tuple(key for key in keys if olds.get(key) != news.get(key))
    return Difference(changed, tuple(key for key in changed if key in set(identity)))


def with_place_of(olds: Values, inputs: dict[str, Any]) -> dict[str, Any]:
    """The inputs with the stored spelling of a location that did not change."""
    same = olds.get("location") and same_place(olds["location"], inputs.get("location"))
    return {**inputs, "location": olds["location"]} if same else inputs


def same_place(one: Any, other: Any) -> bool:
    """Do two texts name one Azure location (`West Europe`, `westeurope`)?"""
    return str(one).replace(" ", "").lower() == str(other).replace(" ", "").lower()


def same_id(one: Any, other: Any) -> bool:
    """Do two texts name one ARM resource? Azure changes the case of ids and may lead them in with `azureml:`."""
    first, second = (str(text).removeprefix("azureml:").rstrip("/").lower() for text in (one, other))
    return first == second
