"""Runs graphs: decides for every step whether it is reused, prepared, queued, started, failed or cancelled.

Nothing polls. What happens becomes an event of its run; a few threads take the runs that have events, one round at a
time: apply the events, start what is ready (reused steps count as finished at once, so a whole chain of them is one
round), commit, act. Processes and builds have threads of their own that wait for them and send the next event.
"""

from __future__ import annotations

import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from ...fingerprint import Fingerprint, Outcome, Reason
from ..blobs import shown
from ..clock import now
from . import store
from .bindings import Produced, given
from .builds import Builds
from .contents import Contents
from .downloads import Downloads
from .environments import BuildError, Environment, Environments
from .kinds.sweeping import Sweeps
from .launching import Launcher
from .locations import BUILD_LOG, artifacts, child_name, log_file
from .nesting import settle
from .outputs import of_run, places, taken_over
from .records import Job, Status, Step
from .registrations import RegistrationError, Registrations
from .reuse import BEFORE, REUSED_FROM, MissingDataError, Reuse, Seen, Verdict, maker
from .rules import Facts
from .runner import Handle, Result, Runner
from .state import REASON, Cancel, Changes, Event, Fetched, Finished, Prepared, Retry, Run, own_properties
from .verdicts import Verdicts
from .work import end_all, label, work_of

_log = logging.getLogger(__name__)
_AGAIN = "; begun anew: the local Azure ML ended while it ran"


