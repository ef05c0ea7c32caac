"""The steps of a run as records, read from the run history: nested pipelines and sweeps as trees.

Used by `runs`, which adds the run that they belong to.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from .records import Kind, StepRun, seconds, walk
from .stacks import Workspace

REUSED = "azureml.isreused"
REUSED_FROM = "azureml.reusedrunid"
REASON = "amlkit.reason"
BEST = "best_child_run_id"  # of a sweep: the trial whose outputs are the sweep's
TRIED = "hyperparameters"  # a tag of a trial: the values that it tries, as JSON
METRIC = "primary_metric_config"  # of a sweep: `{"name": "accuracy", "goal": "maximize"}`
_PIPELINES = frozenset({"azureml.pipelinerun"})
_SWEEPS = frozenset({"hyperdrive", "sweep", "azureml.sweeprun", "azureml.hyperdriverun"})


def tree(workspace: Workspace, parent: str, known: Mapping[str, StepRun], *, trials: bool = False) -> Iterator[StepRun]:
    """The steps below a job, in the order in which they started. `known` holds what was read before, by id.

    What was over in `known` is not asked for again.
    """
    children = workspace.history_listed(f"/runs/{parent}/children")
    for child in sorted(children, key=_order):
        before = known.get(child["runId"])
        yield before if before and before.is_over else _with_steps(workspace, of_record(child, trials=trials), known)


def _with_steps(workspace: Workspace, step: StepRun, known: Mapping[str, StepRun]) -> StepRun:
    if step.kind not in ("pipeline", "sweep"):
        return step
    return replace(step, steps=tuple(tree(workspace, step.id, known, trials=step.kind == "sweep")))


def of_record(record: Mapping[str, Any], *, trials: bool = False) -> StepRun:
    """A step from its record in the run history, without what is in it."""
    properties = record.get("properties") or {}
    reused = str(properties.get(REUSED)).lower() == "true"
    return StepRun(
        id=record["runId"],
        name=record.get("displayName") or record["runId"],
        status=record["status"],
        seconds=seconds(record.get("startTimeUtc"), record.get("endTimeUtc")),
        reused=reused,
        source=properties.get(REUSED_FROM, "") if reused else "",
        reason=_searched(record) if trials else "nothing changed" if reused else properties.get(REASON, ""),
        error=message(record.get("error")),
        kind="trial" if trials else _kind(record, properties),
        started=record.get("startTimeUtc") or "",
        ended=record.get("endTimeUtc") or "",
        metric=_metric(properties),
        best=properties.get(BEST) or "",
    )


def with_sources(workspace: Workspace, run: str, steps: tuple[StepRun, ...]) -> tuple[StepRun, ...]:
    """The reason of a reused step names the run that it was taken from, which the service says in a call of its own."""
    wanted = {step.source for _, step in walk(steps) if step.source}
    records: dict[str, Mapping[str, Any]] = {}
    while wanted - records.keys():
        next_ = min(wanted - records.keys())
        records[next_] = record = workspace.history(f"/runs/{next_}")
        if record.get("parentRunId") and wanted - records.keys():  # most come from one run: one call for all of it
            siblings = workspace.history_listed(f"/runs/{record['parentRunId']}/children")
            records.update({sibling["runId"]: sibling for sibling in siblings})
    return _named(run, steps, records)


def _named(run: str, steps: tuple[StepRun, ...], records: Mapping[str, Any]) -> tuple[StepRun, ...]:
    return tuple(
        replace(
            step,
            reason=_since(run, step, records[step.source]) if step.source else step.reason,
            steps=_named(run, step.steps, records),
        )
        for step in steps
    )


def _since(own: str, step: StepRun, source: Mapping[str, Any]) -> str:
    run = source.get("rootRunId") or source.get("parentRunId") or source["runId"]
    name = source.get("displayName") or step.name
    if run == own:
        return f"same as step {name}"
    return f"nothing changed since run {run}" if name == step.name else f"same as step {name} of run {run}"


def _kind(record: Mapping[str, Any], properties: Mapping[str, Any]) -> Kind:
    kind = str(record.get("runType") or "").lower()
    if kind in _PIPELINES:
        return "pipeline"
    return "sweep" if kind in _SWEEPS or properties.keys() & {METRIC, BEST} else "step"


def _searched(record: Mapping[str, Any]) -> str:
    """The values that a trial tries: `learning_rate 0.25`."""
    try:
        values = json.loads((record.get("tags") or {}).get(TRIED) or "{}")
    except ValueError:
        return ""
    shown = ((name, f"{value:.4g}" if isinstance(value, float) else value) for name, value in values.items())
    return ", ".join(f"{name} {value}" for name, value in shown)


def _metric(properties: Mapping[str, Any]) -> str:
    try:
        return str(json.loads(properties.get(METRIC) or "{}").get("name") or "")
    except (ValueError, AttributeError):
        return ""


def _order(record: Mapping[str, Any]) -> tuple[bool, str, str]:
    start = record.get("startTimeUtc") or ""
    return not start, start, str(record.get("displayName") or "")


def message(error: Any) -> str:
    """What the service says of a failure; empty: nothing."""
    if not isinstance(error, Mapping):
        return ""
    inner = error.get("error", error)
    return str(inner.get("message", ""))
