"""The three kinds of resource (custom, provider, component) behind one set of verbs; for `registrar` and `steps`."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

from amlkit.propertyvalues import UNKNOWN

from .decide import Diff
from .providers import Checked, Outcome, Provider, config_only
from .registry import Registry
from .resource import Resource
from .values import equal


class Kind(Protocol):
    """What can be done with a resource. `preview` calls change nothing."""

    def check(self, resource: Resource, olds: Mapping[str, Any], old: Resource | None) -> Checked:
        """Validate and complete inputs."""

    def diff(self, old: Resource, new: Resource) -> Diff:
        """Compare what is there with what is wanted."""

    def create(self, resource: Resource, *, preview: bool) -> Outcome:
        """Make it."""

    def update(self, old: Resource, new: Resource, *, preview: bool) -> Outcome:
        """Change it in place."""

    def same(self, old: Resource, new: Resource) -> None:
        """Leave it as it is."""


@dataclass(frozen=True)
class Custom:
    """A resource that a provider manages."""

    provider: Provider

    def check(self, resource: Resource, olds: Mapping[str, Any], old: Resource | None) -> Checked:
        """Ask the provider."""
        return self.provider.check(resource, olds)

    def diff(self, old: Resource, new: Resource) -> Diff:
        """Ask the provider."""
        return self.provider.diff(replace(old, urn=new.urn, type=new.type), new.inputs, new.ignore_changes)

    def create(self, resource: Resource, *, preview: bool) -> Outcome:
        """Ask the provider."""
        return self.provider.create(resource, preview=preview)

    def update(self, old: Resource, new: Resource, *, preview: bool) -> Outcome:
        """Ask the provider."""
        return self.provider.update(old, new, preview=preview)

    def same(self, old: Resource, new: Resource) -> None:
        """Nothing to do."""


@dataclass(frozen=True)
class ProviderKind:
    """A provider as a resource: made is configured; its id is random, its outputs are its configuration."""

    registry: Registry

    def check(self, resource: Resource, olds: Mapping[str, Any], old: Resource | None) -> Checked:
        """CheckConfig; the plugin's version stays what the program asked for."""
        checked = self.registry.for_check(resource, old).check_config(resource, olds)
        if "version" in resource.inputs and "version" not in checked.inputs:
            return Checked({**checked.inputs, "version": resource.inputs["version"]}, checked.failures)
        return checked

    def diff(self, old: Resource, new: Resource) -> Diff:
        """DiffConfig; a provider whose configuration is equal is not asked to say so."""
        diff = self.registry.checking(new.urn).diff_config(old, new)
        return diff if diff.changes is not None else Diff(not equal(config_only(old.inputs), config_only(new.inputs)))

    def create(self, resource: Resource, *, preview: bool) -> Outcome:
        """Configure it, under a new id (unknown in a preview)."""
        identifier = UNKNOWN if preview else str(uuid.uuid4())
        self.registry.configured(_with_id(resource, identifier))
        return Outcome(identifier, config_only(resource.inputs))

    def update(self, old: Resource, new: Resource, *, preview: bool) -> Outcome:
        """Configure it anew, under the old id."""
        self.registry.configured(_with_id(new, old.id))
        return Outcome(old.id, config_only(new.inputs))

    def same(self, old: Resource, new: Resource) -> None:
        """Configure it as it was: what its DiffConfig held to be no change must not reach it now."""
        self.registry.configured(replace(old, urn=new.urn))


@dataclass(frozen=True)
class Component:
    """A resource of the program's own: nothing but a place in the tree."""

    def check(self, resource: Resource, olds: Mapping[str, Any], old: Resource | None) -> Checked:
        """Anything goes."""
        return Checked(resource.inputs)

    def diff(self, old: Resource, new: Resource) -> Diff:
        """Changed if its inputs are."""
        return Diff(not equal(old.inputs, new.inputs))

    def create(self, resource: Resource, *, preview: bool) -> Outcome:
        """No id; outputs come later."""
        return Outcome("", {})

    def update(self, old: Resource, new: Resource, *, preview: bool) -> Outcome:
        """Outputs come later."""
        return Outcome("", {})

    def same(self, old: Resource, new: Resource) -> None:
        """Nothing to do."""


def _with_id(resource: Resource, identifier: str) -> Resource:
    return replace(resource, id=identifier)
