"""The verbs that most ARM resources share: put, get, list, delete of a document below a resource group or a parent.

A resource file describes its type with a `Kind` and gets its routes from `routes_of`.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from ..home import TENANT
from .web import AzureError, Types, check_types, not_found, object_body, route, world
from .world import World

GROUP = "/subscriptions/{subscription}/resourceGroups/{group}"
_NAMESPACE = uuid.UUID("0e7d3c1e-54a4-4f0a-9c1c-6f6f2a1d7f45")
_HIDDEN = "_"  # keys of a document that start with it never leave the stand-in
_WRITTEN = ("location", "kind", "tags", "properties", "sku", "identity")
_ENVELOPE: Types = {
    "location": str,
    "kind": str,
    "tags": dict,
    "properties": dict,
    "sku": dict,
    "sku.name": str,
    "identity": dict,
    "identity.type": str,
    "identity.userAssignedIdentities": dict,
}


@dataclass(frozen=True)
class Put:
    """A write that has passed the common checks. `before` is the stored document, None for a new resource."""

    world: World
    id: str
    name: str
    body: dict[str, Any]
    before: dict[str, Any] | None
    request: Request

    @property
    def properties(self) -> dict[str, Any]:
        """`properties` of the body, without nulls."""
        return {key: value for key, value in (self.body.get("properties") or {}).items() if value is not None}

    def kept(self, name: str, otherwise: Any) -> Any:
        """A property that the service chose once: the stored value, else this one."""
        return ((self.before or {}).get("properties") or {}).get(name, otherwise)

    def changed(self, names: Iterable[str]) -> str | None:
        """The first of these properties to which another value is given than the stored one, in any case, or None."""
        given = self.properties
        for name in names:
            if name in given and str(self.kept(name, given[name])).lower() != str(given[name]).lower():
                return name
        return None


@dataclass(frozen=True)
class Kind:
    """One ARM type.

    `name` is Azure's rule for its names: Microsoft's page "Naming rules and restrictions for Azure resources"; for
    Azure ML's own types its REST specification and its quota page. `parent` finds the id that names are relative to,
    and raises 404. `shape` turns a write into the document to store and raises what Azure refuses; `after` makes what
    comes with it, `removed` undoes what these did beyond the document. `created` is the status of a first PUT where
    Azure's specification has another one than 201; `patches` says that the type has a PATCH.
    """

    type: str
    path: str
    name: re.Pattern[str]
    parent: Callable[[Request], str]
    shape: Callable[[Put], dict[str, Any]]
    after: Callable[[World, dict[str, Any]], None] = lambda world, stored: None
    removed: Callable[[World, dict[str, Any]], None] = lambda world, document: None
    parameter: str = "name"
    needs_location: bool = True
    segment: str = ""
    types: Types = field(default_factory=dict)
    created: int = 201
    patches: bool = False

    @property
    def collection(self) -> str:
        """What stands between the parent's id and the name: `providers/<type>`, or the last part of the type."""
        return self.segment or f"providers/{self.type}"


def routes_of(kind: Kind) -> list[Route]:
    """GET, HEAD, PUT and DELETE of one, PATCH where the type has it; the lists of the parent and the subscription."""
    one = f"{kind.path}/{{{kind.parameter}}}"
    routes = [
        route(one, lambda request, _: head(kind, request), ["HEAD"]),
        route(kind.path, lambda request, _: {"value": [shown(each) for each in listed(kind, request)]}, ["GET"]),
        route(one, lambda request, _: shown(find(kind, request)), ["GET"]),
        route(one, lambda request, body: put(kind, request, body), ["PUT"]),
        route(one, lambda request, _: delete(kind, request), ["DELETE"]),
    ]
    if kind.patches:
        routes.append(route(one, lambda request, body: patch(kind, request, body), ["PATCH"]))
    if kind.path.startswith(f"{GROUP}/providers/"):
        everywhere = f"/subscriptions/{{subscription}}/providers/{kind.type}"
        routes.append(route(everywhere, lambda request, _: in_subscription(kind, request), ["GET"]))
    return routes


def put(kind: Kind, request: Request, body: Any) -> JSONResponse:
    """Create or replace: 201 or 200, always finished when it answers.

    Raises:
        AzureError: what Azure refuses.
    """
    here, name = world(request), request.path_params[kind.parameter]
    parent = kind.parent(request)
    check_name(kind, name)
    body = object_body(body)
    check_types(body, {**_ENVELOPE, **kind.types})
    id_ = f"{parent}/{kind.collection}/{name}"
    with here.database.transaction():
        before = here.documents.get(id_)
        if kind.needs_location:
            body = {**body, "location": _location(body, before, name)}
        document = kind.shape(Put(here, before["id"] if before else id_, name, body, before, request))
        common = {"name": before["name"] if before else name, "type": kind.type}
        present = {key: value for key, value in document.items() if value is not None}
        stored = here.documents.put(id_, present | common)
        kind.after(here, stored)
    return JSONResponse(shown(stored), 200 if before else kind.created)


