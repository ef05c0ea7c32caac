"""Datastores of a workspace. Secrets are kept apart from what reads show; `listSecrets` gives them out."""

from __future__ import annotations

import re
from typing import Any

from starlette.requests import Request

from ...home import STORAGE_SUFFIX
from .. import sas
from ..arm import Kind, Put, find, listed, routes_of, shown
from ..web import WORKSPACE, AzureError, check_types, object_body, route, workspace_id, world
from . import workspaces

_NEEDED = {
    "AzureBlob": ("accountName", "containerName"),
    "AzureFile": ("accountName", "fileShareName"),
    "AzureDataLakeGen2": ("accountName", "filesystem"),
    "AzureDataLakeGen1": ("storeName",),
}
_MOST_HOURS = 365 * 24  # ours; how far Azure goes is not documented
_WITH_ACCOUNT = ("AzureBlob", "AzureFile", "AzureDataLakeGen2")


def _shape(write: Put) -> dict[str, Any]:
    properties = write.properties
    kind = properties.get("datastoreType")
    if kind not in _NEEDED:
        raise AzureError(400, "ValidationError", f"'{kind}' is not a datastoreType: {', '.join(_NEEDED)}.")
    for name in (*_NEEDED[kind], "credentials"):
        if not properties.get(name):
            raise AzureError(400, "ValidationError", f"A datastore of type {kind} needs '{name}'.")
    credentials = dict(properties["credentials"])
    secrets = credentials.pop("secrets", None)
    if kind in _WITH_ACCOUNT:
        properties = {"endpoint": STORAGE_SUFFIX, "protocol": "https"} | properties
    is_default = write.name == workspaces.DEFAULT_DATASTORE
    computed = {"credentials": credentials, "isDefault": is_default}
    optional = {"serviceDataAccessAuthIdentity": "None", "tags": {}, "properties": {}}
    return {"properties": optional | properties | computed, "_secrets": secrets}


KIND = Kind(
    type="Microsoft.MachineLearningServices/workspaces/datastores",
    path=f"{WORKSPACE}/datastores",
    name=re.compile(r"[a-zA-Z0-9_]{1,255}"),
    parent=workspace_id,
    segment="datastores",
    shape=_shape,
    types={
        "properties.datastoreType": str,
        "properties.accountName": str,
        "properties.containerName": str,
        "properties.filesystem": str,
        "properties.credentials": dict,
        "properties.credentials.credentialsType": str,
        "properties.credentials.secrets": dict,
    },
    needs_location=False,
)


def list_(request: Request, _: Any) -> dict[str, Any]:
    """`GET …/datastores`, with `isDefault`, `names` (comma separated) and `count`."""
    found = listed(KIND, request)
    query = request.query_params
    if query.get("isDefault", "").lower() in ("true", "false"):
        wanted = query["isDefault"].lower() == "true"
        found = [each for each in found if each["properties"].get("isDefault", False) is wanted]
    if query.get("names"):
        names = query["names"].split(",")
        found = [each for each in found if each["name"] in names]
    return {"value": [shown(each) for each in found]}


def list_secrets(request: Request, body: Any) -> dict[str, Any]:
    """`POST …/datastores/{name}/listSecrets`: what was given; for accounts of this stand-in otherwise the key, or, if
    expirable secrets are asked for, a SAS for the container.

    Raises:
        AzureError: 400: the datastore has no credentials.
    """
    document = find(KIND, request)
    asked = object_body({} if body is None else body)
    check_types(asked, {"expireAfterHours": int})
    stored = document.get("_secrets")
    if stored:
        return dict(stored)
    properties = document["properties"]
    if properties["credentials"]["credentialsType"] != "AccountKey":
        raise AzureError(400, "UserError", f"The datastore '{document['name']}' has no credentials.")
    account = properties["accountName"]
    if asked.get("expirableSecret"):
        hours = asked.get("expireAfterHours") or 1
        if not 0 < hours <= _MOST_HOURS:
            raise AzureError(400, "UserError", f"'expireAfterHours' must be from 1 to {_MOST_HOURS}, not {hours}.")
        blobs = world(request).blobs
        token = sas.container_sas(account, properties["containerName"], blobs.keys(account)[0], "rwdlac", hours * 3600)
        return {"secretsType": "Sas", "sasToken": token}
    return {"secretsType": "AccountKey", "key": world(request).blobs.keys(account)[0]}


ROUTES = [
    route(KIND.path, list_, ["GET"]),
    *routes_of(KIND),
    route(f"{KIND.path}/{{name}}/listSecrets", list_secrets, ["POST"]),
]
