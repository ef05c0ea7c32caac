"""Equal work is done once at a time: who comes second waits for the first to land, and then looks again.

Used by the scheduler. A flight is named by workspace and fingerprint key.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

Key = tuple[str, str]


class Flights:
    """The work under way in this process."""

    def __init__(self) -> None:
        self._waiting: dict[Key, list[Callable[[], None]]] = {}
        self._lock = threading.Lock()

    def claim(self, key: Key, landed: Callable[[], None]) -> bool:
        """True: the caller has it, and must `land` it. False: another has; `landed` is called when that is over."""
        with self._lock:
            if key in self._waiting:
                self._waiting[key].append(landed)
                return False
            self._waiting[key] = []
            return True

    def land(self, key: Key) -> None:
        """The work is over, well or not; its result is committed."""
        with self._lock:
            waiting = self._waiting.pop(key, [])
        for landed in waiting:
            landed()
