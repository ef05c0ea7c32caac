"""`--json` of a preview: one document in the Pulumi CLI's shape, printed at the end; `engineevents` prints the rest.

Secrets are `"[secret]"`, unknown values stay Pulumi's mark.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, TextIO

from amlkit.propertyvalues import UNKNOWN

from ..embedded.checkpoint import plain_resource
from ..embedded.resource import STACK_TYPE, Resource
from ..events import Changes, Event, MessageEvent, Op, Result, StepEvent
from .engineevents import result_op, to_be
from .look import Look
from .values import masked
from .words import is_part, is_protection


class PreviewDocument:
    """Collects, and prints one object when it closes. A replacement is one step `replace`."""

    def __init__(self, stream: TextIO, config: Mapping[str, str], look: Look) -> None:
        self._stream = stream
        self._config = dict(config)
        self._look = look
        self._lock = threading.Lock()
        self._steps: list[dict[str, Any]] = []
        self._refreshed: dict[str, int] = {}
        self._messages: list[dict[str, str]] = []

    def emit(self, event: Event) -> None:
        """Keep what belongs into the document."""
        with self._lock:
            match event:
                case StepEvent() if not event.is_internal:
                    self._step(event)
                case MessageEvent() if event.severity != "debug" and not event.ephemeral:
                    place = {"urn": event.urn} if event.urn else {}
                    self._messages.append({**place, "message": _prefixed(event), "severity": event.severity})

    def close(self, result: Result) -> None:
        """Print the document."""
        document: dict[str, Any] = {"config": self._config} if self._config else {}
        if self._steps:
            document["steps"] = self._steps
        if self._messages:
            document["diagnostics"] = self._messages
        document["duration"] = int(result.seconds * 1e9)
        if result.changes:
            document["changeSummary"] = {op.value: number for op, number in sorted(result.changes.items())}
        self._stream.write(json.dumps(document, indent=4, ensure_ascii=False) + "\n")
        self._stream.flush()

    def abandon(self) -> None:
        """Without an end there is no document."""

    def _step(self, event: StepEvent) -> None:
        if event.op is Op.REFRESH and event.state == "done":
            found = result_op(event)
            if event.urn in self._refreshed and (found is Op.DELETE or (found is Op.UPDATE and _is_detailed(event))):
                self._steps[self._refreshed[event.urn]] = self._formed(event, found)
            return
        if event.state != ("done" if event.op is Op.REPLACE else "started") or not self._is_shown(event):
            return
        if event.op is Op.REFRESH:
            self._refreshed[event.urn] = len(self._steps)
        self._steps.append(self._formed(event, event.op))

    def _is_shown(self, event: StepEvent) -> bool:
        if event.op is Op.SAME:
            return self._look.show_sames or event.type == STACK_TYPE or is_protection(event)
        return self._look.show_replacement_steps or not is_part(event)

    def _formed(self, event: StepEvent, op: Op) -> dict[str, Any]:
        deleting = op in (Op.DELETE, Op.DELETE_REPLACED, Op.DISCARD, Op.DISCARD_REPLACED)
        step: dict[str, Any] = {"op": op.value, "urn": event.urn}
        if event.provider:
            step["provider"] = event.provider
        if event.before:
            step["oldState"] = self._state(event.before)
        if event.after and not deleting:
            begins = event.state == "started" and op in (Op.CREATE, Op.UPDATE, Op.SAME, Op.CREATE_REPLACEMENT)
            step["newState"] = self._state(_to_be(event.after, event.before) if begins else event.after)
        changes = event.changes
        if isinstance(changes, Changes) and not deleting:
            if changes.diffs:
                step["diffReasons"] = list(changes.diffs)
            if changes.replaces:
                step["replaceReasons"] = list(changes.replaces)
        detailed = _is_detailed(event) and not deleting
        kinds = {path: {"kind": changes[path], "inputDiff": True} for path in sorted(changes)}
        step["detailedDiff"] = kinds if detailed else None
        return step

    def _state(self, resource: Resource) -> dict[str, Any]:
        if resource.type == STACK_TYPE and self._look.suppress_outputs:
            resource = replace(resource, inputs={}, outputs={})
        if resource.id == UNKNOWN:
            resource = replace(resource, id="")
        trigger = masked(resource.replacement_trigger)
        inputs, outputs = masked(resource.inputs), masked(resource.outputs)
        return plain_resource(replace(resource, replacement_trigger=trigger, inputs=inputs, outputs=outputs))


def _is_detailed(event: StepEvent) -> bool:
    return isinstance(event.changes, Changes) and event.changes.detailed


def _to_be(new: Resource, old: Resource | None) -> Resource:
    """What is known of it before its step; its times are those of what was there."""
    created, modified = (old.created, old.modified) if old else ("", "")
    return replace(to_be(new), created=created, modified=modified)


def _prefixed(event: MessageEvent) -> str:
    return f"{event.message}\n" if event.severity == "info" else f"{event.severity}: {event.message}\n"
