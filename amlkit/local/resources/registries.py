"""Container registries: the ARM resource and its admin credentials only. There are no images behind it."""

from __future__ import annotations

import hashlib
import re
from typing import Any

from starlette.requests import Request

from ..arm import GROUP, Kind, Put, find, group_id, identity_of, routes_of
from ..clock import now
from ..web import AzureError, route

DNS_SUFFIX = "azurecr.amlkit.test"


def _shape(write: Put) -> dict[str, Any]:
    sku = (write.body.get("sku") or {}).get("name")
    if not sku:
        raise AzureError(400, "InvalidSku", "The value of 'sku.name' is required.")
    computed = {
        "loginServer": f"{write.name.lower()}.{DNS_SUFFIX}",
        "creationDate": write.kept("creationDate", now()),
        "provisioningState": "Succeeded",
    }
    defaults = {"adminUserEnabled": False, "publicNetworkAccess": "Enabled", "zoneRedundancy": "Disabled"}
    return {
        "location": write.body["location"],
        "tags": write.body.get("tags") or {},
        "sku": {"name": sku, "tier": sku},
        "identity": identity_of(write),
        "properties": defaults | write.properties | computed,
    }


KIND = Kind(
    type="Microsoft.ContainerRegistry/registries",
    path=f"{GROUP}/providers/Microsoft.ContainerRegistry/registries",
    name=re.compile(r"[A-Za-z0-9]{5,50}"),
    parent=group_id,
    shape=_shape,
    patches=True,
)


def list_credentials(request: Request, _: Any) -> dict[str, Any]:
    """`POST …/listCredentials`.

    Raises:
        AzureError: 400: the admin user is off.
    """
    document = find(KIND, request)
    if not document["properties"]["adminUserEnabled"]:
        message = f"Listing credentials needs the admin user, which is off for registry '{document['name']}'."
        raise AzureError(400, "UnAuthorizedForCredentialOperations", message)
    names = ("password", "password2")
    values = (hashlib.sha256(f"{document['id']}#{name}".lower().encode()).hexdigest() for name in names)
    passwords = [{"name": name, "value": value} for name, value in zip(names, values, strict=True)]
    return {"username": document["name"], "passwords": passwords}


ROUTES = [*routes_of(KIND), route(f"{KIND.path}/{{name}}/listCredentials", list_credentials, ["POST"])]
