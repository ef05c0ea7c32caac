"""Resource providers: the namespaces that the stand-in answers for, always registered. And tags by themselves."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request

from ..inert import Inert
from ..web import AzureError, check_types, object_body, route, world
from .role_definitions import scope_of

_VERSION = "2025-12-01"  # every version is taken here; clients choose one from this list
_BASE = "/subscriptions/{subscription}/providers"
_TAGS = "/{scope:path}/providers/Microsoft.Resources/tags/default"
_TYPES = {
    "Microsoft.Authorization": ("roleAssignments", "roleDefinitions"),
    "Microsoft.ContainerRegistry": ("registries",),
    "Microsoft.DataFactory": ("factories",),
    "Microsoft.DataLakeAnalytics": ("accounts",),
    "Microsoft.DataLakeStore": ("accounts",),
    "Microsoft.Databricks": ("accessConnectors", "workspaces"),
    "Microsoft.Insights": ("components",),
    "Microsoft.KeyVault": ("deletedVaults", "vaults"),
    "Microsoft.MachineLearningServices": (
        "workspaces",
        "workspaces/batchEndpoints",
        "workspaces/batchEndpoints/deployments",
        "workspaces/components",
        "workspaces/computes",
        "workspaces/connections",
        "workspaces/data",
        "workspaces/datastores",
        "workspaces/environments",
        "workspaces/jobs",
        "workspaces/models",
        "workspaces/outboundRules",
    ),
    "Microsoft.ManagedIdentity": ("userAssignedIdentities",),
    "Microsoft.OperationalInsights": ("workspaces",),
    "Microsoft.Resources": ("resourceGroups",),
    "Microsoft.Storage": (
        "storageAccounts",
        "storageAccounts/blobServices",
        "storageAccounts/fileServices",
        "storageAccounts/managementPolicies",
    ),
}


def list_(request: Request, _: Any) -> dict[str, Any]:
    """`GET /subscriptions/{subscription}/providers`."""
    return {"value": [_shown(request, name) for name in _TYPES]}


def get(request: Request, _: Any) -> dict[str, Any]:
    """`GET …/providers/{namespace}`, and `POST …/register`, which changes nothing.

    Raises:
        AzureError: 404: the stand-in has nothing of it, and nothing of it is inert.
    """
    asked = request.path_params["namespace"]
    for name in _TYPES:
        if name.lower() == asked.lower():
            return _shown(request, name)
    if Inert(world(request).database).has(asked):
        return _shown(request, asked)
    raise AzureError(404, "InvalidResourceNamespace", f"The resource namespace '{asked}' is invalid.")


def _shown(request: Request, name: str) -> dict[str, Any]:
    scope, prefix = f"/subscriptions/{request.path_params['subscription']}", f"{name.lower()}/"
    kept = [each["type"] for each in world(request).documents.below(scope) if "type" in each]  # inert ones too
    found = {each[len(prefix) :] for each in kept if each.lower().startswith(prefix)}
    known = _TYPES.get(name, ())
    types = [
        {"resourceType": each, "locations": [], "apiVersions": [_VERSION]}
        for each in (*known, *sorted(found - {*known}))
    ]
    return {
        "id": _BASE.format(**request.path_params) + f"/{name}",
        "namespace": name,
        "registrationPolicy": "RegistrationRequired",
        "registrationState": "Registered",
        "resourceTypes": types,
    }


def tags(request: Request, body: Any) -> dict[str, Any]:
    """`GET`, `PUT` (replace all), `PATCH` (`operation`: Merge, Replace or Delete) or `DELETE` of a resource's tags.

    Raises:
        AzureError: 404; 400: another operation.
    """
    here, scope = world(request), scope_of(request)
    with here.database.transaction():
        document = here.documents.get(scope)
        if document is None:
            raise AzureError(501, "NotImplemented", "The local Azure ML keeps no tags of a subscription.")
        before = document.get("tags") or {}
        after = _changed(request.method, before, body)
        if after != before:
            here.documents.put(scope, {**document, "tags": after})
    id_ = f"{scope}/providers/Microsoft.Resources/tags/default"
    return {"id": id_, "name": "default", "type": "Microsoft.Resources/tags", "properties": {"tags": after}}


def _changed(method: str, before: dict[str, str], body: Any) -> dict[str, str]:
    if method in ("GET", "DELETE"):
        return before if method == "GET" else {}
    sent = object_body(body)
    check_types(sent, {"operation": str, "properties": dict, "properties.tags": dict})
    given = (sent.get("properties") or {}).get("tags") or {}
    operation = "Replace" if method == "PUT" else sent.get("operation")
    if operation == "Replace":
        return dict(given)
    if operation == "Merge":
        return {**before, **given}
    if operation == "Delete":
        return {name: value for name, value in before.items() if given.get(name) not in (value, "")}
    raise AzureError(400, "InvalidTagsOperation", f"The operation '{operation}' is not Merge, Replace or Delete.")


ROUTES = [
    route(_BASE, list_, ["GET"]),
    route(f"{_BASE}/{{namespace}}", get, ["GET"]),
    route(f"{_BASE}/{{namespace}}/register", get, ["POST"]),
    route(_TAGS, tags, ["GET", "PUT", "PATCH", "DELETE"]),
]