class Scheduler:
    """All runs that are not over. `add` and `cancel` may be called from any thread."""

    def __init__(
        self,
        keep: store.Store,
        contents: Contents,
        reuse: Reuse,
        environments: Environments,
        runner: Runner,
        registrations: Registrations,
        downloads: Downloads,
        sweeps: Sweeps,
    ) -> None:
        self._store = keep
        self._contents = contents
        self._reuse = reuse
        self._environments = environments
        self._registrations = registrations
        self._downloads = downloads
        self._blobs = runner.blobs
        self._pool = ThreadPoolExecutor(4, "runs")
        self._lock = threading.Lock()
        self._runs: dict[str, Run] = {}
        self._builds = Builds(environments)
        self._launcher = Launcher(keep, runner, sweeps)
        self._verdicts = Verdicts(reuse)
        self._stopping = False

    def add(self, run: Run) -> None:
        """Take over a run."""
        with self._lock:
            self._runs[run.job.name] = run
        self._notify(run, Cancel() if run.cancelled else None)

    def cancel(self, root: str, step: str | None = None) -> None:
        """End a run, or one step or nested pipeline of it. Nothing happens if it is over."""
        run = self._runs.get(root)
        if run is None:
            return
        for name in run.members.get(step, (step,)) if step else (None,):
            self._notify(run, Cancel(name))

    def forget(self, workspace: str) -> None:
        """End the processes of a workspace that is no more, and write nothing about its runs from now on."""
        with self._lock:
            gone = [run for run in self._runs.values() if run.job.workspace.lower() == workspace.lower()]
            for run in gone:
                del self._runs[run.job.name]
        for run in gone:
            with run.lock:  # a round that was under way is over now, and there is none after it
                self._verdicts.land_all(run)
        end_all(gone, "canceled")

    def stop(self) -> None:
        """End all processes; their steps count as interrupted."""
        with self._lock:
            self._stopping = True
            runs = list(self._runs.values())
        self._pool.shutdown(wait=True)
        end_all(runs, "interrupted")

    def _notify(self, run: Run, event: Event | None) -> None:
        if event is not None:
            run.events.append(event)
        with self._lock:
            if run.scheduled or self._stopping:
                return
            run.scheduled = True
            self._pool.submit(self._round, run)

    def _round(self, run: Run) -> None:
        with self._lock:
            run.scheduled = False
        try:
            with run.lock:
                if self._runs.get(run.job.name) is not run:
                    return
                changes = Changes(run)
                self._apply_events(run, changes)
                self._start_ready(run, changes)
                self._stop_rest(run, changes)
                settle(run, changes)
                self._end_if_over(run, changes)
                changes.commit(self._store, self._contents, self._blobs)
        except Exception as error:  # a run must end, whatever is wrong with us
            _log.exception("run %s", run.job.name)
            self._give_up(run, f"the local Azure ML failed: {type(error).__name__}: {error}")

    # What happened

    def _apply_events(self, run: Run, changes: Changes) -> None:
        if run.job.status is Status.NOT_STARTED:
            run.job = replace(run.job, status=Status.RUNNING)
            if run.job.kind == "Pipeline":
                changes.update(run.job.name, status=Status.RUNNING, started=now())
        while run.lost:
            changes.update(run.names[run.lost.pop()], status=Status.CANCELED, ended=now())
        while run.events:
            event = run.events.popleft()
            match event:
                case Cancel(None):
                    self._cancel_run(run, changes)
                case Cancel(str(step)) if not run.progress.states[step].is_final:
                    self._end_step(run, step, changes)
                case Prepared(step) if run.progress.states[step] is Status.PREPARING:
                    self._prepared(run, event, changes)
                case Retry(step) if run.progress.states[step] is Status.QUEUED and step not in run.handles:
                    run.progress.again(step)
                case Fetched(step, error) if run.progress.states[step] is Status.QUEUED and step not in run.handles:
                    if error:
                        self._fail(run, step, Result(f"{label(step)} could not start: {error}", {}), changes)
                    else:
                        run.progress.again(step)
                case Finished(step, result) if not run.progress.states[step].is_final:
                    self._finished(run, step, result, changes)

    def _cancel_run(self, run: Run, changes: Changes) -> None:
        run.cancelled = True
        for step in run.progress.cancel():
            changes.update(run.names[step], status=Status.CANCELED, ended=now())
        for step in run.progress.active:
            self._end_step(run, step, changes)

    def _end_step(self, run: Run, step: str, changes: Changes) -> None:
        """A step that is under way, or not started, shall end: at once, or when its process is over."""
        handle = run.handles.get(step)
        if handle is None or handle.stop("canceled"):
            self._fail(run, step, Result("", {}, "canceled"), changes)

    def _prepared(self, run: Run, event: Prepared, changes: Changes) -> None:
        if event.environment is None:
            self._fail(run, event.step, Result(f"{label(event.step)} failed: {event.error}", {}), changes)
            return
        self._queue(run, run.steps[event.step], event.environment, changes)

    def _finished(self, run: Run, step: str, result: Result, changes: Changes) -> None:
        run.handles.pop(step, None)
        if result.error or result.stopped:
            self._fail(run, step, result, changes)
            return
        name = run.names[step]
        made = {output: {**item, "job": name} for output, item in result.produced.items()}
        try:
            run.produced[step] = self._register(run, step, made)
        except RegistrationError as error:
            self._fail(run, step, Result(f"{label(step)} failed: {error}", {}), changes)
            return
        run.progress.complete(step)
        changes.update(name, status=Status.COMPLETED, ended=now(), produced=run.produced[step])
        if step in run.prints and run.component(run.steps[step]).deterministic:
            changes.reusable(run.prints[step].key, name)
        changes.say(step, "completed")
        changes.after.append(lambda: self._verdicts.land(run, step))

    def _register(self, run: Run, step: str, produced: Produced) -> Produced:
        found = run.steps[step]
        return self._registrations.register(run.job, found, run.component(found), run.names[step], produced)

    def _fail(self, run: Run, step: str, result: Result, changes: Changes) -> None:
        status = Status.CANCELED if result.stopped == "canceled" else Status.FAILED
        run.errors[step] = result.error
        lost = run.progress.fail(step, status)
        changes.update(run.names[step], status=status, ended=now(), error=result.error)
        changes.say(step, result.error if status is Status.FAILED else "canceled")
        why = f"not run: {label(step)} {'failed' if status is Status.FAILED else 'was canceled'}"
        for name in lost:
            changes.update(run.names[name], status=Status.CANCELED, ended=now(), error=why)
            changes.say(name, why)
        changes.after.append(lambda: self._verdicts.land(run, step))
        run.stopping = run.stopping or not run.definition.continue_on_step_failure

    def _stop_rest(self, run: Run, changes: Changes) -> None:
        """After a failure that ends the run: what is under way ends too."""
        if run.stopping:
            for name in run.progress.active:
                self._end_step(run, name, changes)

    # What is next

    def _start_ready(self, run: Run, changes: Changes) -> None:
        seen = Seen(self._blobs, self._contents, run.job.workspace, self._reuse.rules)
        steps = run.steps
        while ready := run.progress.take_ready():
            for name in ready:
                self._start(run, steps[name], changes, seen)

    def _start(self, run: Run, step: Step, changes: Changes, seen: Seen) -> None:
        component = run.component(step)
        inputs = given(step, component, run.job.inputs, run.produced)
        if addresses := self._downloads.missing(inputs):
            self._fetch(run, step.name, addresses[0], changes)
            return
        try:
            facts = Facts(run.job, run.definition, component, step, tuple(inputs))
            found = self._reuse.fingerprint(facts, run.produced, seen)
        except MissingDataError as error:
            self._fail(run, step.name, Result(f"{label(step.name)} could not start: {error}", {}), changes)
            return
        run.prints[step.name] = found
        verdict = self._verdicts.of(run, step, found, seen, lambda: self._notify(run, Retry(step.name)))
        if verdict is None:
            run.progress.states[step.name] = Status.QUEUED
            changes.update(run.names[step.name], status=Status.QUEUED)
        elif verdict.hit is not None:
            self._reused(run, step, found, verdict.reason, verdict.hit, changes)
        else:
            self._prepare(run, step, found, verdict, changes)

    def _fetch(self, run: Run, step: str, address: str, changes: Changes) -> None:
        """A step waits for the file behind one of its addresses; it is looked at anew when that is there."""
        run.progress.states[step] = Status.QUEUED
        changes.update(run.names[step], status=Status.QUEUED)
        changes.say(step, f"fetches {shown(address)}")

        def told(error: str) -> None:
            self._notify(run, Fetched(step, error))

        changes.after.append(lambda: self._downloads.want(address, told))

    def _reused(self, run: Run, step: Step, found: Fingerprint, reason: Reason, hit: Job, changes: Changes) -> None:
        name, time = run.names[step.name], now()
        uris, kept = places(run.job, run.definition, step, run.component(step), name)
        produced = taken_over(self._blobs, run.job.workspace, uris, kept, hit.produced)
        try:
            run.produced[step.name] = produced = self._register(run, step.name, produced)
        except RegistrationError as error:
            self._fail(run, step.name, Result(f"{label(step.name)} failed: {error}", {}), changes)
            return
        run.progress.complete(step.name)
        self._verdicts.land(run, step.name)  # whoever waits finds the same result: it was committed long ago
        changes.judged(
            name,
            found,
            reason,
            status=Status.COMPLETED,
            started=time,
            ended=time,
            produced=produced,
            properties={**own_properties(run.job, step), "azureml.isreused": "true", REUSED_FROM: maker(hit)},
        )
        changes.say(step.name, f"{'resumed' if reason.outcome is Outcome.RESUMED else 'reused'} from {hit.name}")

    def _prepare(self, run: Run, step: Step, found: Fingerprint, verdict: Verdict, changes: Changes) -> None:
        name, spec, reason = run.names[step.name], run.component(step).environment, verdict.reason
        properties = own_properties(run.job, step) | ({BEFORE: verdict.before} if verdict.before else {})
        if step.name in run.interrupted:
            run.interrupted.remove(step.name)
            properties[REASON] = f"{reason}{_AGAIN}"
        changes.judged(name, found, reason, status=Status.PREPARING, properties=properties, produced={}, error="")
        changes.say(step.name, f"runs: {properties.get(REASON, reason)}")
        run.progress.states[step.name] = Status.PREPARING
        try:
            ready = self._environments.ready(spec)
        except BuildError as error:
            self._fail(run, step.name, Result(f"{label(step.name)} failed: {error}", {}), changes)
            return
        if ready is not None:
            self._queue(run, step, ready, changes)
            return
        changes.say(step.name, f"its environment is built: {spec.name}")

        def told(made: Environment | None, error: str) -> None:
            self._notify(run, Prepared(step.name, made, error))

        def build() -> None:
            log = log_file(artifacts(self._blobs, run.job.workspace, name), BUILD_LOG)
            self._builds.want(spec, log, told)

        changes.after.append(build)

    def _queue(self, run: Run, step: Step, environment: Environment, changes: Changes) -> None:
        handle = run.handles[step.name] = Handle()
        run.progress.states[step.name] = Status.QUEUED
        changes.update(run.names[step.name], status=Status.QUEUED)
        work = work_of(run, step, environment)

        def told(result: Result) -> None:
            self._notify(run, Finished(step.name, result))

        changes.after.append(lambda: self._launcher.launch(work, handle, told))

    # How it ends

    def _end_if_over(self, run: Run, changes: Changes) -> None:
        if not run.progress.is_over:
            return
        states = run.progress.states.values()
        status = Status.FAILED if Status.FAILED in states else Status.CANCELED
        if all(state is Status.COMPLETED for state in states):
            status = Status.COMPLETED
        elif run.cancelled:
            status = Status.CANCELED
        if run.job.kind == "Pipeline":
            failed = [step for step, state in run.progress.states.items() if state is Status.FAILED]
            error = run.errors[failed[0]] if failed else ""
            produced = of_run(run.definition, run.produced)
            changes.update(run.job.name, status=status, ended=now(), error=error, produced=produced)
            changes.say("", str(status))
        self._drop(run)

    def _drop(self, run: Run) -> None:
        self._reuse.release(run.job.name)
        with self._lock:
            if self._runs.get(run.job.name) is run:
                del self._runs[run.job.name]

    def _give_up(self, run: Run, why: str) -> None:
        self._drop(run)
        for handle in run.handles.values():
            handle.stop("canceled", 0.0)
        with self._store.database.transaction() as connection:
            groups = (child_name(run.job.name, path) for path in run.members)
            for name in {run.job.name, *run.names.values(), *groups}:
                found = self._store.get(name)
                if found is not None and not found.status.is_final:
                    store.update(connection, name, status=Status.FAILED, error=why, ended=now())
        self._verdicts.land_all(run)
