"""Pulumi's engine events as JSON lines: `up --json` and the like on standard output, `--event-log` in a file.

Shapes are those of Pulumi's REST API (`apitype.EngineEvent`). Secrets keep their mark and lose their text, always.
"""

from __future__ import annotations

import json
import math
import threading
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, TextIO

from amlkit.propertyvalues import ASSET, SECRET, SIGNATURE, UNKNOWN, is_secret

from ..embedded.resource import Resource
from ..events import HIDDEN, Changes, Event, MessageEvent, Op, OutputsEvent, Result, StepEvent

_PARTS = (  # not steps of their own
    *(Op.CREATE_REPLACEMENT, Op.IMPORT_REPLACEMENT, Op.READ_REPLACEMENT),
    *(Op.DELETE_REPLACED, Op.DISCARD_REPLACED, Op.REFRESH),
)
_DELETING = (Op.DELETE, Op.DELETE_REPLACED, Op.DISCARD, Op.DISCARD_REPLACED)
_AS_IT_IS = (Op.READ, Op.READ_REPLACEMENT, Op.REFRESH)  # what is read is known before, but for its outputs
_UNWELL, _UNSURE = 1, 2
_ALWAYS = ("id", "parent", "inputs", "outputs", "provider")
_ELIDED = "<contents elided>"


class EventLines:
    """Prints each event at once. `whole`: with the steps of providers that the engine made by itself, as in a log."""

    def __init__(self, stream: TextIO, config: Mapping[str, str], *, planned: bool, whole: bool = False) -> None:
        self._stream = stream
        self._planned = planned
        self._whole = whole
        self._lock = threading.RLock()
        self._sequence = 0
        self._done = 0
        self._broken = self._corrupt = False
        self._errors: set[tuple[str, str]] = set()
        self._line({"preludeEvent": {"config": dict(config)}})

    def emit(self, event: Event) -> None:
        """Print the event's lines."""
        with self._lock:
            match event:
                case StepEvent():
                    self._step(event)
                case MessageEvent():
                    self._message(event)
                case OutputsEvent(step=StepEvent() as step):
                    self._line({"resOutputsEvent": self._body(step)})

    def close(self, result: Result) -> None:
        """Print the summary and the end of the stream."""
        if self._broken:
            self.emit(MessageEvent("error", "update failed"))
        body = {
            "maybeCorrupt": self._corrupt,
            "durationSeconds": math.ceil(result.seconds),
            "resourceChanges": {op.value: number for op, number in sorted(result.changes.items())},
            "PolicyPacks": {},
            "isPreview": self._planned,
            "result": "succeeded" if result.succeeded else "failed",
        }
        self._line({"summaryEvent": body})
        self._line({"cancelEvent": {}})

    def abandon(self) -> None:
        """The lines stop where they are."""

    def _step(self, event: StepEvent) -> None:
        if event.is_internal and not self._whole:
            if event.state == "failed":
                self._message(MessageEvent("error", event.error))
            return
        body = self._body(event)
        if event.state == "failed":
            self._message(MessageEvent("error", event.error, event.urn))
            if not self._planned:
                status = _status(event)
                self._corrupt |= status == _UNSURE
                self._line({"resOpFailedEvent": {**body, "status": status, "steps": self._done}})
                self._broken = True
            return
        if event.state == "started" or event.op is Op.REPLACE:  # a replacement is one event here, two there
            self._line({"resourcePreEvent": body})
        if event.state == "done":
            self._done += event.op not in _PARTS and not event.is_internal
            if self._planned or _has_outputs(event):
                self._line({"resOutputsEvent": body})

    def _message(self, event: MessageEvent) -> None:
        told = (event.urn, event.message.strip())
        if not told[1] or (event.severity == "error" and told in self._errors):
            return
        if event.severity == "error":
            self._errors.add(told)
        place = {"urn": event.urn} if event.urn else {}
        prefix = {} if event.severity == "info" else {"prefix": f"{event.severity}: "}
        passing = {"ephemeral": True} if event.ephemeral else {}
        body = {"message": f"{event.message}\n", "color": "never", "severity": event.severity}
        self._line({"diagnosticEvent": {**place, **prefix, **body, **passing}})

    def _body(self, event: StepEvent) -> dict[str, Any]:
        planning = {"planning": True} if self._planned else {}
        return {"metadata": metadata(event), **planning}

    def _line(self, body: Mapping[str, Any]) -> None:
        with self._lock:
            head = {"sequence": self._sequence, "timestamp": int(time.time())}
            self._sequence += 1
            self._stream.write(json.dumps({**head, **body}, separators=(",", ":"), ensure_ascii=False) + "\n")
            self._stream.flush()


