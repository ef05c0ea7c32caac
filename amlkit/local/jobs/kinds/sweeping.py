"""Runs sweeps: draws trials, runs so many at once, ends hopeless ones early, takes the best one's outputs.

Called by the scheduler in a thread of the sweep's own, which takes no place on the cluster: each trial takes its own.
Nothing polls: trials end, metrics come and somebody cancels, and each is an event of the sweep. Rows of trials survive
the stand-in; those that are over stay so when the sweep is begun anew, because their values are drawn in one order.
"""

from __future__ import annotations

import math
import queue
import threading
import time
from dataclasses import dataclass
from functools import partial
from typing import Literal

from ...blobs import Blobs
from ...clock import now
from ..bindings import Produced
from ..locations import artifacts, log_file
from ..metrics import Metric, Metrics
from ..outputs import taken_over
from ..records import Job, Status
from ..runner import Handle, Result, Runner, Work
from ..slots import Slots, Task, host_limit
from ..store import Store
from ..team import GRACE_SECONDS
from .distribution import instances
from .search_space import points
from .termination import best_of, interval_of, is_hopeless
from .trials import Rows, Trial, trial_name, work_of

LOG = "azureml-logs/hyperdrive.txt"  # the name that azure-ai-ml streams


@dataclass(frozen=True)
class _Event:
    """What happened to a trial, or (number -1) to the sweep."""

    kind: Literal["ended", "reported", "stop", "timeout"]
    number: int = -1
    result: Result | None = None
    seconds: float = GRACE_SECONDS


class Sweeps:
    """The sweeps of a stand-in."""

    def __init__(self, runner: Runner, keep: Store, metrics: Metrics, slots: Slots) -> None:
        self.runner = runner
        self.store = keep
        self.metrics = metrics
        self.slots = slots
        self._trials: dict[str, Handle] = {}

    def run(self, work: Work, handle: Handle) -> Result:
        """Run one to its end. Its outputs are those of its best trial."""
        return _Sweep(self, work, handle).run()

    def cancel(self, trial: str) -> bool:
        """End one trial; False if no such trial is under way."""
        handle = self._trials.get(trial)
        if handle is not None:
            handle.stop("canceled")
        return handle is not None

    def know(self, trial: str, handle: Handle | None) -> None:
        """The door to a trial that is under way; None: it is over."""
        if handle is None:
            self._trials.pop(trial, None)
        else:
            self._trials[trial] = handle


