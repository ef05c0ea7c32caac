"""Blob containers as ARM resources; the same containers as those of the data plane."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from ..arm import find
from ..blobs import CONTAINER_NAME
from ..web import AzureError, check_types, object_body, route, world
from . import storage_accounts

TYPE = "Microsoft.Storage/storageAccounts/blobServices/containers"
_SERVICE = f"{storage_accounts.KIND.path}/{{account}}/blobServices/default"
_PATH = f"{_SERVICE}/containers/{{container}}"


def account_of(request: Request) -> dict[str, Any]:
    """The account in the path, as the parent of what the path names.

    Raises:
        AzureError: 404.
    """
    try:
        return find(storage_accounts.KIND, request)
    except AzureError as error:
        if error.code != "ResourceNotFound":
            raise
        message = f"The parent resource was not found: storageAccounts/{request.path_params['account']}."
        raise AzureError(404, "ParentResourceNotFound", message) from error


def _document(request: Request, account: dict[str, Any], name: str) -> dict[str, Any]:
    id_ = f"{account['id']}/blobServices/default/containers/{name}"
    here = world(request)
    stored = here.documents.get(id_) or {}
    folder = here.blobs.container(account["name"], name)
    changed = datetime.fromtimestamp(folder.stat().st_mtime, UTC)
    etag = f'"0x{folder.stat().st_ino:X}"'
    fixed = {
        "lastModifiedTime": changed.isoformat(),
        "etag": etag,
        "leaseStatus": "Unlocked",
        "leaseState": "Available",
        "hasImmutabilityPolicy": False,
        "hasLegalHold": False,
        "defaultEncryptionScope": "$account-encryption-key",
        "denyEncryptionScopeOverride": False,
        "publicAccess": "None",
    }
    properties = fixed | stored.get("properties", {})
    return {"id": id_, "name": name, "type": TYPE, "etag": etag, "properties": properties}


def put(request: Request, body: Any) -> JSONResponse:
    """`PUT …/blobServices/default/containers/{container}`."""
    account, name = account_of(request), request.path_params["container"]
    if not CONTAINER_NAME.fullmatch(name):
        raise AzureError(400, "InvalidResourceName", f"The container name '{name}' is not valid.")
    here = world(request)
    sent = object_body({} if body is None else body)
    check_types(sent, {"properties": dict})
    properties = sent.get("properties") or {}
    kept = {key: value for key, value in properties.items() if value is not None}
    made = here.blobs.create_container(account["name"], name)
    id_ = f"{account['id']}/blobServices/default/containers/{name}"
    here.documents.put(id_, {"name": name, "type": TYPE, "properties": kept})
    return JSONResponse(_document(request, account, name), 201 if made else 200)


def patch(request: Request, body: Any) -> dict[str, Any]:
    """`PATCH …/blobServices/default/containers/{container}`: what the body names changes.

    Raises:
        AzureError: 404.
    """
    found, sent = get(request, None), object_body(body)
    check_types(sent, {"properties": dict})
    here = world(request)
    kept = (here.documents.get(found["id"]) or {}).get("properties", {})
    properties = kept | {key: value for key, value in (sent.get("properties") or {}).items() if value is not None}
    here.documents.put(found["id"], {"name": found["name"], "type": TYPE, "properties": properties})
    return get(request, None)


def get(request: Request, _: Any) -> dict[str, Any]:
    """`GET …/containers/{container}`."""
    account, name = account_of(request), request.path_params["container"]
    if name not in world(request).blobs.containers(account["name"]):
        raise AzureError(404, "ContainerNotFound", "The specified container does not exist.")
    return _document(request, account, name)


def listed(request: Request, _: Any) -> dict[str, Any]:
    """`GET …/containers`."""
    account = account_of(request)
    names = world(request).blobs.containers(account["name"])
    return {"value": [_document(request, account, name) for name in names]}


def delete(request: Request, _: Any) -> Response:
    """`DELETE …/containers/{container}`, with its blobs."""
    account, name = account_of(request), request.path_params["container"]
    here = world(request)
    removed = here.blobs.delete_container(account["name"], name)
    here.documents.delete(f"{account['id']}/blobServices/default/containers/{name}")
    return Response(status_code=200 if removed else 204)


def service(request: Request, body: Any) -> dict[str, Any]:
    """`GET` or `PUT …/blobServices/default`: the settings of the blob service."""
    account = account_of(request)
    id_ = f"{account['id']}/blobServices/default"
    here = world(request)
    fixed = {"name": "default", "type": "Microsoft.Storage/storageAccounts/blobServices", "sku": account["sku"]}
    fixed["id"] = id_
    if request.method == "PUT":
        properties = object_body(body).get("properties") or {}
        return here.documents.put(id_, {**fixed, "properties": properties})
    return here.documents.get(id_) or {**fixed, "properties": {"deleteRetentionPolicy": {"enabled": False}}}


ROUTES = [
    route(_SERVICE.removesuffix("/default"), lambda request, _: {"value": [service(request, None)]}, ["GET"]),
    route(_SERVICE, service, ["GET", "PUT"]),
    route(f"{_SERVICE}/containers", listed, ["GET"]),
    route(_PATH, get, ["GET"]),
    route(_PATH, put, ["PUT"]),
    route(_PATH, patch, ["PATCH"]),
    route(_PATH, delete, ["DELETE"]),
]
