"""What a program registers and a run leaves alone, because it only destroys or reads: noted, shown, and answered.

`dismantling` and `rereading` say what is passed over; `registrar` asks what was.
"""

from __future__ import annotations

from dataclasses import replace
from typing import NoReturn

from amlkit.engine.events import Op

from . import order, steps
from .answers import Answer, Answered
from .resource import Resource
from .run import Run
from .snapshot import Old


class PassedOver:
    """URNs that one run passed over."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._urns: set[str] = set()

    def __contains__(self, urn: str) -> bool:
        return urn in self._urns

    def concern(self, resource: Resource) -> bool:
        """Does a resource need one of them?"""
        return not self._urns.isdisjoint(order.needs(resource))

    def add(self, new: Resource, old: Old | None) -> NoReturn:
        """Pass over a resource; the program gets what is known of it.

        Raises:
            Answered: always.
        """
        self._urns.add(new.urn)
        before = old.resource if old else new
        shown = replace(new, id=before.id, outputs=before.outputs)
        with steps.reported(self._run, steps.Step(Op.SAME, before, shown, {})):
            pass
        raise Answered(Answer(shown, unknown=True))
