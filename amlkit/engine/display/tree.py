"""The live tree of a terminal: resources under their parents, each with state and time, then the closing sections."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import TextIO

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.text import Text

from ..events import Event, MessageEvent, Op, OutputsEvent, Result, StepEvent
from . import words
from .ledger import STACK_TYPE, Ledger, Row, name_of, tally

_REFRESHES_PER_SECOND = 8
_SHORTEST_NAME = 12


class LiveTree:
    """A display that redraws itself. Unchanged resources are shown only as parents of what changes."""

    def __init__(self, verb: str, stack: str, planned: bool, stream: TextIO) -> None:
        self._ledger = Ledger(verb, stack, planned)
        self._lock = threading.RLock()
        self._passing: dict[str, str] = {}
        self._began = time.monotonic()
        self._over: Result | None = None
        self._console = Console(file=stream, highlight=False, soft_wrap=False)
        self._console.print(Text(f"{words.TITLES[verb, planned]} ({stack})", style="bold"))
        self._live = Live(
            console=self._console,
            get_renderable=self._drawn,
            refresh_per_second=_REFRESHES_PER_SECOND,
            redirect_stdout=False,
            redirect_stderr=False,
        )

    def emit(self, event: Event) -> None:
        """Take it in; the next redraw shows it."""
        with self._lock:
            if not self._live.is_started:  # not before: what keeps an operation from beginning is told on a calm screen
                self._live.start()
            match event:
                case StepEvent():
                    self._ledger.step(event)
                case MessageEvent():
                    last = event.message.strip().splitlines()[-1:]
                    if event.severity != "debug" and last:
                        self._passing[event.urn or self._ledger.stack_urn] = last[0]
                    self._ledger.message(event)
                case OutputsEvent():
                    self._ledger.outputs = event

    def close(self, result: Result) -> None:
        """Draw the last state, then diagnostics, outputs and counts."""
        with self._lock:
            self._over = result
        self._live.start()
        self._live.stop()
        self._console.print()
        for line in self._ledger.closing(result):
            self._console.print(_coloured(line), soft_wrap=True)

    def _drawn(self) -> RenderableType:
        with self._lock:
            rows = list(self._rows())
            if not rows:
                return Text("" if self._over else f"    {time.monotonic() - self._began:.0f}s", style="dim")
            kinds = max(len(guide) + len(row.event.type) for guide, row in rows)
            names = max(_SHORTEST_NAME, *(len(name_of(row.event.urn)) for _, row in rows))
            return Group(*(self._line(guide, row, kinds, names) for guide, row in rows))

    def _line(self, guide: str, row: Row, kinds: int, names: int) -> Text:
        event = row.event
        look = words.WORDS[words.seen_as(event)]
        state = self._status(row)
        text = Text(no_wrap=True, overflow="ellipsis")
        text.append(f" {look.symbol}  ", style=look.colour)
        text.append(f"{guide + event.type:<{kinds}}  ", style="" if look.colour else "dim")
        text.append(f"{name_of(event.urn):<{names}}  ")
        text.append(f"{state}  " if state else "", style="bold red" if "failed**" in state else look.colour)
        text.append(self._info(row), style="dim")
        return text

    def _status(self, row: Row) -> str:
        event = row.event
        if event.type == STACK_TYPE and self._over and not self._over.succeeded:
            return "**failed**"
        if event.type == STACK_TYPE and not self._over and event.op is not Op.DELETE and not self._ledger.planned:
            return f"running ({time.monotonic() - self._began:.0f}s)"
        if event.state == "done" and words.is_quiet(event):
            return ""
        return words.status(event, self._ledger.planned, time.monotonic() - row.began)

    def _info(self, row: Row) -> str:
        told = tally(row.messages) if self._over else self._passing.get(row.event.urn, "")
        return "; ".join(part for part in (words.difference(row.event.changes), told) if part)

    def _rows(self) -> Iterator[tuple[str, Row]]:
        """The rows to show, parents first, each with the lines that lead to it."""
        ledger = self._ledger
        shown: set[str] = set()
        for urn, row in ledger.rows.items():
            if (
                not (words.is_quiet(row.event) and row.event.state == "done")
                or row.messages
                or row.event.type == STACK_TYPE
            ):
                while urn in ledger.rows and urn not in shown:
                    shown.add(urn)
                    urn = ledger.rows[urn].event.parent
        children: dict[str, list[str]] = {}
        for urn, row in ledger.rows.items():
            if urn in shown:
                parent = row.event.parent if row.event.parent in shown else ""
                children.setdefault(parent, []).append(urn)
        yield from self._below("", "", children, top=True)

    def _below(
        self, parent: str, lead: str, children: dict[str, list[str]], *, top: bool = False
    ) -> Iterator[tuple[str, Row]]:
        family = children.get(parent, [])
        for index, urn in enumerate(family):
            last = index == len(family) - 1
            yield ("" if top else f"{lead}{'└─ ' if last else '├─ '}"), self._ledger.rows[urn]
            yield from self._below(urn, "" if top else f"{lead}{'   ' if last else '│  '}", children)


_SIGNS = {"+": "green", "-": "red", "~": "yellow"}


def _coloured(line: str) -> Text:
    text = Text(line)
    sign = line.strip()[:1]
    if line.startswith("  ") and sign in _SIGNS:
        text.stylize(_SIGNS[sign])
    elif line and not line.startswith(" ") and line.endswith(":"):
        text.stylize("bold")
    elif line.lstrip().startswith("error:"):
        text.stylize("red")
    return text
