"""The live tree of a terminal: resources under their parents, each with state and time, then the closing sections."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import TextIO

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.text import Text

from ..embedded.resource import STACK_TYPE
from ..events import Event, MessageEvent, Op, OutputsEvent, Result, StepEvent
from . import columns, words
from .ledger import Ledger, Row, tally

_REFRESHES_PER_SECOND = 8


class LiveTree:
    """A display that redraws itself. Unchanged resources are shown only as parents of what changes."""

    def __init__(self, ledger: Ledger, stream: TextIO) -> None:
        self._ledger = ledger
        self._lock = threading.RLock()
        self._passing: dict[str, str] = {}
        self._began = time.monotonic()
        self._over: Result | None = None
        self._ended = False
        self._form = 0
        self._console = Console(
            file=stream, highlight=False, soft_wrap=False, no_color=True if ledger.look.colour == "never" else None
        )
        if not ledger.counts_inert:  # else it is drawn anew, as the number grows
            self._console.print(self._title())
        for line in ledger.configuration:
            self._console.print(line, markup=False)
        self._live = Live(
            console=self._console,
            get_renderable=self._drawn,
            refresh_per_second=_REFRESHES_PER_SECOND,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._live.start()

    def emit(self, event: Event) -> None:
        """Take it in; the next redraw shows it."""
        with self._lock:
            match event:
                case StepEvent():
                    self._ledger.step(event)
                case MessageEvent():
                    last = event.message.strip().splitlines()[-1:]
                    if (event.severity != "debug" or self._ledger.look.debug) and last:
                        self._passing[event.urn or self._ledger.stack_urn] = last[0]
                    self._ledger.message(event)
                case OutputsEvent():
                    self._ledger.outputs_seen(event)

    def close(self, result: Result) -> None:
        """Draw the last state, then diagnostics, outputs and counts."""
        self._stop(result)
        self._console.print()
        for line in self._ledger.closing(result, nothing="    nothing to do"):
            self._console.print(_coloured(line), soft_wrap=True)
        self._console.print()

    def abandon(self) -> None:
        """Leave what was drawn, and take the counter away."""
        self._stop(None)

    def _stop(self, result: Result | None) -> None:
        with self._lock:
            self._over, self._ended = result, True
        self._live.stop()

    def _drawn(self) -> RenderableType:
        with self._lock:
            lines = [self._line(guide, row) for guide, row in self._rows()]
            if not lines:  # the program's imports alone take seconds
                return Group() if self._ended else Text(f"    starting ({self._elapsed()})", style="dim")
            width = self._console.width
            self._form = max(self._form, columns.form_for(lines, width))  # never back: types would flicker
            head = [self._title()] if self._ledger.counts_inert else []
            if not self._ended:
                lines = _in_sight(lines, self._console.height - 1 - len(head))
            fitted = columns.fitted(lines, width, self._form)
            return Group(*head, *(_text(line, fitted) for line in fitted.lines))

    def _title(self) -> Text:
        return Text(self._ledger.title, style="bold")

    def _line(self, guide: str, row: Row) -> columns.Line:
        event = row.event
        look = words.WORDS[words.seen_as(event)]
        told = tally(row.messages) if self._over else ""
        return columns.Line(
            symbol=look.symbol,
            colour=look.colour,
            guide=guide,
            kind=event.type,
            name=self._ledger.name(event.urn),
            state=self._status(row),
            info="; ".join(part for part in (words.difference(event), told) if part),
            passing="" if self._over else self._passing.get(event.urn, ""),
            busy=event.state != "done",
        )

    def _elapsed(self) -> str:
        return f"{time.monotonic() - self._began:.0f}s"

    def _status(self, row: Row) -> str:
        event = row.event
        if event.type == STACK_TYPE and self._over and not self._over.succeeded:
            return "**failed**"
        if event.type == STACK_TYPE and not self._over and event.op is not Op.DELETE and not self._ledger.planned:
            return f"running ({self._elapsed()})"
        if event.state == "done" and self._ledger.is_quiet(event):
            return ""
        return words.status(event, self._ledger.planned, time.monotonic() - row.began, self._ledger.look)

    def _rows(self) -> Iterator[tuple[str, Row]]:
        """The rows to show, parents first, each with the lines that lead to it."""
        ledger = self._ledger
        shown: set[str] = set()
        for urn, row in ledger.rows.items():
            if (
                not (ledger.is_quiet(row.event) and row.event.state == "done")
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


def _in_sight(lines: list[columns.Line], room: int) -> list[columns.Line]:
    """As many lines as the terminal has rows: what is done goes first, then what is above."""
    excess = len(lines) - max(room, 1)
    kept = []
    for line in lines:
        if excess > 0 and not line.busy:
            excess -= 1
            continue
        kept.append(line)
    return kept[-max(room, 1) :]


def _text(line: columns.Line, fitted: columns.Columns) -> Text:
    text = Text(no_wrap=True, overflow="ellipsis")
    text.append(f" {line.symbol}  ", style=line.colour)
    text.append(f"{line.guide + line.kind:<{fitted.kinds}}  ", style="" if line.colour else "dim")
    text.append(f"{line.name:<{fitted.names}}  ")
    text.append(line.state, style="bold red" if "failed**" in line.state else line.colour)
    if line.info:
        text.append(f"{'  ' if line.state else ''}{line.info}", style="dim")
    return text


def _coloured(line: str) -> Text:
    return Text.from_ansi(words.painted(line))