def metadata(event: StepEvent) -> dict[str, Any]:
    """What a line says of a step."""
    op = result_op(event)
    old, new = event.before, event.after
    found: dict[str, Any] = {"op": op.value, "urn": event.urn, "type": event.type}
    found["old"] = _side(old) if old else None
    begins = (event.state == "started" and event.op not in _AS_IT_IS) or _is_gone_first(event)
    found["new"] = _side(to_be(new) if begins else new) if new else None
    if op in _DELETING:
        found["new"] = None
    changes = event.changes
    if isinstance(changes, Changes) and op not in _DELETING:
        found |= {name: list(value) for name, value in (("keys", changes.replaces), ("diffs", changes.diffs)) if value}
    found["detailedDiff"] = None
    if isinstance(changes, Changes) and changes.detailed and op not in _DELETING:
        kinds = {path: {"diffKind": changes[path], "inputDiff": True} for path in sorted(changes)}
        found["detailedDiff"] = kinds
    if event.op not in _PARTS:
        found["logical"] = True
    return {**found, "provider": event.provider}


def result_op(event: StepEvent) -> Op:
    """The operation; for a refresh that is done, what it found."""
    if event.op is not Op.REFRESH or event.state != "done" or event.ahead:
        return event.op
    return Op.DELETE if event.gone else Op.UPDATE if event.changes or event.internal else Op.SAME


def _status(event: StepEvent) -> int:
    """Pulumi's word for what is known after a failure: 0 nothing was done, 1 made but not well, 2 not known."""
    if event.after and event.after.init_errors:
        return _UNWELL
    return _UNSURE if event.unsure and event.op not in (Op.CREATE, Op.CREATE_REPLACEMENT) else 0


def _has_outputs(event: StepEvent) -> bool:
    """Components tell theirs later, when they register them."""
    return bool(event.after and event.after.custom) or event.op in (*_DELETING, Op.REFRESH)


def _is_gone_first(event: StepEvent) -> bool:
    """A replacement of what is deleted first, which Pulumi tells of before the new one is made."""
    return event.op is Op.REPLACE and event.before is not None and not event.before.delete


def to_be(resource: Resource) -> Resource:
    """What is known of a resource before its step: neither id nor outputs."""
    return replace(resource, id="", outputs={}, init_errors=())


def _side(resource: Resource) -> dict[str, Any]:
    fields = {
        "type": resource.type,
        "urn": resource.urn,
        "custom": resource.custom,
        "delete": resource.delete,
        "id": "" if resource.id == UNKNOWN else resource.id,
        "parent": resource.parent,
        "protect": resource.protect,
        "taint": resource.taint,
        "external": resource.external,
        "retainOnDelete": resource.retain_on_delete,
        "inputs": elided(resource.inputs),
        "outputs": elided(resource.outputs),
        "provider": resource.provider,
        "initErrors": list(resource.init_errors),
        "hideDiffs": list(resource.hide_diff),
    }
    return {key: value for key, value in fields.items() if value or key in _ALWAYS}


def elided(value: Any) -> Any:
    """A value with each secret's text left out but its mark kept, and without the texts of assets."""
    if is_secret(value):
        return {SIGNATURE: SECRET, "ciphertext": HIDDEN}
    if isinstance(value, Mapping):
        items = {key: elided(value[key]) for key in sorted(value)}
        return {**items, "text": _ELIDED} if value.get(SIGNATURE) == ASSET and "text" in value else items
    if isinstance(value, list | tuple):
        return [elided(item) for item in value]
    return value
