"""The records of what ran: a run, and the steps of it as a tree. Pure; made by `runs` and `steps`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from amlkit.errors import RunError, near

Kind = Literal["step", "pipeline", "sweep", "trial"]

TERMINAL = frozenset({"Completed", "Failed", "Canceled", "NotResponding"})
STATES = (  # of Azure ML's `JobStatus`
    *("NotStarted", "Starting", "Provisioning", "Preparing", "Queued", "Running", "Finalizing", "CancelRequested"),
    *("Completed", "Failed", "Canceled", "NotResponding", "Paused", "Unknown"),
)
NEAR = 3  # names in a hint


@dataclass(frozen=True)
class StepRun:
    """One step of a run. `seconds` is None until it ended; `reason` says why it ran or was reused.

    `source` is the id of the step's run whose outputs were taken, for a reused one. A nested pipeline and a sweep
    have `steps` of their own: the steps, or the trials. `metric` is what a sweep judges by, `best` the id of its best
    trial so far. Times are UTC (RFC 3339), empty: not yet.
    """

    id: str
    name: str
    status: str
    seconds: float | None = None
    reused: bool = False
    source: str = ""
    reason: str = ""
    error: str = ""
    kind: Kind = "step"
    started: str = ""
    ended: str = ""
    metric: str = ""
    best: str = ""
    steps: tuple[StepRun, ...] = ()

    @property
    def is_over(self) -> bool:
        """Will nothing change any more?"""
        return self.status in TERMINAL


@dataclass(frozen=True)
class Run:
    """A run of a pipeline, or of a single job, which then is its own only step.

    `outputs` maps an output's name to its URI, `parameters` and `inputs` what was given: literals as text, data as
    URIs. Times are UTC (RFC 3339), empty: not yet. `properties` are those of the job: git facts, digests.
    """

    id: str
    name: str
    status: str
    steps: tuple[StepRun, ...] = ()
    outputs: Mapping[str, str] = field(default_factory=dict)
    error: str = ""
    created: str = ""
    started: str = ""
    finished: str = ""
    experiment: str = ""
    parameters: Mapping[str, str] = field(default_factory=dict)
    inputs: Mapping[str, str] = field(default_factory=dict)
    properties: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def ended(self) -> bool:
        """Will nothing change any more?"""
        return self.status in TERMINAL

    @property
    def seconds(self) -> float | None:
        """From its start to its end; None until then."""
        return seconds(self.started or self.created, self.finished)

    def walk(self) -> Iterator[tuple[str, StepRun]]:
        """All steps with their paths (`outer.inner`), each before what is in it."""
        return walk(self.steps)

    def step(self, name: str) -> StepRun:
        """The step of a path, or of a name that only one step has.

        Raises:
            RunError: there is none, or several; the hint names the close ones.
        """
        found = [(path, step) for path, step in self.walk() if name in (path, step.name, step.id)]
        exact = [step for path, step in found if name in (path, step.id)]
        if len(exact) == 1 or len(found) == 1:
            return exact[0] if exact else found[0][1]
        if found:
            paths = ", ".join(path for path, _ in found)
            raise RunError(f"several steps of run {self.id} are called `{name}`", hint=f"one of: {paths}")
        raise RunError(f"run {self.id} has no step `{name}`", hint=close(name, [path for path, _ in self.walk()]))


def walk(steps: tuple[StepRun, ...], above: str = "") -> Iterator[tuple[str, StepRun]]:
    """All steps with their paths (`outer.inner`), each before what is in it."""
    for step in steps:
        path = f"{above}.{step.name}" if above else step.name
        yield path, step
        yield from walk(step.steps, path)


def seconds(start: str | None, end: str | None) -> float | None:
    """Between two times of the run history; None without both."""
    if not start or not end:
        return None
    return (datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds()


def close(name: str, known: Sequence[str]) -> str:
    """A hint: the names that are like this one, else what there is."""
    if meant := near(name, known, NEAR):
        return f"did you mean {' or '.join(f'`{each}`' for each in meant)}?"
    if not known:
        return ""
    return f"there are: {', '.join(known[: 4 * NEAR])}" + (", …" if len(known) > 4 * NEAR else "")
