"""What a test sees of a run: metrics, logs, and outputs as paths on this machine. Read when asked for.

Made by `runners`. A result stays readable until the session ends, also after later runs.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from amlkit.components.ports import Output
from amlkit.delivery import logs, outputs, runs
from amlkit.delivery.runs import Run, StepRun
from amlkit.delivery.stacks import Workspace
from amlkit.errors import RunError

from .standin import StandIn

TAIL_LINES = 20


@dataclass(frozen=True)
class StepResult:
    """One step of a run that ended. `run["model"]` and `run[step.model]` are paths: of a folder, or of a file."""

    stand_in: StandIn = field(repr=False)
    workspace: Workspace = field(repr=False)
    run: Run = field(repr=False)
    record: StepRun = field(repr=False)

    @property
    def name(self) -> str:
        """Its name in the pipeline."""
        return self.record.name

    @property
    def status(self) -> str:
        """As Azure ML says it: `Completed`, `Failed`, `Canceled`."""
        return self.record.status

    @property
    def succeeded(self) -> bool:
        """Did it complete?"""
        return self.status == "Completed"

    @property
    def reused(self) -> bool:
        """Was the result of an earlier run taken?"""
        return self.record.reused

    @property
    def reason(self) -> str:
        """Why it ran, or was reused."""
        return self.record.reason

    @property
    def seconds(self) -> float | None:
        """How long it ran; None: it never started."""
        return self.record.seconds

    @property
    def error(self) -> str:
        """What the service says of its failure; empty: nothing."""
        return self.record.error

    @cached_property
    def metrics(self) -> Mapping[str, float]:
        """The last value of each metric that it logged."""
        with self.stand_in.pointed():
            return runs.metrics(self.workspace, self.record)

    @cached_property
    def log(self) -> str:
        """All that it wrote on standard output and error; what the build of its environment said if it never ran."""
        with self.stand_in.pointed():
            found = logs.main_logs(logs.logs_of(self.workspace, self.record))
            return "".join(b"".join(logs.pieces(log)).decode(errors="replace") for log in found)

    @cached_property
    def outputs(self) -> Mapping[str, Path]:
        """Where each output lies. A step that failed has those that it began."""
        with self.stand_in.pointed():
            document = self.workspace.get(f"/jobs/{self.record.id}")["properties"]
            return places(self.stand_in, self.workspace, document.get("outputs") or {})

    def __getitem__(self, port: str | Output[Any]) -> Path:
        """Where an output lies.

        Raises:
            RunError: the step has no such output.
        """
        name = port if isinstance(port, str) else port.port
        if name not in self.outputs:
            near = difflib.get_close_matches(name, self.outputs, 1) or sorted(self.outputs)
            raise RunError(f"step `{self.name}` has no output `{name}`", hint=f"it has: {', '.join(near) or 'none'}")
        return self.outputs[name]

    def __repr__(self) -> str:
        return f"<step {self.name}: {self.status.lower()}>"


@dataclass(frozen=True)
class PipelineResult:
    """A run of a pipeline that ended. `run.steps["slow"]` is a step, by its path (`outer.inner`) where it is nested."""

    stand_in: StandIn = field(repr=False)
    workspace: Workspace = field(repr=False)
    run: Run = field(repr=False)

    @property
    def status(self) -> str:
        """As Azure ML says it: `Completed`, `Failed`, `Canceled`."""
        return self.run.status

    @property
    def succeeded(self) -> bool:
        """Did it complete?"""
        return self.status == "Completed"

    @property
    def seconds(self) -> float | None:
        """How long it took."""
        return self.run.seconds

    @cached_property
    def steps(self) -> Mapping[str, StepResult]:
        """All steps by path, in the order in which they started; a nested pipeline and a sweep are among them."""
        found = self.run.walk()
        return {path: StepResult(self.stand_in, self.workspace, self.run, step) for path, step in found}

    @cached_property
    def outputs(self) -> Mapping[str, Path]:
        """Where the outputs of the pipeline lie."""
        with self.stand_in.pointed():
            return places(self.stand_in, self.workspace, {name: {"uri": uri} for name, uri in self.run.outputs.items()})

    def __repr__(self) -> str:
        return f"<run {self.run.id}: {self.status.lower()}>"


def places(stand_in: StandIn, workspace: Workspace, found: Mapping[str, Mapping[str, Any]]) -> dict[str, Path]:
    """The paths of outputs by name; of those only that lie in a datastore of the local Azure ML."""
    uris = {name: str(item.get("uri") or "") for name, item in found.items()}
    paths = {name: outputs.path_of(workspace, uri, stand_in.home) for name, uri in uris.items() if uri}
    return {name: path for name, path in paths.items() if path is not None}


def failure(result: PipelineResult) -> RunError:
    """Why a run did not complete, with the last lines of the logs of what failed."""
    failed = [(path, step) for path, step in result.steps.items() if step.status == "Failed" and not step.record.steps]
    told = [_told(path, step) for path, step in failed]
    what = "\n".join(told) or result.run.error or f"the run was {result.status.lower()}"
    return RunError(what, hint=f"all of it lies below {result.stand_in.home.folder}; `check=False` returns the run")


def _told(path: str, step: StepResult) -> str:
    first = step.error.partition("\n")[0] or "no reason given"
    what = first if f"`{step.name}`" in first else f"step `{path}` failed: {first}"
    lines = step.log.splitlines()[-TAIL_LINES:]
    return "\n".join([what, *(["  the last lines of its log:"] if lines else []), *(f"    {line}" for line in lines)])
