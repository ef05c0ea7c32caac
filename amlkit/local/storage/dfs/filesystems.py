"""File systems: the containers of an account, as the Data Lake service speaks of them."""

from __future__ import annotations

from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response

from ...blobs import CONTAINER_NAME
from ..call import Call
from ..containers import check_name, headers_of, keep_metadata
from ..errors import storage_error
from ..listing import page_of
from ..records import etag_of, http_date
from .properties import parsed, written


async def list_filesystems(call: Call) -> Response:
    """`GET /?resource=account`."""
    call.grant.check("l", "s")
    blobs, prefix = call.store.world.blobs, call.query.get("prefix", "")
    names = [name for name in blobs.containers(call.account) if name.startswith(prefix)]
    page = page_of(names, call.query.get("maxResults"), call.query.get("continuation", ""))
    items = []
    for name in page.items:
        modified = blobs.container(call.account, name).stat().st_mtime_ns
        items.append({"name": name, "etag": etag_of(modified), "lastModified": http_date(modified)})
    return JSONResponse({"filesystems": items}, headers={"x-ms-continuation": page.next} if page.next else {})


async def create(call: Call) -> Response:
    """`PUT ?resource=filesystem`."""
    call.grant.check("cw", "m")
    check_name(call.container, CONTAINER_NAME)
    return await run_in_threadpool(_create, call)


def _create(call: Call) -> Response:
    metadata = parsed(call.headers.get("x-ms-properties", ""))
    with call.store.lock:
        if not call.store.world.blobs.create_container(call.account, call.container):
            raise storage_error("FilesystemAlreadyExists")
        keep_metadata(call, metadata)
    return Response(status_code=201, headers=headers_of(call.folder()) | _kind(call))


async def properties(call: Call) -> Response:
    """`HEAD ?resource=filesystem`."""
    call.grant.check("rl", "c")
    metadata = call.store.records.container_metadata(call.space, call.container)
    own = {"x-ms-properties": written(metadata)} if metadata else {}
    return Response(status_code=200, headers=headers_of(call.folder()) | _kind(call) | own)


async def set_properties(call: Call) -> Response:
    """`PATCH ?resource=filesystem`: replace the metadata."""
    call.grant.check("w", "m")
    return await run_in_threadpool(_set_properties, call)


def _set_properties(call: Call) -> Response:
    metadata = parsed(call.headers.get("x-ms-properties", ""))
    with call.store.lock:
        folder = call.folder()
        folder.touch()
        keep_metadata(call, metadata)
    return Response(status_code=200, headers=headers_of(folder))


def _kind(call: Call) -> dict[str, str]:
    return {"x-ms-namespace-enabled": "true" if call.hierarchical else "false"}
