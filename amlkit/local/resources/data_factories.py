"""Data factories: the ARM resource only. Their pipelines and linked services are not behind it."""

from __future__ import annotations

import re
from typing import Any

from ..arm import GROUP, Kind, Put, group_id, guid_of, identity_of, is_taken, routes_of
from ..clock import now
from ..web import AzureError


def _shape(write: Put) -> dict[str, Any]:
    if is_taken(write, KIND.type):
        message = f"The data factory name '{write.name}' is already taken. Names are globally unique."
        raise AzureError(409, "FactoryNameInUse", message)
    computed = {
        "provisioningState": "Succeeded",
        "createTime": write.kept("createTime", now()),
        "version": "2018-06-01",
    }
    return {
        "location": str(write.body.get("location") or _group_location(write)).replace(" ", "").lower(),
        "tags": write.body.get("tags") or {},
        "identity": identity_of(write),
        "eTag": f'"{guid_of(write.id + now())}"',
        "properties": {"publicNetworkAccess": "Enabled"} | write.properties | computed,
    }


def _group_location(write: Put) -> Any:
    return (write.world.documents.get(write.id.partition("/providers/")[0]) or {}).get("location")


KIND = Kind(
    type="Microsoft.DataFactory/factories",
    path=f"{GROUP}/providers/Microsoft.DataFactory/factories",
    name=re.compile(r"(?!.*--)[A-Za-z0-9][A-Za-z0-9-]{1,61}[A-Za-z0-9]"),
    parent=group_id,
    shape=_shape,
    needs_location=False,
    created=200,
    patches=True,
)
ROUTES = routes_of(KIND)
