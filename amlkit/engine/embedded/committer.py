"""Group commit: many threads change the state, one writes it, and each waits until its change is on disk.

Used by the operations around every step. The guarantee is that of a write before and after each step; the number of
writes is that of the slowest disk.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from .resource import Deployment


class Committer:
    """Writes states that others ask for. `write` is called by one thread only, never twice at once."""

    def __init__(self, write: Callable[[Deployment], None]) -> None:
        self._write = write
        self._changed = threading.Condition()
        self._factory: Callable[[], Deployment] | None = None
        self._asked = 0
        self._done = 0
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
        with self._changed:
            if self._closing:
                raise RuntimeError("the committer is closed")
            self._asked += 1
            turn = self._asked
            self._factory = deployment_factory
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._done >= turn or self._failure is not None)
            if self._failure is not None:
                raise self._failure

    def close(self) -> None:
        """Let a write that runs end, then stop."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        self._thread.join()

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._asked > self._done or self._closing)
                if self._asked == self._done:
                    return
                turn, factory = self._asked, self._factory
            try:
                assert factory is not None  # noqa: S101  set before `_asked`
                self._write(factory())
            except BaseException as error:  # the callers raise it
                with self._changed:
                    self._failure = error
                    self._changed.notify_all()
                return
            with self._changed:
                self._done = turn
                self._changed.notify_all()
