"""The pin: the tag by which a rollback holds an endpoint at one deployment until a promote clears it.

`amlkit.pin` on the endpoint is compact JSON: `deployment`, `digest` (of the definition), `who`, `why`, `at` (UTC).
Written by rollback, read by `publication` and `deployment`.
"""

from __future__ import annotations

import json
from typing import Any

from amlkit.errors import AmlkitError

from .cloud import Document

PIN_TAG = "amlkit.pin"
PREVIOUS_TAG = "amlkit.previous"  # the deployment that served before the one that serves


def pin_of(endpoint: Document) -> dict[str, Any] | None:
    """The pin of an endpoint, None if it is free.

    Raises:
        AmlkitError: there is a tag, but it is not a pin.
    """
    text = endpoint.tags.get(PIN_TAG)
    if not text:
        return None
    try:
        pin = json.loads(text)
        return {"deployment": str(pin["deployment"]), "digest": str(pin["digest"]), "at": str(pin["at"])} | {
            key: str(pin.get(key, "")) for key in ("who", "why")
        }
    except (ValueError, KeyError, TypeError) as error:
        hint = f"remove the tag `{PIN_TAG}`, or roll back again"
        raise AmlkitError(f"not a pin: {text}", where=endpoint.body.get("id", ""), hint=hint) from error


def cleared(pin: dict[str, Any] | None, clears: Any) -> bool:
    """Does a promote that clears the pin set at `clears` clear this one? Not a later one that it did not know."""
    return pin is not None and pin.get("at") == clears


def described(pin: dict[str, Any], wanted: str) -> str:
    """What the user is told: `pinned to vA by jane (slow): vB is built, not serving; promote clears the pin`."""
    who = f" by {pin['who']}" if pin.get("who") else ""
    why = f" ({pin['why']})" if pin.get("why") else ""
    built = f": {wanted} is built, not serving" if wanted and wanted != pin["deployment"] else ""
    return f"pinned to {pin['deployment']}{who}{why}{built}; promote clears the pin"
