"""`--diff`: every change with its properties, nested under its parents, as the Pulumi CLI prints it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TextIO

from ..events import MessageEvent, Op, Result, StepEvent
from . import values, words
from .appending import Appending
from .ledger import STACK_TYPE, Ledger, name_of, type_of

_STEP = 4


class Details(Appending):
    """A display that prints each changed resource once, when its step is first heard of."""

    def __init__(self, ledger: Ledger, stream: TextIO) -> None:
        super().__init__(ledger, stream)
        self._printed: set[str] = set()
        self._depth: dict[str, int] = {}
        self._write([f"{ledger.title}:"])

    def close(self, result: Result) -> None:
        """Print outputs and counts."""
        with self._lock:
            outputs = self._ledger.output_lines(_STEP)
            self._write([*(["    --outputs:--", *outputs] if outputs else []), *self._ledger.totals(result), ""])

    def abandon(self) -> None:
        """Nothing is left to say."""

    def _step(self, event: StepEvent) -> None:
        if self._ledger.step(event) is None:
            return
        self._depth[event.urn] = self._depth.get(event.parent, -1) + 1
        if event.state == "failed":
            self._message(MessageEvent("error", event.error, event.urn))
        part = event.op in (Op.CREATE_REPLACEMENT, Op.DELETE_REPLACED) and event.state != "failed"
        quiet = words.is_quiet(event) and not (event.op is Op.SAME and event.type == STACK_TYPE)
        if part or quiet or event.urn in self._printed:
            return
        self._printed.add(event.urn)
        self._write(list(self._lines(event)))

    def _lines(self, event: StepEvent) -> Iterator[str]:
        op = Op.REPLACE if event.op is Op.CREATE_REPLACEMENT else words.seen_as(event)
        depth = self._depth[event.urn] * _STEP
        word = words.WORDS[op].plan or "same"
        yield f"{' ' * depth}{words.WORDS[op].symbol}{event.type}: ({word}){words.kept_mark(event)}"
        if event.id:
            yield f"{' ' * (depth + 4)}[id={event.id}]"
        yield f"{' ' * (depth + 4)}[urn={event.urn}]"
        if event.provider:
            yield f"{' ' * (depth + 4)}[provider={event.provider}]"
        match op:
            case Op.CREATE:
                yield from values.show(event.new, depth + 4)
            case Op.DELETE | Op.DISCARD:
                yield from values.show(event.old, depth + 4)
            case Op.UPDATE | Op.REPLACE:
                yield from values.compare(event.old, event.new, depth + 4)

    def _message(self, event: MessageEvent) -> None:
        prefix = "" if event.severity == "info" else f"{event.severity}: "
        place = f"{type_of(event.urn)} ({name_of(event.urn)}): " if event.urn else ""
        self._write([f"{place}{prefix}{event.message.rstrip()}"])

    def _write(self, lines: list[str]) -> None:
        self._stream.write("".join(f"{line}\n" for line in lines))
        self._stream.flush()
