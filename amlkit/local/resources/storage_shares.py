"""File shares as ARM resources, and the file service of an account; the same shares as those of the data plane."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from ..blobs import SHARE_NAME
from ..web import AzureError, Types, check_types, object_body, route, world
from . import storage_accounts
from .storage_containers import account_of

TYPE = "Microsoft.Storage/storageAccounts/fileServices/shares"
_SERVICE = f"{storage_accounts.KIND.path}/{{account}}/fileServices/default"
_PATH = f"{_SERVICE}/shares/{{share}}"
_TYPES: Types = {"properties": dict, "properties.shareQuota": int, "properties.enabledProtocols": str}
_DEFAULT_QUOTA_GIB, _MOST_GIB = 5120, 102400


def put(request: Request, body: Any) -> JSONResponse:
    """`PUT …/fileServices/default/shares/{share}`.

    Raises:
        AzureError: 400: an illegal name or size; 409: `enabledProtocols` of a share that exists.
    """
    account, name, here = account_of(request), request.path_params["share"], world(request)
    if not SHARE_NAME.fullmatch(name):
        raise AzureError(400, "InvalidResourceName", f"The share name '{name}' is not valid.")
    properties = _properties(body)
    id_ = f"{account['id']}/fileServices/default/shares/{name}"
    before = (here.documents.get(id_) or {}).get("properties", {})
    protocol = properties.get("enabledProtocols", "SMB")
    made = here.blobs.create_share(account["name"], name)
    if not made and before.get("enabledProtocols", "SMB") != protocol:
        message = "The property 'enabledProtocols' was specified in the input, but it cannot be updated."
        raise AzureError(409, "SharePropertyCannotBeUpdated", message)  # inferred: it is create-only in the spec
    here.documents.put(id_, {"name": name, "type": TYPE, "properties": properties})
    return JSONResponse(_document(request, account, name), 201 if made else 200)


def patch(request: Request, body: Any) -> dict[str, Any]:
    """`PATCH …/shares/{share}`: what the body names changes.

    Raises:
        AzureError: 404; 400: an illegal size.
    """
    found, here = get(request, None), world(request)
    kept = (here.documents.get(found["id"]) or {}).get("properties", {})
    properties = kept | _properties(body)
    here.documents.put(found["id"], {"name": found["name"], "type": TYPE, "properties": properties})
    return get(request, None)


def get(request: Request, _: Any) -> dict[str, Any]:
    """`GET …/shares/{share}`.

    Raises:
        AzureError: 404.
    """
    account, name = account_of(request), request.path_params["share"]
    if name not in world(request).blobs.shares(account["name"]):
        raise AzureError(404, "ShareNotFound", "The specified share does not exist.")
    return _document(request, account, name)


def listed(request: Request, _: Any) -> dict[str, Any]:
    """`GET …/shares`."""
    account = account_of(request)
    names = world(request).blobs.shares(account["name"])
    return {"value": [_document(request, account, name) for name in names]}


def delete(request: Request, _: Any) -> Response:
    """`DELETE …/shares/{share}`, with its files."""
    account, name, here = account_of(request), request.path_params["share"], world(request)
    removed = here.blobs.delete_share(account["name"], name)
    here.documents.delete(f"{account['id']}/fileServices/default/shares/{name}")
    return Response(status_code=200 if removed else 204)


def service(request: Request, body: Any) -> dict[str, Any]:
    """`GET` or `PUT …/fileServices/default`: the settings of the file service."""
    account, here = account_of(request), world(request)
    id_ = f"{account['id']}/fileServices/default"
    fixed = {"id": id_, "name": "default", "type": TYPE.removesuffix("/shares"), "sku": account["sku"]}
    if request.method == "PUT":
        return here.documents.put(id_, {**fixed, "properties": _properties(body)})
    properties = {"shareDeleteRetentionPolicy": {"enabled": False}}
    return here.documents.get(id_) or {**fixed, "properties": properties}


def _properties(body: Any) -> dict[str, Any]:
    sent = object_body({} if body is None else body)
    check_types(sent, _TYPES)
    found = {key: value for key, value in (sent.get("properties") or {}).items() if value is not None}
    quota = found.get("shareQuota", _DEFAULT_QUOTA_GIB)
    if not 1 <= quota <= _MOST_GIB:
        raise AzureError(400, "InvalidRequestPropertyValue", f"The 'shareQuota' is from 1 to {_MOST_GIB}, not {quota}.")
    return found


def _document(request: Request, account: dict[str, Any], name: str) -> dict[str, Any]:
    here = world(request)
    id_ = f"{account['id']}/fileServices/default/shares/{name}"
    stored = (here.documents.get(id_) or {}).get("properties", {})
    folder = here.blobs.share(account["name"], name)
    etag = f'"0x{folder.stat().st_ino:X}"'
    fixed = {
        "lastModifiedTime": datetime.fromtimestamp(folder.stat().st_mtime, UTC).isoformat(),
        "shareQuota": _DEFAULT_QUOTA_GIB,
        "enabledProtocols": "SMB",
        "accessTier": "TransactionOptimized",
        "leaseStatus": "unlocked",
        "leaseState": "available",
    }
    return {"id": id_, "name": name, "type": TYPE, "etag": etag, "properties": fixed | stored}


ROUTES = [
    route(_SERVICE.removesuffix("/default"), lambda request, _: {"value": [service(request, None)]}, ["GET"]),
    route(_SERVICE, service, ["GET", "PUT"]),
    route(f"{_SERVICE}/shares", listed, ["GET"]),
    route(_PATH, get, ["GET"]),
    route(_PATH, put, ["PUT"]),
    route(_PATH, patch, ["PATCH"]),
    route(_PATH, delete, ["DELETE"]),
]
