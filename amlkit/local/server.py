"""The stand-in as an ASGI application: the world it works on, and the routes of every resource file.

`build_world` and `build_app` are called by `process.py` (the running stand-in) and by the tests.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from ..home import STORAGE_SUFFIX, Address, Home
from . import inert
from .blobs import Blobs
from .certificates import ensure_certificates
from .clock import Clock
from .database import Database
from .documents import Documents
from .faults import FaultGate, Faults
from .nodes import Nodes
from .routes import ROUTES
from .storage.app import build_app as build_storage
from .tokens import Tokens
from .web import AzureError
from .world import World


def build_world(home: Home, address: Address, rules: str = "content") -> World:
    """Open the stores of a checkout (made when they are not there) and join them. `rules`: `content` or `azure`."""
    from .jobs import Jobs

    ensure_certificates(home)
    database = Database(home.database)
    documents = Documents(database)
    blobs = Blobs(home, database, documents)
    tokens = Tokens(home.ca / "tokens.pem", address.url)
    clock = Clock(database)
    nodes = Nodes(clock.time)
    jobs = Jobs(home, address, database, documents, blobs, tokens, rules, nodes)
    inert.Inert(database)
    return World(home, address, database, documents, blobs, tokens, jobs, clock, Faults(), nodes)


def build_app(world: World) -> ASGIApp:
    """The application: hosts of storage accounts go to the blob data plane, every other host to the control plane."""

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        await run_in_threadpool(world.jobs.start)
        yield
        await run_in_threadpool(world.jobs.stop)

    control = Starlette(routes=list(ROUTES), lifespan=lifespan, exception_handlers={405: _other_method})
    control.router.default = _unknown
    control.router.redirect_slashes = False
    control.state.world = world
    storage = build_storage(world)

    async def by_host(scope: Scope, receive: Receive, send: Send) -> None:
        await (storage if _is_storage(scope) else control)(scope, receive, send)

    return FaultGate(by_host, world.faults)


def _is_storage(scope: Scope) -> bool:
    if scope["type"] != "http":
        return False
    host = next((value for name, value in scope["headers"] if name == b"host"), b"").decode("latin-1")
    return host.lower().partition(":")[0].endswith(f".{STORAGE_SUFFIX}")


async def _other_method(request: Request, _: Exception) -> Response:
    return _not_implemented(request.scope)


async def _unknown(scope: Scope, receive: Receive, send: Send) -> None:
    response = await inert.answer(Request(scope, receive)) or _not_implemented(scope)
    await response(scope, receive, send)


def _not_implemented(scope: Scope) -> Response:
    """Say which route is not there and which ones near it are: 501, never a pretended success."""
    same = [each for each in ROUTES if each.matches({**scope, "method": "", "path_params": {}})[0] is Match.PARTIAL]
    near = sorted({f"{' '.join(sorted(each.methods or ()))} {each.path}" for each in same or _nearest(scope["path"])})
    what = f"{scope['method']} {scope['path']} does not exist in the local Azure ML"
    details = [{"code": "Exists", "message": text} for text in near]
    return AzureError(501, "NotImplemented", f"{what}; there is: {'; '.join(near)}", details).response()


def _nearest(path: str) -> list[Route]:
    shared = [(_shared(each.path, path), each) for each in ROUTES]
    best = max(count for count, _ in shared)
    return [each for count, each in shared if count == best]


def _shared(template: str, path: str) -> int:
    count = 0
    for wanted, sent in zip(template.lower().split("/"), path.lower().split("/"), strict=False):
        if wanted != sent and not wanted.startswith("{"):
            break
        count += 1
    return count
