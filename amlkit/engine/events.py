"""What happens during a preview or an update, as records: the engine emits them, displays and plans consume them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal

from amlkit.propertyvalues import UNKNOWN

from .embedded.resource import PROVIDER_PREFIX, Resource

Severity = Literal["debug", "info", "warning", "error"]
Verb = Literal["preview", "up", "refresh", "destroy", "import"]
"""What the user asks for."""
Kind = Literal["preview", "update", "refresh", "destroy", "import"]
"""What an operation is, as the history and the result name it."""
HIDDEN = "[secret]"
"""What is shown in the place of a secret."""


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
    IMPORT = "import"
    IMPORT_REPLACEMENT = "import-replacement"
    READ_REPLACEMENT = "read-replacement"
    DISCARD_REPLACED = "discard-replaced"
    REMOVE_PENDING_REPLACE = "remove-pending-replace"


@dataclass(frozen=True, eq=False)
class Changes(Mapping[str, str]):
    """What differs, as a mapping from property path to kind, and the provider's words for it.

    Kinds: `add`, `delete`, `update`, `add-replace`, `delete-replace`, `update-replace`. `diffs` and `replaces` name the
    properties that differ and those that ask for a replacement; `detailed` says that the paths are the provider's own.
    """

    kinds: Mapping[str, str] = field(default_factory=dict)
    diffs: tuple[str, ...] = ()
    replaces: tuple[str, ...] = ()
    detailed: bool = False

    def __getitem__(self, path: str) -> str:
        return self.kinds[path]

    def __iter__(self) -> Iterator[str]:
        return iter(self.kinds)

    def __len__(self) -> int:
        return len(self.kinds)


@dataclass(frozen=True)
class StepEvent:
    """A step began, ended or failed.

    `before` and `after` are the resource as it was and as it is to be (when it is done: as it is), secrets marked.
    `seconds` is set when it ended.
    """

    urn: str
    type: str
    op: Op
    state: Literal["started", "done", "failed"]
    before: Resource | None = None
    after: Resource | None = None
    changes: Mapping[str, str] = field(default_factory=Changes)
    seconds: float = 0.0
    error: str = ""
    unsure: bool = False
    """Of a failure: the provider may have done something."""
    gone: bool = False
    """Of a refresh: it is no longer there."""
    ahead: bool = False
    """Of a refresh: it only comes before a preview, an update or a destroy."""
    internal: bool = False
    """Of a refresh: there is nothing to read; for the event log alone."""

    @property
    def old(self) -> Mapping[str, Any]:
        """The inputs before."""
        return self.before.inputs if self.before else {}

    @property
    def new(self) -> Mapping[str, Any]:
        """The inputs after."""
        return self.after.inputs if self.after else {}

    @property
    def parent(self) -> str:
        """The URN of the resource that it is a child of."""
        return self._subject.parent if self._subject else ""

    @property
    def id(self) -> str:
        """The id as far as it is known."""
        known = [each.id for each in (self.after, self.before) if each and each.id not in ("", UNKNOWN)]
        return known[0] if known else ""

    @property
    def provider(self) -> str:
        """A reference to its provider; empty for components and providers."""
        return self._subject.provider if self._subject else ""

    @property
    def retain(self) -> bool:
        """Does the provider not hear of it when it is deleted?"""
        return bool(self.before and self.before.retain_on_delete)

    @property
    def is_internal(self) -> bool:
        """Is it for the event log alone: about a provider that the engine made by itself, too?"""
        return self.internal or self.is_default_provider

    @property
    def is_default_provider(self) -> bool:
        """Is it about a provider that the engine made by itself?"""
        name = self.urn.rsplit("::", 1)[-1]
        return self.type.startswith(PROVIDER_PREFIX) and (name == "default" or name.startswith("default_"))

    @property
    def _subject(self) -> Resource | None:
        return self.after or self.before


@dataclass(frozen=True)
class MessageEvent:
    """A line from the program, a plugin or the engine; an empty URN means the stack."""

    severity: Severity
    message: str
    urn: str = ""
    ephemeral: bool = False


@dataclass(frozen=True)
class OutputsEvent:
    """A component or the stack has its outputs: before and after, secrets marked. `step` is what was done to it."""

    old: Mapping[str, Any]
    new: Mapping[str, Any]
    step: StepEvent | None = None


Event = StepEvent | MessageEvent | OutputsEvent


@dataclass(frozen=True)
class Result:
    """How an operation ended, from either engine. A preview's is the plan.

    `changes` counts by operation (a replacement once, as `replace`; default providers not at all), `outputs` are the
    stack's, secrets marked. `error` is the first thing that went wrong.
    """

    kind: Kind
    succeeded: bool
    changes: Mapping[Op, int] = field(default_factory=dict)
    steps: tuple[StepEvent, ...] = ()
    messages: tuple[MessageEvent, ...] = ()
    outputs: Mapping[str, Any] = field(default_factory=dict)
    seconds: float = 0.0
    error: str = ""
    cancelled: bool = False
    abandoned: bool = False
    """Cancelled twice: what was under way was left, with notes in the state."""
    code: int = 0
    """The engine's own exit code of a failure; 0 for the usual one."""
    kept: int = 0
    """Of a destroy that excludes what is protected: how many resources stay for that."""

    @property
    def changed(self) -> int:
        """How many resources are not as they were wanted to be."""
        quiet = (Op.SAME, Op.READ, Op.DISCARD, Op.REFRESH)
        return sum(count for op, count in self.changes.items() if op not in quiet)
