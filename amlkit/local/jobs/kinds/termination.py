"""Early termination: whether a trial has no chance any more, by what it and the others reported. Pure.

Rules: Azure ML's bandit, median stopping and truncation selection. An interval is one report of the primary metric;
the policy is applied at each multiple of `evaluation_interval` that is not before `delay_evaluation`. What counts of a
trial is its best value so far. Used by `sweeping`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import fmean, median
from typing import Any


def interval_of(policy: Mapping[str, Any], reports: int) -> int:
    """The last interval at which the policy is applied to a trial with so many reports; 0: none yet."""
    every = int(policy["evaluation_interval"])
    found = reports // every * every
    return found if found >= int(policy["delay_evaluation"]) else 0


def is_hopeless(
    policy: Mapping[str, Any], goal: str, trial: str, interval: int, reports: Mapping[str, Sequence[float]]
) -> bool:
    """Should the trial end at this interval? `reports` are the values of all trials by name, in time."""
    sign = 1.0 if goal == "maximize" else -1.0
    seen = {name: [sign * value for value in values[:interval]] for name, values in reports.items() if values}
    best = {name: max(values) for name, values in seen.items()}
    match policy["type"]:
        case "bandit":
            return best[trial] < _allowed(policy, max(best.values()))
        case "medianstopping":
            return best[trial] < median(fmean(values) for values in seen.values())
    there = {name: value for name, value in best.items() if len(reports[name]) >= interval}
    worst = sorted(there, key=lambda name: (there[name], name))[: len(there) * policy["truncation_percentage"] // 100]
    return trial in worst


def best_of(goal: str, values: Sequence[float]) -> float:
    """The best of a trial's values; there is one."""
    return max(values) if goal == "maximize" else min(values)


def _allowed(policy: Mapping[str, Any], best: float) -> float:
    """The least that is good enough. `best` is negative where a metric is minimised, so its share grows in size."""
    if "slack_amount" in policy:
        return best - float(policy["slack_amount"])
    factor = 1 + float(policy["slack_factor"])
    return best / factor if best > 0 else best * factor
