"""Life-cycle policies of storage accounts: kept as Azure keeps them, but nothing is moved or deleted by them."""

from __future__ import annotations

import re
from typing import Any

from starlette.requests import Request

from ..arm import Kind, Put, routes_of
from ..clock import now
from ..web import AzureError
from . import storage_accounts
from .storage_containers import account_of


def _parent(request: Request) -> str:
    return str(account_of(request)["id"])


def _shape(write: Put) -> dict[str, Any]:
    rules = (write.properties.get("policy") or {}).get("rules")
    if not isinstance(rules, list) or not rules:
        raise AzureError(400, "InvalidRequestPropertyValue", "A management policy needs 'policy.rules'.")
    return {"properties": {**write.properties, "lastModifiedTime": now()}}


KIND = Kind(
    type="Microsoft.Storage/storageAccounts/managementPolicies",
    path=f"{storage_accounts.KIND.path}/{{account}}/managementPolicies",
    name=re.compile("default"),
    parent=_parent,
    shape=_shape,
    segment="managementPolicies",
    needs_location=False,
    created=200,
    types={"properties.policy": dict},
)
ROUTES = routes_of(KIND)
