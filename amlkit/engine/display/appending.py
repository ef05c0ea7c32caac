"""What the displays that only append share: taking in events, one at a time, from many threads.

A plan with inert resources is printed at its end, because its head says how many there are.
"""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from typing import TextIO

from ..events import Event, MessageEvent, OutputsEvent, StepEvent
from .ledger import Ledger
from .words import painted


class Appending(ABC):
    """A display that prints as it goes. The subclass says how a step and a message read."""

    def __init__(self, ledger: Ledger, stream: TextIO) -> None:
        self._ledger = ledger
        self._stream = stream
        self._lock = threading.Lock()
        self._held: list[str] | None = [] if ledger.counts_inert else None

    def emit(self, event: Event) -> None:
        """Print what the event has to say now; outputs wait for the end."""
        with self._lock:
            match event:
                case StepEvent():
                    self._step(event)
                case MessageEvent():
                    if self._ledger.message(event):
                        self._message(event)
                case OutputsEvent():
                    self._ledger.outputs_seen(event)

    @abstractmethod
    def _step(self, event: StepEvent) -> None: ...

    @abstractmethod
    def _message(self, event: MessageEvent) -> None: ...

    def _head(self, *lines: str) -> None:
        """Begin: the title, and these lines below it."""
        if self._held is None:
            self._write(f"{self._ledger.title}:")
        self._write(*lines)

    def _let_go(self) -> None:
        """Print the head of a plan, now that it can count, and what was held back for it."""
        if self._held is not None:
            held, self._held = self._held, None
            self._write(f"{self._ledger.title}:", *held)

    def _write(self, *lines: str) -> None:
        if self._held is not None:
            self._held += lines
            return
        if self._ledger.look.colour == "always":
            lines = tuple(painted(line) for line in lines)
        self._stream.write("".join(f"{line}\n" for line in lines))
        self._stream.flush()
