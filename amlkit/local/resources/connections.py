"""Connections of a workspace to things outside. Credentials are kept apart; `listsecrets` alone gives them out."""

from __future__ import annotations

import re
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse

from ..arm import Kind, Put, find, listed, put, routes_of, shown
from ..web import WORKSPACE, AzureError, check_types, object_body, route, workspace_id

_SECRETS = "_credentials"
_WITHOUT = ("None", "AAD")
_AUTHENTICATIONS = (
    *_WITHOUT,
    "AccessKey",
    "AccountKey",
    "ApiKey",
    "CustomKeys",
    "ManagedIdentity",
    "OAuth2",
    "PAT",
    "SAS",
    "ServicePrincipal",
    "UsernamePassword",
)


def _shape(write: Put) -> dict[str, Any]:
    properties = write.properties
    kind = properties.get("authType")
    if kind not in _AUTHENTICATIONS:
        raise AzureError(400, "ValidationError", f"'{kind}' is not an authType: {', '.join(_AUTHENTICATIONS)}.")
    if not properties.get("category"):
        raise AzureError(400, "ValidationError", "A connection needs 'category'.")
    credentials = properties.pop("credentials", None) or (write.before or {}).get(_SECRETS)
    if kind not in _WITHOUT and not credentials:
        raise AzureError(400, "ValidationError", f"A connection with authType {kind} needs 'credentials'.")
    defaults = {"isSharedToAll": False, "sharedUserList": [], "metadata": {}}
    return {"properties": defaults | properties, _SECRETS: credentials}


KIND = Kind(
    type="Microsoft.MachineLearningServices/workspaces/connections",
    path=f"{WORKSPACE}/connections",
    name=re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_-]{2,32}"),
    parent=workspace_id,
    segment="connections",
    shape=_shape,
    types={"properties.authType": str, "properties.category": str, "properties.credentials": dict},
    needs_location=False,
    created=200,
)


def patch(request: Request, body: Any) -> JSONResponse:
    """`PATCH …/connections/{name}`: what the body names changes, credentials as a whole."""
    document, sent = find(KIND, request), object_body(body)
    check_types(sent, {"properties": dict})
    before = {**document["properties"], "credentials": document.get(_SECRETS)}
    return put(KIND, request, {"properties": {**before, **(sent.get("properties") or {})}})


def list_(request: Request, _: Any) -> dict[str, Any]:
    """`GET …/connections[?category=&target=]`."""
    found = listed(KIND, request)
    for name in ("category", "target"):
        if wanted := request.query_params.get(name):
            found = [each for each in found if str(each["properties"].get(name)).lower() == wanted.lower()]
    return {"value": [shown(each) for each in found]}


def list_secrets(request: Request, _: Any) -> dict[str, Any]:
    """`POST …/connections/{name}/listsecrets`: the connection with its credentials."""
    document = find(KIND, request)
    return {**shown(document), "properties": {**document["properties"], "credentials": document.get(_SECRETS)}}


ROUTES = [
    route(KIND.path, list_, ["GET"]),
    route(f"{KIND.path}/{{name}}", patch, ["PATCH"]),
    *routes_of(KIND),
    route(f"{KIND.path}/{{name}}/listsecrets", list_secrets, ["POST"]),
]
