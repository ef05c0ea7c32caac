"""Inert types: ARM documents of types that the stand-in has no behaviour for, kept where somebody listed the type.

A real platform has networks, DNS and policies; a rehearsal of it lists them (`PUT /control/inert`), and from then on
their documents can be put, got, listed, patched and deleted, and do nothing. Nothing is inert unless it is listed.
Answers carry the header `x-amlkit-inert`. `server.py` asks here for every path that no route of a resource file has.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from .arm import merged, shown
from .database import Database
from .web import AzureError, Types, check_types, not_found, object_body, route, world
from .world import World

OWNER_HEADER = "x-amlkit-stack"  # a request that has it is judged by that owner's list alone
_HEADERS = {"x-amlkit-inert": "true"}
_SCHEMA = ("CREATE TABLE inert (owner TEXT NOT NULL, type TEXT NOT NULL, PRIMARY KEY (owner, type))",)
_TYPE = re.compile(r"[A-Za-z0-9]+(\.[A-Za-z0-9]+)+(/[A-Za-z0-9]+)*")
_BODY: Types = {"location": str, "tags": dict, "properties": dict}
_MARK = "_inert"


class Inert:
    """Which types are inert: namespaces (`Microsoft.Network`) or types, by who listed them (a stack, or nobody)."""

    def __init__(self, database: Database) -> None:
        self._database = database
        database.migrate("inert", _SCHEMA)

    def put(self, owner: str, types: Iterable[str]) -> None:
        """Replace the list of an owner; an empty one removes it.

        Raises:
            AzureError: 400: neither a namespace nor a type.
        """
        listed = list(types)
        for each in listed:
            if not isinstance(each, str) or not _TYPE.fullmatch(each):
                raise AzureError(400, "InvalidRequestContent", f"Neither a namespace nor a type of ARM: '{each}'.")
        with self._database.transaction() as connection:
            connection.execute("DELETE FROM inert WHERE owner = ?", (owner,))
            connection.executemany("INSERT OR IGNORE INTO inert VALUES (?, ?)", ((owner, each) for each in listed))

    def all(self) -> dict[str, list[str]]:
        """The lists, by owner."""
        found: dict[str, list[str]] = {}
        for row in self._database.query("SELECT owner, type FROM inert ORDER BY owner, type"):
            found.setdefault(row["owner"], []).append(row["type"])
        return found

    def has(self, type: str, owner: str | None = None) -> bool:  # noqa: A002
        """Is this type listed, itself or its namespace or what it is a part of? By this owner, or (None) by any."""
        lists = self.all()
        types = lists.get(owner, []) if owner is not None else [each for listed in lists.values() for each in listed]
        return any(type.lower() == each.lower() or type.lower().startswith(f"{each.lower()}/") for each in types)


@dataclass(frozen=True)
class _Place:
    """What a path means: `type` below `parent`; `name` is empty where the path is that of the list."""

    parent: str
    type: str
    collection: str
    name: str

    @property
    def id(self) -> str:
        """The ARM id, or that of the list."""
        return f"{self.parent}/{self.collection}" + (f"/{self.name}" if self.name else "")


def documents(here: World) -> list[dict[str, Any]]:
    """All inert documents, in the order in which they were made."""
    return [each for each in here.documents.below("/subscriptions") if each.get(_MARK)]


def document(here: World, id_: str) -> dict[str, Any] | None:
    """The document with this id, or the part of an inert one that has it, as a subnet of a network; None: not there."""
    found, place = here.documents.get(id_), _place(id_)
    return found or (_part(here, place) if place is not None else None)


async def answer(request: Request) -> Response | None:
    """The answer to a request for an inert type; None if it is not for one."""
    place = _place(request.scope["path"])
    owner = request.headers.get(OWNER_HEADER)
    if place is None or request.method not in _VERBS or not Inert(world(request).database).has(place.type, owner):
        return None
    found: Response = await _ROUTE.endpoint(request)
    found.headers.update(_HEADERS)
    return found


def _place(path: str) -> _Place | None:
    """Take `<scope>/providers/<namespace>/<type>/<name>[/<type>/<name>…]` apart; the last name may be absent."""
    scope, separator, rest = _split(path.rstrip("/"))
    parts = rest.split("/")
    if not separator or len(parts) < 2 or not scope.lower().startswith("/subscriptions/"):
        return None
    namespace, segments = parts[0], parts[1:]
    type_ = "/".join([namespace, *segments[::2]])
    name = segments[-1] if len(segments) % 2 == 0 else ""
    above = segments[: len(segments) - (2 if name else 1)]
    if above:
        return _Place(f"{scope}/providers/{namespace}/{'/'.join(above)}", type_, segments[len(above)], name)
    return _Place(scope, type_, f"providers/{namespace}/{segments[0]}", name)


def _split(path: str) -> tuple[str, str, str]:
    place = path.lower().rfind("/providers/")
    return (path, "", "") if place < 0 else (path[:place], "/providers/", path[place + len("/providers/") :])


def _serve(request: Request, body: Any) -> Response:
    place = _place(request.scope["path"])
    assert place is not None  # noqa: S101  `answer` looked
    return _VERBS[request.method](request, place, body)


def _get(request: Request, place: _Place, _: Any) -> Response:
    here = world(request)
    if place.name:
        return JSONResponse(shown(_find(here, place)))
    if place.parent.count("/") == 2:
        found = here.documents.of_type(place.parent, place.type)
    else:
        found = here.documents.children(place.parent, place.collection)
    return JSONResponse({"value": [shown(each) for each in found]})


def _head(request: Request, place: _Place, _: Any) -> Response:
    _find(world(request), place)
    return Response(status_code=204)


def _put(request: Request, place: _Place, body: Any) -> Response:
    here, sent = world(request), object_body(body)
    check_types(sent, _BODY)
    if not place.name:
        raise AzureError(405, "MethodNotAllowed", f"The path of a list takes no PUT: '{place.id}'.")
    with here.database.transaction():
        before = here.documents.get(place.id)
        parent = _parent(here, place)
        stored = here.documents.put(f"{parent}/{place.collection}/{place.name}", _document(place, sent, parent))
    return JSONResponse(shown(stored), 200 if before else 201)


def _patch(request: Request, place: _Place, body: Any) -> Response:
    here, sent = world(request), object_body(body)
    check_types(sent, _BODY)
    with here.database.transaction():
        before = _find(here, place)
        parent = before["id"].rpartition(f"/{place.collection}/")[0]
        stored = here.documents.put(before["id"], _document(place, merged(before, sent), parent))
    return JSONResponse(shown(stored))


def _delete(request: Request, place: _Place, _: Any) -> Response:
    return Response(status_code=200 if world(request).documents.delete(place.id) else 204)


def _parent(here: World, place: _Place) -> str:
    """The parent's id as it was first written.

    Raises:
        AzureError: 404: it is not there.
    """
    if place.parent.count("/") == 2:
        return place.parent
    found = here.documents.get(place.parent)
    if found is None:
        if place.parent.count("/") == 4 and "/resourcegroups/" in place.parent.lower():
            group = place.parent.rpartition("/")[2]
            raise AzureError(404, "ResourceGroupNotFound", f"Resource group '{group}' could not be found.")
        raise AzureError(404, "ParentResourceNotFound", f"The parent resource was not found: '{place.parent}'.")
    return str(found["id"])


def _document(place: _Place, sent: dict[str, Any], parent: str) -> dict[str, Any]:
    """What is kept: what was sent, and what every ARM document has; parts with a name get the id that ARM gives."""
    id_ = f"{parent}/{place.collection}/{place.name}"
    properties = {name: _with_ids(value, id_, name) for name, value in (sent.get("properties") or {}).items()}
    fixed = {"name": place.name, "type": place.type, "properties": {**properties, "provisioningState": "Succeeded"}}
    return {key: value for key, value in sent.items() if value is not None} | fixed | {_MARK: True}


def _with_ids(value: Any, id_: str, name: str) -> Any:
    """Parts in a list, as the subnets of a network, are resources of their own: `<id>/<list>/<name>`."""
    if not isinstance(value, list):
        return value
    return [
        {"id": f"{id_}/{name}/{each['name']}", **each} if isinstance(each, dict) and _is_part(each) else each
        for each in value
    ]


def _is_part(each: dict[str, Any]) -> bool:
    return isinstance(each.get("name"), str) and isinstance(each.get("properties"), dict)


def _find(here: World, place: _Place) -> dict[str, Any]:
    found = here.documents.get(place.id) or _part(here, place)
    if found is not None:
        return found
    group = place.parent.split("/")[4] if place.parent.count("/") >= 4 else ""
    raise not_found(place.type, place.name, group)


def _part(here: World, place: _Place) -> dict[str, Any] | None:
    above = here.documents.get(place.parent) or {}
    parts = (above.get("properties") or {}).get(place.collection)
    for each in parts if isinstance(parts, list) and above.get(_MARK) else []:
        if isinstance(each, dict) and str(each.get("name", "")).lower() == place.name.lower():
            return {**each, "type": place.type}
    return None


_VERBS = {"GET": _get, "HEAD": _head, "PUT": _put, "PATCH": _patch, "DELETE": _delete}
_ROUTE = route("/{path:path}", _serve, list(_VERBS))
