"""What the displays that only append share: taking in events, one at a time, from many threads."""

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

    def _write(self, *lines: str) -> None:
        if self._ledger.look.colour == "always":
            lines = tuple(painted(line) for line in lines)
        self._stream.write("".join(f"{line}\n" for line in lines))
        self._stream.flush()
