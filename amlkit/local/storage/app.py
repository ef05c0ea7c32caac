"""The storage services as an ASGI application: who asks, what is asked, which verb answers."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from ...home import STORAGE_SUFFIX, TENANT
from ..database import Database
from ..web import AzureError, broken
from ..world import World
from . import batch, blob_verbs, errors
from .auth import Place, authenticate
from .call import Call, Store, common_headers
from .dfs import verbs as dfs_verbs
from .files import verbs as file_verbs
from .receiving import discard_old
from .records import Records

_HOST = re.compile(rf"([a-z0-9]+)\.([a-z]+)\.{re.escape(STORAGE_SUFFIX)}")
Key = tuple[str, str, str, str]
Verbs = Mapping[Key, Callable[[Call], Awaitable[Response]]]
SERVICES: Mapping[str, tuple[Verbs, Callable[[Request, Place], Key]]] = {
    "blob": (blob_verbs.VERBS, blob_verbs.key_of),
    "dfs": (dfs_verbs.VERBS, dfs_verbs.key_of),
    "file": (file_verbs.VERBS, file_verbs.key_of),
}


def build_app(world: World) -> ASGIApp:
    """The application for hosts `<account>.<service>.<suffix>`."""
    records = Records(Database(world.home.folder / "blobs.db", synchronous="NORMAL"))
    store = Store(world, records, world.home.folder / "uploads")
    discard_old(store)
    world.blobs.when_removed(records.forget_all)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        try:
            response = await _answer(store, request)
        except ClientDisconnect:
            return
        for name, value in common_headers(request.headers).items():
            response.headers[name] = value
        await response(scope, receive, send)

    return app


async def _answer(store: Store, request: Request) -> Response:
    host = request.headers.get("host", "").lower().partition(":")[0]
    try:
        return await _answered(store, request, host)
    except AzureError as error:
        refused = error
    except ClientDisconnect:
        raise
    except Exception as error:
        refused = broken(error)
    response = errors.response(refused, head=request.method == "HEAD", json=".dfs." in host)
    if refused.status == 401:
        where = f"{store.world.address.url}/{TENANT}/oauth2/authorize"
        challenge = f"Bearer authorization_uri={where} resource_id=https://storage.azure.com"
        response.headers["WWW-Authenticate"] = challenge
    return response


async def _answered(store: Store, request: Request, host: str) -> Response:
    match = _HOST.fullmatch(host)
    if match is None or match[2] not in SERVICES:
        service = match[2] if match else host
        message = f"The storage service '{service}' does not exist in the local Azure ML; there is: "
        raise AzureError(501, "NotImplemented", f"{message}{', '.join(SERVICES)}.")
    verbs, key_of = SERVICES[match[2]]
    container, _, path = request.scope["path"].lstrip("/").partition("/")
    place = Place(match[2], match[1], container, path)
    key = key_of(request, place)
    if key not in verbs:
        raise _not_implemented(verbs, key)
    grant = authenticate(request, store.world, store.records, place)
    call = Call(store, request, place, grant)
    if key[3] == "batch":
        return await batch.run(call, lambda each: _answer(store, each))
    return await verbs[key](call)


def _not_implemented(verbs: Verbs, key: Key) -> AzureError:
    def text(method: str, resource: str, restype: str, comp: str) -> str:
        named = [f"restype={restype}"] if restype else []
        named += [f"comp={comp}"] if comp else []
        return " ".join([method, resource, *named])

    there = ", ".join(text(*each) for each in verbs if each[1] == key[1])
    return AzureError(501, "NotImplemented", f"{text(*key)} does not exist in the local Azure ML; there is: {there}.")
