"""Sweeps: the word that users write, what can be wrong with one, its body on the wire and its form for a digest.

`amlkit.pipelines` calls `problems_of`, `body` and `form` with what the traced call holds.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from datetime import timedelta
from typing import Any, TypeVar

from ...errors import DefinitionError, Problem
from ..definition import StepDefinition, not_listed
from ..ports import PortType, type_of_literal
from ..step import Step, call_of, set_sweep
from ..sweeps import (
    GOALS,
    SAMPLINGS,
    Bandit,
    EarlyTermination,
    Goal,
    MedianStopping,
    Sampling,
    Space,
    Sweep,
    TruncationSelection,
)
from .arguments import seconds_of, whole

_WHOLE = ("evaluation_interval", "delay_evaluation", "truncation_percentage")
S = TypeVar("S", bound=Step)


def sweep(
    step: S,
    *,
    metric: str,
    goal: Goal,
    max_total_trials: int,
    max_concurrent_trials: int | None = None,
    sampling: Sampling = "random",
    timeout: float | timedelta | None = None,
    trial_timeout: float | timedelta | None = None,
    early_termination: EarlyTermination | None = None,
    seed: int | None = None,
) -> S:
    """Run a step many times with values that are searched; its outputs are those of the best trial.

        best = sweep(Train(features=f, learning_rate=search.uniform(0.01, 0.5), compute=cpu),
                     metric="accuracy", goal="maximize", max_total_trials=8)

    Args:
        step: a step that runs a command, with a word of `amlkit.search` for at least one literal.
        metric: the metric that its script logs to MLflow, by which trials are compared.
        goal: `maximize` or `minimize`.
        max_total_trials: how many trials at most.
        max_concurrent_trials: how many of them at once; without it, as many as the compute takes.
        sampling: `random`, `grid` (every combination; choices only) or `bayesian` (learns from earlier trials).
        timeout: of the whole sweep, in seconds or a `timedelta`.
        trial_timeout: of one trial.
        early_termination: when a trial is given up, of `amlkit.search`.
        seed: makes random sampling the same every time.

    Raises:
        DefinitionError: an argument makes no sense by itself.
    """
    if not isinstance(step, Step):
        hint = "call the class: `sweep(Train(…), …)`"
        raise DefinitionError([Problem("sweep", f"a {type(step).__name__} is no step: {step!r}", hint)])
    where = call_of(step).name
    wrong: list[Problem] = []
    how = Sweep(
        metric=metric if isinstance(metric, str) else "",
        goal=_one_of(goal, GOALS, f"{where}.goal", wrong),
        sampling=_one_of(sampling, SAMPLINGS, f"{where}.sampling", wrong),
        max_total_trials=whole(max_total_trials, 1, f"{where}.max_total_trials", wrong),
        max_concurrent_trials=None
        if max_concurrent_trials is None
        else whole(max_concurrent_trials, 1, f"{where}.max_concurrent_trials", wrong),
        timeout_seconds=seconds_of(timeout, f"{where}.timeout", wrong),
        trial_timeout_seconds=seconds_of(trial_timeout, f"{where}.trial_timeout", wrong),
        early_termination=early_termination,
        seed=None if seed is None else whole(seed, 0, f"{where}.seed", wrong),
    )
    if wrong:
        raise DefinitionError(wrong)
    set_sweep(step, how)
    return step


def _one_of(value: Any, legal: tuple[str, ...], where: str, problems: list[Problem]) -> str:
    if value in legal:
        return str(value)
    problems.append(Problem(where, f"no such thing: {value!r}", f"use {', '.join(legal)}"))
    return legal[0]


def problems_of(step: StepDefinition, how: Sweep | None, given: Mapping[str, Any], where: str) -> Iterator[Problem]:
    """What is wrong with the values to search in a call, and with the sweep, if there is one.

    Args:
        step: the step that is called.
        how: the sweep; None: the step is not swept, so no argument may be a `Space`.
        given: the arguments by the names of the ports; all that is no `Space` is passed over.
        where: the place of the call: `training.train`.
    """
    spaces = {name: value for name, value in given.items() if isinstance(value, Space)}
    if how is None:
        for name in spaces:
            yield Problem(f"{where}.{name}", "a value is searched, and the step is not swept", "write `sweep(…)`")
        return
    if step.kind not in ("python script", "command"):
        yield Problem(where, f"a step of the kind {step.kind} cannot be swept", "sweep a step that runs a command")
    if step.options.variables:
        hint = "set them in the script, or give them as inputs"
        yield Problem(where, "Azure ML gives the trials of a sweep no environment variables", hint)
    if not spaces:
        yield Problem(where, "the sweep searches no value", "give an input a word of `amlkit.search`")
    if not how.metric.strip():
        yield Problem(f"{where}.metric", "no metric to judge the trials by", "name one that the script logs")
    if how.max_concurrent_trials is not None and how.max_concurrent_trials > how.max_total_trials:
        what = f"{how.max_concurrent_trials} trials at once of {how.max_total_trials} in all"
        yield Problem(f"{where}.max_concurrent_trials", what, "at most as many at once as in all")
    if how.seed is not None and how.sampling != "random":
        yield Problem(f"{where}.seed", f"{how.sampling} sampling takes no seed", "drop it")
    if how.timeout_seconds and how.trial_timeout_seconds and how.trial_timeout_seconds > how.timeout_seconds:
        yield Problem(f"{where}.trial_timeout", "a trial may take longer than the whole sweep", "shorten it")
    yield from _sampling_problems(how, spaces, where)
    yield from _policy_problems(how, f"{where}.early_termination")
    for name, space in spaces.items():
        yield from _space_problems(step, name, space, f"{where}.{name}")


def _sampling_problems(how: Sweep, spaces: Mapping[str, Space], where: str) -> Iterator[Problem]:
    """Azure ML's rules: a grid is of choices, Bayesian sampling knows three distributions and stops no trial."""
    legal = {"grid": ("choice",), "bayesian": ("choice", "uniform", "quniform")}.get(how.sampling)
    for name, space in spaces.items():
        if legal and space.type not in legal:
            hint = f"use {', '.join(legal)}, or random sampling"
            yield Problem(f"{where}.{name}", f"{how.sampling} sampling takes no `{space.type}`", hint)
    if how.sampling == "bayesian" and how.early_termination is not None:
        yield Problem(f"{where}.early_termination", "bayesian sampling ends no trial early", "drop it")


