"""Reading options of a node and of its component, in the spellings that clients use. Called by every kind's `read`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from ..values import Problems, seconds

MISSING = object()


class Options:
    """A node over its component: what the node says wins. Names are given in snake case, bodies may have camel case."""

    def __init__(self, spec: Mapping[str, Any], node: Mapping[str, Any], place: str, problems: Problems) -> None:
        self._levels = (node, spec)
        self.place = place
        self.problems = problems

    def get(self, name: str, default: Any = None) -> Any:
        """A member, as it was sent."""
        for level in self._levels:
            found = member(level, name)
            if found is not None:
                return found
        return default

    def below(self, name: str) -> Options:
        """A member that is an object, again as a node over its component."""
        found = [self.problems.mapping(member(level, name), f"{self.place}.{name}") for level in self._levels]
        return Options(found[1], found[0], f"{self.place}.{name}", self.problems)

    def text(self, name: str, default: str = "") -> str:
        """A text."""
        return self.problems.text(self.get(name), f"{self.place}.{name}") or default

    def integer(self, name: str, default: int, low: int = 0) -> int:
        """A whole number that is `low` or more; it may come as a text."""
        value = self.get(name)
        if value is None or value == "":
            return default
        try:
            found = int(str(value))
        except ValueError:
            self.problems.add(f"{self.place}.{name}", f"not an integer: {value!r}")
            return default
        if found < low:
            self.problems.add(f"{self.place}.{name}", f"it must be {low} or more, not {found}")
        return found

    def number(self, name: str, default: float = 0.0) -> float:
        """A number; it may come as a text."""
        value = self.get(name)
        try:
            return default if value is None else float(value)
        except (TypeError, ValueError):
            self.problems.add(f"{self.place}.{name}", f"not a number: {value!r}")
            return default

    def seconds(self, name: str, default: float = 0.0) -> float:
        """A duration, see `values.seconds`."""
        try:
            return seconds(self.get(name)) or default
        except ValueError as error:
            self.problems.add(f"{self.place}.{name}", str(error))
            return default

    def is_set(self, name: str) -> bool:
        """Is there such a member?"""
        return self.get(name) is not None


def member(given: Mapping[str, Any], name: str) -> Any:
    """A member under its snake or camel case name; None if it is in neither."""
    found = given.get(name)
    return found if found is not None else given.get(_camel(name))


@cache
def _camel(name: str) -> str:
    return re.sub(r"_(\w)", lambda match: match[1].upper(), name)
