"""How far a graph has come: which steps may start, and which never will. Pure; no recursion, so depth does not matter.

Used by the scheduler: one `Progress` a run.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from .records import Status


class Progress:
    """The steps of one run and what each still waits for.

    `needs` gives each step's predecessors; every name in it must be a step. `stops` says that one failure ends the run.
    """

    def __init__(self, needs: Mapping[str, Iterable[str]], *, stops: bool) -> None:
        self._open = {step: set(before) for step, before in needs.items()}
        self._after: dict[str, list[str]] = {step: [] for step in needs}
        for step, before in self._open.items():
            for name in before:
                self._after[name].append(step)
        self._stops = stops
        self._left = len(self._open)
        self.states: dict[str, Status] = dict.fromkeys(needs, Status.NOT_STARTED)
        self._ready = [step for step, before in self._open.items() if not before]

    def take_ready(self) -> list[str]:
        """The steps that may start now, each given once, in the order in which they became ready."""
        ready, self._ready = self._ready, []
        return [step for step in ready if self.states[step] is Status.NOT_STARTED]

    def complete(self, step: str) -> None:
        """A step has its outputs: those that waited for it alone become ready."""
        self._end(step, Status.COMPLETED)
        for name in self._after[step]:
            self._open[name].discard(step)
            if not self._open[name]:
                self._ready.append(name)

    def again(self, step: str) -> None:
        """A step that was taken did not start after all: it is ready again."""
        self.states[step] = Status.NOT_STARTED
        self._ready.append(step)

    def fail(self, step: str, status: Status = Status.FAILED) -> list[str]:
        """A step has none: the steps that were not started and now never will be, marked as cancelled."""
        self._end(step, status)
        lost = self._unstarted() if self._stops else self._unstarted_after(step)
        for name in lost:
            self._end(name, Status.CANCELED)
        return lost

    def cancel(self) -> list[str]:
        """Nothing more may start: the steps that were not started, marked as cancelled."""
        lost = self._unstarted()
        for name in lost:
            self._end(name, Status.CANCELED)
        return lost

    @property
    def is_over(self) -> bool:
        """Is every step in its final state?"""
        return self._left == 0

    @property
    def active(self) -> list[str]:
        """The steps that were started and are not over."""
        return [step for step, state in self.states.items() if not state.is_final and state is not Status.NOT_STARTED]

    def _end(self, step: str, status: Status) -> None:
        self._left -= not self.states[step].is_final
        self.states[step] = status

    def _unstarted(self) -> list[str]:
        return [step for step, state in self.states.items() if state is Status.NOT_STARTED]

    def _unstarted_after(self, step: str) -> list[str]:
        found: dict[str, None] = {}
        waiting = [step]
        while waiting:
            for name in self._after[waiting.pop()]:
                if name not in found and self.states[name] is Status.NOT_STARTED:
                    found[name] = None
                    waiting.append(name)
        return list(found)


def cycle(needs: Mapping[str, Iterable[str]]) -> list[str]:
    """The steps that wait for each other in a circle, sorted; empty if none do."""
    progress = Progress(needs, stops=False)
    while ready := progress.take_ready():
        for step in ready:
            progress.complete(step)
    return sorted(step for step, state in progress.states.items() if state is not Status.COMPLETED)
