"""Plain lines, a line an event, for logs and pipes: what the Pulumi CLI prints without a terminal."""

from __future__ import annotations

from typing import TextIO

from ..embedded.resource import STACK_TYPE
from ..events import MessageEvent, Result, StepEvent
from . import words
from .appending import Appending
from .ledger import Ledger, tally, type_of


class PlainLines(Appending):
    """A display that only appends. Unchanged resources are counted, not printed."""

    def __init__(self, ledger: Ledger, stream: TextIO) -> None:
        super().__init__(ledger, stream)
        self._head("", *ledger.configuration)

    def close(self, result: Result) -> None:
        """Print the stack's last line, diagnostics, outputs and counts."""
        with self._lock:
            self._let_go()
            said = [each for each in self._ledger.messages if not each.urn or type_of(each.urn) == STACK_TYPE]
            if said or not result.succeeded:
                mark = "" if result.succeeded else "**failed** "
                name = self._ledger.name(self._ledger.stack_urn) or self._ledger.stack
                self._write(f"    {STACK_TYPE} {name} {mark}{tally(said)}".rstrip())
            self._write(*self._ledger.closing(result), "")

    def abandon(self) -> None:
        """Nothing is left to say."""
        self._let_go()

    def _step(self, event: StepEvent) -> None:
        row = self._ledger.step(event)
        if row is None or self._ledger.is_quiet(event) or (self._ledger.planned and event.state == "started"):
            return
        first = event.error.strip().splitlines()[:1] if event.state == "failed" else []
        self._write(
            _line(
                event,
                self._ledger.name(event.urn),
                words.status(event, self._ledger.planned, look=self._ledger.look),
                *[f"error: {text}" for text in first],
            )
        )

    def _message(self, event: MessageEvent) -> None:
        prefix = "" if event.severity == "info" else f"{event.severity}: "
        urn = event.urn or self._ledger.stack_urn
        head = f"{type_of(urn) or STACK_TYPE} {self._ledger.name(urn) or self._ledger.stack}"
        for index, text in enumerate(event.message.strip("\n").splitlines()):
            self._write(f"    {head} {'' if index else prefix}{text}".rstrip())


def _line(event: StepEvent, name: str, status: str, *more: str) -> str:
    parts = [status, words.difference(event), *more]
    rest = " ".join(part for part in parts if part)
    return f" {words.WORDS[words.seen_as(event)].symbol} {event.type} {name} {rest}".rstrip()
