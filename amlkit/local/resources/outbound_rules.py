"""Outbound rules of a workspace's managed network: kept and checked as Azure does, but no traffic is filtered here."""

from __future__ import annotations

import re
from typing import Any

from starlette.requests import Request

from ..arm import Kind, Put, find, routes_of
from ..web import WORKSPACE, AzureError, route, workspace_id, world
from . import workspaces

_NEEDED = {"FQDN": str, "PrivateEndpoint": dict, "ServiceTag": dict}


def _shape(write: Put) -> dict[str, Any]:
    properties = write.properties
    kind = properties.get("type")
    if kind not in _NEEDED:
        raise AzureError(400, "ValidationError", f"'{kind}' is no type of an outbound rule: {', '.join(_NEEDED)}.")
    if not isinstance(properties.get("destination"), _NEEDED[kind]):
        raise AzureError(400, "ValidationError", f"An outbound rule of type {kind} needs another 'destination'.")
    if not _isolates(write.world.documents.get(write.id.rpartition("/outboundRules/")[0]) or {}):
        raise AzureError(400, "ValidationError", "The workspace has no managed network that isolates it.")
    return {"properties": {"category": "UserDefined"} | properties | {"status": "Inactive"}}


def _isolates(workspace: dict[str, Any]) -> bool:
    network = workspace.get("properties", {}).get("managedNetwork") or {}
    return str(network.get("isolationMode", "Disabled")) != "Disabled"


KIND = Kind(
    type="Microsoft.MachineLearningServices/workspaces/outboundRules",
    path=f"{WORKSPACE}/outboundRules",
    name=re.compile(r"[a-zA-Z0-9_.-]{1,255}"),
    parent=workspace_id,
    segment="outboundRules",
    shape=_shape,
    types={"properties.type": str},
    needs_location=False,
    created=200,
)


def provision(request: Request, _: Any) -> dict[str, Any]:
    """`POST …/provisionManagedNetwork`: the network counts as made from now on.

    Raises:
        AzureError: 400: the workspace has none.
    """
    here, workspace = world(request), find(workspaces.KIND, request)
    if not _isolates(workspace):
        raise AzureError(400, "ValidationError", "The workspace has no managed network that isolates it.")
    properties = workspace["properties"]
    network = {**properties["managedNetwork"], "status": {"status": "Active", "sparkReady": False}}
    here.documents.put(workspace["id"], {**workspace, "properties": {**properties, "managedNetwork": network}})
    return dict(network["status"])


ROUTES = [*routes_of(KIND), route(f"{WORKSPACE}/provisionManagedNetwork", provision, ["POST"])]