def patch(kind: Kind, request: Request, body: Any) -> JSONResponse:
    """Change what the body names (a null removes it), all else stays; `tags` are replaced whole.

    Raises:
        AzureError: 404; what Azure refuses.
    """
    document, sent = find(kind, request), object_body(body)
    check_types(sent, {**_ENVELOPE, **kind.types})
    whole = {name: document[name] for name in _WRITTEN if document.get(name) is not None}
    changed = merged(whole, {name: value for name, value in sent.items() if name in _WRITTEN and name != "tags"})
    return put(kind, request, changed | ({"tags": sent["tags"] or {}} if "tags" in sent else {}))


def merged(document: dict[str, Any], change: dict[str, Any]) -> dict[str, Any]:
    """A document with a change merged in, as RFC 7396 says."""
    found = dict(document)
    for name, value in change.items():
        if value is None:
            found.pop(name, None)
        elif isinstance(value, dict) and isinstance(found.get(name), dict):
            found[name] = merged(found[name], value)
        else:
            found[name] = value
    return found


def find(kind: Kind, request: Request) -> dict[str, Any]:
    """The stored document that the request's path names.

    Raises:
        AzureError: 404.
    """
    name = request.path_params[kind.parameter]
    document = world(request).documents.get(f"{kind.parent(request)}/{kind.collection}/{name}")
    if document is None:
        raise not_found(kind.type, name, request.path_params.get("group", ""))
    return document


def head(kind: Kind, request: Request) -> None:
    """Is it there? 204.

    Raises:
        AzureError: 404.
    """
    find(kind, request)


def in_subscription(kind: Kind, request: Request) -> dict[str, Any]:
    """All of this kind in the subscription of the path."""
    prefix = f"/subscriptions/{request.path_params['subscription']}"
    return {"value": [shown(each) for each in world(request).documents.of_type(prefix, kind.type)]}


def listed(kind: Kind, request: Request) -> list[dict[str, Any]]:
    """The stored documents of this kind below the parent in the path."""
    return world(request).documents.children(kind.parent(request), kind.collection)


def delete(kind: Kind, request: Request) -> Response:
    """Remove it and everything below it: 200; nothing happens if it is not there: 204."""
    here = world(request)
    document = here.documents.get(f"{kind.parent(request)}/{kind.collection}/{request.path_params[kind.parameter]}")
    if document is None:
        return Response(status_code=204)
    kind.removed(here, document)
    here.documents.delete(document["id"])
    return Response(status_code=200)


def shown(document: dict[str, Any]) -> dict[str, Any]:
    """A document as it leaves the stand-in: without its hidden keys."""
    return {key: value for key, value in document.items() if not key.startswith(_HIDDEN)}


def group_id(request: Request) -> str:
    """The id of the resource group in the path, as it was first written.

    Raises:
        AzureError: 404.
    """
    group = request.path_params["group"]
    found = world(request).documents.get(f"/subscriptions/{request.path_params['subscription']}/resourceGroups/{group}")
    if found is None:
        raise AzureError(404, "ResourceGroupNotFound", f"Resource group '{group}' could not be found.")
    return str(found["id"])


def check_name(kind: Kind, name: str) -> None:
    """Refuse a name that Azure does not take.

    Raises:
        AzureError: 400.
    """
    if not kind.name.fullmatch(name):
        message = f"The resource name '{name}' is not valid for '{kind.type}': it must match {kind.name.pattern}"
        raise AzureError(400, "InvalidResourceName", message)


def is_taken(write: Put, type_: str) -> bool:
    """Has another resource of this type the name, in whatever group or subscription? For names that are hosts."""
    return any(
        other["name"].lower() == write.name.lower() and other["id"].lower() != write.id.lower()
        for other in write.world.documents.of_type("", type_)
    )


def guid_of(text: str) -> str:
    """A stable GUID for a name."""
    return str(uuid.uuid5(_NAMESPACE, text.lower()))


def identity_of(write: Put) -> dict[str, Any] | None:
    """`identity` as Azure answers it, with the ids of the principals.

    Raises:
        AzureError: 400: a user-assigned identity that does not exist.
    """
    asked = write.body.get("identity")
    if not asked or str(asked.get("type", "None")).lower() == "none":
        return None
    answer: dict[str, Any] = {"type": asked["type"]}
    if "systemassigned" in asked["type"].lower():
        answer |= {"principalId": guid_of(f"{write.id}#identity"), "tenantId": TENANT}
    if asked.get("userAssignedIdentities"):
        answer["userAssignedIdentities"] = {each: _principal(write, each) for each in asked["userAssignedIdentities"]}
    return answer


def _principal(write: Put, id_: str) -> dict[str, Any]:
    document = write.world.documents.get(id_)
    if document is None:
        raise AzureError(400, "FailedIdentityOperation", f"The identity '{id_}' does not exist.")
    return {name: document["properties"][name] for name in ("principalId", "clientId")}


def _location(body: dict[str, Any], before: dict[str, Any] | None, name: str) -> str:
    asked = str(body.get("location") or "").replace(" ", "").lower()
    if not asked:
        raise AzureError(400, "LocationRequired", "The location property is required for this definition.")
    if before is not None and before.get("location", asked) != asked:
        message = (
            f"The resource '{name}' already exists in location '{before['location']}' and cannot move to '{asked}'."
        )
        raise AzureError(409, "InvalidResourceLocation", message)
    return asked