class _Sweep:
    """One sweep under way."""

    def __init__(self, all_: Sweeps, work: Work, handle: Handle) -> None:
        self._all = all_
        self._work = work
        self._handle = handle
        self._options = options = work.component.options
        self._blobs: Blobs = all_.runner.blobs
        self._rows = Rows(all_.store, work.identity.job)
        self._events: queue.SimpleQueue[_Event] = queue.SimpleQueue()
        self._active: dict[int, tuple[Trial, Handle]] = {}
        self._trials: dict[int, Trial] = {}
        self._completed: dict[int, Result | Job] = {}
        self._errors: list[str] = []
        self._reports: dict[str, list[float]] = {}
        self._judged: dict[str, int] = {}
        self._why: dict[int, str] = {}
        self._draws = points(options["sampling"], options["search_space"], work.identity.job)
        self._is_stopping = ""
        nodes = instances(options)
        room = max(1, work.cluster_nodes // nodes) if work.cluster_nodes else host_limit()
        self._most = min(options["max_concurrent_trials"] or room, options["max_total_trials"])

    def run(self) -> Result:
        """See `Sweeps.run`."""
        options = self._options
        self._handle.attach(lambda seconds: self._events.put(_Event("stop", seconds=seconds)))
        timer = threading.Timer(options["timeout_seconds"] or 1, self._events.put, (_Event("timeout"),))
        timer.daemon = True
        if options["timeout_seconds"]:
            timer.start()
        if options["sampling"]["type"] == "bayesian":
            self._say("bayesian sampling draws at random in the local Azure ML")
        known = self._rows.known()
        try:
            more = True
            while more or self._active:
                while more and len(self._active) < self._most and not self._is_over:
                    more = self._next(known)
                more = more and not self._is_over
                if self._active:
                    self._apply(self._events.get())
        finally:
            timer.cancel()
            for _, handle in self._active.values():  # none, unless we failed
                handle.stop("canceled", 0.0)
            self._handle.done.set()
        return self._result()

    @property
    def _is_over(self) -> bool:
        """Shall no more trials begin?"""
        return bool(self._is_stopping or self._handle.stopped)

    # Trials

    def _next(self, known: dict[int, Job]) -> bool:
        """Begin the next trial, or take over what a former life made of it; False: there is none."""
        number = len(self._trials)
        values = next(self._draws, None) if number < self._options["max_total_trials"] else None
        if values is None:
            return False
        trial = self._trials[number] = Trial(number, trial_name(self._work.identity.job, number), values)
        before = known.get(number)
        if before is not None and before.cancelled and not before.status.is_final:
            self._rows.ended(trial, Result("", {}, "canceled"))
            return True
        if before is not None and before.status.is_final:
            self._reports[trial.name] = self._values(trial)
            if before.status is Status.COMPLETED:
                self._completed[number] = before
            elif before.status is Status.FAILED:
                self._errors.append(before.error)
            return True
        self._begin(trial)
        return True

    def _begin(self, trial: Trial) -> None:
        work, handle = work_of(self._work, trial), Handle()
        self._active[trial.number] = (trial, handle)
        self._rows.add(trial, work)
        self._all.know(trial.name, handle)
        self._all.metrics.watch(trial.name, lambda: self._events.put(_Event("reported", trial.number)))
        self._say(f"{trial.name} queued: {trial.text}")
        nodes = instances(work.component.options)
        execute = partial(self._execute, trial, work, handle)
        self._all.slots.take(Task(work.cluster, work.cluster_nodes, execute, nodes, work.identity.job))

    def _execute(self, trial: Trial, work: Work, handle: Handle) -> None:
        """In the trial's own thread, when there is room."""
        if handle.begin():
            try:
                self._rows.begun(trial)
                result = self._all.runner.run(work, handle)
            except Exception as error:  # a trial must end, whatever is wrong with us
                result = Result(f"the local Azure ML failed: {type(error).__name__}: {error}", {})
        else:
            result = Result("", {}, handle.stopped)
        handle.done.set()
        self._events.put(_Event("ended", trial.number, result))

    # Events

    def _apply(self, event: _Event) -> None:
        match event.kind:
            case "ended" if event.result is not None:
                self._ended(self._trials[event.number], event.result)
            case "reported" if event.number in self._active:
                self._reported(self._trials[event.number])
            case "stop" | "timeout":
                self._is_stopping = self._handle.stopped or "timeout"
                why = "interrupted" if self._is_stopping == "interrupted" else "canceled"
                for _, handle in self._active.values():
                    handle.stop(why, event.seconds)

    def _ended(self, trial: Trial, result: Result) -> None:
        del self._active[trial.number]
        self._all.know(trial.name, None)
        self._all.metrics.unwatch(trial.name)
        if result.stopped == "interrupted":
            return  # its row stays as it is: it begins anew with the next life
        values = self._reports[trial.name] = self._values(trial)
        status = self._rows.ended(trial, result, self._why.get(trial.number, ""))
        if status is Status.COMPLETED:
            self._completed[trial.number] = result
        elif status is Status.FAILED:
            self._errors.append(result.error)
        score = f", {self._options['metric']} {best_of(self._options['goal'], values):g}" if values else ""
        why = self._why.get(trial.number) or result.error.partition("\n")[0]
        self._say(f"{trial.name} {status.lower()}{score}{f': {why}' if why else ''}")

    def _reported(self, trial: Trial) -> None:
        """Metrics came: does the trial have a chance still?"""
        values = self._reports[trial.name] = self._values(trial)
        policy = self._options.get("early_termination")
        if not policy or not values or trial.number in self._why:
            return
        interval = interval_of(policy, len(values))
        if interval <= self._judged.get(trial.name, 0):
            return
        self._judged[trial.name] = interval
        if is_hopeless(policy, self._options["goal"], trial.name, interval, self._reports):
            self._why[trial.number] = f"ended early by {policy['type']} at interval {interval}"
            self._active[trial.number][1].stop("canceled")

    def _values(self, trial: Trial) -> list[float]:
        found = self._all.metrics.history(trial.name, self._options["metric"])
        return [item.value for item in found if math.isfinite(item.value)]

    # The end

    def _result(self) -> Result:
        metric, goal = self._options["metric"], self._options["goal"]
        scores = {
            number: best_of(goal, values)
            for number in self._completed
            if (values := self._values(self._trials[number]))
        }
        label, count = self._work.label, len(self._trials)
        best = min(
            scores, key=lambda number: (-scores[number] if goal == "maximize" else scores[number], number), default=-1
        )
        if best >= 0:
            self._rows.best(self._trials[best], scores[best])
            self._all.metrics.log(self._work.identity.job, [Metric(metric, scores[best], int(time.time() * 1000), 0)])
        if self._is_over:
            limit = self._options["timeout_seconds"]
            what = f"{label} ran longer than its limit of {limit:g} s and was ended"
            stopped = self._handle.stopped or self._is_stopping
            done = f"{len(self._completed)} of {count} trials had completed"
            return Result(f"{what}; {done}" if stopped == "timeout" else f"{label} was {stopped}", {}, stopped)
        if best >= 0:
            trial = self._trials[best]
            self._say(f"the best is {trial.name}: {metric} {scores[best]:g} with {trial.text}")
            return Result("", self._produced(best))
        if self._completed:
            names = sorted(
                {item.key for number in self._completed for item in self._all.metrics.latest(self._name(number))}
            )
            logged = f"they logged: {', '.join(names)}" if names else "they logged none"
            return Result(f"{label}: none of its trials logged the metric `{metric}`; {logged}", {})
        first = self._errors[0] if self._errors else "all were canceled"
        return Result(f"{label}: none of its {count} trials completed: {first}", {})

    def _name(self, number: int) -> str:
        return self._trials[number].name

    def _produced(self, number: int) -> Produced:
        """The best trial's outputs as they are, but copied where the caller wants them in a place of his own."""
        made = self._completed[number].produced
        work = self._work
        return taken_over(self._blobs, work.identity.workspace, work.places, work.kept, made)

    def _say(self, text: str) -> None:
        folder = artifacts(self._blobs, self._work.identity.workspace, self._work.identity.job)
        with log_file(folder, LOG).open("a") as log:
            log.write(f"{now()[:19]}Z  {text}\n")
