"""What happens during a preview or an update, as records: the engine emits them, displays and plans consume them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal

Severity = Literal["debug", "info", "warning", "error"]


class Op(StrEnum):
    """What is done to a resource, in Pulumi's words."""

    SAME = "same"
    CREATE = "create"
    UPDATE = "update"
    REPLACE = "replace"
    CREATE_REPLACEMENT = "create-replacement"
    DELETE_REPLACED = "delete-replaced"
    DELETE = "delete"
    DISCARD = "discard"
    READ = "read"
    REFRESH = "refresh"


@dataclass(frozen=True)
class StepEvent:
    """A step began, ended or failed.

    `changes` maps a changed property path to its kind: `add`, `delete`, `update`, `add-replace`, `delete-replace`,
    `update-replace`. `old` and `new` are the inputs compared, secrets marked. `seconds` is set when it ended; `id` and
    `provider` (a reference) are those of the resource as far as they are known.
    """

    urn: str
    type: str
    op: Op
    state: Literal["started", "done", "failed"]
    parent: str = ""
    changes: Mapping[str, str] = field(default_factory=dict)
    old: Mapping[str, Any] = field(default_factory=dict)
    new: Mapping[str, Any] = field(default_factory=dict)
    retain: bool = False
    seconds: float = 0.0
    error: str = ""
    id: str = ""
    provider: str = ""
    gone: bool = False
    """Of a refresh: it is no longer there."""
    ahead: bool = False
    """Of a refresh: it only comes before a preview, an update or a destroy."""


@dataclass(frozen=True)
class MessageEvent:
    """A line from the program, a plugin or the engine; an empty URN means the stack."""

    severity: Severity
    message: str
    urn: str = ""
    ephemeral: bool = False


@dataclass(frozen=True)
class OutputsEvent:
    """Stack outputs before and after, secrets marked."""

    old: Mapping[str, Any]
    new: Mapping[str, Any]


Event = StepEvent | MessageEvent | OutputsEvent


@dataclass(frozen=True)
class Result:
    """How an operation ended, from either engine. A preview's is the plan.

    `changes` counts by operation (a replacement once, as `replace`; default providers not at all), `outputs` are the
    stack's, secrets marked. `error` is the first thing that went wrong.
    """

    kind: Literal["preview", "update", "refresh", "destroy"]
    succeeded: bool
    changes: Mapping[Op, int] = field(default_factory=dict)
    steps: tuple[StepEvent, ...] = ()
    messages: tuple[MessageEvent, ...] = ()
    outputs: Mapping[str, Any] = field(default_factory=dict)
    seconds: float = 0.0
    error: str = ""
    cancelled: bool = False

    @property
    def changed(self) -> int:
        """How many resources are not as they were wanted to be."""
        quiet = (Op.SAME, Op.READ, Op.DISCARD, Op.REFRESH)
        return sum(count for op, count in self.changes.items() if op not in quiet)
