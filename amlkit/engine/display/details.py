"""`--diff`: every change with its properties, nested under its parents, as the Pulumi CLI prints it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TextIO

from ..embedded import paths
from ..embedded.resource import STACK_TYPE
from ..events import MessageEvent, Op, Result, StepEvent
from . import values, words
from .appending import Appending
from .ledger import Ledger, type_of

_STEP = 4


class Details(Appending):
    """A display that prints each changed resource once, when its step is first heard of."""

    def __init__(self, ledger: Ledger, stream: TextIO) -> None:
        super().__init__(ledger, stream)
        self._printed: set[tuple[str, Op]] = set()
        self._depth: dict[str, int] = {}
        self._head(*ledger.configuration)

    def close(self, result: Result) -> None:
        """Print outputs and counts."""
        with self._lock:
            self._let_go()
            outputs = self._ledger.output_lines(_STEP)
            self._write(*(["    --outputs:--", *outputs] if outputs else []), *self._ledger.totals(result), "")

    def abandon(self) -> None:
        """Nothing is left to say."""
        self._let_go()

    def _step(self, event: StepEvent) -> None:
        if self._ledger.step(event) is None:
            return
        self._depth[event.urn] = self._depth.get(event.parent, -1) + 1
        if event.state == "failed":
            self._message(MessageEvent("error", event.error, event.urn))
        if not self._is_shown(event) or (event.urn, event.op) in self._printed:
            return
        self._printed.add((event.urn, event.op))
        self._write(*self._lines(event))

    def _is_shown(self, event: StepEvent) -> bool:
        if event.op in (Op.SAME, Op.READ):
            return not self._ledger.is_quiet(event) or event.op is Op.READ or event.type == STACK_TYPE
        part = words.is_part(event) and not self._ledger.look.show_replacement_steps
        return not self._ledger.is_quiet(event) and (event.state == "failed" or not part)

    def _lines(self, event: StepEvent) -> Iterator[str]:
        whole = event.op is Op.CREATE_REPLACEMENT and not self._ledger.look.show_replacement_steps
        op = Op.REPLACE if whole else words.seen_as(event)
        old, new = self._ledger.seen(event.old), self._ledger.seen(event.new)
        depth = self._depth[event.urn] * _STEP
        word = words.WORDS[op].plan or "same"
        marks = words.kept_mark(event) + words.inert_mark(event, self._ledger.look)
        yield f"{' ' * depth}{words.WORDS[op].symbol}{event.type}: ({word}){marks}"
        if event.id:
            yield f"{' ' * (depth + 4)}[id={event.id}]"
        yield f"{' ' * (depth + 4)}[urn={event.urn}]"
        if event.provider:
            yield f"{' ' * (depth + 4)}[provider={event.provider}]"
        match op:
            case Op.CREATE | Op.READ | Op.IMPORT:
                yield from values.show(new, depth + 4)
            case Op.DELETE | Op.DISCARD | Op.DELETE_REPLACED | Op.DISCARD_REPLACED:
                yield from values.show(old, depth + 4)
            case Op.UPDATE | Op.REPLACE | Op.CREATE_REPLACEMENT:
                covered = [path for path in event.changes if words.is_hidden(event, path)]
                yield from (f"{' ' * (depth + 2)}~ {pattern} (hidden)" for pattern in words.hidden(event))
                yield from values.compare(_without(old, covered), _without(new, covered), depth + 4)

    def _message(self, event: MessageEvent) -> None:
        prefix = "" if event.severity == "info" else f"{event.severity}: "
        place = f"{type_of(event.urn)} ({self._ledger.name(event.urn)}): " if event.urn else ""
        self._write(f"{place}{prefix}{event.message.rstrip()}")


def _without(inputs: Mapping[str, Any], hidden: Iterable[str]) -> Mapping[str, Any]:
    """Inputs without what is at these paths."""
    shown: Any = inputs
    for path in hidden:
        shown = paths.removed(shown, paths.parse(path))
    kept: Mapping[str, Any] = shown
    return kept
