"""The state while an operation runs: what is done (new, in completion order), what is left (old), what is under way.

The only mutable picture of the state; `steps` and `importing` change it, `session` has each change written.
The order new before old is a sound one because a registration waits for whatever it refers to.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from .aliasing import normalised
from .references import without_missing
from .resource import Deployment, Pending, Resource
from .values import equal


@dataclass(eq=False)
class Old:
    """A place in the old list: the resource as it now is there, and whether something new has taken over from it.

    `made`: it is not in that list, but was made or taken over in this run, and goes when an update or delete follows.
    """

    resource: Resource
    done: bool = False
    made: New | None = None


@dataclass(eq=False)
class New:
    """A place in the new list. `gone`: made and deleted again in the same operation."""

    resource: Resource
    gone: bool = False


@dataclass
class Snapshot:
    """Starts from a state. `save` is called after every change that must be on disk, and blocks until it is there."""

    base: Deployment
    save: Callable[[Callable[[], Deployment]], None]
    news: list[New] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.olds = [Old(resource) for resource in self.base.resources]
        self._pending: dict[int, Pending] = {}
        self._carried = tuple(each for each in self.base.pending if each.type == "creating")
        self._lock = threading.RLock()
        self._count = 0
        self._unsaved = False
        self._some_missing = False

    def deployment(self) -> Deployment:
        """The state as it is now."""
        with self._lock:
            news = tuple(each.resource for each in self.news if not each.gone)
            olds = tuple(each.resource for each in self.olds if not each.done)
            all_ = without_missing(news + olds) if self._some_missing else news + olds
            pending = (*self._carried, *self._pending.values())
            return Deployment(normalised(all_), pending, self.base.metadata)

    def resources(self) -> Iterator[Resource]:
        """Everything, new and old, listed when it is looked at: where a provider is looked for that is not loaded."""
        with self._lock:
            every = [*(each.resource for each in self.news), *(each.resource for each in self.olds)]
        yield from every

    def begin(self, resource: Resource, kind: str) -> int:
        """Note an operation that is about to reach the cloud; returns the ticket to end it with."""
        with self._lock:
            self._count += 1
            ticket = self._count
            self._pending[ticket] = Pending(resource, kind)
        self.save(self.deployment)
        return ticket

    def failed(self, ticket: int) -> None:
        """The operation ended without an effect that the state should hold."""
        with self._lock:
            self._pending.pop(ticket, None)
        self.save(self.deployment)

    def created(self, ticket: int, resource: Resource, replaces: Old | None = None) -> New:
        """The operation made something; what it replaces is either gone already or waits for its deletion."""
        with self._lock:
            self._pending.pop(ticket, None)
            made = New(resource)
            self.news.append(made)
            if replaces is not None:
                if replaces.resource.pending_replacement:
                    replaces.done = True
                else:
                    replaces.resource = replace(replaces.resource, delete=True)
        self.save(self.deployment)
        return made

    def updated(self, ticket: int, old: Old | None, resource: Resource) -> New:
        """The operation changed (or read) what `old` was."""
        with self._lock:
            self._pending.pop(ticket, None)
            if old is not None:
                self._drop(old)
            made = New(resource)
            self.news.append(made)
        self.save(self.deployment)
        return made

    def same(self, old: Old, resource: Resource) -> New:
        """Nothing was done to it; on disk at once only if something that counts differs, else by `settle`."""
        with self._lock:
            before = old.resource
            self._drop(old)
            made = New(resource)
            self.news.append(made)
        if differs(before, resource):
            self.save(self.deployment)
        elif before != resource:
            self._unsaved = True
        return made

    def deleted(self, ticket: int, old: Old, *, pending_replacement: bool = False) -> None:
        """The operation deleted it; before a replacement it stays in the state until that is made."""
        with self._lock:
            self._pending.pop(ticket, None)
            if pending_replacement:
                old.resource = replace(old.resource, pending_replacement=True)
            else:
                self._drop(old)
        self.save(self.deployment)

    def settle(self) -> None:
        """Have on disk what was no reason to write by itself: at the end of an operation."""
        if self._unsaved:
            self._unsaved = False
            self.save(self.deployment)

    def forget(self, old: Old) -> None:
        """Drop a resource that is gone already."""
        with self._lock:
            self._drop(old)
        self.save(self.deployment)

    def reread(self, old: Old, resource: Resource | None) -> None:
        """A place in the old list holds what was read there; None: what was there is gone."""
        with self._lock:
            before = old.resource
            if resource is None:
                self._drop(old)
                self._some_missing = True
            else:
                old.resource = resource
        if resource is None or differs(before, resource):
            self.save(self.deployment)
        elif before != resource:
            self._unsaved = True

    def some_missing(self) -> None:
        """From now on some resource may refer to what is not in the state: it is saved without that."""
        self._some_missing = True

    def set_rest(self, resources: Sequence[Resource]) -> None:
        """What is left of the old list, read anew."""
        with self._lock:
            before = [each.resource for each in self.olds if not each.done]
            self.olds = [Old(each) for each in resources]
        self._unsaved = self._unsaved or before != list(resources)

    def set_outputs(self, new: New, outputs: dict[str, Any]) -> None:
        """Outputs that arrive after a component's (or the stack's) registration."""
        with self._lock:
            changed = not equal(new.resource.outputs, outputs)
            new.resource = replace(new.resource, outputs=outputs)
        if changed:
            self.save(self.deployment)

    def _drop(self, old: Old) -> None:
        old.done = True
        if old.made is not None:
            old.made.gone = True


def differs(old: Resource, new: Resource) -> bool:
    """Must the state be written for a step that did nothing? Source places alone are no reason."""
    return _compared(old) != _compared(new) or not (
        equal(old.inputs, new.inputs) and equal(old.outputs, new.outputs) and old.custom_timeouts == new.custom_timeouts
    )


def _compared(resource: Resource) -> tuple[Any, ...]:
    return (
        resource.urn,
        resource.type,
        resource.custom,
        resource.id,
        resource.provider,
        resource.parent,
        resource.protect,
        resource.retain_on_delete,
        resource.deleted_with,
        sorted(resource.replace_with),
        sorted(resource.dependencies),
        {key: sorted(urns) for key, urns in resource.property_dependencies.items() if urns},
        {kind: names for kind, names in resource.resource_hooks.items() if names},
        resource.additional_secret_outputs,
        resource.ignore_changes,
        resource.replace_on_changes,
        resource.refresh_before_update,
        resource.replacement_trigger,
    )
