"""Outputs that the program registers after a resource: a component's at once, the stack's at the end of the run.

`registrar` holds one for each run; `monitor` gives it what the program sends, `operations` lets it finish.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from amlkit.engine.events import Op, OutputsEvent
from amlkit.errors import EngineError

from . import steps, urns
from .lookup import Seen
from .resource import STACK_TYPE
from .run import Run
from .snapshot import New


class Outputs:
    """Outputs of one run. `passed_over` says of a URN that nothing was done for its registration."""

    def __init__(self, run: Run, seen: Seen, passed_over: Callable[[str], bool]) -> None:
        self._run = run
        self._seen = seen
        self._passed_over = passed_over
        self._stack: dict[str, Any] | None = None

    def set(self, urn: str, outputs: dict[str, Any]) -> None:
        """Outputs of a component, after all that is in it, and then its after-hooks; the stack's are kept for the end.

        Raises:
            EngineError: no such resource was registered.
        """
        if urns.parse(urn).type == STACK_TYPE:
            self._stack = outputs
            return
        with self._run.gate.enter():
            entry = self._seen.news.get(urn)
            if entry is None and self._passed_over(urn):
                return
            if entry is None:
                raise EngineError(f"outputs for a resource that is not registered: {urn}")
            self._run.reporter.hide(outputs)
            self._run.snapshot.set_outputs(entry, outputs)
            op, before = self._seen.components.pop(urn, (Op.SAME, None))
            self._tell(entry, op)
            if op is Op.CREATE:
                steps.after(self._run, "AfterCreate", entry.resource, None)
            elif op is Op.UPDATE:
                steps.after(self._run, "AfterUpdate", entry.resource, before)

    def finish(self, *, succeeded: bool) -> Mapping[str, Any]:
        """Put the stack's outputs into the state; after a failure over the old ones. Returns what is there now."""
        entry = next((each for each in self._run.snapshot.news if each.resource.type == STACK_TYPE), None)
        if entry is None:
            return {}
        old = self._seen.olds.get(entry.resource.urn)
        before = dict(old.resource.outputs) if old else {}
        given = self._stack
        after = before if given is None else given if succeeded else before | given
        self._run.reporter.hide(after)
        self._run.snapshot.set_outputs(entry, dict(after))
        if given is None:
            self._run.reporter.event(OutputsEvent(before, after))
        else:
            self._tell(entry, self._seen.components.get(entry.resource.urn, (Op.SAME, None))[0])
        return after

    def _tell(self, entry: New, op: Op) -> None:
        new = entry.resource
        place = None if op is Op.CREATE else self._seen.olds.get(self._seen.aliases.old_of.get(new.urn, new.urn))
        old = place.resource if place else None
        step = steps.Step(op, old, new, {}).event(state="done")
        self._run.reporter.event(OutputsEvent(old.outputs if old else {}, new.outputs, step))
