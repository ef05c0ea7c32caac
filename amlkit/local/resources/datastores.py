"""Datastores of a workspace. Secrets are kept apart from what reads show; `listSecrets` gives them out."""

from __future__ import annotations

import re
from typing import Any

from starlette.requests import Request

from ...home import STORAGE_SUFFIX
from .. import sas
from ..arm import Kind, Put, find, listed, routes_of, shown
from ..web import WORKSPACE, AzureError, check_types, object_body, route, workspace_id, world
from .default_datastores import BLOB_STORE

_NEEDED = {
    "AzureBlob": ("accountName", "containerName"),
    "AzureFile": ("accountName", "fileShareName"),
    "AzureDataLakeGen2": ("accountName", "filesystem"),
    "AzureDataLakeGen1": ("storeName",),
}
_SERVED = {"AzureBlob": ("blob", "containerName"), "AzureFile": ("file", "fileShareName")}
_SERVED["AzureDataLakeGen2"] = ("blob", "filesystem")  # a SAS for a container is good on both of its services
# what each kind of credentials needs, and what its secrets hold; source: the REST specification of datastores
_CREDENTIALS: dict[str, tuple[tuple[str, ...], str]] = {
    "None": ((), ""),
    "AccountKey": ((), "key"),
    "Sas": ((), "sasToken"),
    "ServicePrincipal": (("clientId", "tenantId"), "clientSecret"),
    "Certificate": (("clientId", "tenantId", "thumbprint"), "certificate"),
}
_AUTHORITY = "https://login.microsoftonline.com"
_MOST_HOURS = 365 * 24  # ours; how far Azure goes is not documented
_PLACES = ("accountName", "containerName", "fileShareName", "filesystem", "storeName", "endpoint", "protocol")
_TEXTS = (*_PLACES, "datastoreType", "description", "serviceDataAccessAuthIdentity", "subscriptionId", "resourceGroup")


def _shape(write: Put) -> dict[str, Any]:
    properties = write.properties
    kind = properties.get("datastoreType")
    if kind not in _NEEDED:
        raise AzureError(400, "ValidationError", f"'{kind}' is not a datastoreType: {', '.join(_NEEDED)}.")
    for name in (*_NEEDED[kind], "credentials"):
        if not properties.get(name):
            raise AzureError(400, "ValidationError", f"A datastore of type {kind} needs '{name}'.")
    credentials, secrets = _credentials(properties["credentials"])
    if kind in _SERVED:
        properties = {"endpoint": STORAGE_SUFFIX, "protocol": "https"} | properties
    computed = {"credentials": credentials, "isDefault": write.name == BLOB_STORE}
    optional = {"serviceDataAccessAuthIdentity": "None", "tags": {}, "properties": {}}
    return {"properties": optional | properties | computed, "_secrets": secrets}


def _credentials(sent: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any] | None]:
    """What reads show of credentials, and the secrets apart."""
    credentials = {name: value for name, value in sent.items() if value is not None}
    secrets = credentials.pop("secrets", None)
    kind = credentials.get("credentialsType")
    if kind not in _CREDENTIALS:
        raise AzureError(400, "ValidationError", f"'{kind}' is not a credentialsType: {', '.join(_CREDENTIALS)}.")
    needed, holds = _CREDENTIALS[kind]
    for name in needed:
        if not credentials.get(name):
            raise AzureError(400, "ValidationError", f"Credentials of type {kind} need '{name}'.")
    if not secrets:
        return credentials, None
    if secrets.get("secretsType", kind) != kind:
        message = f"Secrets of type {secrets['secretsType']} do not go with credentials of type {kind}."
        raise AzureError(400, "ValidationError", message)
    if not holds or not secrets.get(holds):
        what = f"have '{holds}'" if holds else "have no secrets"
        raise AzureError(400, "ValidationError", f"Credentials of type {kind} {what}.")
    if needed:
        credentials = {"authorityUrl": _AUTHORITY} | credentials
    return credentials, {"secretsType": kind, holds: secrets[holds]}


KIND = Kind(
    type="Microsoft.MachineLearningServices/workspaces/datastores",
    path=f"{WORKSPACE}/datastores",
    name=re.compile(r"[a-zA-Z0-9_]{1,255}"),
    parent=workspace_id,
    segment="datastores",
    shape=_shape,
    types={
        **{f"properties.{name}": str for name in _TEXTS},
        "properties.tags": dict,
        "properties.properties": dict,
        "properties.credentials": dict,
        "properties.credentials.credentialsType": str,
        "properties.credentials.secrets": dict,
        "properties.credentials.secrets.secretsType": str,
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
    """`POST …/datastores/{name}/listSecrets`: what was given, and for an account key a SAS of the container or share in
    its place if expirable secrets are asked for. The key of an account of this stand-in need not have been given.

    Raises:
        AzureError: 400: the datastore has no credentials.
    """
    document = find(KIND, request)
    asked = object_body({} if body is None else body)
    check_types(asked, {"expireAfterHours": int})
    properties, stored = document["properties"], document.get("_secrets")
    kind = properties["credentials"]["credentialsType"]
    if kind != "AccountKey":
        if not stored:
            raise AzureError(400, "UserError", f"The datastore '{document['name']}' has no credentials.")
        return dict(stored)
    if properties["datastoreType"] not in _SERVED:
        raise AzureError(400, "UserError", f"{properties['datastoreType']} datastores have no account keys.")
    account = str(properties["accountName"])
    key = str(stored["key"]) if stored else world(request).blobs.keys(account)[0]
    if not asked.get("expirableSecret"):
        return {"secretsType": "AccountKey", "key": key}
    hours = asked.get("expireAfterHours") or 1
    if not 0 < hours <= _MOST_HOURS:
        raise AzureError(400, "UserError", f"'expireAfterHours' must be from 1 to {_MOST_HOURS}, not {hours}.")
    service, container = _SERVED[properties["datastoreType"]]
    try:
        token = sas.container_sas(account, str(properties[container]), key, "rwdlac", hours * 3600, service)
    except ValueError as error:
        raise AzureError(400, "UserError", f"The key of the datastore '{document['name']}' is not base64.") from error
    return {"secretsType": "Sas", "sasToken": token}


ROUTES = [
    route(KIND.path, list_, ["GET"]),
    *routes_of(KIND),
    route(f"{KIND.path}/{{name}}/listSecrets", list_secrets, ["POST"]),
]
