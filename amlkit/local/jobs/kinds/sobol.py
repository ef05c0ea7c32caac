"""Sobol's sequence: points that fill the unit cube evenly. Pure; used by `search_space`.

Direction numbers: S. Joe and F. Y. Kuo, "Constructing Sobol sequences with better two-dimensional projections" (2008),
table `new-joe-kuo-6`; Gray code order after Antonov and Saleev (1979). A digital shift by the seed keeps the evenness.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

_BITS = 32
# (degree s, coefficients a, initial numbers m) for the dimensions after the first
_TABLE: tuple[tuple[int, int, tuple[int, ...]], ...] = (
    (1, 0, (1,)),
    (2, 1, (1, 3)),
    (3, 1, (1, 3, 1)),
    (3, 2, (1, 1, 1)),
    (4, 1, (1, 1, 3, 3)),
    (4, 4, (1, 3, 5, 13)),
    (5, 2, (1, 1, 5, 5, 17)),
    (5, 4, (1, 1, 5, 5, 5)),
    (5, 7, (1, 1, 7, 11, 19)),
)
MOST_DIMENSIONS = len(_TABLE) + 1


def sobol(dimensions: int, seed: str) -> Iterator[Sequence[float]]:
    """Points in `[0, 1)` per dimension, fewer than 2**32 of them; `dimensions` is at most `MOST_DIMENSIONS`."""
    directions = [_directions(index) for index in range(dimensions)]
    generator = random.Random(seed)  # noqa: S311  no secret is made of it
    state = [generator.getrandbits(_BITS) for _ in range(dimensions)]
    for number in range(2**_BITS - 1):
        yield [value / 2**_BITS for value in state]
        bit = (~number & (number + 1)).bit_length() - 1
        state = [value ^ numbers[bit] for value, numbers in zip(state, directions, strict=True)]


def _directions(dimension: int) -> list[int]:
    if dimension == 0:
        return [1 << (_BITS - 1 - bit) for bit in range(_BITS)]
    degree, coefficients, initial = _TABLE[dimension - 1]
    found = [number << (_BITS - 1 - bit) for bit, number in enumerate(initial)]
    for bit in range(degree, _BITS):
        value = found[bit - degree] ^ (found[bit - degree] >> degree)
        for k in range(1, degree):
            if (coefficients >> (degree - 1 - k)) & 1:
                value ^= found[bit - k]
        found.append(value)
    return found
