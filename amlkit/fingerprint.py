"""What decides whether a step is reused, as a record, and the reason for each hit or miss.

A fingerprint is an ordered list of named ingredients. Its key is the digest of the list. Comparing it with the
fingerprint of the run before gives a `Reason` that names the ingredient, and the file or value, that differs. Which
ingredients there are is up to a rule set: `content` or `azure`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any

from . import digest


class Outcome(StrEnum):
    """Why a step ran, or did not."""

    REUSED = "reused"
    RESUMED = "resumed"
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
        return key_of(self.rules, ((item.name, item.digest) for item in self.ingredients))

    def get(self, name: str) -> Ingredient | None:
        """The ingredient of a name."""
        return next((item for item in self.ingredients if item.name == name), None)

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


def key_of(rules: str, ingredients: Iterable[tuple[str, str]]) -> str:
    """The digest of `[rules, [name, digest], …]`; as `digest.of` gives it, written out because every step needs one."""
    items = [_tagged("s", rules)]
    items += [_tagged("l", _tagged("s", name) + _tagged("s", value)) for name, value in ingredients]
    return hashlib.sha256(_tagged("l", "".join(items)).encode()).hexdigest()


def differing(old: Ingredient | None, new: Ingredient | None) -> list[tuple[str, str, str]]:
    """The parts in which two ingredients of a name differ: (part, old digest, new digest), sorted; empty: not there."""
    was, now = dict(old.parts) if old else {}, dict(new.parts) if new else {}
    names = sorted(was.keys() | now.keys())
    return [(name, was.get(name, ""), now.get(name, "")) for name in names if was.get(name) != now.get(name)]


def _tagged(tag: str, text: str) -> str:
    return f"{tag}{len(text) if text.isascii() else len(text.encode())}:{text}"


def _difference(old: Ingredient | None, new: Ingredient) -> tuple[str, ...]:
    if old is None or not (old.parts or new.parts):
        return (f"{digest.short(old.digest)} → {digest.short(new.digest)}",) if old else ()
    how = {(False, True): "added", (True, False): "removed", (True, True): "changed"}
    return tuple(f"{name} {how[bool(was), bool(now)]}" for name, was, now in differing(old, new))
