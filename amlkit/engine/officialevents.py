"""The Pulumi CLI's engine events (JSON lines) as our own records; `officialflow` reads them while the CLI runs."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from typing import Any, Literal

from amlkit.propertyvalues import SECRET, SIGNATURE, is_secret, secret

from .display.words import top_key
from .embedded.resource import STACK_TYPE, Resource
from .events import Changes, Event, Kind, MessageEvent, Op, OutputsEvent, Result, Severity, StepEvent

State = Literal["started", "done", "failed"]
_SEVERITIES: Mapping[str, Severity] = {"debug": "debug", "warning": "warning", "error": "error"}  # any other: info


class Reader:
    """Takes in lines, tells `emit`, and has the result in the end. `kind` is that of the operation."""

    def __init__(self, kind: Kind, emit: Callable[[Event], None]) -> None:
        self._kind = kind
        self._emit = emit
        self._began = time.monotonic()
        self._open: dict[str, tuple[StepEvent, float]] = {}
        self._ended: dict[str, StepEvent] = {}
        self._errors: dict[str, str] = {}
        self._steps: list[StepEvent] = []
        self._messages: list[MessageEvent] = []
        self._outputs: Mapping[str, Any] = {}
        self._summary: dict[str, Any] | None = None

    @property
    def began(self) -> bool:
        """Was there anything to hear?"""
        return bool(self._steps or self._messages or self._open or self._summary)

    @property
    def ended(self) -> bool:
        """Was the summary there?"""
        return self._summary is not None

    def take(self, line: str) -> None:
        """One line of the stream; what is no event is not ours."""
        if not line.startswith("{"):
            return
        event = json.loads(line)
        for name, take in (
            ("diagnosticEvent", self._diagnostic),
            ("resourcePreEvent", self._started),
            ("resOutputsEvent", self._done),
            ("resOpFailedEvent", self._failed),
            ("summaryEvent", self._summed),
        ):
            if name in event:
                take(event[name])

    def result(self, code: int) -> Result:
        """How it ended; `code` is the CLI's exit code."""
        summary = self._summary or {}
        changes = {Op(op): number for op, number in (summary.get("resourceChanges") or {}).items()}
        errors = [each.message for each in self._messages if each.severity == "error"]
        return Result(
            kind=self._kind,
            succeeded=code == 0 and summary.get("result") == "succeeded",
            changes=changes,
            steps=tuple(self._steps),
            messages=tuple(self._messages),
            outputs=self._outputs,
            seconds=time.monotonic() - self._began,
            error=errors[0] if errors else "",
            code=code,
        )

    def _diagnostic(self, body: Mapping[str, Any]) -> None:
        severity = _SEVERITIES.get(body["severity"], "info")
        text = str(body["message"]).rstrip("\n")
        if severity == "error":
            self._errors[body.get("urn", "")] = text
        self._tell(MessageEvent(severity, text, body.get("urn", ""), bool(body.get("ephemeral"))))

    def _tell(self, event: MessageEvent) -> None:
        if event.severity != "debug":
            self._messages.append(event)
        self._emit(event)

    def _started(self, body: Mapping[str, Any]) -> None:
        event = self._event(body["metadata"], "started")
        self._open[event.urn] = (event, time.monotonic())
        if event.op is not Op.REPLACE:  # told once, when it is done
            self._emit(event)

    def _done(self, body: Mapping[str, Any]) -> None:
        metadata = body["metadata"]
        event = self._event(metadata, "done")
        if event.urn in self._open:
            event = self._end(event)
            if event.after is None or event.after.custom or body.get("planning") or event.op is Op.REFRESH:
                return
        if event.after is not None:
            before = event.before.outputs if event.before else {}
            if event.type == STACK_TYPE:
                self._outputs = event.after.outputs
            self._emit(OutputsEvent(before, event.after.outputs, self._ended.get(event.urn, event)))

    def _failed(self, body: Mapping[str, Any]) -> None:
        urn = body["metadata"]["urn"]
        self._end(self._event(body["metadata"], "failed", error=self._errors.get(urn, "failed")))

    def _summed(self, body: dict[str, Any]) -> None:
        for event, _ in list(self._open.values()):  # components that never said what they give, and failed previews
            error = self._errors.get(event.urn, "")
            self._end(replace(event, state="failed" if error else "done", error=error))
        self._summary = body

    def _end(self, event: StepEvent) -> StepEvent:
        begun, at = self._open.pop(event.urn, (event, time.monotonic()))
        event = replace(event, seconds=time.monotonic() - at)
        if begun.op is Op.REFRESH and event.state == "done":
            ahead = self._kind != "refresh"
            event = replace(event, op=Op.REFRESH, gone=event.after is None, ahead=ahead)
        self._ended[event.urn] = event
        if event.state == "done":
            self._steps.append(event)
        self._emit(event)
        return event

    def _event(self, metadata: Mapping[str, Any], state: State, error: str = "") -> StepEvent:
        detailed = metadata.get("detailedDiff")
        replaces, diffs = tuple(metadata.get("keys") or ()), tuple(metadata.get("diffs") or ())
        if detailed:
            kinds = {path: each["diffKind"] for path, each in detailed.items()}
        else:
            kinds = {key: "update-replace" if key in replaces else "update" for key in (*diffs, *replaces)}
        before, after = _resource(metadata.get("old")), _resource(metadata.get("new"))
        if before and after:
            before = replace(before, inputs=_told_apart(before.inputs, after.inputs, {top_key(path) for path in kinds}))
        return StepEvent(
            urn=metadata["urn"],
            type=metadata["type"],
            op=Op(metadata["op"]),
            state=state,
            before=before,
            after=after,
            changes=Changes(kinds, diffs, replaces, detailed=bool(detailed)),
            error=error,
        )


def _resource(side: Mapping[str, Any] | None) -> Resource | None:
    if side is None:
        return None
    return Resource(
        urn=side["urn"],
        type=side["type"],
        custom=bool(side.get("custom")),
        delete=bool(side.get("delete")),
        id=side.get("id") or "",
        inputs=_marked(side.get("inputs") or {}),
        outputs=_marked(side.get("outputs") or {}),
        parent=side.get("parent") or "",
        protect=bool(side.get("protect")),
        taint=bool(side.get("taint")),
        external=bool(side.get("external")),
        retain_on_delete=bool(side.get("retainOnDelete")),
        init_errors=tuple(side.get("initErrors") or ()),
        provider=side.get("provider") or "",
    )


def _told_apart(old: Mapping[str, Any], new: Mapping[str, Any], changed: Collection[str]) -> dict[str, Any]:
    """Old inputs in which a secret that changed is not equal to the new one, though neither text is known."""
    both = {key for key in changed if is_secret(old.get(key)) and is_secret(new.get(key))}
    return {key: secret("before") if key in both else value for key, value in old.items()}


def _marked(value: Any) -> Any:
    """Values with secrets as our own mark; their text never leaves the CLI."""
    if isinstance(value, Mapping):
        if value.get(SIGNATURE) == SECRET:
            return secret(value.get("ciphertext", ""))
        return {key: _marked(item) for key, item in value.items()}
    return [_marked(item) for item in value] if isinstance(value, list) else value
