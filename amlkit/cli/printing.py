"""Log bytes on standard output: as they are where one log goes into a file or pipe, else line by line with names.

A terminal never gets control characters of a step, colours apart; a line without an end is cut, not collected.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import BinaryIO

from amlkit.delivery.logs import News

_LONGEST = 64 << 10  # bytes of a line that are kept back for its end, where several logs mix
_UNSAFE = re.compile(r"\x1b(?!\[[0-9;]*m)|[\x00-\x08\x0b\x0c\x0e-\x1a\x1c-\x1f\x7f-\x9f]")


def harmless(text: str) -> str:
    """What a step wrote, for a terminal: control characters as text, colours as they are."""
    return _UNSAFE.sub(lambda match: f"\\x{ord(match[0]):02x}", text)


def plain(name: str) -> str:
    """A name on one line: whatever is not printable as text."""
    return "".join(each if each.isprintable() else ascii(each)[1:-1] for each in name)


class Printer:
    """Prints what comes of any number of logs. `end` prints lines that never ended."""

    def __init__(self, out: BinaryIO) -> None:
        self._out = out
        self._is_terminal = out.isatty()
        self._open: dict[str, bytes] = {}

    def take(self, news: Iterable[News]) -> None:
        """Print what is new; `label` is empty where there is only one log, whose bytes then go out as they are."""
        for item in news:
            if not item.label and not self._is_terminal:
                self._out.write(item.content)
                continue
            *whole, rest = (self._open.pop(item.label, b"") + item.content).split(b"\n")
            for line in whole:
                self._print(item.label, line)
            if len(rest) > _LONGEST:
                self._print(item.label, rest)
                rest = b""
            if rest:
                self._open[item.label] = rest
        self._out.flush()

    def line(self, label: str, text: str) -> None:
        """Print one line."""
        self._print(label, text.encode())
        self._out.flush()

    def end(self) -> None:
        """Print the lines that have no end."""
        for label, rest in self._open.items():
            self._print(label, rest)
        self._open.clear()
        self._out.flush()

    def _print(self, label: str, line: bytes) -> None:
        if self._is_terminal:
            line = harmless(line.decode(errors="replace")).encode()
        self._out.write((f"{label} | ".encode() if label else b"") + line + b"\n")
