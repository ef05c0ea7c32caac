"""The text of each resource in the state file, made once: most of a state is as it was at the write before.

`session` keeps one for all writes of an operation, `checkpoint` asks it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from .resource import Resource

_SPARE = 64


@dataclass(frozen=True)
class Written:
    """A resource as JSON, and the features that a checkpoint with it needs."""

    text: str
    features: tuple[str, ...]


class Texts:
    """What earlier writes had. A resource is never changed, so the same object has the same text."""

    def __init__(self) -> None:
        self._kept: dict[int, tuple[Resource, Written]] = {}

    def of(self, resources: Sequence[Resource], make: Callable[[Resource], Written]) -> list[Written]:
        """The texts of a state's resources, in their order; `make` is asked for those that are new in it."""
        kept = self._kept
        for each in resources:
            if id(each) not in kept:
                kept[id(each)] = (each, make(each))
        found = [kept[id(each)] for each in resources]
        if len(kept) > 2 * len(found) + _SPARE:  # now and then, so that a write costs what is new in it
            self._kept = {id(each): (each, written) for each, written in found}
        return [written for _, written in found]
