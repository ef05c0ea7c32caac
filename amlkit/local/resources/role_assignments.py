"""Role assignments at any scope. Kept and checked as in Azure, but they grant nothing: every principal may do all."""

from __future__ import annotations

import re
from typing import Any

from starlette.requests import Request

from ..arm import Kind, Put, routes_of
from ..web import AzureError, world

_FIXED = ("principalId", "roleDefinitionId", "principalType")


def _scope(request: Request) -> str:
    scope = f"/{request.path_params['scope'].strip('/')}"
    if scope.count("/") == 2 and scope.lower().startswith("/subscriptions/"):
        return scope.lower()
    document = world(request).documents.get(scope)
    if document is None:
        raise AzureError(404, "ResourceNotFound", f"The scope '{scope}' was not found.")
    return str(document["id"])


def _shape(write: Put) -> dict[str, Any]:
    properties = write.properties
    for name in ("principalId", "roleDefinitionId"):
        if not properties.get(name):
            raise AzureError(400, "InvalidRequestContent", f"The property '{name}' is required.")
    for name in _FIXED:
        if write.before and properties.get(name) and write.kept(name, properties[name]) != properties[name]:
            message = "Tenant ID, application ID, principal ID, and scope are not allowed to be updated."
            raise AzureError(400, "RoleAssignmentUpdateNotPermitted", message)
    scope, _, _ = write.id.rpartition("/providers/Microsoft.Authorization/")
    siblings = write.world.documents.children(scope, "providers/Microsoft.Authorization/roleAssignments")
    same = ("principalId", "roleDefinitionId")
    for other in siblings:
        if other["name"] != write.name and all(other["properties"][name] == properties[name] for name in same):
            message = f"The role assignment already exists. The ID of the existing role assignment is {other['name']}."
            raise AzureError(409, "RoleAssignmentExists", message)
    return {"properties": {"principalType": "User"} | properties | {"scope": scope}}


KIND = Kind(
    type="Microsoft.Authorization/roleAssignments",
    path="/{scope:path}/providers/Microsoft.Authorization/roleAssignments",
    name=re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"),
    parent=_scope,
    shape=_shape,
    types={"properties.principalId": str, "properties.roleDefinitionId": str},
    needs_location=False,
)
ROUTES = routes_of(KIND)
