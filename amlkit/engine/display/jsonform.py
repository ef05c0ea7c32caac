"""`--json`: a preview is one document, any other operation a line an event, in the Pulumi CLI's shapes.

Secrets are `"[secret]"` in both, unknown values stay Pulumi's mark.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Mapping
from typing import Any, TextIO

from amlkit.propertyvalues import SECRET, SIGNATURE, is_secret

from ..events import Event, MessageEvent, Op, OutputsEvent, Result, StepEvent
from .ledger import STACK_TYPE
from .values import SECRET_TEXT, masked
from .words import is_default_provider, is_quiet, seen_as


class PreviewDocument:
    """Collects, and prints one object when it closes. A replacement is one step `replace`."""

    def __init__(self, stream: TextIO, config: Mapping[str, str]) -> None:
        self._stream = stream
        self._config = dict(config)
        self._lock = threading.Lock()
        self._events: list[StepEvent] = []
        self._messages: list[dict[str, str]] = []

    def emit(self, event: Event) -> None:
        """Keep what belongs into the document."""
        with self._lock:
            match event:
                case StepEvent() if event.state != "started":
                    self._events.append(event)
                case MessageEvent() if event.severity != "debug" and not event.ephemeral:
                    place = {"urn": event.urn} if event.urn else {}
                    self._messages.append({**place, "message": _prefixed(event), "severity": event.severity})

    def close(self, result: Result) -> None:
        """Print the document."""
        document: dict[str, Any] = {"config": self._config, "steps": self._steps()}
        if self._messages:
            document["diagnostics"] = self._messages
        document["duration"] = int(result.seconds * 1e9)
        document["changeSummary"] = _counts(result)
        self._stream.write(json.dumps(document, indent=4, ensure_ascii=False) + "\n")
        self._stream.flush()

    def abandon(self) -> None:
        """Without an end there is no document."""

    def _steps(self) -> list[dict[str, Any]]:
        steps: dict[str, dict[str, Any]] = {}
        for event in self._events:
            quiet = is_quiet(event) and not (event.op is Op.SAME and event.type == STACK_TYPE)
            if quiet or event.op is Op.DELETE_REPLACED or is_default_provider(event):
                continue
            if event.op is Op.REPLACE or event.urn not in steps:  # it says more than the creation before it
                steps[event.urn] = _step(event)
        return list(steps.values())


def _counts(result: Result) -> dict[str, int]:
    return {op.value: number for op, number in sorted(result.changes.items())}


def _step(event: StepEvent) -> dict[str, Any]:
    op = Op.REPLACE if event.op is Op.CREATE_REPLACEMENT else seen_as(event)
    step: dict[str, Any] = {"op": op.value, "urn": event.urn}
    if event.provider:
        step["provider"] = event.provider
    if op is not Op.CREATE:
        step["oldState"] = _state(event, event.old, event.id)
    if op not in (Op.DELETE, Op.DISCARD):
        step["newState"] = _state(event, event.new, "" if op is Op.REPLACE else event.id)
    if event.changes:
        step["diffReasons"] = sorted(event.changes)
        if replacing := sorted(path for path, kind in event.changes.items() if kind.endswith("-replace")):
            step["replaceReasons"] = replacing
    step["detailedDiff"] = _detailed(event)
    return step


def _state(event: StepEvent, inputs: Mapping[str, Any], identifier: str) -> dict[str, Any]:
    custom = bool(event.provider or event.id)
    state: dict[str, Any] = {"urn": event.urn, "custom": custom, "id": identifier, "type": event.type}
    state |= {"inputs": masked(inputs), "parent": event.parent, "provider": event.provider}
    return {key: value for key, value in state.items() if value or key == "custom"}


def _detailed(event: StepEvent) -> dict[str, Any] | None:
    return {path: {"kind": kind, "inputDiff": True} for path, kind in event.changes.items()} or None


class EventLines:
    """Prints each event at once, as one of Pulumi's engine events."""

    def __init__(self, stream: TextIO, config: Mapping[str, str]) -> None:
        self._stream = stream
        self._lock = threading.Lock()
        self._sequence = 0
        self._steps: list[StepEvent] = []
        self._line({"preludeEvent": {"config": dict(config)}})

    def emit(self, event: Event) -> None:
        """Print the event's line."""
        match event:
            case StepEvent():
                self._step(event)
            case MessageEvent() if event.severity != "debug":
                place = {"urn": event.urn} if event.urn else {}
                prefix = {} if event.severity == "info" else {"prefix": f"{event.severity}: "}
                body = {"message": event.message, "color": "never", "severity": event.severity}
                passing = {"ephemeral": True} if event.ephemeral else {}
                self._line({"diagnosticEvent": {**place, **prefix, **body, **passing}})
            case OutputsEvent():
                self._outputs(event)

    def close(self, result: Result) -> None:
        """Print the summary and the end of the stream."""
        body = {
            "maybeCorrupt": False,
            "durationSeconds": round(result.seconds),
            "resourceChanges": _counts(result),
            "PolicyPacks": {},
            "isPreview": False,
            "result": "succeeded" if result.succeeded else "failed",
        }
        self._line({"summaryEvent": body})
        self._line({"cancelEvent": {}})

    def abandon(self) -> None:
        """The lines stop where they are."""

    def _step(self, event: StepEvent) -> None:
        with self._lock:
            self._steps.append(event)
        if is_default_provider(event):
            return
        name = {"started": "resourcePreEvent", "done": "resOutputsEvent", "failed": "resOpFailedEvent"}[event.state]
        status = {"status": 2, "steps": 0} if event.state == "failed" else {}
        self._line({name: {"metadata": _metadata(event), **status}})
        if event.state == "failed" and event.error:
            self.emit(MessageEvent("error", event.error, event.urn))

    def _outputs(self, event: OutputsEvent) -> None:
        stack = next((each for each in reversed(self._steps) if each.type == STACK_TYPE), None)
        if stack is None:
            return
        metadata = _metadata(stack)
        for side, outputs in (("old", event.old), ("new", event.new)):
            metadata[side] = {**(metadata[side] or _side(stack, {})), "outputs": _elided(outputs)}
        self._line({"resOutputsEvent": {"metadata": metadata}})

    def _line(self, body: Mapping[str, Any]) -> None:
        with self._lock:
            head = {"sequence": self._sequence, "timestamp": int(time.time())}
            self._sequence += 1
            self._stream.write(json.dumps({**head, **body}, separators=(",", ":"), ensure_ascii=False) + "\n")
            self._stream.flush()


