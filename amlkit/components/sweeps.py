"""A sweep: a step run many times with values that are searched, of which the best trial counts. Frozen records.

Made by `amlkit.search` and `sweep`, judged by `sweepchecks`, rendered by `nodes`; field names and types are those of
azure-ai-ml's `azure.ai.ml.sweep`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, get_args

Goal: TypeAlias = Literal["maximize", "minimize"]
Sampling: TypeAlias = Literal["random", "grid", "bayesian"]
GOALS: tuple[str, ...] = get_args(Goal)
SAMPLINGS: tuple[str, ...] = get_args(Sampling)


@dataclass(frozen=True)
class Space:
    """Values to search for one input: a distribution by Azure ML's name, and its arguments by theirs."""

    type: str
    arguments: tuple[tuple[str, Any], ...]

    def body(self) -> dict[str, Any]:
        """As azure-ai-ml sends it: `{"type": "uniform", "min_value": 0.1, "max_value": 0.5}`."""
        return {"type": self.type, **{name: _plain(value) for name, value in self.arguments}}


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


@dataclass(frozen=True)
class Bandit:
    """Stop a trial that lags behind the best one by more than a factor, or an amount.

    `evaluation_interval`: every how many reports of the metric; `delay_evaluation`: how many reports are waited for.
    """

    slack_factor: float = 0
    slack_amount: float = 0
    evaluation_interval: int = 1
    delay_evaluation: int = 0


@dataclass(frozen=True)
class MedianStopping:
    """Stop a trial whose best value is worse than the median of the running averages of all trials."""

    evaluation_interval: int = 1
    delay_evaluation: int = 0


@dataclass(frozen=True)
class TruncationSelection:
    """Stop the worst `truncation_percentage` (1 to 99) of the trials at every evaluation."""

    truncation_percentage: int
    evaluation_interval: int = 1
    delay_evaluation: int = 0


EarlyTermination: TypeAlias = Bandit | MedianStopping | TruncationSelection


@dataclass(frozen=True)
class Sweep:
    """How the trials of a step are made and judged. Times in whole seconds; None: no limit."""

    metric: str
    goal: str = "maximize"
    sampling: str = "random"
    max_total_trials: int = 1
    max_concurrent_trials: int | None = None
    timeout_seconds: int | None = None
    trial_timeout_seconds: int | None = None
    early_termination: EarlyTermination | None = None
    seed: int | None = None
