"""Azure ML workspaces, with the datastores that each has from the start."""

from __future__ import annotations

import re
import uuid
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from ...home import TENANT
from ..arm import GROUP, Kind, Put, group_id, identity_of, routes_of
from ..web import AzureError, route, world
from ..world import World
from . import default_datastores, deleted_workspaces

_REFERENCES = {
    "storageAccount": "Microsoft.Storage/storageAccounts",
    "keyVault": "Microsoft.KeyVault/vaults",
    "applicationInsights": "Microsoft.Insights/components",
    "containerRegistry": "Microsoft.ContainerRegistry/registries",
}
_REQUIRED = ("storageAccount", "keyVault")
_FIXED = ("storageAccount", "keyVault", "hbiWorkspace")
_ISOLATION = ("Disabled", "AllowInternetOutbound", "AllowOnlyApprovedOutbound")


def _shape(write: Put) -> dict[str, Any]:
    properties = write.properties
    if write.before is None:
        deleted_workspaces.check_name(write.world, write.id)
    if not write.body.get("identity"):
        raise AzureError(400, "ValidationError", "A workspace needs an 'identity'.")
    for name, type_ in _REFERENCES.items():
        _check_reference(write, name, type_, properties.get(name))
    if fixed := write.changed(_FIXED):
        message = f"The property '{fixed}' of a workspace cannot be changed."
        raise AzureError(400, "UpdateNotSupported", message)  # inferred
    _check_network(write)
    return {
        "location": write.body["location"],
        "tags": write.body.get("tags") or {},
        "kind": write.body.get("kind") or "Default",
        "sku": write.body.get("sku") or {"name": "Basic", "tier": "Basic"},
        "identity": identity_of(write),
        "properties": _defaults(write) | properties | _computed(write),
    }


def _check_network(write: Put) -> None:
    """A managed network is kept, and once it isolates it cannot be switched off (Microsoft's page on it)."""
    asked = (write.properties.get("managedNetwork") or {}).get("isolationMode")
    before = (write.kept("managedNetwork", None) or {}).get("isolationMode")
    if asked is not None and asked not in _ISOLATION:
        raise AzureError(400, "ValidationError", f"'{asked}' is no isolationMode: {', '.join(_ISOLATION)}.")
    if before not in (None, "Disabled") and asked == "Disabled":
        message = f"The managed network of a workspace cannot be disabled once it isolates: '{write.name}'."
        raise AzureError(400, "ValidationError", message)


def _check_reference(write: Put, name: str, type_: str, id_: Any) -> None:
    if id_ is None:
        if name in _REQUIRED:
            raise AzureError(400, "ValidationError", f"A workspace needs '{name}'.")
        return
    document = write.world.documents.get(str(id_))
    if document is None or document["type"].lower() != type_.lower():
        raise AzureError(400, "ValidationError", f"The '{name}' of the workspace is not an existing {type_}: '{id_}'.")


def _defaults(write: Put) -> dict[str, Any]:
    return {
        "friendlyName": write.name,
        "description": "",
        "hbiWorkspace": False,
        "publicNetworkAccess": "Enabled",
        "v1LegacyMode": False,
        "allowPublicAccessWhenBehindVnet": False,
    }


def _computed(write: Put) -> dict[str, Any]:
    address = write.world.address
    guid = write.kept("workspaceId", str(uuid.uuid4()))
    return {
        "workspaceId": guid,
        "tenantId": TENANT,
        "provisioningState": "Succeeded",
        "discoveryUrl": f"{address.url}/discovery",
        "mlFlowTrackingUri": f"azureml://{address.url.removeprefix('https://')}/mlflow/v1.0{write.id}",
        "storageHnsEnabled": False,
        "privateLinkCount": 0,
        "privateEndpointConnections": [],
        "notebookInfo": None,
        "serviceProvisionedResourceGroup": "",
    }


def _removed(here: World, workspace: dict[str, Any]) -> None:
    here.jobs.forget(workspace["id"])


KIND = Kind(
    type="Microsoft.MachineLearningServices/workspaces",
    path=f"{GROUP}/providers/Microsoft.MachineLearningServices/workspaces",
    name=re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_-]{2,32}"),
    parent=group_id,
    shape=_shape,
    types={
        **{f"properties.{name}": str for name in _REFERENCES},
        "properties.managedNetwork": dict,
        "properties.managedNetwork.isolationMode": str,
        "properties.systemDatastoresAuthMode": str,
    },
    after=default_datastores.add,
    removed=_removed,
    parameter="workspace",
    created=200,
    patches=True,
)


def delete(request: Request, _: Any) -> Response:
    """`DELETE …/workspaces/{workspace}[?forceToPurge=true]`: softly, unless told; it also purges one deleted softly."""
    here, purged = world(request), request.query_params.get("forceToPurge", "").lower() == "true"
    id_ = f"{group_id(request)}/{KIND.collection}/{request.path_params['workspace']}"
    document = here.documents.get(id_)
    if document is not None:
        KIND.removed(here, document)
        here.documents.delete(id_)
    if purged:
        deleted_workspaces.purge(here, id_)
    elif document is not None:
        deleted_workspaces.add(here, document)
    return Response(status_code=204 if document is None else 200)


ROUTES = [route(f"{KIND.path}/{{workspace}}", delete, ["DELETE"]), *routes_of(KIND)]
