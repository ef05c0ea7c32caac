"""Data Lake Store accounts (ADLS Gen1): the ARM resource only. Azure has retired them; no data is behind it here."""

from __future__ import annotations

import re
from typing import Any

from ..arm import GROUP, Kind, Put, group_id, guid_of, identity_of, is_taken, routes_of
from ..clock import now
from ..web import AzureError, check_types

DNS_SUFFIX = "azuredatalakestore.amlkit.test"
NAME = re.compile(r"[a-z0-9]{3,24}")
_PARTS = ("firewallRules", "trustedIdProviders", "virtualNetworkRules")


def _shape(write: Put) -> dict[str, Any]:
    check_unique(write, KIND.type)
    defaults = {
        "encryptionState": "Disabled",
        "encryptionProvisioningState": "Succeeded",
        "firewallState": "Disabled",
        "firewallAllowAzureIps": "Disabled",
        "trustedIdProviderState": "Disabled",
        "newTier": "Consumption",
        "defaultGroup": guid_of("nobody"),
    }
    computed = {
        **common(write),
        "endpoint": f"{write.name}.{DNS_SUFFIX}",
        "currentTier": write.properties.get("newTier", "Consumption"),
        **{name: parts(write, name) for name in _PARTS},
    }
    return {
        "location": write.body["location"],
        "tags": write.body.get("tags") or {},
        "identity": identity_of(write),
        "properties": defaults | write.properties | computed,
    }


def common(write: Put) -> dict[str, Any]:
    """What both kinds of Data Lake accounts are answered with."""
    return {
        "provisioningState": "Succeeded",
        "state": "Active",
        "creationTime": write.kept("creationTime", now()),
        "lastModifiedTime": now(),
        "accountId": guid_of(write.id),
    }


def parts(write: Put, name: str) -> list[dict[str, Any]]:
    """The parts of an account that are named resources, as they are answered: with their ids and without keys.

    Raises:
        AzureError: 400: one without a name.
    """
    found = []
    for each in write.properties.get(name) or []:
        if not isinstance(each, dict) or not isinstance(each.get("name"), str):
            raise AzureError(400, "InvalidRequestContent", f"Every member of '{name}' needs a name.")
        check_types(each, {"properties": dict})
        shown = {key: value for key, value in (each.get("properties") or {}).items() if key != "accessKey"}
        type_ = f"{write.id.split('/providers/')[1].rpartition('/')[0]}/{name}"
        found.append({"id": f"{write.id}/{name}/{each['name']}", "name": each["name"], "type": type_})
        found[-1]["properties"] = shown
    return found


def check_unique(write: Put, type_: str) -> None:
    """Names of Data Lake accounts are hosts, so they are unique everywhere.

    Raises:
        AzureError: 409.
    """
    if is_taken(write, type_):
        raise AzureError(409, "AccountAlreadyExists", f"The account named {write.name} is already taken.")


KIND = Kind(
    type="Microsoft.DataLakeStore/accounts",
    path=f"{GROUP}/providers/Microsoft.DataLakeStore/accounts",
    name=NAME,
    parent=group_id,
    shape=_shape,
    types={f"properties.{name}": list for name in _PARTS},
    created=200,
    patches=True,
)
ROUTES = routes_of(KIND)