def _policy_problems(how: Sweep, where: str) -> Iterator[Problem]:
    policy = how.early_termination
    if policy is None:
        return
    if not isinstance(policy, Bandit | MedianStopping | TruncationSelection):
        hint = "use `Bandit`, `MedianStopping` or `TruncationSelection` of `amlkit.search`"
        yield Problem(where, f"not a rule for giving up: {policy!r}", hint)
        return
    if bad := [name for name, value in vars(policy).items() if not _is_finite(value)]:
        yield Problem(where, f"not a finite number: {', '.join(bad)}")
        return
    if odd := [name for name in _WHOLE if not isinstance(getattr(policy, name, 0), int)]:
        yield Problem(where, f"not a whole number: {', '.join(odd)}")
    if isinstance(policy, Bandit) and min(policy.slack_factor, policy.slack_amount) < 0:
        yield Problem(where, "slack_factor and slack_amount are not below 0")
    if isinstance(policy, Bandit) and bool(policy.slack_factor > 0) == bool(policy.slack_amount > 0):
        yield Problem(where, "one of slack_factor and slack_amount is above 0", "give just one")
    if isinstance(policy, TruncationSelection) and not 1 <= policy.truncation_percentage <= 99:
        yield Problem(where, f"truncation_percentage is from 1 to 99: {policy.truncation_percentage}")
    if policy.evaluation_interval < 1 or policy.delay_evaluation < 0:
        yield Problem(where, "evaluation_interval is 1 or more, delay_evaluation 0 or more")


def _space_problems(step: StepDefinition, name: str, space: Space, where: str) -> Iterator[Problem]:
    port = step.input(name)
    if port is None:
        return  # an unknown argument, whatever its value
    if port.type.is_data:
        yield Problem(where, f"data is not searched: the input is of type {port.type}", "search a literal")
        return
    arguments = dict(space.arguments)
    if space.type == "choice":
        if not arguments["values"]:
            yield Problem(where, "nothing to choose from")
        for value in arguments["values"]:
            found = type_of_literal(value)
            if found is None or not port.type.takes(found):
                yield Problem(where, f"a value of the wrong type for an input of type {port.type}: {value!r}")
            elif wrong := not_listed(port.enum, value):
                yield Problem(where, f"a value {wrong}")
        return
    yield from _number_problems(port.type, space.type, arguments, where)


def _number_problems(of: PortType, kind: str, arguments: Mapping[str, Any], where: str) -> Iterator[Problem]:
    if of is not PortType.NUMBER and not (of is PortType.INTEGER and kind == "randint"):
        hint = "use `randint` or `choice`" if of is PortType.INTEGER else "use `choice`"
        yield Problem(where, f"`{kind}` gives numbers, the input is of type {of}", hint)
    bad = [name for name, value in arguments.items() if not _is_finite(value)]
    if bad:
        yield Problem(where, f"not a finite number: {', '.join(bad)}")
        return
    if not isinstance(arguments.get("upper", 0), int):
        yield Problem(where, f"upper is not a whole number: {arguments['upper']}")
    if "min_value" in arguments and not arguments["min_value"] < arguments["max_value"]:
        yield Problem(where, f"min_value is not below max_value: {arguments['min_value']}, {arguments['max_value']}")
    for name in ("q", "sigma", "upper"):
        if name in arguments and arguments[name] <= 0:
            yield Problem(where, f"{name} is not above 0: {arguments[name]}")


def _is_finite(value: Any) -> bool:
    return not isinstance(value, bool) and isinstance(value, int | float) and abs(value) <= sys.float_info.max


def body(how: Sweep, spaces: Mapping[str, Space]) -> dict[str, Any]:
    """What a sweep's node holds besides name, type, trial, compute, inputs and outputs, as azure-ai-ml sends it."""
    limits = {
        "max_concurrent_trials": how.max_concurrent_trials,
        "max_total_trials": how.max_total_trials,
        "timeout": how.timeout_seconds,
        "trial_timeout": how.trial_timeout_seconds,
    }
    found: dict[str, Any] = {
        "limits": {name: value for name, value in limits.items() if value is not None},
        "sampling_algorithm": how.sampling if how.seed is None else {"type": how.sampling, "seed": how.seed},
        "objective": {"goal": how.goal, "primary_metric": how.metric},
        "search_space": {name: space.body() for name, space in spaces.items()},
    }
    if how.early_termination is not None:
        found["early_termination"] = _policy(how.early_termination)
    return found


def _policy(policy: EarlyTermination) -> dict[str, Any]:
    """A policy's fields as they are, but what is 0 and need not be said."""
    fields = {name: value for name, value in asdict(policy).items() if value or not name.startswith("slack")}
    return {**fields, "policy_type": type(policy).__name__}


def form(how: Sweep) -> dict[str, Any]:
    """Plain data for the definition digest: all that decides which trials are made and which is best."""
    found = {
        name: value
        for name, value in asdict(how).items()
        if value is not None and name not in ("early_termination", "max_concurrent_trials")
    }
    if how.early_termination is not None:
        found["early_termination"] = _policy(how.early_termination)
    return found
