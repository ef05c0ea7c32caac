"""The class arguments that say how a step runs, read into `Options`; each that makes no sense is a problem.

Called by the kinds with what the user wrote, whatever its type.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import Any

from ...errors import Problem
from ..definition import snake_case
from ..options import Distribution, Mpi, Options, Pairs, PyTorch, TensorFlow

NOTHING: Mapping[str, str] = MappingProxyType({})
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_MOST = 2**31 - 1  # what a number of Azure ML's API can hold
_SIZE = re.compile(r"[1-9][0-9]*[bkmg]?", re.IGNORECASE)


def options(
    cls: type,
    *,
    environment_variables: Any = NOTHING,
    timeout: Any = None,
    retries: Any = 0,
    instances: Any = 1,
    shm_size: Any = "",
    distribution: Any = None,
    tags: Any = NOTHING,
) -> tuple[Options, tuple[Problem, ...]]:
    """The options of a step, with harmless values in the place of wrong ones, and every problem."""
    where = snake_case(cls.__name__)
    problems: list[Problem] = []
    seconds = seconds_of(timeout, f"{where}.timeout", problems)
    found = Options(
        variables=_pairs(environment_variables, f"{where}.environment_variables", problems, _VARIABLE),
        timeout_seconds=seconds,
        retries=whole(retries, 0, f"{where}.retries", problems),
        instances=whole(instances, 1, f"{where}.instances", problems),
        shm_size=shm_size if isinstance(shm_size, str) else "",
        distribution=_distribution(distribution, f"{where}.distribution", problems),
        tags=_pairs(tags, f"{where}.tags", problems),
    )
    if shm_size not in ("", None) and not (isinstance(shm_size, str) and _SIZE.fullmatch(shm_size)):
        problems.append(Problem(f"{where}.shm_size", f"not a size: {shm_size!r}", 'write `"2g"` or `"512m"`'))
    return found, tuple(problems)


def seconds_of(value: Any, where: str, problems: list[Problem]) -> int | None:
    """A time limit in whole seconds, rounded up; None for none."""
    if value is None:
        return None
    seconds = value.total_seconds() if isinstance(value, timedelta) else value
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 < seconds <= _MOST:
        problems.append(Problem(where, f"not a time above 0: {value!r}", "give seconds or a `timedelta`"))
        return None
    return math.ceil(seconds)


def whole(value: Any, least: int, where: str, problems: list[Problem]) -> int:
    """A whole number that is not too small."""
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        problems.append(Problem(where, f"not a whole number of {least} or more: {value!r}"))
        return least
    if value > _MOST:
        problems.append(Problem(where, f"a number above {_MOST}"))
        return least
    return value


def _pairs(value: Any, where: str, problems: list[Problem], names: re.Pattern[str] | None = None) -> Pairs:
    if not isinstance(value, Mapping):
        problems.append(Problem(where, f"not a mapping of names to texts: {value!r}", 'write `{"NAME": "value"}`'))
        return ()
    for name, item in value.items():
        problems += _pair_problems(name, item, where, names)
    return tuple(sorted((str(name), str(item)) for name, item in value.items()))


def _pair_problems(name: Any, item: Any, where: str, names: re.Pattern[str] | None) -> Iterator[Problem]:
    if not isinstance(name, str) or not name or (names and not names.fullmatch(name)):
        yield Problem(where, f"not a legal name: {name!r}", "letters, digits and `_`" if names else "")
    if not isinstance(item, str):
        yield Problem(where, f"the value of `{name}` is not a text: {item!r}", f'write `"{item}"`')


def _distribution(value: Any, where: str, problems: list[Problem]) -> Distribution | None:
    if value is None:
        return None
    if not isinstance(value, PyTorch | Mpi | TensorFlow):
        hint = "use `PyTorch(…)`, `Mpi(…)` or `TensorFlow(…)` of `amlkit.distribution`"
        problems.append(Problem(where, f"not a distribution: {value!r}", hint))
        return None
    if isinstance(value, TensorFlow):
        whole(value.workers, 1, f"{where}.workers", problems)
        whole(value.parameter_servers, 0, f"{where}.parameter_servers", problems)
    else:
        whole(value.processes_per_instance, 1, f"{where}.processes_per_instance", problems)
    return value
