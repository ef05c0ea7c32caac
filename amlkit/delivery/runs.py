"""Pipeline runs as records, read from the service: what ran, what was reused and why, and what came out.

Steps come from the run history, as in Azure ML studio; metrics from the workspace's MLflow service.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from .stacks import Workspace

TERMINAL = frozenset({"Completed", "Failed", "Canceled", "NotResponding"})
REUSED = "azureml.isreused"
REUSED_FROM = "azureml.reusedrunid"
REASON = "amlkit.reason"
LOCAL_INTERVAL, AZURE_INTERVAL = 0.25, 5.0  # seconds between two looks at a run


@dataclass(frozen=True)
class StepRun:
    """One step of a run. `seconds` is None until it ended; `reason` says why it ran or was reused.

    `source` is the id of the step's run whose outputs were taken, for a reused one.
    """

    id: str
    name: str
    status: str
    seconds: float | None = None
    reused: bool = False
    source: str = ""
    reason: str = ""
    error: str = ""


@dataclass(frozen=True)
class Run:
    """A run of a pipeline. `outputs` maps an output's name to its URI, `created` is UTC."""

    id: str
    name: str
    status: str
    steps: tuple[StepRun, ...] = ()
    outputs: Mapping[str, str] = field(default_factory=dict)
    error: str = ""
    created: str = ""

    @property
    def ended(self) -> bool:
        """Will nothing change any more?"""
        return self.status in TERMINAL


def read(workspace: Workspace, run_id: str) -> Run:
    """A run and its steps as they are now, with the reason of each. Raises `ServiceError` if it does not exist."""
    return _with_sources(workspace, _look(workspace, run_id))


def _look(workspace: Workspace, run_id: str) -> Run:
    job = workspace.get(f"/jobs/{run_id}")["properties"]
    children = workspace.history(f"/runs/{run_id}/children")["value"]
    steps = tuple(_step(child) for child in sorted(children, key=_order))
    outputs = {name: str(output.get("uri") or "") for name, output in (job.get("outputs") or {}).items()}
    return Run(run_id, job.get("displayName") or run_id, job["status"], steps, outputs, _message(job.get("error")))


def recent(workspace: Workspace) -> tuple[Run, ...]:
    """The workspace's runs, newest first, without their steps. A run's name is its endpoint's or experiment's."""
    jobs = workspace.get("/jobs")["value"]
    return tuple(
        Run(
            job["name"],
            job["properties"].get("experimentName") or job["name"],
            job["properties"]["status"],
            created=str(job["systemData"]["createdAt"]),
        )
        for job in sorted(jobs, key=lambda job: str(job["systemData"]["createdAt"]), reverse=True)
    )


def follow(workspace: Workspace, run_id: str, show: Callable[[Run], None]) -> Run:
    """Look at a run until it ends; `show` gets every look. Azure ML offers no event to wait for."""
    interval = LOCAL_INTERVAL if workspace.service.target.is_local else AZURE_INTERVAL
    while True:
        run = _look(workspace, run_id)
        show(run)
        if run.ended:
            return _with_sources(workspace, run)
        time.sleep(interval)


def metrics(workspace: Workspace, step: StepRun) -> dict[str, float]:
    """The last value of each metric that a step logged."""
    answer = workspace.mlflow(f"runs/get?run_id={step.id}")
    logged = answer["run"]["data"].get("metrics") or []
    return {entry["key"]: float(entry["value"]) for entry in logged}


def log_tail(workspace: Workspace, step: StepRun, lines: int = 20) -> list[str]:
    """The last lines that a step wrote."""
    files: dict[str, str] = workspace.history(f"/runs/{step.id}/details")["logFiles"]
    urls = [url for name, url in files.items() if "std_log" in name]
    return workspace.fetch(urls[0]).text.splitlines()[-lines:] if urls else []


def _step(child: Mapping[str, Any]) -> StepRun:
    properties = child.get("properties") or {}
    reused = str(properties.get(REUSED)).lower() == "true"
    return StepRun(
        id=child["runId"],
        name=child.get("displayName") or child["runId"],
        status=child["status"],
        seconds=_seconds(child.get("startTimeUtc"), child.get("endTimeUtc")),
        reused=reused,
        source=properties.get(REUSED_FROM, "") if reused else "",
        reason="nothing changed" if reused else properties.get(REASON, ""),
        error=_message(child.get("error")),
    )


def _with_sources(workspace: Workspace, run: Run) -> Run:
    """The reason of a reused step names the run that it was taken from, which the service says in a call of its own."""
    records = {id_: workspace.history(f"/runs/{id_}") for id_ in {step.source for step in run.steps} if id_}
    steps = (replace(step, reason=_since(step, records[step.source])) if step.source else step for step in run.steps)
    return replace(run, steps=tuple(steps))


def _since(step: StepRun, source: Mapping[str, Any]) -> str:
    run = source.get("parentRunId") or source["runId"]
    name = source.get("displayName") or step.name
    return f"nothing changed since run {run}" if name == step.name else f"same as step {name} of run {run}"


def _order(child: Mapping[str, Any]) -> tuple[bool, str, str]:
    start = child.get("startTimeUtc") or ""
    return not start, start, str(child.get("displayName") or "")


def _seconds(start: str | None, end: str | None) -> float | None:
    if not start or not end:
        return None
    return (datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds()


def _message(error: Any) -> str:
    if not isinstance(error, Mapping):
        return ""
    inner = error.get("error", error)
    return str(inner.get("message", ""))
