"""What a job would do, asked of the local Azure ML before anything runs: `amlkit run --dry-run`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from amlkit.errors import RunError, ServiceError

from .stacks import Workspace
from .submission import refusal


@dataclass(frozen=True)
class StepForecast:
    """One step: `outcome` is `reused`, `runs`, or `depends` (on bytes to come). `seconds` it took last, if ever."""

    step: str
    outcome: str
    reason: str
    details: tuple[str, ...] = ()
    seconds: float | None = None


@dataclass(frozen=True)
class Forecast:
    """All steps, and the rule set (`content` or `azure`) that it was made under."""

    rules: str
    steps: tuple[StepForecast, ...]


def of_job(workspace: Workspace, body: Mapping[str, Any], pipeline: str) -> Forecast:
    """The forecast for a job's `properties`; `pipeline` is the name of what it is a run of, for messages.

    Raises:
        RunError: the workspace is on Azure, which makes none.
        DefinitionError: the job would be refused, and the service names what is wrong with it.
        ServiceError: the job would be refused otherwise.
    """
    target = workspace.service.target
    if not target.is_local:
        raise RunError("only the local Azure ML makes forecasts", hint="run it with `--stack local`")
    url = f"{target.resource_manager}/control/forecast{workspace.id}"
    try:
        answer = workspace.service.call("POST", url, target.resource_manager, {"properties": body}).json()
    except ServiceError as error:
        raise refusal(error, pipeline) from error
    return Forecast(str(answer["rules"]), tuple(_step(item) for item in answer["steps"]))


def _step(item: Mapping[str, Any]) -> StepForecast:
    return StepForecast(
        str(item["step"]),
        str(item["outcome"]),
        str(item.get("reason") or ""),
        tuple(map(str, item.get("details") or ())),
        item.get("seconds"),
    )
