"""Storage accounts: the ARM resource, its keys, and the folder and name that its data lives under."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request

from ...home import STORAGE_SUFFIX
from .. import sas
from ..arm import GROUP, Kind, Put, find, group_id, identity_of, routes_of
from ..blobs import ACCOUNT_NAME
from ..certificates import SERVICES
from ..clock import now
from ..web import AzureError, object_body, route, world
from ..world import World

_PROVIDER = "/subscriptions/{subscription}/providers/Microsoft.Storage"
_ACCOUNT_SAS = {
    "ss": "signedServices",
    "srt": "signedResourceTypes",
    "sp": "signedPermission",
    "st": "signedStart",
    "se": "signedExpiry",
    "sip": "signedIp",
    "spr": "signedProtocol",
}
_FIXED = ("isHnsEnabled", "isNfsV3Enabled")  # Azure sets them at creation only


def _shape(write: Put) -> dict[str, Any]:
    sku = (write.body.get("sku") or {}).get("name")
    if not sku or not write.body.get("kind"):
        raise AzureError(400, "InvalidValuesForRequestParameters", "The values of 'sku.name' and 'kind' are required.")
    for name in _FIXED:
        if write.before and write.kept(name, None) != write.properties.get(name):
            message = f"The property '{name}' was specified in the input, but it cannot be updated."
            raise AzureError(409, "AccountPropertyCannotBeUpdated", message)
    write.world.blobs.create_account(write.name, write.id)
    return {
        "location": write.body["location"],
        "tags": write.body.get("tags") or {},
        "kind": write.body["kind"],
        "sku": {"name": sku, "tier": sku.partition("_")[0]},
        "identity": identity_of(write),
        "properties": _defaults(write) | write.properties | _computed(write),
    }


def _defaults(write: Put) -> dict[str, Any]:
    return {
        "accessTier": "Hot",
        "supportsHttpsTrafficOnly": True,
        "minimumTlsVersion": "TLS1_2",
        "allowBlobPublicAccess": False,
        "publicNetworkAccess": "Enabled",
        "networkAcls": {"bypass": "AzureServices", "defaultAction": "Allow", "ipRules": [], "virtualNetworkRules": []},
        "encryption": {
            "keySource": "Microsoft.Storage",
            "services": {name: {"enabled": True, "keyType": "Account"} for name in ("blob", "file")},
        },
    }


def _computed(write: Put) -> dict[str, Any]:
    return {
        "provisioningState": "Succeeded",
        "primaryEndpoints": {service: f"https://{write.name}.{service}.{STORAGE_SUFFIX}/" for service in SERVICES},
        "primaryLocation": write.body["location"],
        "statusOfPrimary": "available",
        "creationTime": write.kept("creationTime", now()),
        "keyCreationTime": dict.fromkeys(("key1", "key2"), write.kept("creationTime", now())),
        "privateEndpointConnections": [],
    }


def _removed(here: World, document: dict[str, Any]) -> None:
    here.blobs.delete_account(document["name"])


KIND = Kind(
    type="Microsoft.Storage/storageAccounts",
    path=f"{GROUP}/providers/Microsoft.Storage/storageAccounts",
    name=ACCOUNT_NAME,
    parent=group_id,
    shape=_shape,
    removed=_removed,
    parameter="account",
    created=200,
    patches=True,
)


def list_keys(request: Request, _: Any) -> dict[str, Any]:
    """`POST …/storageAccounts/{account}/listKeys`."""
    return _keys(request, find(KIND, request))


def regenerate_key(request: Request, body: Any) -> dict[str, Any]:
    """`POST …/storageAccounts/{account}/regenerateKey`: what was signed with the old one is refused from now on.

    Raises:
        AzureError: 400: neither `key1` nor `key2`.
    """
    document, name = find(KIND, request), object_body(body).get("keyName")
    if name not in ("key1", "key2"):
        raise AzureError(400, "InvalidRequestPropertyValue", f"The value '{name}' of 'keyName' is no key.")
    world(request).blobs.change_key(document["name"], name)
    return _keys(request, document)


def list_account_sas(request: Request, body: Any) -> dict[str, Any]:
    """`POST …/storageAccounts/{account}/ListAccountSas`.

    Raises:
        AzureError: 400: a member that an account SAS needs is missing.
    """
    document, given = find(KIND, request), object_body(body)
    for name in ("signedServices", "signedResourceTypes", "signedPermission", "signedExpiry"):
        if not isinstance(given.get(name), str):
            raise AzureError(400, "InvalidRequestPropertyValue", f"A SAS of an account needs '{name}'.")
    query = {short: given[name] for short, name in _ACCOUNT_SAS.items() if isinstance(given.get(name), str)}
    query["sv"] = sas.VERSION
    keys = dict(zip(("key1", "key2"), world(request).blobs.keys(document["name"]), strict=True))
    key = keys.get(given.get("keyToSign") or "key1")
    if key is None:
        raise AzureError(400, "InvalidRequestPropertyValue", "The value of 'keyToSign' is 'key1' or 'key2'.")
    signature = sas.sign(key, sas.account_text(document["name"], query))
    return {"accountSasToken": urlencode({**query, "sig": signature})}


def _keys(request: Request, document: dict[str, Any]) -> dict[str, Any]:
    made = document["properties"]["creationTime"]
    keys = enumerate(world(request).blobs.keys(document["name"]), start=1)
    return {
        "keys": [
            {"keyName": f"key{number}", "value": value, "permissions": "FULL", "creationTime": made}
            for number, value in keys
        ]
    }


def check_name_availability(request: Request, body: Any) -> dict[str, Any]:
    """`POST …/providers/Microsoft.Storage/checkNameAvailability`."""
    name = str(object_body(body).get("name", ""))
    if not ACCOUNT_NAME.fullmatch(name):
        return {"nameAvailable": False, "reason": "AccountNameInvalid", "message": f"{name} is not a valid name."}
    if world(request).blobs.has_account(name):
        message = f"The storage account named {name} is already taken."
        return {"nameAvailable": False, "reason": "AlreadyExists", "message": message}
    return {"nameAvailable": True}


def nothing(request: Request, _: Any) -> dict[str, Any]:
    """A list below an account of what the stand-in never has."""
    find(KIND, request)
    return {"value": []}


ROUTES = [
    *routes_of(KIND),
    route(f"{KIND.path}/{{account}}/listKeys", list_keys, ["POST"]),
    route(f"{KIND.path}/{{account}}/regenerateKey", regenerate_key, ["POST"]),
    route(f"{KIND.path}/{{account}}/ListAccountSas", list_account_sas, ["POST"]),
    route(f"{KIND.path}/{{account}}/privateEndpointConnections", nothing, ["GET"]),
    route(f"{_PROVIDER}/deletedAccounts", lambda _, __: {"value": []}, ["GET"]),
    route(f"{_PROVIDER}/checkNameAvailability", check_name_availability, ["POST"]),
]
