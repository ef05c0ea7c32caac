"""The text of each resource in the state file, made once: most of a state is as it was at the write before.

`session` keeps one for all writes of an operation, `checkpoint` asks it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from .resource import Resource


class Texts:
    """What the last write had. A resource is never changed, so the same object has the same text."""

    def __init__(self) -> None:
        self._kept: dict[int, tuple[Resource, str]] = {}

    def of(self, resources: Iterable[Resource], make: Callable[[Resource], str]) -> list[str]:
        """The texts of a state's resources, in their order; `make` is asked for those that are new in it."""
        before = self._kept
        found = [before.get(id(each)) or (each, make(each)) for each in resources]
        self._kept = {id(each): (each, text) for each, text in found}
        return [text for _, text in found]
