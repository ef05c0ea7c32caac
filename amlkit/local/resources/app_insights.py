"""Application Insights components: the ARM resource only. Telemetry is not taken in."""

from __future__ import annotations

import re
from typing import Any

from ...home import TENANT
from ..arm import GROUP, Kind, Put, group_id, guid_of, routes_of
from ..clock import now
from ..web import AzureError


def _shape(write: Put) -> dict[str, Any]:
    if not write.body.get("kind") or not write.properties.get("Application_Type"):
        raise AzureError(400, "BadRequest", "The values of 'kind' and 'Application_Type' are required.")
    workspace = write.properties.get("WorkspaceResourceId")
    if workspace and write.world.documents.get(workspace) is None:
        raise AzureError(404, "WorkspaceNotFound", f"There is no Log Analytics workspace '{workspace}'.")
    key, application = guid_of(f"{write.id}#key"), guid_of(f"{write.id}#application")
    computed = {
        "ApplicationId": write.name,
        "AppId": application,
        "Name": write.name,
        "TenantId": TENANT,
        "CreationDate": write.kept("CreationDate", now()),
        "InstrumentationKey": key,
        "ConnectionString": f"InstrumentationKey={key};ApplicationId={application}",
        "provisioningState": "Succeeded",
        "PrivateLinkScopedResources": [],
    }
    return {
        "location": write.body["location"],
        "tags": write.body.get("tags") or {},
        "kind": write.body["kind"],
        "etag": f'"{guid_of(write.id)}"',
        "properties": {"RetentionInDays": 90} | write.properties | computed,
    }


KIND = Kind(
    type="Microsoft.Insights/components",
    path=f"{GROUP}/providers/Microsoft.Insights/components",
    name=re.compile(r"[^%&\\?/]{0,254}[^%&\\?/.\s]"),
    parent=group_id,
    shape=_shape,
    patches=True,
    types={"properties.WorkspaceResourceId": str},
)
ROUTES = routes_of(KIND)
