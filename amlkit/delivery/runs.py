"""Pipeline runs as records, read from the service: what ran, what was reused and why, and what came out.

Steps come from the run history, as in Azure ML studio; metrics from the workspace's MLflow service.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from .stacks import Workspace

TERMINAL = frozenset({"Completed", "Failed", "Canceled", "NotResponding"})
REUSED = "azureml.isreused"
REASON = "amlkit.reason"
LOCAL_INTERVAL, AZURE_INTERVAL = 0.25, 5.0  # seconds between two looks at a run


@dataclass(frozen=True)
class StepRun:
    """One step of a run. `seconds` is None until it ended; `reason` says why it ran or was reused."""

    id: str
    name: str
    status: str
    seconds: float | None = None
    reused: bool = False
    reason: str = ""
    error: str = ""


@dataclass(frozen=True)
class Run:
    """A run of a pipeline. `outputs` maps an output's name to its URI."""

    id: str
    name: str
    status: str
    steps: tuple[StepRun, ...] = ()
    outputs: Mapping[str, str] = field(default_factory=dict)
    error: str = ""

    @property
    def ended(self) -> bool:
        """Will nothing change any more?"""
        return self.status in TERMINAL


def read(workspace: Workspace, run_id: str) -> Run:
    """A run and its steps as they are now. Raises `ServiceError` if it does not exist."""
    job = workspace.get(f"/jobs/{run_id}")["properties"]
    children = workspace.history(f"/runs/{run_id}/children")["value"]
    steps = tuple(_step(child) for child in sorted(children, key=_order))
    outputs = {name: str(output.get("uri") or "") for name, output in (job.get("outputs") or {}).items()}
    return Run(run_id, job.get("displayName") or run_id, job["status"], steps, outputs, _message(job.get("error")))


def recent(workspace: Workspace) -> tuple[Run, ...]:
    """The workspace's runs, newest first, without their steps."""
    jobs = workspace.get("/jobs")["value"]
    return tuple(
        Run(job["name"], job["properties"].get("displayName") or job["name"], job["properties"]["status"])
        for job in sorted(jobs, key=lambda job: str(job["systemData"]["createdAt"]), reverse=True)
    )


def follow(workspace: Workspace, run_id: str, show: Callable[[Run], None]) -> Run:
    """Look at a run until it ends; `show` gets every look. Azure ML offers no event to wait for."""
    interval = LOCAL_INTERVAL if workspace.service.target.is_local else AZURE_INTERVAL
    while True:
        run = read(workspace, run_id)
        show(run)
        if run.ended:
            return run
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
    return StepRun(
        id=child["runId"],
        name=child.get("displayName") or child["runId"],
        status=child["status"],
        seconds=_seconds(child.get("startTimeUtc"), child.get("endTimeUtc")),
        reused=str(properties.get(REUSED)).lower() == "true",
        reason=properties.get(REASON, ""),
        error=_message(child.get("error")),
    )


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
