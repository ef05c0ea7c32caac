"""Signals that ask to end, given to whoever knows what to do: `official` and the embedded engine's `interrupts`."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

STOPPING = "stopping: what is under way is finished first; interrupt again to leave it"
"""What the first one is answered with."""


@contextmanager
def taken(take: Callable[[int], None]) -> Iterator[None]:
    """Have `take` called with the number of each SIGINT and SIGTERM in here; only the main thread can."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    wanted = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.signal(number, lambda number, frame: take(number)) for number in wanted}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
