"""Search spaces and how points of them are drawn: a point of the unit cube becomes a value for each input. Pure.

Used by `sweep` (to read and check) and by `sweeping` (to draw). Distributions are those of azure-ai-ml's
`azure.ai.ml.sweep`: `loguniform` gives e^uniform(min, max), `lognormal` e^normal(mu, sigma), and `q…` rounds to
multiples of q.
"""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Iterator, Mapping, Sequence
from statistics import NormalDist
from typing import Any

from ..values import Problems
from .reading import member
from .sobol import MOST_DIMENSIONS, sobol

Space = Mapping[str, Mapping[str, Any]]
_ARGUMENTS = {
    "choice": ("values",),
    "randint": ("upper",),
    "uniform": ("min_value", "max_value"),
    "loguniform": ("min_value", "max_value"),
    "quniform": ("min_value", "max_value", "q"),
    "qloguniform": ("min_value", "max_value", "q"),
    "normal": ("mu", "sigma"),
    "lognormal": ("mu", "sigma"),
    "qnormal": ("mu", "sigma", "q"),
    "qlognormal": ("mu", "sigma", "q"),
}


def read_space(given: Any, place: str, problems: Problems) -> dict[str, dict[str, Any]]:
    """`{"lr": {"type": "uniform", "min_value": 0.1, "max_value": 0.5}}` of a node's or a job's spelling of it."""
    named = problems.mapping(given, place)
    if not named:
        problems.add(place, "nothing to search")
    return {name: found for name, item in named.items() if (found := _read(item, f"{place}.{name}", problems))}


def check_sampling(sampling: Mapping[str, Any], space: Space, place: str, problems: Problems) -> None:
    """What a way of sampling cannot draw is a problem."""
    if sampling["type"] == "grid":
        for name, item in space.items():
            if item["type"] != "choice":
                problems.add(place, f"grid sampling needs a choice for each input, but {name} is {item['type']}")
    rule = sampling.get("rule", "random")
    if rule not in ("random", "sobol"):
        problems.add(place, f"no such rule: {rule}; there is: random, sobol")
    if rule == "sobol" and len(space) > MOST_DIMENSIONS:
        problems.add(place, f"sobol takes up to {MOST_DIMENSIONS} inputs in the local Azure ML, not {len(space)}")
    try:
        _base(sampling)
    except ValueError:
        problems.add(f"{place}.logbase", f"it must be e or a number over 0 that is not 1: {sampling['logbase']}")


def points(sampling: Mapping[str, Any], space: Space, seed: str) -> Iterator[dict[str, Any]]:
    """The values of one trial after the other: all of a grid, else without an end, the same for the same `seed`.

    Bayesian sampling draws at random here: nothing is learnt from the trials before.
    """
    if sampling["type"] == "grid":
        for values in itertools.product(*(item["values"] for item in space.values())):
            yield dict(zip(space, values, strict=True))
        return
    base = _base(sampling)
    chosen = sampling.get("seed", seed)
    drawn = sobol(len(space), str(chosen)) if sampling.get("rule") == "sobol" else _cube(len(space), chosen)
    for point in drawn:
        yield {name: _value(item, u, base) for (name, item), u in zip(space.items(), point, strict=True)}


def _read(item: Any, place: str, problems: Problems) -> dict[str, Any]:
    if isinstance(item, list) and len(item) == 2 and isinstance(item[1], list):
        kind, arguments = str(item[0]), dict(zip(_ARGUMENTS.get(str(item[0]), ()), item[1], strict=False))
    else:
        body = problems.mapping(item, place)
        kind = str(body.get("type"))
        arguments = {name: member(body, name) for name in _ARGUMENTS.get(kind, ())}
    if kind not in _ARGUMENTS:
        problems.add(place, f"no such distribution: {kind}; there is: {', '.join(_ARGUMENTS)}")
        return {}
    wrong = _wrong(kind, arguments)
    if wrong:
        problems.add(place, wrong)
        return {}
    return {"type": kind, **arguments}


def _wrong(kind: str, arguments: Mapping[str, Any]) -> str:
    if kind == "choice":
        values = arguments.get("values")
        if not isinstance(values, list) or not values:
            return "a choice needs values"
        nested = [value for value in values if not isinstance(value, str | int | float | bool)]
        return f"a choice of such values does not run in the local Azure ML: {nested[0]!r}" if nested else ""
    for name in _ARGUMENTS[kind]:
        value = arguments.get(name)
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            return f"{kind} needs a number for {name}, not {value!r}"
    if "min_value" in arguments and arguments["min_value"] > arguments["max_value"]:
        return f"its smallest value is over its largest: {arguments['min_value']}, {arguments['max_value']}"
    for name in ("sigma", "q", "upper"):
        if name in arguments and arguments[name] <= 0:
            return f"{kind} needs a {name} over 0, not {arguments[name]}"
    return ""


def _cube(dimensions: int, seed: Any) -> Iterator[Sequence[float]]:
    generator = random.Random(f"{seed}")  # noqa: S311  no secret is made of it
    while True:
        yield [generator.random() for _ in range(dimensions)]


def _value(item: Mapping[str, Any], u: float, base: float) -> Any:
    kind = str(item["type"])
    if kind == "choice":
        return item["values"][min(int(u * len(item["values"])), len(item["values"]) - 1)]
    if kind == "randint":
        return min(int(u * int(item["upper"])), int(item["upper"]) - 1)
    if "min_value" in item:
        found = item["min_value"] + u * (item["max_value"] - item["min_value"])
    else:
        found = NormalDist(item["mu"], item["sigma"]).inv_cdf(min(max(u, 1e-12), 1 - 1e-12))
    if "log" in kind:
        found = base**found
    if "q" in item:
        found = float(f"{round(found / item['q']) * item['q']:.12g}")
        return int(found) if found.is_integer() else found
    return found


def _base(sampling: Mapping[str, Any]) -> float:
    text = str(sampling.get("logbase", "e"))
    base = math.e if text == "e" else float(text)
    if base <= 0 or base == 1 or not math.isfinite(base):
        raise ValueError(text)
    return base
