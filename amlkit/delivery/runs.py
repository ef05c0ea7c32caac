"""Pipeline runs as records, read from the service: what ran, what was reused and why, and what came out.

Steps come from the run history, as in Azure ML studio; metrics from the workspace's MLflow service. Used by the
commands and by the fixtures for tests.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any

from amlkit.errors import RunError, ServiceError

from .logs import log_tail
from .records import NEAR, TERMINAL, Kind, Run, StepRun, close
from .stacks import MACHINE_LEARNING, Workspace
from .steps import REASON, message, of_record, tree, with_sources

__all__ = ["REASON", "TERMINAL", "Kind", "Run", "StepRun", "find", "follow", "log_tail", "metrics", "read", "recent"]

LATEST = ("last", "@latest")
AZURE_INTERVAL = 5.0  # seconds between two looks at a run
LOCAL_INTERVALS = (0.01, 0.25)  # the same, at first and later
_EARLY_SECONDS = 0.1  # until then the steps of a local run are not listed, which takes as long as to reuse them
_SHARE = 0.2  # of the time, at most, that is spent on listing steps: those of a run of a thousand are less often
_NAME = re.compile(r"[A-Za-z0-9_][\w.-]*")  # it becomes part of an address
_SEARCHED = 1000  # runs, newest first, among which the start of a name is looked for


def find(workspace: Workspace, name: str) -> str:
    """The id of the run that is meant: its id, the start of it if no other run has it, or `last`.

    Raises:
        RunError: there is none, or several; the hint names close ones. Or it is a step of a run.
    """
    if name in LATEST:
        newest = next(_jobs(workspace), None)
        if newest is None:
            raise RunError("there are no runs yet", hint="`amlkit run` or `amlkit invoke` makes one")
        return str(newest["name"])
    if not _NAME.fullmatch(name):  # an empty one too, with which every run begins
        raise RunError(f"no such run: {name!r}", hint="`amlkit runs` lists them")
    try:
        job = workspace.get(f"/jobs/{name}")
    except ServiceError as error:
        if error.status not in (400, 404):
            raise
        return _of_prefix(name, [str(job["name"]) for job in islice(_jobs(workspace), _SEARCHED)])
    parent = job["properties"].get("parentJobName")
    if parent:
        step = job["properties"].get("displayName") or name
        raise RunError(f"{name} is step `{step}` of run {parent}", hint="name the run, then the step")
    return str(job["name"])


def read(workspace: Workspace, run_id: str) -> Run:
    """A run and its steps as they are now, with the reason of each. Raises `ServiceError` if it does not exist."""
    run = _look(workspace, workspace.history(f"/runs/{run_id}"), {})
    return _whole(workspace, run)


def recent(workspace: Workspace, limit: int | None = None, status: Sequence[str] = ()) -> tuple[Run, ...]:
    """The workspace's runs, newest first, without their steps; at most `limit`, of some states only if asked.

    Pages are followed only as far as needed. A run's name is its endpoint's or experiment's.
    """
    wanted = {each.lower() for each in status}
    found = (_of_job(job) for job in _jobs(workspace))
    return tuple(islice((run for run in found if not wanted or run.status.lower() in wanted), limit))


def follow(workspace: Workspace, run_id: str, show: Callable[[Run], None]) -> Run:
    """Look at a run until it ends; `show` gets every look. Azure ML offers no event to wait for.

    Its own state is asked for often, its steps only as often as `_SHARE` allows and when it is over.
    """
    known: dict[str, StepRun] = {}
    is_local = workspace.service.target.is_local
    due = time.monotonic() + (_EARLY_SECONDS if is_local else 0.0)
    for interval in intervals(is_local=is_local):
        record = workspace.history(f"/runs/{run_id}")
        began = time.monotonic()
        if began >= due or record["status"] in TERMINAL:
            run = _look(workspace, record, known)
            known = {step.id: step for _, step in run.walk()}
            show(run)
            if run.ended:
                return _whole(workspace, run)
            now = time.monotonic()
            due = now + (now - began) / _SHARE
        time.sleep(interval)
    raise AssertionError  # `intervals` does not end


def intervals(*, is_local: bool) -> Iterator[float]:
    """Seconds to wait between looks, without end: short at first for a local run, which may be all reused."""
    first, last = LOCAL_INTERVALS if is_local else (AZURE_INTERVAL, AZURE_INTERVAL)
    while True:
        yield first
        first = min(first * 1.5, last)


def cancel(workspace: Workspace, job_id: str) -> None:
    """End a run, or a step of it; asked for when this returns. Nothing happens to one that is over."""
    workspace.service.arm("POST", f"{workspace.id}/jobs/{job_id}/cancel", MACHINE_LEARNING)


def metrics(workspace: Workspace, step: StepRun) -> dict[str, float]:
    """The last value of each metric that a step logged."""
    return _metrics_of(workspace.mlflow(f"runs/get?run_id={step.id}")["run"])


def all_metrics(workspace: Workspace, run: Run) -> dict[str, dict[str, float]]:
    """The last values of the metrics of all steps, by the id of the step; steps without any are left out.

    One call a parent (the run, a nested pipeline, a sweep), not one a step.
    """
    parents = [run.id, *(step.id for _, step in run.walk() if step.steps)]
    named = workspace.mlflow(f"experiments/get-by-name?experiment_name={run.experiment or 'Default'}")
    experiment = str(named["experiment"]["experiment_id"])
    found: dict[str, dict[str, float]] = {}
    for parent in parents:
        for logged in _searched(workspace, experiment, parent):
            if values := _metrics_of(logged):
                found[str(logged["info"]["run_id"])] = values
    if len(run.steps) == 1 and run.steps[0].id == run.id and (own := metrics(workspace, run.steps[0])):
        found[run.id] = own
    return found


def _searched(workspace: Workspace, experiment: str, parent: str) -> Iterator[Mapping[str, Any]]:
    body: dict[str, Any] = {
        "experiment_ids": [experiment],
        "filter": f"tags.mlflow.parentRunId = '{parent}'",
        "max_results": 1000,
    }
    while True:
        page = workspace.mlflow("runs/search", body)
        yield from page.get("runs") or []
        if not page.get("next_page_token"):
            return
        body = {**body, "page_token": page["next_page_token"]}


def _metrics_of(logged: Mapping[str, Any]) -> dict[str, float]:
    return {entry["key"]: float(entry["value"]) for entry in logged["data"].get("metrics") or []}


def _look(workspace: Workspace, record: Mapping[str, Any], known: Mapping[str, StepRun]) -> Run:
    """Where a run is, from its record and those of its steps that were not over: the smallest reads that show it."""
    own, run_id = of_record(record), str(record["runId"])
    steps = tuple(tree(workspace, run_id, known, trials=own.kind == "sweep"))
    if own.kind != "pipeline" and not record.get("parentRunId"):
        steps = (replace(own, steps=steps if own.kind == "sweep" else ()),)
    return Run(
        id=run_id,
        name=own.name,
        status=own.status,
        steps=steps,
        error=own.error,
        created=record.get("createdUtc") or "",
        started=own.started,
        finished=own.ended,
    )


def _whole(workspace: Workspace, run: Run) -> Run:
    """With what only the job's own document says, and with the runs that results were taken from."""
    job = _of_job(workspace.get(f"/jobs/{run.id}"))
    return replace(
        run,
        steps=with_sources(workspace, run.id, run.steps),
        outputs=job.outputs,
        error=run.error or job.error,
        experiment=job.experiment,
        parameters=job.parameters,
        inputs=job.inputs,
        properties=job.properties,
        tags=job.tags,
    )