def _metadata(event: StepEvent) -> dict[str, Any]:
    gone = event.op in (Op.DELETE, Op.DELETE_REPLACED, Op.DISCARD)
    created = event.op in (Op.CREATE,)
    return {
        "op": event.op.value,
        "urn": event.urn,
        "type": event.type,
        "old": None if created else _side(event, event.old),
        "new": None if gone else _side(event, event.new),
        "detailedDiff": _detailed(event),
        "logical": event.op not in (Op.CREATE_REPLACEMENT, Op.DELETE_REPLACED),
        "provider": event.provider,
    }


def _side(event: StepEvent, inputs: Mapping[str, Any]) -> dict[str, Any]:
    custom = {"custom": True} if event.provider or event.id else {}
    head = {"type": event.type, "urn": event.urn, **custom, "id": event.id, "parent": event.parent}
    return {**head, "inputs": _elided(inputs), "outputs": {}, "provider": event.provider}


def _elided(value: Any) -> Any:
    """A value with each secret's text left out but its mark kept, as the CLI's events have it."""
    if is_secret(value):
        return {SIGNATURE: SECRET, "ciphertext": SECRET_TEXT}
    if isinstance(value, Mapping):
        return {key: _elided(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_elided(item) for item in value]
    return value


def _prefixed(event: MessageEvent) -> str:
    return event.message if event.severity == "info" else f"{event.severity}: {event.message}"
