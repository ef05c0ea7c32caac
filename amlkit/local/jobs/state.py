"""One run in memory, and the changes that one round of the scheduler makes to it, committed together.

Used by the scheduler alone. What is in a `Run` can be read back from the tables at any time.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from ...fingerprint import Fingerprint, Reason
from ..blobs import Blobs
from ..clock import now
from . import store
from .contents import Contents
from .environments import Environment
from .locations import PIPELINE_LOG, artifacts, log_file
from .progress import Progress
from .records import Component, Definition, Job, Status, Step
from .runner import Handle, Result

REASON = "amlkit.reason"


@dataclass(frozen=True)
class Prepared:
    """Event: a step's environment is there, or `error` says why not."""

    step: str
    environment: Environment | None
    error: str = ""


@dataclass(frozen=True)
class Finished:
    """Event: a step's process is over."""

    step: str
    result: Result


@dataclass(frozen=True)
class Retry:
    """Event: the same step of another run, which this one waited for, is over."""

    step: str


@dataclass(frozen=True)
class Cancel:
    """Event: somebody wants the run, or one step of it, to end."""

    step: str | None = None


Event = Prepared | Finished | Retry | Cancel


@dataclass
class Run:
    """A pipeline or a single command that is not over. `lock` guards all but `events` and `scheduled`.

    `interrupted` are the steps that ran when the stand-in ended, and have not begun again yet.
    """

    job: Job
    definition: Definition
    names: Mapping[str, str]
    progress: Progress
    produced: dict[str, Mapping[str, Mapping[str, Any]]] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    handles: dict[str, Handle] = field(default_factory=dict)
    prints: dict[str, Fingerprint] = field(default_factory=dict)
    claims: dict[str, str] = field(default_factory=dict)
    interrupted: set[str] = field(default_factory=set)
    cancelled: bool = False
    stopping: bool = False
    events: deque[Event] = field(default_factory=deque)
    scheduled: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock)

    @classmethod
    def of(cls, job: Job, definition: Definition, children: list[Job]) -> Run:
        """A run as the tables have it: steps that are over stay so, all others are yet to start."""
        names = {child.step: child.name for child in children} or {"": job.name}
        progress = Progress(
            {step.name: step.needs for step in definition.steps}, stops=not definition.continue_on_step_failure
        )
        run = cls(job, definition, names, progress, cancelled=bool(job.cancelled))
        for child in children:
            if child.status is Status.COMPLETED:
                run.produced[child.step] = child.produced
                progress.complete(child.step)
            elif child.status.is_final:
                run.errors[child.step] = child.error
                progress.fail(child.step, child.status)
            elif child.status is Status.RUNNING:
                run.interrupted.add(child.step)
        return run

    def line(self, step: Step) -> str:
        """What names the same step from run to run."""
        return line(self.job, self.component(step), step)

    @cached_property
    def steps(self) -> dict[str, Step]:
        """By name."""
        return {step.name: step for step in self.definition.steps}

    def component(self, step: Step) -> Component:
        """What a step runs."""
        return self.definition.components[step.component]


def line(job: Job, component: Component, step: Step) -> str:
    """What names the same step from run to run: see `store.line_of`."""
    return store.line_of(job.workspace, job.endpoint or job.experiment, component.name, step.name)


def own_properties(job: Job, step: Step) -> dict[str, str]:
    """The properties that a step's job has from the start; a single command's are what it was sent with."""
    if job.kind == "Command":
        return dict(job.properties)
    return {"azureml.parentrunid": job.name, "amlkit.step": step.name}


class Changes:
    """What one round decided: written in one transaction, then told to the log, then acted upon."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._updates: list[tuple[str, dict[str, Any]]] = []
        self._prints: list[Fingerprint] = []
        self._reusable: list[tuple[str, str]] = []
        self._lines: list[str] = []
        self.after: list[Callable[[], None]] = []

    def update(self, name: str, **columns: Any) -> None:
        """Change a job's row."""
        self._updates.append((name, columns))

    def judged(self, name: str, found: Fingerprint, reason: Reason, **columns: Any) -> None:
        """A step's fingerprint and the reason why it runs or does not, with other columns of its row."""
        self._prints.append(found)
        properties = {REASON: str(reason), "amlkit.reason.details": "\n".join(reason.details)}
        properties |= columns.pop("properties", {})
        self.update(name, fingerprint=found.key, properties=properties, **columns)

    def reusable(self, key: str, name: str) -> None:
        """A job's outputs may be taken by others."""
        self._reusable.append((key, name))

    def say(self, step: str, what: str) -> None:
        """A line in the run's own log."""
        self._lines.append(f"{now()[:19]}Z  {step or self._run.job.name}  {what}\n")

    def commit(self, keep: store.Store, contents: Contents, blobs: Blobs) -> None:
        """Write everything, durably, then the log, then do what was to be done after it."""
        run = self._run
        with keep.database.transaction() as connection:
            for found in self._prints:
                store.add_fingerprint(connection, found)
            for name, columns in self._updates:
                store.update(connection, name, **columns)
                if columns.get("ended"):
                    store.end_client_runs(connection, name, columns["status"], columns["ended"])
            for key, name in self._reusable:
                store.make_reusable(connection, run.job.workspace, key, name)
            contents.flush()
        if self._lines and run.job.kind == "Pipeline":
            with log_file(artifacts(blobs, run.job.workspace, run.job.name), PIPELINE_LOG).open("a") as log:
                log.writelines(self._lines)
        for action in self.after:
            action()