def _jobs(workspace: Workspace) -> Iterator[Mapping[str, Any]]:
    """All jobs, newest first: the service gives them so, within a page the times say it."""
    return workspace.listed("/jobs")


def _of_job(job: Mapping[str, Any]) -> Run:
    properties = job["properties"]
    given = properties.get("inputs") or {}
    created = str((job.get("systemData") or {}).get("createdAt") or "")
    experiment = str(properties.get("experimentName") or "")
    return Run(
        id=job["name"],
        name=experiment or job["name"],
        status=properties["status"],
        outputs={name: str(item.get("uri") or "") for name, item in (properties.get("outputs") or {}).items()},
        error=message(properties.get("error")),
        created=created,
        experiment=experiment,
        parameters={name: str(item["value"]) for name, item in given.items() if item.get("value") is not None},
        inputs={name: str(item["uri"]) for name, item in given.items() if item.get("uri")},
        properties=dict(properties.get("properties") or {}),
        tags=dict(properties.get("tags") or {}),
    )


def _of_prefix(name: str, ids: Sequence[str]) -> str:
    found = [id_ for id_ in ids if id_.startswith(name)]
    if len(found) == 1:
        return found[0]
    if found:
        shown = ", ".join(found[:NEAR]) + (", …" if len(found) > NEAR else "")
        raise RunError(f"{len(found)} runs begin with `{name}`", hint=f"say more of it: {shown}")
    raise RunError(f"no such run: {name}", hint=close(name, ids) or "`amlkit runs` lists them")
