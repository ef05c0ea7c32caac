"""Key vaults: the ARM resource only. There are no secrets behind it, and a deleted vault is gone at once."""

from __future__ import annotations

import re
from typing import Any

from ..arm import GROUP, Kind, Put, group_id, routes_of
from ..web import AzureError

DNS_SUFFIX = "vault.amlkit.test"


def _shape(write: Put) -> dict[str, Any]:
    properties = write.properties
    if not properties.get("tenantId") or not (properties.get("sku") or {}).get("name"):
        raise AzureError(400, "BadRequest", "The properties 'tenantId' and 'sku' are required.")
    if properties.get("enablePurgeProtection") is False and write.kept("enablePurgeProtection", False):
        raise AzureError(400, "BadRequest", "The property 'enablePurgeProtection' cannot be set to false.")
    defaults = {"accessPolicies": [], "enableSoftDelete": True, "softDeleteRetentionInDays": 90}
    answered = {key: value for key, value in properties.items() if key != "createMode"}
    computed = {"vaultUri": f"https://{write.name}.{DNS_SUFFIX}/", "provisioningState": "Succeeded"}
    return {
        "location": write.body["location"],
        "tags": write.body.get("tags") or {},
        "properties": defaults | answered | computed,
    }


KIND = Kind(
    type="Microsoft.KeyVault/vaults",
    path=f"{GROUP}/providers/Microsoft.KeyVault/vaults",
    name=re.compile(r"(?!.*--)[A-Za-z][A-Za-z0-9-]{1,22}[A-Za-z0-9]"),
    parent=group_id,
    shape=_shape,
    types={"properties.sku": dict},
)
ROUTES = routes_of(KIND)
