"""Is a step run, or is a result that is there taken over? And who waits for whom: equal work is done once at a time.

Used by the scheduler alone.
"""

from __future__ import annotations

from collections.abc import Callable

from ...fingerprint import Fingerprint, Outcome, Reason
from .flights import Flights
from .records import Step
from .reuse import Reuse, Seen, Verdict
from .state import Run


class Verdicts:
    """The judge of the steps of all runs. What is judged to run is the run's claim until it has landed."""

    def __init__(self, reuse: Reuse) -> None:
        self._reuse = reuse
        self._flights = Flights()

    def of(self, run: Run, step: Step, found: Fingerprint, seen: Seen, landed: Callable[[], None]) -> Verdict | None:
        """None: the same step is under way already; `landed` is called when it is over, and the step is judged anew."""
        if resumed := self._reuse.resumed(run.job, step.name, found, seen):
            return resumed
        if not run.component(step).deterministic:
            return Verdict(Reason(Outcome.NOT_ALLOWED))
        if run.definition.force_rerun:
            return Verdict(Reason(Outcome.FORCED))
        if not self._flights.claim((run.job.workspace, found.key), landed):
            return None
        run.claims[step.name] = found.key
        return self._reuse.judge(run.job, lambda: run.line(step), found, seen)

    def land(self, run: Run, step: str) -> None:
        """A step is over, well or not, and its result committed: whoever waited for it goes on."""
        key = run.claims.pop(step, None)
        if key is not None:
            self._flights.land((run.job.workspace, key))

    def land_all(self, run: Run) -> None:
        """A run is over: no step of it keeps others waiting."""
        for step in list(run.claims):
            self.land(run, step)
