"""What happened so far, kept for the textual displays: steps, messages, outputs; and the closing sections."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from amlkit.propertyvalues import unsecret

from ..embedded import urns
from ..embedded.resource import STACK_TYPE
from ..events import MessageEvent, Op, OutputsEvent, Result, StepEvent
from . import values, words
from .look import Look


def name_of(urn: str) -> str:
    """The logical name in a URN, or the text that is none."""
    return urns.parse(urn).name if urns.is_urn(urn) else urn


def type_of(urn: str) -> str:
    """The resource's own type in a URN; nothing for a text that is none."""
    return urns.parse(urn).type if urns.is_urn(urn) else ""


@dataclass
class Row:
    """The last step of one resource, when it began (monotonic seconds), and what was said about it."""

    event: StepEvent
    began: float
    messages: list[MessageEvent] = field(default_factory=list)


@dataclass
class Ledger:
    """Everything that was emitted, in order. Not safe for threads: the displays hold a lock."""

    verb: str
    stack: str
    planned: bool
    program: str
    look: Look = field(default_factory=Look)
    config: Mapping[str, str] = field(default_factory=dict)
    rows: dict[str, Row] = field(default_factory=dict)
    steps: list[StepEvent] = field(default_factory=list)
    messages: list[MessageEvent] = field(default_factory=list)
    outputs: OutputsEvent | None = None
    stack_urn: str = ""

    @property
    def configuration(self) -> list[str]:
        """The lines that `--show-config` asks for."""
        if not self.look.show_config:
            return []
        return ["Configuration:", *(f"    {key}: {self.config[key]}" for key in sorted(self.config))]

    def name(self, urn: str) -> str:
        """What a resource is called: its logical name, or the whole URN if that is wanted."""
        return urn if self.look.urns and urn else name_of(urn)

    def is_quiet(self, event: StepEvent) -> bool:
        """Is there nothing to show of a step?"""
        return words.is_quiet(event, self.look)

    def seen(self, values: Mapping[str, Any]) -> Mapping[str, Any]:
        """Values as they may be shown: secrets marked, unless they are wanted in clear."""
        return unsecret(values) if self.look.show_secrets else values

    @property
    def title(self) -> str:
        """`Previewing update (dev)`; of a plan with how many of its resources are inert, as far as that is known."""
        noun = "resource" if self.inert == 1 else "resources"
        inert = f", {self.inert} {noun} inert" if self.counts_inert and self.inert else ""
        return f"{words.TITLES[self.verb, self.planned]} ({self.stack}){inert}"

    @property
    def counts_inert(self) -> bool:
        """Does the head say how many resources are inert? It is then complete at the end only."""
        return self.planned and bool(self.look.inert)

    def step(self, event: StepEvent) -> Row | None:
        """Take in a step; None for what is not shown."""
        if event.is_internal:
            return None
        self.steps.append(event)
        if event.type == STACK_TYPE:
            self.stack_urn = event.urn
        row = self.rows.get(event.urn)
        if row is None or row.event.op is not event.op:
            row = self.rows[event.urn] = Row(event, time.monotonic(), row.messages if row else [])
        ended = event.op is Op.DELETE_REPLACED and event.state == "done"
        row.event = replace(event, op=Op.REPLACE) if ended else event
        if event.state == "failed" and event.error:
            self.message(MessageEvent("error", event.error, event.urn))
        return row

    def outputs_seen(self, event: OutputsEvent) -> None:
        """Take in outputs; only the stack's are shown."""
        if event.step is None or event.step.type == STACK_TYPE:
            self.outputs = event

    def message(self, event: MessageEvent) -> bool:
        """Take in a message; False if it is not to be kept: debug, ephemeral, empty, or an error already there."""
        text = event.message.strip()
        if (event.severity == "debug" and not self.look.debug) or event.ephemeral or not text:
            return False
        if event.severity == "error" and any(
            kept.urn == event.urn and kept.message.strip() == text for kept in self.messages
        ):
            return False
        self.messages.append(event)
        if row := self.rows.get(event.urn or self.stack_urn):
            row.messages.append(event)
        return True

    @property
    def inert(self) -> int:
        """How many resources there are, or would be, with nothing behind them."""
        events = [row.event for row in self.rows.values() if row.event.type in self.look.inert]
        return len([event for event in events if event.op not in (Op.DELETE, Op.DISCARD)])

    @property
    def failed(self) -> int:
        """How many resources failed, the stack among them if the program did."""
        broken = {event.urn for event in self.steps if event.state == "failed"}
        broken |= {event.urn or self.stack_urn for event in self.messages if event.severity == "error"}
        return len(broken)

    def closing(self, result: Result, nothing: str = "") -> list[str]:
        """The sections after the steps: diagnostics, outputs, resources, duration."""
        return [*self._diagnostics(), *self._outputs(), *self.totals(result, nothing)]

    def totals(self, result: Result, nothing: str = "") -> list[str]:
        """`Resources:` and `Duration:`. `nothing` stands for the counts if there are none; the CLI prints no line."""
        counts = words.resources(result.changes, self.planned, 0 if result.succeeded else self.failed)
        lines = ["Resources:", *(counts or ([nothing] if nothing and result.succeeded else []))]
        if self.inert:
            lines += [f"    {self.inert} inert: kept as documents, with nothing behind them"]
        if not self.planned:
            lines += ["", f"Duration: {words.duration(max(1, round(result.seconds)))}"]
        if self.verb == "destroy" and result.kept and result.succeeded:
            lines += ["", words.still_protected(result.kept)]
        elif self.verb == "destroy" and not self.planned and result.succeeded:
            lines += [
                "",
                "The resources in the stack have been deleted, but the history and configuration associated with the "
                "stack are still maintained.",
                f"If you want to remove the stack completely, run `{self.program} stack rm {self.stack}"
                f"{self.look.options}`.",
            ]
        return lines

    def _diagnostics(self) -> list[str]:
        by_urn: dict[str, list[MessageEvent]] = {}
        for event in self.messages:
            by_urn.setdefault(event.urn or self.stack_urn, []).append(event)
        lines: list[str] = []
        for urn, events in by_urn.items():
            lines.append(f"  {type_of(urn) or STACK_TYPE} ({self.name(urn) or self.stack}):")
            marked = [f"{event.severity}: {event.message}" for event in events if event.severity != "info"]
            plain = [event.message for event in events if event.severity == "info"]
            for group in (marked, plain):
                lines += [f"    {line}".rstrip() for text in group for line in text.rstrip("\n").splitlines()]
                lines += [""] if group else []
        return ["Diagnostics:", *lines] if lines else []

    def _outputs(self) -> list[str]:
        lines = self.output_lines(4)
        return ["Outputs:", *lines, ""] if lines else []

    def output_lines(self, indent: int) -> list[str]:
        """Stack outputs and how they changed; in a preview only the changed ones, for a new stack without marks."""
        if self.outputs is None or self.look.suppress_outputs:
            return []
        old, new = self.seen(self.outputs.old), self.seen(self.outputs.new)
        row = self.rows.get(self.stack_urn)
        if row and row.event.op is Op.CREATE and not old:
            return values.show(new, indent)
        return values.compare(old, new, indent, same=not self.planned)


def tally(messages: list[MessageEvent]) -> str:
    """`1 error; 2 warnings; 3 messages`."""
    parts = []
    for severity, one in (("error", "error"), ("warning", "warning"), ("info", "message")):
        number = sum(
            len(each.message.strip().splitlines()) if severity == "info" else 1
            for each in messages
            if each.severity == severity
        )
        if number:
            parts.append(f"{number} {one}{'s' if number > 1 else ''}")
    return "; ".join(parts)
