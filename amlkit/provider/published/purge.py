"""`Purge`: at a destroy, purges what Azure keeps for a while of what a stack deleted in a resource group.

It is made before the key vault and the workspace and so deleted after them. It touches only what is deleted already and
carries the stack's tags: to take the resource out of a program purges nothing that lives. Which workspaces there are is
found by Read, which a destroy does first; a vault that was deleted is listed by Azure itself, with its tags.
"""

from __future__ import annotations

from typing import Any

from .cloud import Document
from .verbs import Call, Checked, Difference, Live, Values, compare, joined, missing, same_id

REFRESHED = True

_IDENTITY = ("groupId",)
_FOUND = "workspaces"  # an input that only Read sets: it is in the state when Delete comes
_GROUPS = "2024-03-01"
_VAULTS = "2024-11-01"  # the api-version of Microsoft.KeyVault that azure-native 3.29 uses
_REQUIRED = ("groupId", "project", "stack")


def check(olds: Values, news: Values, call: Call) -> Checked:
    """Required inputs."""
    return Checked({key: news[key] for key in _REQUIRED if key in news}, missing(news, _REQUIRED))


def diff(olds: Values, news: Values) -> Difference:
    """Another group makes it another one."""
    return compare(olds, news, _IDENTITY, (_FOUND,))


def preview(news: Values, outputs: Values) -> dict[str, Any]:
    """Its inputs."""
    return dict(news)


def create(news: Values, call: Call) -> Live:
    """Nothing to make: it is there for its end."""
    return Live(joined(news["groupId"], "#purge"), dict(news), dict(news))


def read(id_: str, inputs: Values, outputs: Values, call: Call) -> Live | None:
    """Which workspaces of the stack there are now."""
    if not inputs:
        return None
    found = {**inputs, _FOUND: _workspaces(inputs, call)}
    return Live(joined(inputs["groupId"], "#purge"), found, dict(outputs))


def update(id_: str, olds: Values, news: Values, call: Call) -> dict[str, Any]:
    """Nothing to change on Azure."""
    return dict(news)


def delete(id_: str, inputs: Values, call: Call) -> None:
    """Purge what is deleted; what is protected from it stays, with a warning."""
    for workspace in inputs.get(_FOUND) or ():
        if call.cloud.get(workspace) is None:
            call.cloud.delete(workspace, "&forceToPurge=true")
            call.inform(f"purged: {workspace}")
    subscription = "/".join(inputs["groupId"].split("/")[:3])
    for vault in call.cloud.list(f"{subscription}/providers/Microsoft.KeyVault/deletedVaults", _VAULTS):
        if _is_ours(inputs, vault):
            _purge(subscription, vault, call)


def _workspaces(inputs: Values, call: Call) -> list[str]:
    if call.cloud.get(inputs["groupId"], _GROUPS) is None:
        return []
    kind = f"{inputs['groupId']}/providers/Microsoft.MachineLearningServices/workspaces"
    return [each.body["id"] for each in call.cloud.list(kind) if _has_tags(inputs, each.tags)]


def _is_ours(inputs: Values, vault: Document) -> bool:
    group = "/".join(str(vault.properties["vaultId"]).split("/")[:5])
    return same_id(group, inputs["groupId"]) and _has_tags(inputs, vault.properties.get("tags") or {})


def _has_tags(inputs: Values, tags: Values) -> bool:
    return all(tags.get(name) == inputs[name] for name in ("project", "stack"))


def _purge(subscription: str, vault: Document, call: Call) -> None:
    name, properties = vault.body["name"], vault.properties
    if properties.get("purgeProtectionEnabled"):
        until = properties.get("scheduledPurgeDate", "its time is over")
        call.warn(f"the key vault {name} is protected from being purged: Azure keeps it until {until}")
        return
    place = f"{subscription}/providers/Microsoft.KeyVault/locations/{properties['location']}/deletedVaults/{name}"
    call.cloud.post(f"{place}/purge", _VAULTS)
    call.cloud.gone(place, _VAULTS)
    call.inform(f"purged: {properties['vaultId']}")
