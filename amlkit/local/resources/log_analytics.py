"""Log Analytics workspaces: the ARM resource and its shared keys only. Logs are not taken in."""

from __future__ import annotations

import base64
import hashlib
import re
from typing import Any

from starlette.requests import Request

from ..arm import GROUP, Kind, Put, find, group_id, guid_of, routes_of
from ..clock import now
from ..web import route


def _shape(write: Put) -> dict[str, Any]:
    defaults = {
        "sku": {"name": "PerGB2018"},
        "retentionInDays": 30,
        "publicNetworkAccessForIngestion": "Enabled",
        "publicNetworkAccessForQuery": "Enabled",
        "features": {"enableLogAccessUsingOnlyResourcePermissions": True},
        "workspaceCapping": {"dailyQuotaGb": -1.0, "dataIngestionStatus": "RespectQuota"},
    }
    computed = {
        "customerId": guid_of(write.id),
        "provisioningState": "Succeeded",
        "createdDate": write.kept("createdDate", now()),
        "modifiedDate": now(),
    }
    return {
        "location": write.body["location"],
        "tags": write.body.get("tags") or {},
        "properties": defaults | write.properties | computed,
    }


KIND = Kind(
    type="Microsoft.OperationalInsights/workspaces",
    path=f"{GROUP}/providers/Microsoft.OperationalInsights/workspaces",
    name=re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{2,61}[A-Za-z0-9]"),
    parent=group_id,
    shape=_shape,
    patches=True,
)


def shared_keys(request: Request, _: Any) -> dict[str, Any]:
    """`POST …/sharedKeys`."""
    id_ = find(KIND, request)["id"]
    digests = (hashlib.sha512(f"{id_}#{number}".lower().encode()).digest() for number in (1, 2))
    primary, secondary = (base64.b64encode(each).decode() for each in digests)
    return {"primarySharedKey": primary, "secondarySharedKey": secondary}


ROUTES = [*routes_of(KIND), route(f"{KIND.path}/{{name}}/sharedKeys", shared_keys, ["POST"])]
