"""What a sweep is: its options, read and checked, and what its trials are made from. Pure.

`read` and `adapted` are called by `definition`, the rest by `sweeping`, which runs it. Shapes: azure-ai-ml's sweep node
in a pipeline (snake case) and its sweep job (camel case).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ..records import LITERAL_TYPES, Component, Port
from ..values import Problems, of_type
from . import distribution
from .reading import Options, member
from .search_space import check_sampling, read_space

_GOALS = ("maximize", "minimize")
_SEARCHED = re.compile(r"\$\{\{\s*search_space\.([\w.-]+)\s*\}\}")
_SAMPLINGS = ("random", "grid", "bayesian")
_MOST_TRIALS = 1000  # Azure ML's limit, and its default


def read(spec: Mapping[str, Any], node: Mapping[str, Any], place: str, problems: Problems) -> dict[str, Any]:
    """What a sweep says, as plain JSON; `spec` is its trial's (a command component's spec, or a job's `trial`).

    Members: `search_space` (by input: `{"type": "uniform", "min_value": 0.1, "max_value": 0.5}`), `sampling` (`type`,
    `rule`, `seed`, `logbase`), `metric`, `goal`, `max_total_trials`, `max_concurrent_trials` (0: as many as there is
    room for), `timeout_seconds` and `trial_timeout_seconds` (0: none), `early_termination` (absent: none), and
    `instances` and `distribution` of each trial as a command has them.
    """
    options = Options({}, node, place, problems)
    objective, limits = options.below("objective"), options.below("limits")
    goal = objective.text("goal", "maximize").lower()
    if goal not in _GOALS:
        problems.add(f"{objective.place}.goal", f"it must be maximize or minimize, not {goal}")
    if not objective.text("primary_metric"):
        problems.add(f"{objective.place}.primary_metric", "no metric")
    space = read_space(options.get("search_space"), f"{place}.search_space", problems)
    _check_inputs(space, spec, f"{place}.search_space", problems)
    sampling = _sampling(options, problems)
    check_sampling(sampling, space, f"{place}.sampling_algorithm", problems)
    total = limits.integer("max_total_trials", _MOST_TRIALS, 1)
    if total > _MOST_TRIALS:
        problems.add(f"{limits.place}.max_total_trials", f"it must be {_MOST_TRIALS} or less, not {total}")
    found = {
        "search_space": space,
        "sampling": sampling,
        "metric": objective.text("primary_metric"),
        "goal": goal,
        "max_total_trials": total,
        "max_concurrent_trials": limits.integer("max_concurrent_trials", 0),
        "timeout_seconds": limits.seconds("timeout"),
        "trial_timeout_seconds": limits.seconds("trial_timeout"),
        **distribution.read(spec, {"resources": node.get("resources")}, place, problems),
    }
    policy = _policy(options.below("early_termination"))
    return {**found, "early_termination": policy} if policy else found


def adapted(component: Component) -> Component:
    """The component with `${{search_space.x}}` read as `${{inputs.x}}`, and with an input for each value searched."""
    known = {port.name for port in component.inputs}
    more = tuple(Port(name, "string") for name in component.options["search_space"] if name not in known)
    variables = tuple((name, _as_input(value)) for name, value in component.variables)
    return replace(
        component, command=_as_input(component.command), inputs=(*component.inputs, *more), variables=variables
    )


def _as_input(text: str) -> str:
    return _SEARCHED.sub(lambda match: f"${{{{inputs.{match[1]}}}}}", text)


def _check_inputs(
    space: Mapping[str, Mapping[str, Any]], spec: Mapping[str, Any], place: str, problems: Problems
) -> None:
    """What is searched is an input of the trial, or named in its command, and its values are of the input's type."""
    declared = problems.mapping(spec.get("inputs"), f"{place}.inputs")
    texts = [spec.get("command"), *problems.mapping(member(spec, "environment_variables"), place).values()]
    named = {match[1] for text in texts for match in _SEARCHED.finditer(str(text))}
    for name, item in space.items():
        port = declared.get(name)
        if port is None and name not in named:
            problems.add(f"{place}.{name}", "the trial has no such input")
        kind = str(port.get("type")) if isinstance(port, Mapping) else ""
        if kind and kind not in LITERAL_TYPES:
            problems.add(f"{place}.{name}", f"a value is searched for an input of type {kind}")
        elif kind == "integer" and item["type"] not in ("choice", "randint") and item.get("q", 0.5) % 1:
            problems.add(f"{place}.{name}", f"an integer cannot be drawn from {item['type']}")
        for value in item.get("values", ()) if kind in LITERAL_TYPES - {"string"} else ():
            try:
                of_type(kind, value)
            except ValueError as error:
                problems.add(f"{place}.{name}", str(error))


def _sampling(options: Options, problems: Problems) -> dict[str, Any]:
    given, place = options.get("sampling_algorithm"), f"{options.place}.sampling_algorithm"
    found: dict[str, Any] = {"type": "random"}
    if isinstance(given, Mapping):
        inner = options.below("sampling_algorithm")
        found["type"] = (inner.text("type") or inner.text("sampling_algorithm_type", "random")).lower()
        if inner.is_set("seed"):
            found["seed"] = inner.integer("seed", 0)
        if inner.text("rule", "random").lower() != "random":
            found["rule"] = inner.text("rule").lower()
        if inner.is_set("logbase"):
            found["logbase"] = inner.text("logbase")
    elif given:
        found["type"] = problems.text(given, place).lower()
    if found["type"] not in _SAMPLINGS:
        what = f"a sampling of type {found['type']} does not run in the local Azure ML, only: {', '.join(_SAMPLINGS)}"
        problems.add(place, what)
    return found


def _policy(given: Options) -> dict[str, Any]:
    kind = (given.text("policy_type") or given.text("type")).replace("_", "").lower()
    if not kind:
        return {}
    found: dict[str, Any] = {
        "type": kind,
        "evaluation_interval": given.integer("evaluation_interval", 1) or 1,
        "delay_evaluation": given.integer("delay_evaluation", 0),
    }
    match kind:
        case "bandit":
            found |= {name: given.number(name) for name in ("slack_factor", "slack_amount") if given.number(name)}
            if len(found) != 4:
                given.problems.add(given.place, "bandit needs either `slack_factor` or `slack_amount`")
        case "truncationselection":
            found["truncation_percentage"] = percentage = given.integer("truncation_percentage", 0)
            if not 1 <= percentage <= 99:
                given.problems.add(f"{given.place}.truncation_percentage", f"it must be 1 to 99, not {percentage}")
        case "medianstopping":
            pass
        case _:
            what = "bandit, median_stopping, truncation_selection"
            given.problems.add(given.place, f"no such policy in the local Azure ML: {kind}; there is: {what}")
    return found
