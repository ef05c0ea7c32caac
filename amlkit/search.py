"""Values to search in a sweep, and when to give a trial up: words of `sweep(Train(learning_rate=search.uniform(…)))`.

Names and meanings are those of azure-ai-ml's `azure.ai.ml.sweep`. To a type checker each is a value that is not known
yet, of the type that the trials get.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar, cast

from .components.ports import Output, plain
from .components.sweeps import Bandit, MedianStopping, Space, TruncationSelection
from .errors import DefinitionError, Problem

__all__ = [
    "Bandit",
    "MedianStopping",
    "TruncationSelection",
    "choice",
    "lognormal",
    "loguniform",
    "normal",
    "qlognormal",
    "qloguniform",
    "qnormal",
    "quniform",
    "randint",
    "uniform",
]

_MOST_CHOICES = 1000  # each is in the definition, and compared with
T = TypeVar("T", bound=float | str)


def choice(values: Sequence[T]) -> Output[T]:
    """One of these.

    Raises:
        DefinitionError: it is no list, tuple or range, or one of more than 1,000 values.
    """
    if not isinstance(values, list | tuple | range):
        what = f"it takes a list of values, not {type(values).__name__}"
        raise DefinitionError([Problem("search.choice", what, "`search.choice([0.1, 0.2])`")])
    if len(values) > _MOST_CHOICES:
        hint = "`search.randint` and `search.uniform` search a range without a list"
        raise DefinitionError([Problem("search.choice", f"more than {_MOST_CHOICES} values: {len(values)}", hint)])
    return _space("choice", values=tuple(plain(value) for value in values))


def uniform(min_value: float, max_value: float) -> Output[float]:
    """Any number between the two, each as likely."""
    return _space("uniform", min_value=min_value, max_value=max_value)


def loguniform(min_value: float, max_value: float) -> Output[float]:
    """exp of a number between the two, each as likely: `loguniform(-6, -1)` is between 0.0025 and 0.37."""
    return _space("loguniform", min_value=min_value, max_value=max_value)


def quniform(min_value: float, max_value: float, q: float) -> Output[float]:
    """As `uniform`, rounded to a multiple of q."""
    return _space("quniform", min_value=min_value, max_value=max_value, q=q)


def qloguniform(min_value: float, max_value: float, q: float) -> Output[float]:
    """As `loguniform`, rounded to a multiple of q."""
    return _space("qloguniform", min_value=min_value, max_value=max_value, q=q)


def normal(mu: float, sigma: float) -> Output[float]:
    """Normally distributed about mu, with the standard deviation sigma."""
    return _space("normal", mu=mu, sigma=sigma)


def qnormal(mu: float, sigma: float, q: float) -> Output[float]:
    """As `normal`, rounded to a multiple of q."""
    return _space("qnormal", mu=mu, sigma=sigma, q=q)


def lognormal(mu: float, sigma: float) -> Output[float]:
    """exp of a normally distributed number."""
    return _space("lognormal", mu=mu, sigma=sigma)


def qlognormal(mu: float, sigma: float, q: float) -> Output[float]:
    """As `lognormal`, rounded to a multiple of q."""
    return _space("qlognormal", mu=mu, sigma=sigma, q=q)


def randint(upper: int) -> Output[int]:
    """A whole number from 0 up to, and without, upper."""
    return _space("randint", upper=upper)


def _space(type: str, **arguments: Any) -> Output[Any]:  # noqa: A002  Azure ML's word
    return cast("Output[Any]", Space(type, tuple(arguments.items())))
