"""What can be asked of a workspace besides the document: its keys, and a diagnosis of what it depends on."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request

from ..arm import find
from ..web import AzureError, route, world
from .workspaces import KIND

_DEPENDENCIES = {
    "storageAccountResults": "storageAccount",
    "keyVaultResults": "keyVault",
    "applicationInsightsResults": "applicationInsights",
    "containerRegistryResults": "containerRegistry",
}


def list_keys(request: Request, _: Any) -> dict[str, Any]:
    """`POST …/workspaces/{workspace}/listKeys`."""
    properties = find(KIND, request)["properties"]
    here = world(request)
    storage = properties["storageAccount"]
    insights = here.documents.get(properties.get("applicationInsights") or "/") or {"properties": {}}
    return {
        "userStorageKey": here.blobs.keys(storage.rpartition("/")[2])[0],
        "userStorageResourceId": storage,
        "userStorageArmId": storage,
        "appInsightsInstrumentationKey": insights["properties"].get("InstrumentationKey"),
    }


def list_storage_keys(request: Request, _: Any) -> dict[str, Any]:
    """`POST …/workspaces/{workspace}/listStorageAccountKeys`."""
    return {"userStorageKey": list_keys(request, None)["userStorageKey"]}


def resync_keys(request: Request, _: Any) -> dict[str, Any]:
    """`POST …/workspaces/{workspace}/resyncKeys`: the stand-in reads keys where they are, so there is nothing to do."""
    find(KIND, request)
    return {}


def diagnose(request: Request, _: Any) -> dict[str, Any]:
    """`POST …/workspaces/{workspace}/diagnose`: an error for each dependency that is not there any more."""
    document, here = find(KIND, request), world(request)
    value: dict[str, list[dict[str, str]]] = {
        name: []
        for name in (*_DEPENDENCIES, "dnsResolutionResults", "networkSecurityRuleResults", "resourceLockResults")
    }
    for name, dependency in _DEPENDENCIES.items():
        id_ = document["properties"].get(dependency)
        if id_ and here.documents.get(id_) is None:
            message = f"The {dependency} of the workspace does not exist: {id_}"
            value[name].append({"code": "ResourceNotFound", "level": "Error", "message": message})
    return {"value": {**value, "userDefinedRouteResults": [], "otherResults": []}}


def nothing(request: Request, _: Any) -> dict[str, Any]:
    """A list below a workspace of what the stand-in never has."""
    find(KIND, request)
    return {"value": []}


def no_notebooks(request: Request, _: Any) -> dict[str, Any]:
    """Azure's own notebooks.

    Raises:
        AzureError: 501: there are none here.
    """
    find(KIND, request)
    raise AzureError(501, "NotImplemented", "The local Azure ML has no notebooks.")


_ONE = f"{KIND.path}/{{workspace}}"
ROUTES = [
    route(f"{_ONE}/listKeys", list_keys, ["POST"]),
    route(f"{_ONE}/listStorageAccountKeys", list_storage_keys, ["POST"]),
    route(f"{_ONE}/resyncKeys", resync_keys, ["POST"]),
    route(f"{_ONE}/diagnose", diagnose, ["POST"]),
    *(route(f"{_ONE}/{name}", nothing, ["GET"]) for name in ("privateEndpointConnections", "privateLinkResources")),
    *(
        route(f"{_ONE}/{name}", no_notebooks, ["POST"])
        for name in ("prepareNotebook", "listNotebookKeys", "listNotebookAccessToken")
    ),
]
