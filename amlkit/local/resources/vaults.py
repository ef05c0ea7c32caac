"""Key vaults: the ARM resource only; there are no secrets behind it. A deleted vault is kept, and keeps its name.

Soft delete as Microsoft's pages on Key Vault describe it: the name stays taken until the vault is purged, by hand or
when its retention is over, or recovered (`createMode: recover`). With its resource group a vault goes softly too.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse

from ..arm import GROUP, Kind, Put, find, group_id, is_taken, routes_of, shown
from ..clock import text_of
from ..web import AzureError, check_types, object_body, route, world
from ..world import World

DNS_SUFFIX = "vault.amlkit.test"
_NAME = re.compile(r"(?!.*--)[A-Za-z][A-Za-z0-9-]{1,22}[A-Za-z0-9]")
_PROVIDER = "/subscriptions/{subscription}/providers/Microsoft.KeyVault"
_DELETED_TYPE = "Microsoft.KeyVault/deletedVaults"
_RETENTION_DAYS = range(7, 91)


def _shape(write: Put) -> dict[str, Any]:
    properties = write.properties
    if str(properties.get("createMode", "default")).lower() == "recover" and write.before is None:
        return _recover(write)
    if not properties.get("tenantId") or not (properties.get("sku") or {}).get("name"):
        raise AzureError(400, "BadRequest", "The properties 'tenantId' and 'sku' are required.")
    _policies(properties.get("accessPolicies") or [])
    _check_name(write)
    _check_protection(write)
    defaults = {
        "accessPolicies": [],
        "enabledForDeployment": False,
        "softDeleteRetentionInDays": 90,
        "publicNetworkAccess": "Enabled",
    }
    answered = {key: value for key, value in properties.items() if key != "createMode"}
    computed = {
        "vaultUri": f"https://{write.name}.{DNS_SUFFIX}/",
        "provisioningState": "Succeeded",
        "enableSoftDelete": True,  # of every new vault, whatever is asked for
    }
    return {
        "location": write.body["location"],
        "tags": write.body.get("tags") or {},
        "properties": defaults | answered | computed,
    }


def _policies(given: Any) -> list[dict[str, Any]]:
    if not isinstance(given, list) or not all(isinstance(each, dict) for each in given):
        raise AzureError(400, "BadRequest", "The 'accessPolicies' are a list of objects.")
    return given


def _check_name(write: Put) -> None:
    """Names of vaults are unique over all subscriptions, deleted vaults included."""
    if write.before is not None:
        return
    deleted = _deleted(write.world, write.name)
    if deleted is not None:
        message = (
            f"A vault with the same name already exists in deleted state: '{deleted['properties']['vaultId']}'. "
            "Recover it or purge it first."
        )
        raise AzureError(409, "ConflictError", message)
    if is_taken(write, KIND.type):
        message = f"The vault name '{write.name}' is already in use. Vault names are globally unique."
        raise AzureError(409, "VaultAlreadyExists", message)


def _check_protection(write: Put) -> None:
    properties = write.properties
    if properties.get("enablePurgeProtection") is False and write.kept("enablePurgeProtection", False):
        raise AzureError(400, "BadRequest", "The property 'enablePurgeProtection' cannot be set to false.")
    if write.before and properties.get("enableSoftDelete") is False:
        raise AzureError(400, "BadRequest", "The property 'enableSoftDelete' cannot be set to false.")
    days = properties.get("softDeleteRetentionInDays", 90)
    if days not in _RETENTION_DAYS:
        raise AzureError(400, "BadRequest", f"'softDeleteRetentionInDays' is from 7 to 90, not {days}.")
    if write.before and days != write.kept("softDeleteRetentionInDays", 90):
        raise AzureError(400, "BadRequest", "The property 'softDeleteRetentionInDays' has been set already.")


def _recover(write: Put) -> dict[str, Any]:
    deleted = _deleted(write.world, write.name)
    if deleted is None or deleted["properties"]["vaultId"].lower() != write.id.lower():
        raise AzureError(404, "DeletedVaultNotFound", f"There is no deleted vault '{write.id}'.")
    write.world.documents.delete(deleted["id"])
    return dict(deleted["_vault"])


def _deleted(here: World, name: str) -> dict[str, Any] | None:
    for each in _all_deleted(here, ""):
        if each["name"].lower() == name.lower():
            return each
    return None


def _all_deleted(here: World, prefix: str) -> list[dict[str, Any]]:
    """The deleted vaults whose retention is not over; the others are purged on this occasion."""
    found = []
    for each in here.documents.of_type(prefix, _DELETED_TYPE):
        if datetime.fromisoformat(each["properties"]["scheduledPurgeDate"]) > here.clock.time():
            found.append(each)
        else:
            here.documents.delete(each["id"])
    return found


def purge_below(here: World, scope: str) -> None:
    """Purge the deleted vaults that were in this scope, protected ones too: what only the control door does."""
    for each in here.documents.of_type("", _DELETED_TYPE):
        if each["properties"]["vaultId"].lower().startswith(f"{scope.lower()}/"):
            here.documents.delete(each["id"])


def _soft_delete(here: World, vault: dict[str, Any]) -> None:
    subscription, time = vault["id"].split("/")[2], here.clock.time()
    properties = vault["properties"]
    until = time + timedelta(days=properties["softDeleteRetentionInDays"])
    id_ = f"/subscriptions/{subscription}/providers/Microsoft.KeyVault/locations/{vault['location']}"
    document = {
        "name": vault["name"],
        "type": _DELETED_TYPE,
        "properties": {
            "vaultId": vault["id"],
            "location": vault["location"],
            "tags": vault["tags"],
            "deletionDate": text_of(time),
            "scheduledPurgeDate": text_of(until),
            "purgeProtectionEnabled": properties.get("enablePurgeProtection"),
        },
        "_vault": {name: vault[name] for name in ("location", "tags", "properties")},
    }
    here.documents.put(f"{id_}/deletedVaults/{vault['name']}", document)


KIND = Kind(
    type="Microsoft.KeyVault/vaults",
    path=f"{GROUP}/providers/Microsoft.KeyVault/vaults",
    name=_NAME,
    parent=group_id,
    shape=_shape,
    types={
        "properties.tenantId": str,
        "properties.sku": dict,
        "properties.createMode": str,
        "properties.softDeleteRetentionInDays": int,
        "properties.accessPolicies": list,
    },
    removed=_soft_delete,
    parameter="vault",
    patches=True,
)


def list_deleted(request: Request, _: Any) -> dict[str, Any]:
    """`GET …/Microsoft.KeyVault/deletedVaults`."""
    prefix = f"/subscriptions/{request.path_params['subscription']}"
    return {"value": [shown(each) for each in _all_deleted(world(request), prefix)]}


def get_deleted(request: Request, _: Any) -> dict[str, Any]:
    """`GET …/Microsoft.KeyVault/locations/{location}/deletedVaults/{vault}`.

    Raises:
        AzureError: 404.
    """
    return shown(_deleted_of(request))


def purge(request: Request, _: Any) -> JSONResponse:
    """`POST …/deletedVaults/{vault}/purge`: done when it answers.

    Raises:
        AzureError: 404; 405: the vault has purge protection.
    """
    document = _deleted_of(request)
    if document["properties"]["purgeProtectionEnabled"]:
        raise AzureError(405, "MethodNotAllowed", "Operation 'DeletedVaultPurge' is not allowed.")
    world(request).documents.delete(document["id"])
    return JSONResponse(None, 200)


def _deleted_of(request: Request) -> dict[str, Any]:
    name, location = request.path_params["vault"], request.path_params["location"]
    found = _deleted(world(request), name)
    if found is None or found["properties"]["location"] != location.replace(" ", "").lower():
        raise AzureError(404, "DeletedVaultNotFound", f"The specified deleted vault '{name}' does not exist.")
    return found


def check_name_availability(request: Request, body: Any) -> dict[str, Any]:
    """`POST …/Microsoft.KeyVault/checkNameAvailability`."""
    name, here = str(object_body(body).get("name", "")), world(request)
    if not _NAME.fullmatch(name):
        return {"nameAvailable": False, "reason": "AccountNameInvalid", "message": f"{name} is not a valid name."}
    used = any(each["name"].lower() == name.lower() for each in here.documents.of_type("", KIND.type))
    if used or _deleted(here, name) is not None:
        message = f"The vault name '{name}' is already in use. Vault names are globally unique."
        return {"nameAvailable": False, "reason": "AlreadyExists", "message": message}
    return {"nameAvailable": True}


def access_policies(request: Request, body: Any) -> JSONResponse:
    """`PUT …/vaults/{vault}/accessPolicies/{add|replace|remove}`: of the principals that the body names.

    Raises:
        AzureError: 400: another operation, or no policies.
    """
    here, operation = world(request), request.path_params["operation"].lower()
    check_types(object_body(body), {"properties": dict})
    given = _policies((body.get("properties") or {}).get("accessPolicies"))
    if operation not in ("add", "replace", "remove"):
        raise AzureError(400, "BadRequest", f"Access policies are added, replaced or removed, not '{operation}'.")
    with here.database.transaction():
        vault = find(KIND, request)
        before = vault["properties"]["accessPolicies"]
        named = {str(each.get("objectId")).lower() for each in given}
        others = [each for each in before if str(each.get("objectId")).lower() not in named]
        after = given if operation == "replace" else others if operation == "remove" else [*others, *given]
        here.documents.put(vault["id"], vault | {"properties": vault["properties"] | {"accessPolicies": after}})
    id_, type_ = f"{vault['id']}/accessPolicies/", "Microsoft.KeyVault/vaults/accessPolicies"
    return JSONResponse({"id": id_, "type": type_, "properties": {"accessPolicies": after}})


ROUTES = [
    *routes_of(KIND),
    route(f"{KIND.path}/{{vault}}/accessPolicies/{{operation}}", access_policies, ["PUT"]),
    route(f"{_PROVIDER}/deletedVaults", list_deleted, ["GET"]),
    route(f"{_PROVIDER}/locations/{{location}}/deletedVaults/{{vault}}", get_deleted, ["GET"]),
    route(f"{_PROVIDER}/locations/{{location}}/deletedVaults/{{vault}}/purge", purge, ["POST"]),
    route(f"{_PROVIDER}/checkNameAvailability", check_name_availability, ["POST"]),
]
