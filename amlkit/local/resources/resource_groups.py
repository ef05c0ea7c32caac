"""Resource groups. Deleting one deletes everything in it, data included."""

from __future__ import annotations

import re
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from ..arm import Kind, Put, find, listed, put, shown
from ..web import AzureError, route, world
from . import storage_accounts, workspaces


def _shape(write: Put) -> dict[str, Any]:
    return {
        "location": write.body["location"],
        "tags": write.body.get("tags") or {},
        "properties": {"provisioningState": "Succeeded"},
    }


KIND = Kind(
    type="Microsoft.Resources/resourceGroups",
    path="/subscriptions/{subscription}/resourceGroups",
    name=re.compile(r"[-\w._()]{0,89}[-\w_()]"),
    parent=lambda request: f"/subscriptions/{request.path_params['subscription'].lower()}",
    segment="resourceGroups",
    parameter="group",
    shape=_shape,
)


def get(request: Request, _: Any) -> dict[str, Any]:
    """`GET …/resourceGroups/{group}`.

    Raises:
        AzureError: 404.
    """
    try:
        return shown(find(KIND, request))
    except AzureError as error:
        group = request.path_params["group"]
        raise AzureError(404, "ResourceGroupNotFound", f"Resource group '{group}' could not be found.") from error


def delete(request: Request, _: Any) -> Response:
    """`DELETE …/resourceGroups/{group}`: done when it answers."""
    here = world(request)
    document = here.documents.get(f"{KIND.parent(request)}/resourceGroups/{request.path_params['group']}")
    if document is None:
        return Response(status_code=204)
    for kind in (workspaces.KIND, storage_accounts.KIND):  # jobs end before their data goes
        for each in here.documents.of_type(document["id"], kind.type):
            kind.removed(here, each)
    here.documents.delete(document["id"])
    return Response(status_code=200)


ROUTES = [
    route(KIND.path, lambda request, _: {"value": [shown(each) for each in listed(KIND, request)]}, ["GET"]),
    route(f"{KIND.path}/{{group}}", get, ["GET"]),
    route(f"{KIND.path}/{{group}}", lambda request, body: put(KIND, request, body), ["PUT"]),
    route(f"{KIND.path}/{{group}}", delete, ["DELETE"]),
]
