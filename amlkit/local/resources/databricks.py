"""Databricks workspaces and access connectors: the ARM resources only. Notebooks and clusters are not behind them."""

from __future__ import annotations

import re
import zlib
from typing import Any

from ..arm import GROUP, Kind, Put, group_id, guid_of, identity_of, routes_of
from ..clock import now
from ..web import AzureError

DNS_SUFFIX = "azuredatabricks.amlkit.test"
_SKUS = ("premium", "standard", "trial")
_FIXED = ("managedResourceGroupId", "computeMode")


def _shape(write: Put) -> dict[str, Any]:
    properties, sku = write.properties, (write.body.get("sku") or {}).get("name") or "premium"
    serverless = str(properties.get("computeMode", "Hybrid")).lower() == "serverless"
    if sku.lower() not in _SKUS:
        raise AzureError(400, "InvalidSku", f"'{sku}' is no SKU of a Databricks workspace: {', '.join(_SKUS)}.")
    group = properties.get("managedResourceGroupId")
    if not serverless and not group:
        message = "The property 'managedResourceGroupId' is required."
        raise AzureError(400, "ApplicationManagedResourceGroupIdMissing", message)
    if group and group.lower() == write.id.partition("/providers/")[0].lower():
        message = "The managed resource group must be another one than that of the workspace."
        raise AzureError(400, "ApplicationManagedResourceGroupInvalid", message)  # inferred
    if fixed := write.changed(_FIXED):
        raise AzureError(400, "PropertyChangeNotAllowed", f"The property '{fixed}' cannot be changed.")  # inferred
    number = zlib.crc32(write.id.lower().encode())
    computed = {
        "provisioningState": "Succeeded",
        "workspaceId": write.kept("workspaceId", str(1_000_000_000_000_000 + number)),
        "workspaceUrl": f"adb-{1_000_000_000_000_000 + number}.{number % 20}.{DNS_SUFFIX}",
        "createdDateTime": write.kept("createdDateTime", now()),
        "createdBy": {"oid": guid_of("databricks"), "applicationId": guid_of("databricks")},
        "authorizations": [{"principalId": guid_of("databricks"), "roleDefinitionId": guid_of("databricks#role")}],
    }
    parameters = {
        name: {"type": "Bool", **value} if isinstance(value, dict) and isinstance(value.get("value"), bool) else value
        for name, value in (properties.get("parameters") or {}).items()
    }
    return {
        "location": write.body["location"],
        "tags": write.body.get("tags") or {},
        "sku": {"name": sku},
        "properties": {
            "publicNetworkAccess": "Enabled",
            "computeMode": "Hybrid",
            **properties,
            "parameters": parameters,
            **computed,
        },
    }


def _shape_connector(write: Put) -> dict[str, Any]:
    return {
        "location": write.body["location"],
        "tags": write.body.get("tags") or {},
        "identity": identity_of(write),
        "properties": {"provisioningState": "Succeeded", "referedBy": []},
    }


KIND = Kind(
    type="Microsoft.Databricks/workspaces",
    path=f"{GROUP}/providers/Microsoft.Databricks/workspaces",
    name=re.compile(r"[A-Za-z0-9_-]{3,64}"),
    parent=group_id,
    shape=_shape,
    types={"properties.managedResourceGroupId": str, "properties.parameters": dict, "properties.computeMode": str},
    patches=True,
)
CONNECTOR = Kind(
    type="Microsoft.Databricks/accessConnectors",
    path=f"{GROUP}/providers/Microsoft.Databricks/accessConnectors",
    name=re.compile(r"[A-Za-z0-9_-]{3,64}"),
    parent=group_id,
    shape=_shape_connector,
    patches=True,
)
ROUTES = [*routes_of(KIND), *routes_of(CONNECTOR)]
