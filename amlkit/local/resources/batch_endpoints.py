"""Batch endpoints: a stable REST address in front of deployments, one of which is the default."""

from __future__ import annotations

import re
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse

from ... import digest
from ..arm import Kind, Put, delete, find, identity_of, listed, patch, put, shown
from ..web import WORKSPACE, AzureError, route, workspace_id, world

NAME = re.compile(r"[a-zA-Z](?!.*--)[a-zA-Z0-9-]{1,30}[a-zA-Z0-9]")  # of deployments too: Azure ML's quota page


def scoring_uri(base: str, id_: str) -> str:
    """Where an endpoint is invoked; `base` is the stand-in's URL, `id_` the endpoint's ARM id."""
    return f"{base}/batch{id_}/jobs"


def _shape(write: Put) -> dict[str, Any]:
    properties = write.properties
    if str(properties.get("authMode", "")).lower() != "aadtoken":
        raise AzureError(400, "ValidationError", "A batch endpoint needs authMode 'AADToken'.")
    identity = write.body.get("identity") or {"type": "SystemAssigned"}
    if "userassigned" in str(identity.get("type", "")).lower():
        raise AzureError(400, "ValidationError", "A batch endpoint takes a SystemAssigned identity only.")
    _check_unique(write)
    default = (properties.get("defaults") or {}).get("deploymentName")
    if default and write.world.documents.get(f"{write.id}/deployments/{default}") is None:
        message = f"The default deployment '{default}' of endpoint '{write.name}' does not exist."
        raise AzureError(400, "ValidationError", message)
    computed = {
        "authMode": "AADToken",
        "defaults": properties.get("defaults") or {},
        "scoringUri": scoring_uri(write.world.address.url, write.id),
        "swaggerUri": None,
        "provisioningState": "Succeeded",
    }
    answered = {key: value for key, value in properties.items() if key != "keys"}
    return {
        "location": write.body["location"],
        "tags": write.body.get("tags") or {},
        "kind": write.body.get("kind"),
        "identity": identity_of(Put(write.world, write.id, write.name, {"identity": identity}, None, write.request)),
        "properties": {"properties": {}} | answered | computed,
    }


def _check_unique(write: Put) -> None:
    """Names of endpoints are unique in a region, over all workspaces."""
    if write.before is not None:
        return
    subscription = "/".join(write.id.split("/")[:3])
    for other in write.world.documents.of_type(subscription, KIND.type):
        if other["name"].lower() == write.name.lower() and other["location"] == write.body["location"]:
            message = f"The endpoint name '{write.name}' is taken in region '{other['location']}': {other['id']}"
            raise AzureError(409, "Conflict", message)


KIND = Kind(
    type="Microsoft.MachineLearningServices/workspaces/batchEndpoints",
    path=f"{WORKSPACE}/batchEndpoints",
    name=NAME,
    parent=workspace_id,
    segment="batchEndpoints",
    parameter="endpoint",
    shape=_shape,
    types={"properties.authMode": str, "properties.defaults": dict, "properties.defaults.deploymentName": str},
)


def etag(document: dict[str, Any]) -> str:
    """The entity tag of a document: changes with its content."""
    return f'"{digest.of({key: value for key, value in document.items() if key != "systemData"})[:32]}"'


def get_one(request: Request, _: Any) -> JSONResponse:
    """`GET …/batchEndpoints/{endpoint}`, with an ETag."""
    document = find(KIND, request)
    return JSONResponse(shown(document), headers={"ETag": etag(document)})


def put_one(request: Request, body: Any) -> JSONResponse:
    """`PUT …/batchEndpoints/{endpoint}`; `If-Match` and `If-None-Match: *` are honoured.

    Raises:
        AzureError: 412: another one wrote in between.
    """
    here = world(request)
    id_ = f"{workspace_id(request)}/batchEndpoints/{request.path_params['endpoint']}"
    with here.database.transaction():
        _check_match(request, here.documents.get(id_))
        response = put(KIND, request, body)
        response.headers["ETag"] = etag(here.documents.get(id_) or {})
    return response


def _check_match(request: Request, document: dict[str, Any] | None) -> None:
    wanted, refused = request.headers.get("if-match"), request.headers.get("if-none-match")
    if wanted and (document is None or wanted not in ("*", etag(document))):
        raise AzureError(412, "PreconditionFailed", "The endpoint was changed by another one: If-Match does not match.")
    if refused == "*" and document is not None:
        raise AzureError(412, "PreconditionFailed", "The endpoint exists.")


ROUTES = [
    route(KIND.path, lambda request, _: {"value": [shown(each) for each in listed(KIND, request)]}, ["GET"]),
    route(f"{KIND.path}/{{endpoint}}", get_one, ["GET"]),
    route(f"{KIND.path}/{{endpoint}}", put_one, ["PUT"]),
    route(f"{KIND.path}/{{endpoint}}", lambda request, body: patch(KIND, request, body), ["PATCH"]),
    route(f"{KIND.path}/{{endpoint}}", lambda request, _: delete(KIND, request), ["DELETE"]),
]
