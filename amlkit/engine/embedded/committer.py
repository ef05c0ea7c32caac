"""Group commit: many threads change the state, one writes it, and each waits until its change is on disk.

Used by the operations around every step. The guarantee is that of a write before and after each step; the number of
writes is that of the slowest disk. A write costs what the disk takes, nearly whatever is in it: so the next one waits a
little for those whom the last one served, who mostly come back with their next change.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from .resource import Deployment

_PATIENCE = 0.5
"""How long a write waits for more callers, as a part of the time that the last one took."""


class Committer:
    """Writes states that others ask for. `write` is called by one thread only, never twice at once."""

    def __init__(self, write: Callable[[Deployment], None]) -> None:
        self._write = write
        lock = threading.Lock()
        self._wanted = threading.Condition(lock)
        self._written = threading.Condition(lock)
        self._factory: Callable[[], Deployment] | None = None
        self._asked = 0
        self._done = 0
        self._company = 1
        self._took = 0.0
        self._failure: BaseException | None = None
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="committer", daemon=True)
        self._thread.start()

    def commit(self, deployment_factory: Callable[[], Deployment]) -> None:
        """Return when a state that was taken after this call began is on disk.

        The factory is called by the writer, so it must be safe beside the engine's own threads; of several callers
        that wait at once, the last one's factory is called, once, for all of them.

        Raises:
            BaseException: what `write` or the factory raised; every later call raises it too.
        """
        with self._written:
            if self._closing:
                raise RuntimeError("the committer is closed")
            self._asked += 1
            turn = self._asked
            self._factory = deployment_factory
            self._wanted.notify()
            self._written.wait_for(lambda: self._done >= turn or self._failure is not None)
            if self._failure is not None:
                raise self._failure

    def close(self) -> None:
        """Let a write that runs end, then stop."""
        with self._wanted:
            self._closing = True
            self._wanted.notify()
        self._thread.join()

    def _run(self) -> None:
        while True:
            with self._wanted:
                self._wanted.wait_for(lambda: self._asked > self._done or self._closing)
                if self._asked == self._done:
                    return
                self._wanted.wait_for(self._in_company, self._took * _PATIENCE)
                turn, factory = self._asked, self._factory
            began = time.monotonic()
            try:
                assert factory is not None  # noqa: S101  set before `_asked`
                self._write(factory())
            except BaseException as error:  # the callers raise it
                with self._written:
                    self._failure = error
                    self._written.notify_all()
                return
            self._took = time.monotonic() - began
            with self._written:
                self._company, self._done = self._asked - self._done, turn
                self._written.notify_all()

    def _in_company(self) -> bool:
        """Have as many asked as at the end of the last write were either served by it or waiting already?"""
        return self._asked - self._done >= self._company or self._closing
