"""One resource as the state keeps it, and a whole state: the records that every part of the engine passes on.

Field names and order are those of Pulumi's deployment schema, version 3 and 4 (`checkpoint` reads and writes it).
Values in `inputs` and `outputs` are plain Python with secrets marked (`amlkit.propertyvalues.secret`), in clear in
memory and encrypted by `checkpoint` on the way out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

STACK_TYPE = "pulumi:pulumi:Stack"
PROVIDER_PREFIX = "pulumi:providers:"


@dataclass(frozen=True)
class Resource:
    """A resource of the state. Times are RFC 3339 with nanoseconds and `Z`; `provider` is `urn::id`.

    `extra` holds fields of the file that the engine does not know, so that a state written by a newer tool loses
    nothing on its way through. `stackTrace` is the one field left out: it holds paths of the machine.
    """

    urn: str
    type: str
    custom: bool = False
    delete: bool = False
    id: str = ""
    inputs: Mapping[str, Any] = field(default_factory=dict)
    outputs: Mapping[str, Any] = field(default_factory=dict)
    parent: str = ""
    protect: bool = False
    taint: bool = False
    external: bool = False
    dependencies: tuple[str, ...] = ()
    init_errors: tuple[str, ...] = ()
    provider: str = ""
    property_dependencies: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    pending_replacement: bool = False
    additional_secret_outputs: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    custom_timeouts: Mapping[str, float] = field(default_factory=dict)
    import_id: str = ""
    retain_on_delete: bool = False
    deleted_with: str = ""
    replace_with: tuple[str, ...] = ()
    created: str = ""
    modified: str = ""
    source_position: str = ""
    ignore_changes: tuple[str, ...] = ()
    hide_diff: tuple[str, ...] = ()
    replace_on_changes: tuple[str, ...] = ()
    replacement_trigger: Any = None
    refresh_before_update: bool = False
    view_of: str = ""
    resource_hooks: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    extra: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The logical name: what follows the type in the URN; may itself hold `::`."""
        return self.urn.split("::", 3)[3]

    @cached_property
    def targets(self) -> frozenset[str]:
        """URNs of what must come before it in a state; its provider is a reference, not in here."""
        named = {self.parent, self.deleted_with, *self.dependencies}
        return frozenset(named.union(*self.property_dependencies.values()) - {""})

    @property
    def is_provider(self) -> bool:
        """Is it a provider (default or explicit)?"""
        return self.type.startswith(PROVIDER_PREFIX)


@dataclass(frozen=True)
class Pending:
    """An operation that had begun when the engine ended: `creating`, `updating`, `deleting`, `reading`, `importing`."""

    resource: Resource
    type: str


@dataclass(frozen=True)
class Deployment:
    """The state of a stack: resources in an order in which each refers to earlier ones only.

    `metadata` passes through as it was read.
    """

    resources: tuple[Resource, ...] = ()
    pending: tuple[Pending, ...] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict)
