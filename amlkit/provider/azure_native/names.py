"""The name of a resource whose program gives none. Pure; used by `check`.

As the official provider does: a suffix drawn from the engine's seed, so that a preview and the update after it in
one run agree; children are named after their logical name.
"""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import dataclass
from typing import Literal

from .types import Naming, ResourceType

CREATE_FIRST = "__createBeforeDelete"  # an input, kept in the state: the name is random, so old and new can coexist

_DIGITS = 8


@dataclass(frozen=True)
class Autonaming:
    """What the engine's configuration says of names: use `proposed` (`propose`, `enforce`), or make none."""

    mode: Literal["default", "propose", "enforce", "disable"] = "default"
    proposed: str = ""


DEFAULT = Autonaming()


def automatic(row: ResourceType, logical: str, seed: bytes, wish: Autonaming) -> tuple[str, bool] | None:
    """A name, and whether it is random (the resource can then be replaced by creating first); None: make none."""
    if wish.mode == "disable":
        return None
    if wish.mode == "enforce":
        return wish.proposed, True
    if row.naming is Naming.UUID:
        return str(uuid.UUID(hex=_hex(seed, 32))), True
    if wish.mode == "propose":
        return wish.proposed, True
    if row.naming is Naming.RANDOM:
        return logical + _hex(seed, _DIGITS), True
    return logical, False


def _hex(seed: bytes, digits: int) -> str:
    return hashlib.sha512(seed or uuid.uuid4().bytes).hexdigest()[:digits]
