"""Azure ML workspaces, with the two datastores that each has from the start."""

from __future__ import annotations

import re
import uuid
from typing import Any

from starlette.requests import Request

from ...home import STORAGE_SUFFIX, TENANT
from ..arm import GROUP, Kind, Put, find, group_id, identity_of, routes_of, shown
from ..web import AzureError, route, world
from ..world import World

DEFAULT_DATASTORE = "workspaceblobstore"
ARTIFACT_STORE = "workspaceartifactstore"
ARTIFACT_CONTAINER = "azureml"
_REFERENCES = {
    "storageAccount": "Microsoft.Storage/storageAccounts",
    "keyVault": "Microsoft.KeyVault/vaults",
    "applicationInsights": "Microsoft.Insights/components",
    "containerRegistry": "Microsoft.ContainerRegistry/registries",
}
_REQUIRED = ("storageAccount", "keyVault")
_FIXED = ("storageAccount", "keyVault", "hbiWorkspace")


def _shape(write: Put) -> dict[str, Any]:
    properties = write.properties
    if not write.body.get("identity"):
        raise AzureError(400, "ValidationError", "A workspace needs an 'identity'.")
    for name, type_ in _REFERENCES.items():
        _check_reference(write, name, type_, properties.get(name))
    for name in _FIXED:
        before = write.kept(name, properties.get(name))
        if properties.get(name) is not None and str(before).lower() != str(properties[name]).lower():
            raise AzureError(400, "UpdateNotSupported", f"The property '{name}' of a workspace cannot be changed.")
    return {
        "location": write.body["location"],
        "tags": write.body.get("tags") or {},
        "kind": write.body.get("kind") or "Default",
        "sku": write.body.get("sku") or {"name": "Basic", "tier": "Basic"},
        "identity": identity_of(write),
        "properties": _defaults(write) | properties | _computed(write),
    }


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
        "serviceProvisionedResourceGroup": "",
    }


def _add_datastores(here: World, workspace: dict[str, Any]) -> None:
    properties = workspace["properties"]
    account = properties["storageAccount"].rpartition("/")[2]
    containers = {
        DEFAULT_DATASTORE: f"azureml-blobstore-{properties['workspaceId']}",
        ARTIFACT_STORE: ARTIFACT_CONTAINER,
    }
    for name, container in containers.items():
        id_ = f"{workspace['id']}/datastores/{name}"
        here.blobs.create_container(account, container)
        if here.documents.get(id_) is None:
            here.documents.put(id_, _datastore(name, account, container))


def _removed(here: World, workspace: dict[str, Any]) -> None:
    here.jobs.forget(workspace["id"])


def _datastore(name: str, account: str, container: str) -> dict[str, Any]:
    return {
        "name": name,
        "type": "Microsoft.MachineLearningServices/workspaces/datastores",
        "properties": {
            "datastoreType": "AzureBlob",
            "accountName": account,
            "containerName": container,
            "endpoint": STORAGE_SUFFIX,
            "protocol": "https",
            "credentials": {"credentialsType": "AccountKey"},
            "isDefault": name == DEFAULT_DATASTORE,
            "serviceDataAccessAuthIdentity": "WorkspaceSystemAssignedIdentity",
            "tags": {},
            "properties": {},
        },
    }


KIND = Kind(
    type="Microsoft.MachineLearningServices/workspaces",
    path=f"{GROUP}/providers/Microsoft.MachineLearningServices/workspaces",
    name=re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_-]{2,32}"),
    parent=group_id,
    shape=_shape,
    types={f"properties.{name}": str for name in _REFERENCES},
    after=_add_datastores,
    removed=_removed,
    parameter="workspace",
)


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


def in_subscription(request: Request, _: Any) -> dict[str, Any]:
    """`GET /subscriptions/{subscription}/providers/…/workspaces`."""
    prefix = f"/subscriptions/{request.path_params['subscription']}"
    return {"value": [shown(each) for each in world(request).documents.of_type(prefix, KIND.type)]}


ROUTES = [
    *routes_of(KIND),
    route(f"{KIND.path}/{{workspace}}/listKeys", list_keys, ["POST"]),
    route(
        "/subscriptions/{subscription}/providers/Microsoft.MachineLearningServices/workspaces", in_subscription, ["GET"]
    ),
]
