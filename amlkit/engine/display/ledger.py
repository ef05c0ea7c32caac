"""What happened so far, kept for the textual displays: steps, messages, outputs; and the closing sections."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from ..events import MessageEvent, Op, OutputsEvent, Result, StepEvent
from . import values, words

STACK_TYPE = "pulumi:pulumi:Stack"


def name_of(urn: str) -> str:
    """The logical name in a URN."""
    return urn.split("::", 3)[-1]


def type_of(urn: str) -> str:
    """The resource's own type in a URN."""
    parts = urn.split("::", 3)
    return parts[2].rsplit("$", 1)[-1] if len(parts) == 4 else ""


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
    rows: dict[str, Row] = field(default_factory=dict)
    steps: list[StepEvent] = field(default_factory=list)
    messages: list[MessageEvent] = field(default_factory=list)
    outputs: OutputsEvent | None = None
    stack_urn: str = ""

    @property
    def title(self) -> str:
        """`Previewing update (dev)`."""
        return f"{words.TITLES[self.verb, self.planned]} ({self.stack})"

    def step(self, event: StepEvent) -> Row | None:
        """Take in a step; None for what is not shown (default providers)."""
        if words.is_default_provider(event):
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

    def message(self, event: MessageEvent) -> bool:
        """Take in a message; False if it is not to be kept: debug, ephemeral, empty, or an error already there."""
        text = event.message.strip()
        if event.severity == "debug" or event.ephemeral or not text:
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
        if not self.planned:
            lines += ["", f"Duration: {words.duration(max(1, round(result.seconds)))}"]
        if self.verb == "destroy" and not self.planned and result.succeeded:
            lines += [
                "",
                "The resources in the stack have been deleted, but the history and configuration associated with the "
                "stack are still maintained.",
                f"If you want to remove the stack completely, run `{self.program} stack rm {self.stack}`.",
            ]
        return lines

    def _diagnostics(self) -> list[str]:
        by_urn: dict[str, list[MessageEvent]] = {}
        for event in self.messages:
            by_urn.setdefault(event.urn or self.stack_urn, []).append(event)
        lines: list[str] = []
        for urn, events in by_urn.items():
            lines.append(f"  {type_of(urn) or STACK_TYPE} ({name_of(urn) or self.stack}):")
            marked = [f"{event.severity}: {event.message}" for event in events if event.severity != "info"]
            plain = [event.message for event in events if event.severity == "info"]
            for group in (marked, plain):
                lines += [f"    {line}".rstrip() for text in group for line in text.rstrip("\n").splitlines()]
                lines += [""] if group else []
        return ["Diagnostics:", *lines] if lines else []

    def _outputs(self) -> list[str]:
        if self.outputs is None:
            return []
        lines = self.output_lines(4)
        return ["Outputs:", *lines, ""] if lines else []

    def output_lines(self, indent: int) -> list[str]:
        """Stack outputs and how they changed; in a preview only the changed ones, for a new stack without marks."""
        if self.outputs is None:
            return []
        old: Mapping[str, object] = self.outputs.old
        row = self.rows.get(self.stack_urn)
        if row and row.event.op is Op.CREATE and not old:
            return values.show(self.outputs.new, indent)
        return values.compare(old, self.outputs.new, indent, same=not self.planned)


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
