"""Resource groups. Deleting one deletes everything in it, data included."""

from __future__ import annotations

import re
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from ..arm import Kind, Put, find, head, listed, patch, put, shown
from ..web import AzureError, route, world
from . import deleted_workspaces, storage_accounts, vaults, workspaces
from .subscriptions import TAG_FILTER, has_tag


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
    for kind in (workspaces.KIND, storage_accounts.KIND, vaults.KIND):  # jobs end before their data goes
        for each in here.documents.of_type(document["id"], kind.type):
            kind.removed(here, each)
    deleted_workspaces.purge(here, document["id"])  # inferred: a workspace needs its group
    here.documents.delete(document["id"])
    return Response(status_code=200)


def list_(request: Request, _: Any) -> dict[str, Any]:
    """`GET …/resourceGroups[?$filter=tagName eq 'a' and tagValue eq 'b']`.

    Raises:
        AzureError: 400: another filter.
    """
    found, text = listed(KIND, request), request.query_params.get("$filter", "")
    if text:
        match = TAG_FILTER.fullmatch(text)
        if match is None:
            raise AzureError(400, "InvalidFilterInQueryString", f"The filter '{text}' is not supported.")
        found = [each for each in found if has_tag(each, *match.groups())]
    return {"value": [shown(each) for each in found]}


ROUTES = [
    route(f"{KIND.path}/{{group}}", lambda request, _: head(KIND, request), ["HEAD"]),
    route(KIND.path, list_, ["GET"]),
    route(f"{KIND.path}/{{group}}", lambda request, body: patch(KIND, request, body), ["PATCH"]),
    route(f"{KIND.path}/{{group}}", get, ["GET"]),
    route(f"{KIND.path}/{{group}}", lambda request, body: put(KIND, request, body), ["PUT"]),
    route(f"{KIND.path}/{{group}}", delete, ["DELETE"]),
]
