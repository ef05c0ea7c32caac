"""What decides whether a step is reused, as a record, and the reason for each hit or miss.

A fingerprint is an ordered list of named ingredients. Its key is the digest of the list. Comparing it with the
fingerprint of the run before gives a `Reason` that names the ingredient, and the file or value, that differs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any

from . import digest


class Outcome(StrEnum):
    """Why a step ran, or did not."""

    REUSED = "reused"
    FIRST = "first run"
    CHANGED = "changed"
    NOT_ALLOWED = "reuse is off"
    FORCED = "forced"
    LOST = "cached output is gone or damaged"


@dataclass(frozen=True)
class Ingredient:
    """One named part: its digest, and, where it has parts of its own (files, parameters), theirs."""

    name: str
    digest: str
    parts: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(cls, name: str, value: Any) -> Ingredient:
        """Of a plain value; a mapping's entries become the parts."""
        if isinstance(value, Mapping):
            parts = tuple(sorted((str(key), digest.of(item)) for key, item in value.items()))
            return cls(name, digest.of(value), parts)
        return cls(name, digest.of(value))


@dataclass(frozen=True)
class Fingerprint:
    """The ordered ingredients of one step under one rule set (`content` or `azure`)."""

    rules: str
    ingredients: tuple[Ingredient, ...]

    @cached_property
    def key(self) -> str:
        """Equal keys: the step may be reused."""
        return digest.of([self.rules, *([item.name, item.digest] for item in self.ingredients)])

    def as_json(self) -> dict[str, Any]:
        """Plain data for storing; `from_json` takes it back."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Fingerprint:
        """The record that `as_json` gave."""
        ingredients = (
            Ingredient(item["name"], item["digest"], tuple((name, value) for name, value in item["parts"]))
            for item in data["ingredients"]
        )
        return cls(data["rules"], tuple(ingredients))


@dataclass(frozen=True)
class Reason:
    """A hit or a miss, with what differs: `Reason(CHANGED, "code", ("train.py changed",))`."""

    outcome: Outcome
    ingredient: str = ""
    details: tuple[str, ...] = ()

    def __str__(self) -> str:
        if self.outcome is not Outcome.CHANGED:
            return ": ".join([str(self.outcome), *self.details])
        return f"{self.ingredient} changed" + (f": {', '.join(self.details)}" if self.details else "")


def compare(before: Fingerprint | None, now: Fingerprint) -> Reason:
    """Why a step with fingerprint `now` runs again after `before` (None: it never ran); a hit if they are equal."""
    if before is None:
        return Reason(Outcome.FIRST)
    if before.key == now.key:
        return Reason(Outcome.REUSED)
    if before.rules != now.rules:
        return Reason(Outcome.CHANGED, "rules", (f"{before.rules} → {now.rules}",))
    known = {item.name: item for item in before.ingredients}
    for item in now.ingredients:
        old = known.get(item.name)
        if old is None or old.digest != item.digest:
            return Reason(Outcome.CHANGED, item.name, _difference(old, item))
    gone = sorted(known.keys() - {item.name for item in now.ingredients})
    return Reason(Outcome.CHANGED, gone[0] if gone else "order")


def _difference(old: Ingredient | None, new: Ingredient) -> tuple[str, ...]:
    if old is None or not (old.parts or new.parts):
        return (f"{digest.short(old.digest)} → {digest.short(new.digest)}",) if old else ()
    was, now = dict(old.parts), dict(new.parts)
    lines = [f"{name} added" for name in now.keys() - was.keys()]
    lines += [f"{name} removed" for name in was.keys() - now.keys()]
    lines += [f"{name} changed" for name in now.keys() & was.keys() if now[name] != was[name]]
    return tuple(sorted(lines))
