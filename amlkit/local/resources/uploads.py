"""Where clients put the files of a new code, data or model version: a fresh container, with a SAS for it."""

from __future__ import annotations

import uuid
from typing import Any

from starlette.requests import Request

from .. import sas
from ..web import WORKSPACE, AzureError, object_body, route, workspace_id, world

LIFETIME_SECONDS = 3600
_KIND = "TemporaryBlobReference"


def start(request: Request, body: Any) -> dict[str, Any]:
    """`POST …/{codes|data|models}/{name}/versions/{version}/startPendingUpload`.

    Raises:
        AzureError: 501: another kind of upload.
    """
    here = world(request)
    asked = object_body({} if body is None else body).get("pendingUploadType") or _KIND
    if asked != _KIND:
        raise AzureError(501, "NotImplemented", f"The local Azure ML has {_KIND} uploads, not '{asked}'.")
    workspace = here.documents.get(workspace_id(request)) or {}
    storage = workspace["properties"]["storageAccount"]
    account = storage.rpartition("/")[2]
    identity = str(uuid.uuid4())
    container = f"{identity[:8]}-{identity}"
    here.blobs.create_container(account, container)
    uri = here.blobs.url(account, container)
    token = sas.container_sas(account, container, here.blobs.keys(account)[0], "racwdl", LIFETIME_SECONDS)
    return {
        "pendingUploadId": None,
        "pendingUploadType": _KIND,
        "blobReferenceForConsumption": {
            "blobUri": uri,
            "storageAccountArmId": storage,
            "credential": {"credentialType": "SAS", "sasUri": f"{uri}?{token}"},
        },
    }


ROUTES = [
    route(f"{WORKSPACE}/{kind}/{{name}}/versions/{{version}}/startPendingUpload", start, ["POST"])
    for kind in ("codes", "data", "models")
]
