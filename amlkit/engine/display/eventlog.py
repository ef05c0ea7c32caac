"""`--event-log FILE`: every event of an operation in a file, beside the display; each starts the file anew."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from amlkit.errors import SetupError

from ..events import Event, Result
from .engineevents import EventLines

if TYPE_CHECKING:
    from . import Display


def log_file(place: str) -> TextIO:
    """The file, empty.

    Raises:
        SetupError: it cannot be written, or is an address of a server.
    """
    if place.startswith("tcp://"):
        raise SetupError(f"an event log over the network is not supported: {place}", hint="give a file")
    try:
        return Path(place).open("w", encoding="utf-8")
    except OSError as error:
        raise SetupError(f"the event log cannot be written: {error.strerror}", where=place) from error


class Logged:
    """A display that also writes the log, which it closes."""

    def __init__(self, shown: Display, file: TextIO, config: Mapping[str, str], *, planned: bool) -> None:
        self._file = file
        self._shown = shown
        self._lines = EventLines(file, config, planned=planned, whole=True)

    def emit(self, event: Event) -> None:
        """To both."""
        self._lines.emit(event)
        self._shown.emit(event)

    def close(self, result: Result) -> None:
        """To both; the file is whole before the last line is shown."""
        self._lines.close(result)
        self._file.close()
        self._shown.close(result)

    def abandon(self) -> None:
        """The log stops where it is."""
        self._file.close()
        self._shown.abandon()
