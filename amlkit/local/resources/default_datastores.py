"""The datastores that every workspace has from the start, with their containers and file shares.

Names, containers and shares are Azure's; `code-391ff5ac-…` is the same in every workspace there (Microsoft's pages on
notebooks and prompt flow). Called when a workspace was put.
"""

from __future__ import annotations

from typing import Any

from ...home import STORAGE_SUFFIX
from ..world import World

BLOB_STORE = "workspaceblobstore"  # the default one
FILE_STORE = "workspacefilestore"
ARTIFACT_STORE = "workspaceartifactstore"
WORKING_DIRECTORY = "workspaceworkingdirectory"
ARTIFACT_CONTAINER = "azureml"
CODE_SHARE = "code-391ff5ac-6576-460f-ba4d-7e03433c68b6"
_TYPE = "Microsoft.MachineLearningServices/workspaces/datastores"


def add(here: World, workspace: dict[str, Any]) -> None:
    """Make those of a workspace that are not there yet, and keep their credentials as the workspace wants them."""
    properties = workspace["properties"]
    account, guid = properties["storageAccount"].rpartition("/")[2], properties["workspaceId"]
    containers = {BLOB_STORE: f"azureml-blobstore-{guid}", ARTIFACT_STORE: ARTIFACT_CONTAINER}
    shares = {FILE_STORE: f"azureml-filestore-{guid}", WORKING_DIRECTORY: CODE_SHARE}
    for name, container in containers.items():
        here.blobs.create_container(account, container)
        place = {"datastoreType": "AzureBlob", "accountName": account, "containerName": container}
        _add(here, workspace, name, place)
    for name, share in shares.items():
        here.blobs.create_share(account, share)
        place = {"datastoreType": "AzureFile", "accountName": account, "fileShareName": share}
        _add(here, workspace, name, place)


def _add(here: World, workspace: dict[str, Any], name: str, place: dict[str, str]) -> None:
    id_ = f"{workspace['id']}/datastores/{name}"
    mode = str(workspace["properties"].get("systemDatastoresAuthMode") or "AccessKey").lower()
    # inferred: with `UserDelegationSAS` there is no key either
    credentials = {"credentialsType": "AccountKey" if mode == "accesskey" else "None"}
    before = here.documents.get(id_)
    if before is not None:
        if before["properties"]["credentials"] != credentials:
            here.documents.put(id_, {**before, "properties": {**before["properties"], "credentials": credentials}})
        return
    properties = {
        **place,
        "endpoint": STORAGE_SUFFIX,
        "protocol": "https",
        "credentials": credentials,
        "isDefault": name == BLOB_STORE,
        "serviceDataAccessAuthIdentity": "WorkspaceSystemAssignedIdentity",
        "tags": {},
        "properties": {},
    }
    here.documents.put(id_, {"name": name, "type": _TYPE, "properties": properties})
