"""What a step's job has in its ARM document beyond what all jobs have: command, limits, resources, search space. Pure.

Shapes: what azure-ai-ml reads of command and sweep jobs (`ml.jobs.get` of a child). Called by `views`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .records import Component, Definition, Job, Step

_DISTRIBUTIONS = {"pytorch": "PyTorch", "mpi": "Mpi", "tensorflow": "TensorFlow"}
_POLICIES = {
    "bandit": "Bandit",
    "medianstopping": "MedianStopping",
    "truncationselection": "TruncationSelection",
}
_ORDER = ("values", "upper", "min_value", "max_value", "mu", "sigma", "q")  # of a distribution's arguments


def nested(job: Job, definition: Definition) -> dict[str, Any]:
    """Of a nested pipeline."""
    item = next(item for item in definition.nested if item.name == job.step)
    return {"jobs": {}, "settings": {}, "componentId": item.component}


def step(job: Job, definition: Definition) -> dict[str, Any]:
    """Of a step that is a process, or a sweep of such."""
    found = next(step for step in definition.steps if step.name == job.step)
    component = definition.components[found.component]
    shared = {"componentId": found.reference, "computeId": found.compute or None}
    if component.kind == "sweep":
        return {**shared, **_sweep(job, component, found)}
    limits = {"limits": {"jobLimitsType": "Command", "timeout": _duration(found.timeout_seconds)}}
    return {
        **shared,
        **_command(job, component, found),
        **(limits if found.timeout_seconds else {}),
    }


def _command(job: Job, component: Component, found: Step) -> dict[str, Any]:
    options = component.options
    command = component.command
    if component.kind == "parallel":
        command = f"{options.get('entry_script', '')} {options.get('arguments', '')}".strip()
    return {
        "command": command,
        "environmentId": environment_id(job, component),
        "environmentVariables": dict((*component.variables, *found.variables)),
        "resources": {"instanceCount": int(options.get("instances") or 1)},
        **_distribution(options),
    }


def _sweep(job: Job, component: Component, found: Step) -> dict[str, Any]:
    options = component.options
    sampling = options.get("sampling") or {}
    limits = {
        "jobLimitsType": "Sweep",
        "maxTotalTrials": options.get("max_total_trials"),
        "maxConcurrentTrials": options.get("max_concurrent_trials") or None,
        "timeout": _duration(options.get("timeout_seconds") or 0),
        "trialTimeout": _duration(options.get("trial_timeout_seconds") or 0),
    }
    names = {"seed": "seed", "rule": "rule", "logbase": "logbase"}
    return {
        "jobType": "Sweep",
        "trial": _command(job, component, found),
        "searchSpace": {name: _distributed(item) for name, item in (options.get("search_space") or {}).items()},
        "samplingAlgorithm": {
            "samplingAlgorithmType": str(sampling.get("type", "random")).capitalize(),
            **{key: sampling[name] for name, key in names.items() if name in sampling},
        },
        "objective": {
            "primaryMetric": options.get("metric"),
            "goal": str(options.get("goal", "maximize")).capitalize(),
        },
        "limits": {name: value for name, value in limits.items() if value is not None},
        "earlyTermination": _policy(options.get("early_termination") or {}),
    }


def environment_id(job: Job, component: Component) -> str:
    """The ARM id of its environment, or the reference to one that Azure ML keeps."""
    if component.environment.image.startswith("azureml://"):
        return component.environment.image
    name, _, version = component.environment.name.partition(":")
    return f"{job.workspace}/environments/{name}/versions/{version}"


def _distribution(options: Mapping[str, Any]) -> dict[str, Any]:
    found = options.get("distribution") or {}
    kind = _DISTRIBUTIONS.get(str(found.get("type", "")))
    if kind is None:
        return {}
    counts = {"workerCount": found.get("workers"), "parameterServerCount": found.get("servers")}
    if kind != "TensorFlow":
        counts = {"processCountPerInstance": found.get("processes")}
    return {"distribution": {"distributionType": kind, **counts}}


def _distributed(item: Mapping[str, Any]) -> list[Any]:
    """`["uniform", [0.1, 0.5]]`, as the service writes a distribution."""
    values = [item[name] for name in _ORDER if name in item]
    return [item["type"], values if item["type"] != "choice" else [item["values"]]]


def _policy(found: Mapping[str, Any]) -> dict[str, Any] | None:
    kind = _POLICIES.get(str(found.get("type", "")))
    if kind is None:
        return None
    names = {
        "evaluation_interval": "evaluationInterval",
        "delay_evaluation": "delayEvaluation",
        "slack_factor": "slackFactor",
        "slack_amount": "slackAmount",
        "truncation_percentage": "truncationPercentage",
    }
    return {"policyType": kind, **{key: found[name] for name, key in names.items() if name in found}}


def _duration(seconds: float) -> str | None:
    return f"PT{seconds:g}S" if seconds else None
