"""Orphans of a stack: what carries its two tags in its subscriptions, and is not in its state. `amlkit stack orphans`.

They are left by a state that was lost or restored from a backup, by an `up` that died between a create and its note, by
`retain` rules, by hand. Resource Manager finds them by tag; a vault that Azure keeps after its deletion is listed by
Key Vault. Of deleted workspaces Azure has no documented list, so that those are not found. Never asked for is what
somebody else manages (`managedBy`), and what has no tags: role assignments, locks, datastores.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from http import HTTPStatus
from typing import Any

from amlkit.errors import ServiceError, SetupError
from amlkit.home import SUBSCRIPTION
from amlkit.target import Service

from .stacks import SUBSCRIPTION_KEY, Stack, followed, settings_of

RESOURCES, VAULTS = "2024-03-01", "2024-11-01"  # api-versions of Resource Manager and of Key Vault
_GROUP, _DELETED_VAULT = "microsoft.resources/resourcegroups", "microsoft.keyvault/deletedvaults"
_VAULT = "microsoft.keyvault/vaults"
_WORKSPACE = "microsoft.machinelearningservices/workspaces"
_DATA = frozenset(
    {
        "microsoft.storage/storageaccounts",
        _VAULT,
        _DELETED_VAULT,
        _WORKSPACE,  # runs, models, registered data
        "microsoft.containerregistry/registries",
        "microsoft.datalakestore/accounts",
        "microsoft.databricks/workspaces",
    }
)
_WAITS_SECONDS = (0.0, 0.2, 1.0, *([5.0] * 60))  # Azure takes minutes to delete some things


@dataclass(frozen=True, order=True)
class Orphan:
    """One of them. `type` is ARM's; `kept_until` is set where Azure keeps what is deleted already."""

    id: str
    type: str
    kept_until: str = ""

    @property
    def name(self) -> str:
        """The last part of its id."""
        return self.id.rpartition("/")[2]

    @property
    def holds_data(self) -> bool:
        """Would data be lost with it?"""
        return self.type.lower() in _DATA

    @property
    def is_group(self) -> bool:
        """Is it a resource group? Those are deleted only when nothing is left in them."""
        return self.type.lower() == _GROUP


@dataclass(frozen=True)
class Swept:
    """What became of an orphan that was to be deleted: gone, or still there, and why."""

    orphan: Orphan
    why: str = ""


