"""The stand-in's subscription and those of rehearsed stacks: their tenant, regions, providers, and all resources."""

from __future__ import annotations

import re
from typing import Any

from starlette.requests import Request

from ...home import SUBSCRIPTION, TENANT
from ..arm import group_id, shown
from ..web import AzureError, route, world

_LOCATIONS = {
    "australiaeast": "Australia East",
    "canadacentral": "Canada Central",
    "centralus": "Central US",
    "eastus": "East US",
    "eastus2": "East US 2",
    "francecentral": "France Central",
    "germanywestcentral": "Germany West Central",
    "japaneast": "Japan East",
    "northeurope": "North Europe",
    "southcentralus": "South Central US",
    "southeastasia": "Southeast Asia",
    "swedencentral": "Sweden Central",
    "switzerlandnorth": "Switzerland North",
    "uksouth": "UK South",
    "westeurope": "West Europe",
    "westus": "West US",
    "westus2": "West US 2",
    "westus3": "West US 3",
}
_FILTER = re.compile(r"(resourceType|name|resourceGroup|location) eq '([^']*)'", re.IGNORECASE)
TAG_FILTER = re.compile(r"tagName eq '([^']*)'(?: and tagValue eq '([^']*)')?", re.IGNORECASE)
_ONE = "/subscriptions/{subscription}"


def _subscription(id_: str = SUBSCRIPTION) -> dict[str, Any]:
    return {
        "id": f"/subscriptions/{id_}",
        "subscriptionId": id_,
        "tenantId": TENANT,
        "displayName": "amlkit local" if id_ == SUBSCRIPTION else "rehearsed",
        "state": "Enabled",
        "authorizationSource": "RoleBased",
    }


def listed(request: Request, _: Any) -> dict[str, Any]:
    """`GET /subscriptions`."""
    rehearsed = world(request).documents.children("", "subscriptions")
    return {"value": [_subscription(), *(_subscription(each["name"]) for each in rehearsed)]}


def get(request: Request, _: Any) -> dict[str, Any]:
    """`GET /subscriptions/{subscription}`."""
    return _subscription(request.path_params["subscription"].lower())


def tenants(_: Request, __: Any) -> dict[str, Any]:
    """`GET /tenants`."""
    return {"value": [{"id": f"/tenants/{TENANT}", "tenantId": TENANT, "displayName": "amlkit local"}]}


def locations(request: Request, _: Any) -> dict[str, Any]:
    """`GET /subscriptions/{subscription}/locations`: some regions; any other name is taken too."""
    base = f"/subscriptions/{request.path_params['subscription'].lower()}/locations"
    return {"value": [{"id": f"{base}/{name}", "name": name, "displayName": each} for name, each in _LOCATIONS.items()]}


def resources(request: Request, _: Any) -> dict[str, Any]:
    """`GET …/resources[?$filter=resourceType eq '…']` of the subscription or of a group: tracked resources.

    With `tagName eq 'a' and tagValue eq 'b'` the answer leaves out the tags, as Azure's specification says.

    Raises:
        AzureError: 400: another filter.
    """
    scope = group_id(request) if "group" in request.path_params else _ONE.format(**request.path_params)
    found = [each for each in world(request).documents.below(scope) if _is_tracked(each)]
    tests = request.query_params.get("$filter", "")
    tag = TAG_FILTER.search(tests)
    if tag is not None:
        found = [each for each in found if has_tag(each, *tag.groups())]
        tests = TAG_FILTER.sub("", tests)
    for test in filter(None, tests.split(" and ")):
        match = _FILTER.fullmatch(test.strip())
        if match is None:
            raise AzureError(400, "InvalidFilterInQueryString", f"The filter '{test}' is not supported.")
        found = [each for each in found if _value(each, match[1].lower()).lower() == match[2].lower()]
    hidden = ("properties", "tags") if tag is not None else ("properties",)
    return {"value": [{name: value for name, value in shown(each).items() if name not in hidden} for each in found]}


def has_tag(document: dict[str, Any], name: str, value: str | None) -> bool:
    """Has it a tag of that name and, if one is given, of that value?"""
    tags = document.get("tags") or {}
    return name in tags and value in (None, tags[name])


def _is_tracked(document: dict[str, Any]) -> bool:
    return "/providers/" in document["id"] and "location" in document and "type" in document


def _value(document: dict[str, Any], name: str) -> str:
    if name == "resourcegroup":
        return str(document["id"].split("/")[4])
    return str(document["type" if name == "resourcetype" else name])


ROUTES = [
    route("/subscriptions", listed, ["GET"]),
    route(_ONE, get, ["GET"]),
    route("/tenants", tenants, ["GET"]),
    route(f"{_ONE}/locations", locations, ["GET"]),
    route(f"{_ONE}/resources", resources, ["GET"]),
    route(f"{_ONE}/resourceGroups/{{group}}/resources", resources, ["GET"]),
]
