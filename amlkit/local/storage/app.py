"""The blob service as an ASGI application: who asks, what is asked, which verb answers."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from ...home import STORAGE_SUFFIX
from ..database import Database
from ..web import AzureError, broken
from ..world import World
from . import blobs, containers, errors, uploads
from .auth import authenticate
from .call import Call, Store, common_headers
from .records import Records

Verb = Callable[[Call], Awaitable[Response]]
_HOST = re.compile(rf"([a-z0-9]+)\.([a-z]+)\.{re.escape(STORAGE_SUFFIX)}")

# method, resource, restype, comp
VERBS: dict[tuple[str, str, str, str], Verb] = {
    ("GET", "account", "", "list"): containers.list_containers,
    ("GET", "account", "account", "properties"): containers.account_information,
    ("HEAD", "account", "account", "properties"): containers.account_information,
    ("GET", "container", "account", "properties"): containers.account_information,
    ("PUT", "container", "container", ""): containers.create,
    ("GET", "container", "container", ""): containers.properties,
    ("HEAD", "container", "container", ""): containers.properties,
    ("PUT", "container", "container", "metadata"): containers.set_metadata,
    ("DELETE", "container", "container", ""): containers.delete,
    ("GET", "container", "container", "list"): containers.list_blobs,
    ("GET", "blob", "", ""): blobs.get,
    ("HEAD", "blob", "", ""): blobs.head,
    ("DELETE", "blob", "", ""): blobs.delete,
    ("PUT", "blob", "", "metadata"): blobs.set_metadata,
    ("GET", "blob", "", "metadata"): blobs.head,
    ("HEAD", "blob", "", "metadata"): blobs.head,
    ("PUT", "blob", "", "properties"): blobs.set_properties,
    ("PUT", "blob", "", ""): uploads.put_blob,
    ("PUT", "blob", "", "block"): uploads.put_block,
    ("PUT", "blob", "", "blocklist"): uploads.put_block_list,
    ("GET", "blob", "", "blocklist"): uploads.get_block_list,
}


def build_app(world: World) -> ASGIApp:
    """The application for hosts `<account>.blob.<suffix>`."""
    records = Records(Database(world.home.folder / "blobs.db", synchronous="NORMAL"))
    store = Store(world, records, world.home.folder / "uploads")
    uploads.discard_old(store)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        try:
            response = await _answer(store, request)
        except AzureError as error:
            response = errors.response(error, head=request.method == "HEAD")
        except ClientDisconnect:
            return
        except Exception as error:
            response = errors.response(broken(error), head=request.method == "HEAD")
        for name, value in common_headers(request.headers).items():
            response.headers[name] = value
        await response(scope, receive, send)

    return app


async def _answer(store: Store, request: Request) -> Response:
    match = _HOST.fullmatch(request.headers.get("host", "").lower().partition(":")[0])
    if match is None or match[2] != "blob":
        service = match[2] if match else request.headers.get("host", "")
        message = f"The storage service '{service}' does not exist in the local Azure ML; there is: blob."
        raise AzureError(501, "NotImplemented", message)
    container, _, blob = request.scope["path"].lstrip("/").partition("/")
    resource = "blob" if blob else "container" if container else "account"
    query = request.query_params
    key = (request.method, resource, query.get("restype", ""), query.get("comp", ""))
    if key not in VERBS:
        raise _not_implemented(key)
    grant = authenticate(request, store.world, match[1], container, blob)
    return await VERBS[key](Call(store, request, match[1], container, blob, grant))


def _not_implemented(key: tuple[str, str, str, str]) -> AzureError:
    def text(method: str, resource: str, restype: str, comp: str) -> str:
        named = [f"restype={restype}"] if restype else []
        named += [f"comp={comp}"] if comp else []
        return " ".join([method, resource, *named])

    there = ", ".join(text(*each) for each in VERBS if each[1] == key[1])
    return AzureError(501, "NotImplemented", f"{text(*key)} does not exist in the local Azure ML; there is: {there}.")
