"""How a registration is answered, and which resources of a run failed or were passed over because of one that did.

`registrar` answers, `monitor` puts the answer on the wire, `deleting` spares what failed resources need. Rules:
Pulumi's, where the user asks to continue after errors and where a program runs for a destroy.
"""

from __future__ import annotations

import threading
from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

from . import order
from .resource import Resource


@dataclass(frozen=True)
class Answer:
    """What the program is told: the resource and how it went; `unknown`: values that are not there are not known."""

    resource: Resource
    result: Literal["success", "fail", "skip"] = "success"
    unknown: bool = False


class Answered(Exception):  # noqa: N818  no error: the answer of a registration for which nothing is done
    """A registration that needs no work."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.resource.urn)
        self.answer = answer


class Failures:
    """URNs of what failed or was passed over in a run; used by many threads."""

    def __init__(self) -> None:
        self._urns: set[str] = set()
        self._lock = threading.Lock()

    def add(self, urn: str) -> None:
        """Note a resource that is not as the program wants it."""
        with self._lock:
            self._urns.add(urn)

    def __contains__(self, urn: str) -> bool:
        with self._lock:
            return urn in self._urns

    def concern(self, resource: Resource) -> bool:
        """Does a resource need one of them: as parent, dependency, provider …?"""
        with self._lock:
            return not self._urns.isdisjoint(order.needs(resource)) if self._urns else False

    def urns(self) -> Collection[str]:
        """All of them, as they are now."""
        with self._lock:
            return frozenset(self._urns)
