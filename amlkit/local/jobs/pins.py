"""Which results a run has begun to use, so that the garbage collection lets them lie.

A judge holds a result before it looks whether it is whole; the collection removes only what nobody holds, under the
same lock. A result is named by its unit: the job in whose folder it lies.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterable

_DEFAULT_PLACE = re.compile(r"azureml://(?:.*/)?datastores/[^/]+/paths/azureml/([^/]+)/[^/]+/?", re.IGNORECASE)


def unit_of(uri: str) -> str | None:
    """The job in whose folder an output lies; None for a place that a caller chose."""
    match = _DEFAULT_PLACE.fullmatch(uri)
    return match[1] if match else None


class Pins:
    """The units that runs under way use. Safe to use from any thread."""

    def __init__(self) -> None:
        self._users: dict[str, set[str]] = {}
        self._used: dict[str, set[str]] = {}
        self._lock = threading.Lock()

    def hold(self, run: str, uris: Iterable[str]) -> None:
        """A run begins to use what lies there."""
        units = {unit for uri in uris if (unit := unit_of(uri))}
        with self._lock:
            self._used.setdefault(run, set()).update(units)
            for unit in units:
                self._users.setdefault(unit, set()).add(run)

    def release(self, run: str) -> None:
        """The run is over."""
        with self._lock:
            for unit in self._used.pop(run, ()):
                users = self._users[unit]
                users.discard(run)
                if not users:
                    del self._users[unit]

    def remove(self, unit: str, removal: Callable[[], None]) -> bool:
        """Call `removal`, unless a run uses the unit: False then."""
        with self._lock:
            if unit in self._users:
                return False
            removal()
            return True
