"""Role assignments at any scope. Kept and checked as in Azure, but they grant nothing: every principal may do all."""

from __future__ import annotations

import re
from typing import Any

from starlette.requests import Request

from ..arm import Kind, Put, routes_of, shown
from ..web import AzureError, route, world
from .role_definitions import scope_of

_PRINCIPAL = re.compile(r"(?:principalId eq |assignedTo\()'([^']*)'\)?", re.IGNORECASE)
_FIXED = ("principalId", "roleDefinitionId", "principalType")


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
    parent=scope_of,
    shape=_shape,
    types={"properties.principalId": str, "properties.roleDefinitionId": str},
    needs_location=False,
)


def list_(request: Request, _: Any) -> dict[str, Any]:
    """`GET …/roleAssignments[?$filter=…]`: those at the scope, above and below it; filtered by `atScope()` (not below
    it), `principalId eq '…'` or `assignedTo('…')`, joined by `and`.

    Raises:
        AzureError: 400: another filter.
    """
    scope, text = scope_of(request).lower(), request.query_params.get("$filter", "")
    tests = [each.strip() for each in text.split(" and ")] if text else []
    found = [each for each in _all(request, scope) if _is_near(each, scope)]
    for test in tests:
        match = _PRINCIPAL.fullmatch(test)
        if test.lower() == "atscope()":
            found = [each for each in found if scope.startswith(each["properties"]["scope"].lower())]
        elif match:
            found = [each for each in found if each["properties"]["principalId"].lower() == match[1].lower()]
        else:
            raise AzureError(400, "InvalidFilter", f"The filter '{test}' is not supported.")
    return {"value": [shown(each) for each in found]}


def _all(request: Request, scope: str) -> list[dict[str, Any]]:
    return world(request).documents.of_type("/".join(scope.split("/")[:3]), KIND.type)


def _is_near(assignment: dict[str, Any], scope: str) -> bool:
    other = assignment["properties"]["scope"].lower()
    return f"{scope}/".startswith(f"{other}/") or f"{other}/".startswith(f"{scope}/")


ROUTES = [route(KIND.path, list_, ["GET"]), *routes_of(KIND)]
