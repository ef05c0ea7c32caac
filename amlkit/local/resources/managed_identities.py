"""User-assigned identities: principals with stable ids, to be named in `identity` and in role assignments."""

from __future__ import annotations

import re
from typing import Any

from ...home import TENANT
from ..arm import GROUP, Kind, Put, group_id, guid_of, routes_of


def _shape(write: Put) -> dict[str, Any]:
    return {
        "location": write.body["location"],
        "tags": write.body.get("tags") or {},
        "properties": {
            "principalId": guid_of(f"{write.id}#principal"),
            "clientId": guid_of(f"{write.id}#client"),
            "tenantId": TENANT,
        },
    }


KIND = Kind(
    type="Microsoft.ManagedIdentity/userAssignedIdentities",
    path=f"{GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities",
    name=re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{2,127}"),
    parent=group_id,
    shape=_shape,
    patches=True,
)
ROUTES = routes_of(KIND)