class Sweep:
    """The search for the orphans of one stack, and their end. Call it after `Stack.enter`, with the stack's service."""

    def __init__(self, stack: Stack, service: Service) -> None:
        self._stack = stack
        self._service = service

    @cached_property
    def _state(self) -> Mapping[str, Any]:
        from amlkit.engine import choice

        return choice.deployment(self._stack.engine, self._stack.name, self._stack.home.root, os.environ)

    @property
    def is_state_empty(self) -> bool:
        """Does the state hold nothing at all? Then everything that carries the tags counts as an orphan."""
        return not self._state.get("resources")

    def check_settled(self) -> None:
        """Refuse to delete while the state does not say what it owns.

        Raises:
            SetupError: an operation of it was cut off.
        """
        if self._state.get("pending_operations"):
            hint = f"`amlkit up{self._stack.label}` or `amlkit refresh{self._stack.label}` finds out what became of it"
            raise SetupError("the state holds operations that were cut off, and what they made may be there", hint=hint)

    def find(self) -> tuple[Orphan, ...]:
        """All of them, sorted by id.

        Raises:
            SetupError: no state, or another command holds it.
            ServiceError: Azure refuses.
        """
        owned = {_key(each["id"]) for each in self._state.get("resources") or () if each.get("id")}
        found: list[Orphan] = []
        for subscription in sorted(self._subscriptions(owned)):
            found += self._groups(subscription)
            found += self._resources(subscription)
            found += self._deleted_vaults(subscription)
        return tuple(sorted({_key(each.id): each for each in found if _key(each.id) not in owned}.values()))

    def delete(self, orphans: Iterable[Orphan], wait: Callable[[float], None] = time.sleep) -> Iterator[Swept]:
        """Delete them, what is in others first, what others still need again at the end; groups last, if empty."""
        listed = sorted(orphans, key=lambda each: (each.is_group, -each.id.count("/")))
        left = [each for each in listed if not each.is_group]
        refused: dict[Orphan, str] = {}
        while left:
            refused = {}
            for each in left:
                why = self._refused(each, wait)
                if why:
                    refused[each] = why
                else:
                    yield Swept(each)
            if len(refused) == len(left):
                break
            left = list(refused)
        for each, why in refused.items():
            yield Swept(each, why)
        for group in (each for each in listed if each.is_group):
            inside = [str(each["id"]).rpartition("/")[2] for each in self._listed(f"{group.id}/resources")]
            holds = f"it still holds {', '.join(sorted(inside))}" if inside else ""
            yield Swept(group, holds or self._refused(group, wait))

    @property
    def _tags(self) -> dict[str, str]:
        from amlkit.engine.embedded.project import Project

        return {"project": Project.load(self._stack.home.root).name, "stack": self._stack.name}

    def _subscriptions(self, owned: Iterable[str]) -> set[str]:
        """That of the settings, and those of what the state holds."""
        said = settings_of(self._stack.home, self._stack.name).get(SUBSCRIPTION_KEY)
        default = SUBSCRIPTION if self._stack.is_local else ""
        found = {str(said or os.environ.get("ARM_SUBSCRIPTION_ID") or default).lower()}
        found |= {each.split("/")[2] for each in owned if each.startswith("/subscriptions/")}
        return found - {""}

    def _groups(self, subscription: str) -> Iterator[Orphan]:
        for each in self._listed(f"/subscriptions/{subscription}/resourcegroups{_with_tag('stack', self._stack.name)}"):
            if self._has_tags(each.get("tags")) and not each.get("managedBy"):
                yield Orphan(str(each["id"]), "Microsoft.Resources/resourceGroups")

    def _resources(self, subscription: str) -> Iterator[Orphan]:
        """Asked a tag at a time, because one filter takes one tag, and the answer to it shows none."""
        base = f"/subscriptions/{subscription}/resources"
        lists = [
            {_key(each["id"]): each for each in self._listed(base + _with_tag(name, value))}
            for name, value in self._tags.items()
        ]
        for key, each in lists[0].items():
            if key in lists[1] and not each.get("managedBy"):
                yield Orphan(str(each["id"]), str(each["type"]))

    def _deleted_vaults(self, subscription: str) -> Iterator[Orphan]:
        for each in self._listed(f"/subscriptions/{subscription}/providers/Microsoft.KeyVault/deletedVaults", VAULTS):
            properties = each.get("properties") or {}
            if self._has_tags(properties.get("tags")):
                place = f"/subscriptions/{subscription}/providers/Microsoft.KeyVault/locations/{properties['location']}"
                until = str(properties.get("scheduledPurgeDate") or "its time is over")
                yield Orphan(f"{place}/deletedVaults/{each['name']}", "Microsoft.KeyVault/deletedVaults", until)

    def _has_tags(self, tags: Mapping[str, str] | None) -> bool:
        return all((tags or {}).get(name) == value for name, value in self._tags.items())

    def _refused(self, orphan: Orphan, wait: Callable[[float], None]) -> str:
        """Delete one and wait until it is gone; why it is not, else nothing."""
        try:
            version = self._version(orphan)
            if orphan.kept_until:
                self._service.arm("POST", f"{orphan.id}/purge", version)
            else:
                purges = "?forceToPurge=true" if orphan.type.lower() == _WORKSPACE else ""
                self._service.arm("DELETE", f"{orphan.id}{purges}", version)
            self._wait_for_end(orphan, version, wait)
        except ServiceError as error:
            if error.status != HTTPStatus.NOT_FOUND:
                return str(error)
        if orphan.type.lower() == _VAULT:  # `--data` says for good, and its name is wanted back
            subscription = orphan.id.split("/")[2]
            kept = [each for each in self._deleted_vaults(subscription) if each.name.lower() == orphan.name.lower()]
            whys = [self._refused(each, wait) for each in kept]
            return "".join(f"deleted, but Azure keeps it: {why}" for why in whys if why)
        return ""

    def _wait_for_end(self, orphan: Orphan, version: str, wait: Callable[[float], None]) -> None:
        """Ends with the 404 of what is gone, or with what says that it takes too long."""
        for pause in _WAITS_SECONDS:
            wait(pause)
            self._service.arm("GET", orphan.id, version)
        raise ServiceError(0, "StillThere", "Azure is still deleting it")

    def _version(self, orphan: Orphan) -> str:
        """An api-version that its provider takes: the newest that is no preview."""
        if orphan.is_group:
            return RESOURCES
        if orphan.kept_until:
            return VAULTS
        subscription, (namespace, _, type_) = orphan.id.split("/")[2], orphan.type.partition("/")
        found = self._service.arm("GET", f"/subscriptions/{subscription}/providers/{namespace}", RESOURCES).json()
        for each in found.get("resourceTypes") or ():
            if str(each["resourceType"]).lower() == type_.lower():
                versions = sorted(each.get("apiVersions") or (), key=lambda text: ("preview" not in text, text))
                if versions:
                    return str(versions[-1])
        raise ServiceError(0, "NoApiVersion", f"`{namespace}` says no version of its type `{type_}`")

    def _listed(self, path: str, version: str = RESOURCES) -> Iterator[dict[str, Any]]:
        page = self._service.arm("GET", path, version).json()
        return followed(self._service, page, self._service.target.resource_manager)


def _with_tag(name: str, value: str) -> str:
    return f"?$filter=tagName%20eq%20'{name}'%20and%20tagValue%20eq%20'{value}'"


def _key(id_: Any) -> str:
    return f"/{str(id_).strip('/')}".lower()
