"""Logs of steps: their last lines, and a limit to what a step may fill the disk with.

Processes write to their logs themselves. A `Keeper` looks at the size of the logs under way and takes the middle out of
those that are too long, so that the beginning and the end stay; a line in between says how much is missing.
Used by the runner.
"""

from __future__ import annotations

import contextlib
import os
import re
import threading
import time
from collections.abc import Iterator
from pathlib import Path

MOST = 64 * 1024**2  # bytes of one log
_HEAD = 16 * 1024**2
_TAIL = 16 * 1024**2
_LOOK_SECONDS = 0.25
_SHOWN_BYTES = 16_384
_SHOWN_WIDTH = 2_000  # characters of one line
_UNSEEN = re.compile(r"[^\t\x20-\x7e\xa0-\U0010ffff]")


class Keeper:
    """Keeps logs short. `watching` is used by the threads of steps; one thread of ours looks, while there are any."""

    def __init__(self) -> None:
        self._logs: dict[Path, _Log] = {}
        self._lock = threading.Lock()
        self._changed = threading.Condition(self._lock)
        self._thread: threading.Thread | None = None

    @contextlib.contextmanager
    def watching(self, *files: Path) -> Iterator[None]:
        """Keep these short until the block is left; afterwards they are."""
        logs = [_Log(file) for file in files]
        with self._lock:
            self._logs |= {log.file: log for log in logs}
            if self._thread is None:
                self._thread = threading.Thread(target=self._look, daemon=True, name="logs")
                self._thread.start()
            self._changed.notify()
        try:
            yield
        finally:
            with self._lock:
                for log in logs:
                    self._logs.pop(log.file, None)
            for log in logs:
                log.shorten()

    def _look(self) -> None:
        while True:
            with self._lock:
                while not self._logs:
                    self._changed.wait()
                logs = list(self._logs.values())
            for log in logs:
                log.shorten()
            time.sleep(_LOOK_SECONDS)  # the kernel tells nobody that a file grows


class _Log:
    """One log that somebody appends to."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self._lock = threading.Lock()
        self._dropped = 0
        self._head = 0  # where the head ends; 0: nothing was taken out yet
        self._note = b""

    def shorten(self) -> None:
        """Take the middle out, if it is too long."""
        with self._lock, contextlib.suppress(OSError):
            if self.file.stat().st_size > MOST:
                with self.file.open("rb+") as file:
                    self._cut(file.fileno())

    def _cut(self, file: int) -> None:
        size = os.fstat(file).st_size
        if not self._head:
            self._head = _end_of_line(file, _HEAD)
        tail = os.pread(file, _TAIL, size - _TAIL)
        tail = tail[tail.find(b"\n") + 1 :]
        self._dropped += size - self._head - len(self._note) - len(tail)
        self._note = f"amlkit: the log is too long, {self._dropped:,} bytes are left out here\n".encode()
        os.ftruncate(file, self._head)  # what a process writes from now on follows the head, as it appends
        with self.file.open("ab") as end:
            end.write(self._note + tail)


def tail(file: Path, lines: int = 20) -> list[str]:
    """The last lines of a text, without reading all of it and without what no terminal shows; empty if it is."""
    try:
        with file.open("rb") as source:
            size = source.seek(0, 2)
            source.seek(max(0, size - _SHOWN_BYTES))
            text = source.read().decode(errors="replace")
    except OSError:
        return []
    found = [_UNSEEN.sub("\N{REPLACEMENT CHARACTER}", line) for line in text.splitlines()]
    if size > _SHOWN_BYTES and len(found) > 1:
        found = found[1:]
    return [line if len(line) <= _SHOWN_WIDTH else f"{line[:_SHOWN_WIDTH]}…" for line in found[-lines:]]


def _end_of_line(file: int, before: int) -> int:
    """Where the last line that ends before a byte ends; the byte itself, if the line is a very long one."""
    piece = os.pread(file, _SHOWN_BYTES, max(0, before - _SHOWN_BYTES))
    end = piece.rfind(b"\n") + 1
    return before - len(piece) + end if end else before
