"""The access lists of paths: get, set, and change them on everything below a directory."""

from __future__ import annotations

from dataclasses import replace

from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response

from .. import access
from ..call import Call
from ..errors import storage_error
from ..listing import names_below, page_of
from ..records import Blob, change_headers
from .paths import need_directories

_MOST = 2000  # Azure's, of one request
_ROOT = "/"


async def get(call: Call) -> Response:
    """`HEAD ?action=getAccessControl`."""
    call.grant.check("re", "o" if call.name else "c")
    return await run_in_threadpool(_get, call)


def _get(call: Call) -> Response:
    need_directories(call)
    blob = _existing(call, writes=False)
    headers = change_headers(blob.modified) | access.access_headers(blob) | {"x-ms-acl": access.acl_of(blob)}
    return Response(status_code=200, headers=headers)


async def set_(call: Call) -> Response:
    """`PATCH ?action=setAccessControl`."""
    call.grant.check("op", "o" if call.name else "c")
    return await run_in_threadpool(_set, call)


def _set(call: Call) -> Response:
    need_directories(call)
    with call.store.lock:
        blob = _existing(call, writes=True)
        content = access.changed(blob.content, blob, call.headers)
        changed = call.write(blob.path, content, call.name or _ROOT)
    return Response(status_code=200, headers=change_headers(changed.modified))


async def set_recursive(call: Call) -> Response:
    """`PATCH ?action=setAccessControlRecursive&mode=set|modify|remove`, up to `maxRecords` of them at once."""
    call.grant.check("op", "o" if call.name else "c")
    return await run_in_threadpool(_set_recursive, call)


def _set_recursive(call: Call) -> Response:
    need_directories(call)
    acl = call.headers.get("x-ms-acl", "")
    if not acl:
        raise storage_error("MissingRequiredHeader", "x-ms-acl.")
    mode = call.query.get("mode", "").lower()
    with call.store.lock:
        top = _existing(call, writes=False)
        head = f"{call.name}/" if call.name else ""
        below = sorted(names_below(call.folder(), head, folders="")) if top.is_folder else []
        page = page_of(below, call.query.get("maxRecords"), call.query.get("continuation", ""), _MOST)
        blobs = [call.find(name) for name in page.items]
        changed = [top] if not call.query.get("continuation") else []
        changed += [blob for blob in blobs if blob is not None]
        for blob in changed:
            call.write(blob.path, access.recursive(blob, mode, acl), blob.name)
    folders = sum(blob.is_folder for blob in changed)
    body = {
        "directoriesSuccessful": folders,
        "filesSuccessful": len(changed) - folders,
        "failureCount": 0,
        "failedEntries": [],
    }
    return JSONResponse(body, headers={"x-ms-continuation": page.next} if page.next else {})


def _existing(call: Call, *, writes: bool) -> Blob:
    if call.name:
        return call.existing("PathNotFound", writes=writes)
    folder = call.folder()
    blob = call.store.records.read(call.space, call.container, _ROOT, folder, folders=True)
    if blob is None:
        raise storage_error("FilesystemNotFound")
    call.check(blob, writes=writes)
    return replace(blob, name=_ROOT)
