"""Ctrl-C while an operation of the embedded engine runs; `operations` works inside it."""

from __future__ import annotations

import threading
from contextlib import AbstractContextManager

from amlkit.engine.signals import STOPPING, taken

from .session import Session


class Interrupts:
    """The first stops starting work, the second leaves at once what runs (and its notes in the state)."""

    def __init__(self, opened: Session) -> None:
        self._opened = opened
        self.count = 0

    def handled(self) -> AbstractContextManager[None]:
        """Take the signals while the operation works."""
        return taken(self._seen)

    def _seen(self, number: int) -> None:
        self.count += 1
        threading.Thread(target=self._act, args=(self.count,), daemon=True).start()

    def _act(self, count: int) -> None:
        if count == 1:
            self._opened.interrupted = True
            self._opened.tools.reporter.message("info", STOPPING)
            self._opened.tools.gate.stop()
        else:
            self._opened.abandoned = True
            self._opened.tools.reporter.message("error", f"{self._opened.kind} cancelled")
            self._opened.tools.registry.kill()
