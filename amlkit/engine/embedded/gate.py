"""Who may start work, and how all of it is stopped: a failed step, Ctrl-C, a program that ended badly.

One `Gate` an operation; `registrar`, `deleting` and `refreshing` ask it before they start anything.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from amlkit.errors import EngineError


class Stopped(Exception):  # noqa: N818  not an error: the order to start nothing more
    """Nothing new may start."""


class ConsequenceError(EngineError):
    """What fails only because something else did (the program or a plugin ended meanwhile): no news beside that."""


class BrokenOffError(EngineError):
    """A plugin was gone in the middle of a call: nobody knows what it had done."""


class AlsoBrokenOffError(ConsequenceError, BrokenOffError):
    """The same at another call, when the end of the plugin has been told."""


class AbandonedError(ConsequenceError):
    """What the engine itself broke off: nobody knows how it ended."""


class Gate:
    """At most `parallel` pieces of work at a time, and none after `stop`."""

    def __init__(self, parallel: int) -> None:
        self._slots = threading.Semaphore(parallel)
        self._changed = threading.Condition()
        self._stopped = False
        self._inside = 0

    @property
    def stopped(self) -> bool:
        """Was `stop` called?"""
        return self._stopped

    def stop(self) -> None:
        """Let nothing new start; what runs goes on."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()

    def check(self) -> None:
        """Raises Stopped after `stop`."""
        if self._stopped:
            raise Stopped

    def check_failed(self, failed: bool) -> None:
        """Stop if something failed already. Raises Stopped then."""
        if failed:
            self.stop()
        self.check()

    @contextmanager
    def enter(self) -> Iterator[None]:
        """Count as work that `wait_idle` waits for.

        Raises:
            Stopped: nothing may start.
        """
        with self._changed:
            self.check()
            self._inside += 1
        try:
            yield
        finally:
            with self._changed:
                self._inside -= 1
                self._changed.notify_all()

    @contextmanager
    def slot(self) -> Iterator[None]:
        """One of the parallel places, waited for.

        Raises:
            Stopped: nothing may start, also if that was said while waiting.
        """
        with self._slots:
            self.check()
            yield

    def wait_idle(self, timeout: float | None = None) -> bool:
        """Wait until nothing is inside; False if that took too long."""
        with self._changed:
            return self._changed.wait_for(lambda: self._inside == 0, timeout)
