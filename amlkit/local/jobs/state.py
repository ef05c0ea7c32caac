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
from .locations import PIPELINE_LOG, artifacts, child_name, log_file, paths
from .progress import Progress
from .records import Component, Definition, Job, Nested, Status, Step
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
class Fetched:
    """Event: the files that a step's inputs are addresses of are here, or `error` says why not."""

    step: str
    error: str


@dataclass(frozen=True)
class Cancel:
    """Event: somebody wants the run, or one step of it, to end."""

    step: str | None = None


Event = Prepared | Finished | Retry | Fetched | Cancel


@dataclass
class Run:
    """A pipeline or a single command that is not over. `lock` guards all but `events` and `scheduled`.

    `interrupted` are the steps that ran when the stand-in ended, and have not begun again yet; `lost` are those that
    never will, which the tables do not know. `groups` are the states of the nested pipelines that have begun.
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
    lost: list[str] = field(default_factory=list)
    groups: dict[str, Status] = field(default_factory=dict)
    cancelled: bool = False
    stopping: bool = False
    events: deque[Event] = field(default_factory=deque)
    scheduled: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock)

    @classmethod
    def of(cls, job: Job, definition: Definition, below: list[Job]) -> Run:
        """A run as the tables have it: steps that are over stay so, all others are yet to start.

        `below` are all jobs below it; those that are neither steps nor nested pipelines do not matter here.
        """
        is_graph = job.kind == "Pipeline"
        names = {step.name: child_name(job.name, step.name) if is_graph else job.name for step in definition.steps}
        rows = {row.name: row for row in below}
        children = [rows[name] for name in names.values() if name in rows]
        progress = Progress(
            {step.name: step.needs for step in definition.steps}, stops=not definition.continue_on_step_failure
        )
        run = cls(job, definition, names, progress, cancelled=bool(job.cancelled))
        for child in children:
            if child.status is Status.COMPLETED:
                run.produced[child.step] = child.produced
                progress.complete(child.step)
        for child in children:
            if child.status.is_final and child.status is not Status.COMPLETED:
                run.errors[child.step] = child.error
                progress.fail(child.step, child.status)
        for child in children:
            if not child.status.is_final and progress.states[child.step].is_final:
                run.lost.append(child.step)
            elif child.status is Status.RUNNING:
                run.interrupted.add(child.step)
            if not child.status.is_final and child.cancelled:
                run.events.append(Cancel(child.step))
        for item in definition.nested:
            row = rows.get(child_name(job.name, item.name))
            if row is not None and row.status is not Status.NOT_STARTED:
                run.groups[item.name] = row.status
            if row is not None and row.cancelled and not row.status.is_final:
                run.events += [Cancel(step) for step in run.members[item.name]]
        return run

    def line(self, step: Step) -> str:
        """What names the same step from run to run."""
        return line(self.job, self.component(step), step)

    @cached_property
    def steps(self) -> dict[str, Step]:
        """By name."""
        return {step.name: step for step in self.definition.steps}

    @cached_property
    def step_of(self) -> dict[str, str]:
        """The step of each job."""
        return {name: step for step, name in self.names.items()}

    @cached_property
    def members(self) -> dict[str, tuple[str, ...]]:
        """The steps inside each nested pipeline, at any depth."""
        found: dict[str, list[str]] = {item.name: [] for item in self.definition.nested}
        for step in self.definition.steps:
            for path in paths(step.name)[:-1]:
                found[path].append(step.name)
        return {path: tuple(names) for path, names in found.items()}

    def component(self, step: Step) -> Component:
        """What a step runs."""
        return self.definition.components[step.component]


def line(job: Job, component: Component, step: Step) -> str:
    """What names the same step from run to run: see `store.line_of`."""
    return store.line_of(job.workspace, job.endpoint or job.experiment, component.name, step.name)


def own_properties(job: Job, step: Step | Nested) -> dict[str, str]:
    """The properties that a step's job has from the start; a single command's are what it was sent with."""
    if job.kind != "Pipeline":
        return dict(job.properties)
    group = step.name.rpartition(".")[0]
    above = child_name(job.name, group) if group else job.name
    return {"azureml.parentrunid": above, "azureml.pipelinerunid": job.name, "amlkit.step": step.name}


class Changes:
    """What one round decided: written in one transaction, then told to the log, then acted upon."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._updates: list[tuple[str, dict[str, Any]]] = []
        self._prints: list[Fingerprint] = []
        self._reusable: list[tuple[str, str]] = []
        self._lines: list[tuple[str, str]] = []
        self.touched: set[str] = set()
        self.after: list[Callable[[], None]] = []

    def update(self, name: str, **columns: Any) -> None:
        """Change a job's row."""
        self.touched.add(self._run.step_of.get(name, ""))
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
        """A line in the log of the run, and of every nested pipeline that the step is in."""
        self._lines.append((step, f"{now()[:19]}Z  {step or self._run.job.name}  {what}\n"))

    def commit(self, keep: store.Store, contents: Contents, blobs: Blobs) -> None:
        """Write everything, durably, then the log, then do what was to be done after it."""
        run = self._run
        with keep.database.transaction() as connection:
            store.add_fingerprints(connection, self._prints)
            store.update_all(connection, self._updates)
            over = ((name, columns) for name, columns in self._updates if "ended" in columns)
            store.end_client_runs(connection, [(each["status"], each["ended"], name) for name, each in over])
            for key, name in self._reusable:
                store.make_reusable(connection, run.job.workspace, key, name)
            contents.flush()
        if self._lines and run.job.kind == "Pipeline":
            logs: dict[str, list[str]] = {run.job.name: [text for _, text in self._lines]}
            for step, text in self._lines if run.members else ():
                for path in paths(step) if step in run.members else paths(step)[:-1]:
                    logs.setdefault(child_name(run.job.name, path), []).append(text)
            for name, texts in logs.items():
                with log_file(artifacts(blobs, run.job.workspace, name), PIPELINE_LOG).open("a") as log:
                    log.writelines(texts)
        for action in self.after:
            action()
