"""Role definitions: those built in that machine learning platforms use, and a scope's own. They grant nothing here.

Names and ids of the built-in ones are those of Microsoft's page "Azure built-in roles". A role that is not in the table
may exist in Azure all the same, so an assignment of one is taken.
"""

from __future__ import annotations

import re
from typing import Any

from starlette.requests import Request

from ..arm import Kind, Put, routes_of, shown
from ..web import AzureError, route, world
from ..world import World

TYPE = "Microsoft.Authorization/roleDefinitions"
_BUILT_IN = {
    "Owner": "8e3af657-a8ff-443c-a75c-2fe8c4bcb635",
    "Contributor": "b24988ac-6180-42a0-ab88-20f7382dd24c",
    "Reader": "acdd72a7-3385-48ef-bd42-f606fba81ae7",
    "User Access Administrator": "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9",
    "Role Based Access Control Administrator": "f58310d9-a9f6-439a-9e8d-f62e7b41a168",
    "AzureML Data Scientist": "f6c7c914-8db3-469d-8ca1-694a8f32e121",
    "AzureML Compute Operator": "e503ece1-11d0-4e8e-8e2c-7a6c3bf38815",
    "AzureML Registry User": "1823dd4f-9b8c-4ab6-ab4e-7397a3684615",
    "Storage Account Contributor": "17d1049b-9a84-46fb-8f53-869881c3d3ab",
    "Storage Blob Data Owner": "b7e6dc6d-f1e8-4753-8033-0f276bb0955b",
    "Storage Blob Data Contributor": "ba92f5b4-2d11-453d-a403-e96b0029c9fe",
    "Storage Blob Data Reader": "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1",
    "Storage File Data Privileged Contributor": "69566ab7-960f-475b-8e7c-b3118f30c6bd",
    "Storage File Data SMB Share Contributor": "0c867c2a-1d8c-454a-a3db-ab2ea1bdc8bb",
    "AcrPull": "7f951dda-4ed3-4680-a7ca-43fe172d538d",
    "AcrPush": "8311e382-0749-4cb8-b61a-304f252e45ec",
    "Key Vault Administrator": "00482a5a-887f-4fb3-b363-3b7fe8e74483",
    "Key Vault Secrets Officer": "b86a8fe4-44ce-4948-aee5-eccb2c155cd7",
    "Key Vault Secrets User": "4633458b-17de-408a-b874-0445c86b69e6",
    "Key Vault Reader": "21090545-7ca7-4776-b22c-e363652d74d2",
    "Managed Identity Operator": "f1a07417-d97a-45cb-824c-7a7467783830",
    "Monitoring Metrics Publisher": "3913510d-42f4-4e42-8a64-420c390055eb",
    "Log Analytics Contributor": "92aaf0da-9dab-42b6-94a3-d43ce8d16293",
    "Network Contributor": "4d97b98b-1d4f-4787-a291-c67834d212e7",
    "Private DNS Zone Contributor": "b12aa53e-6015-4669-85d0-8515ebb3ae7f",
}
_FILTER = re.compile(r"(roleName|type) eq '([^']*)'", re.IGNORECASE)


def scope_of(request: Request) -> str:
    """The scope in the path: a subscription, or the id of a resource as it was first written.

    Raises:
        AzureError: 404: there is no such resource.
    """
    scope = f"/{request.path_params['scope'].strip('/')}"
    if scope.count("/") == 2 and scope.lower().startswith("/subscriptions/"):
        return scope.lower()
    document = world(request).documents.get(scope)
    if document is None:
        raise AzureError(404, "ResourceNotFound", f"The scope '{scope}' was not found.")
    return str(document["id"])


def _shape(write: Put) -> dict[str, Any]:
    properties = write.properties
    if write.name.lower() in _BUILT_IN.values():
        raise AzureError(403, "RoleDefinitionIsBuiltIn", f"The role '{write.name}' is built in and cannot be changed.")
    for name in ("roleName", "permissions", "assignableScopes"):
        if not properties.get(name):
            raise AzureError(400, "InvalidRequestContent", f"The property '{name}' is required.")
    for other in write.world.documents.of_type("", TYPE):
        if other["name"] != write.name and other["properties"]["roleName"] == properties["roleName"]:
            message = f"A custom role named '{properties['roleName']}' already exists: {other['name']}."
            raise AzureError(409, "RoleDefinitionWithSameNameExists", message)
    return {"properties": {"type": "CustomRole", "description": ""} | properties}


def _check_unused(here: World, document: dict[str, Any]) -> None:
    for each in here.documents.of_type("", "Microsoft.Authorization/roleAssignments"):
        if each["properties"]["roleDefinitionId"].lower().endswith(document["name"].lower()):
            message = f"The role '{document['name']}' is still assigned: {each['id']}."
            raise AzureError(400, "RoleDefinitionHasAssignments", message)


KIND = Kind(
    type=TYPE,
    path="/{scope:path}/providers/Microsoft.Authorization/roleDefinitions",
    name=re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"),
    parent=scope_of,
    shape=_shape,
    removed=_check_unused,
    types={"properties.roleName": str, "properties.permissions": list, "properties.assignableScopes": list},
    needs_location=False,
)


def get(request: Request, _: Any) -> dict[str, Any]:
    """`GET …/roleDefinitions/{id}`: a built-in one, or one that is defined at the scope or above.

    Raises:
        AzureError: 404.
    """
    name = request.path_params["name"].lower()
    for each in _visible(request):
        if each["name"].lower() == name:
            return shown(each)
    message = f"The specified role definition with ID '{name}' does not exist."
    raise AzureError(404, "RoleDefinitionDoesNotExist", message)


def list_(request: Request, _: Any) -> dict[str, Any]:
    """`GET …/roleDefinitions[?$filter=roleName eq 'Reader']`, or by `type`.

    Raises:
        AzureError: 400: another filter.
    """
    found, text = _visible(request), request.query_params.get("$filter", "")
    if text:
        match = _FILTER.fullmatch(text.strip())
        if match is None:
            raise AzureError(400, "InvalidFilter", f"The filter '{text}' is not supported.")
        name = "roleName" if match[1].lower() == "rolename" else "type"
        found = [each for each in found if each["properties"][name].lower() == match[2].lower()]
    return {"value": [shown(each) for each in found]}


def _visible(request: Request) -> list[dict[str, Any]]:
    scope = scope_of(request)
    subscription = "/".join(scope.split("/")[:3])
    own = [
        each
        for each in world(request).documents.of_type(subscription, TYPE)
        if scope.lower().startswith(each["id"].lower().rpartition("/providers/microsoft.authorization/")[0])
    ]
    return [*(_built_in(subscription, name, id_) for name, id_ in _BUILT_IN.items()), *own]


def _built_in(subscription: str, name: str, id_: str) -> dict[str, Any]:
    return {
        "id": f"{subscription}/providers/{TYPE}/{id_}",
        "name": id_,
        "type": TYPE,
        "properties": {"roleName": name, "type": "BuiltInRole", "description": name, "assignableScopes": ["/"]}
        | {"permissions": []},
    }


ROUTES = [
    route(KIND.path, list_, ["GET"]),
    route(f"{KIND.path}/{{name}}", get, ["GET"]),
    *routes_of(KIND),
]
