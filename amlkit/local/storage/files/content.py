"""Files of a share: make them in their size, read, describe, resize, copy and delete them."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from .. import blobs, copying
from ..answers import Described
from ..call import CONTENT_HEADERS, ENCRYPTED, Call, content_headers
from ..errors import storage_error
from ..receiving import new_path
from ..records import Blob, Content, change_headers
from .entries import check_parent, entry_headers, existing, touch, with_attributes

_HEADERS = {f"x-ms-{name.lower()}": field for name, field in CONTENT_HEADERS.items()}
_LARGEST = 4 << 40


async def create(call: Call) -> Response:
    """`PUT` of a file: in its size and empty, with up to 4 MiB of content, or a copy of another."""
    call.grant.check("cw", "o")
    if "x-ms-copy-source" in call.headers:
        return await run_in_threadpool(_copy, call)
    body = await call.request.body()
    return await run_in_threadpool(_create, call, body)


def _create(call: Call, body: bytes) -> Response:
    if call.headers.get("x-ms-type", "").lower() != "file":
        raise storage_error("MissingRequiredHeader", "x-ms-type: file.")
    size = _size(call)
    if size is None:
        raise storage_error("MissingRequiredHeader", "x-ms-content-length.")
    with call.store.lock:
        before = _replaceable(call)
        path = call.path()
        content = _with_headers(Content(metadata=call.metadata()), call)
        content = with_attributes(content, call, new=True)
        if before is not None:
            content = replace(content, created=before.content.created or content.created)
        with path.open("wb") as file:
            file.write(body)
            file.truncate(size)
        made = call.write(path, content)
        return Response(status_code=201, headers=entry_headers(call, made) | ENCRYPTED)


async def read(call: Call) -> Response:
    """`GET` of a file, whole or a range."""
    call.grant.check("r", "o")
    return await run_in_threadpool(_read, call)


def _read(call: Call) -> Response:
    blob = existing(call, folder=False)
    return blobs.body_of(call, blob, _file_headers(call, blob), md5_header="x-ms-content-md5")


async def properties(call: Call) -> Response:
    """`HEAD` of a file."""
    call.grant.check("r", "o")
    return await run_in_threadpool(_properties, call)


def _properties(call: Call) -> Response:
    blob = existing(call, folder=False)
    return Described(b"", 200, _file_headers(call, blob) | {"Content-Length": str(blob.size)})


async def set_properties(call: Call) -> Response:
    """`PUT ?comp=properties`: the content headers, attributes, and the size."""
    call.grant.check("w", "o")
    return await run_in_threadpool(_set_properties, call)


def _set_properties(call: Call) -> Response:
    with call.store.lock:
        blob, size = existing(call, folder=False, writes=True), _size(call)
        content = with_attributes(_with_headers(blob.content, call), call, new=False)
        if size is not None:
            os.truncate(blob.path, size)
        touch(blob)
        changed = call.write(blob.path, content)
        return Response(status_code=200, headers=entry_headers(call, changed) | ENCRYPTED)


async def set_metadata(call: Call) -> Response:
    """`PUT ?comp=metadata`."""
    call.grant.check("w", "o")
    return await run_in_threadpool(_set_metadata, call)


def _set_metadata(call: Call) -> Response:
    with call.store.lock:
        blob = existing(call, folder=False, writes=True)
        touch(blob)
        changed = call.write(blob.path, replace(blob.content, metadata=call.metadata()))
    return Response(status_code=200, headers=change_headers(changed.modified) | ENCRYPTED)


async def delete(call: Call) -> Response:
    """`DELETE` of a file."""
    call.grant.check("d", "o")
    return await run_in_threadpool(_delete, call)


def _delete(call: Call) -> Response:
    with call.store.lock:
        blob = existing(call, folder=False, writes=True)
        blob.path.unlink()
        call.store.records.forget(call.space, call.container, call.name)
    return Response(status_code=202)


async def abort_copy(call: Call) -> Response:
    """`PUT ?comp=copy`."""
    call.grant.check("w", "o")
    return await run_in_threadpool(copying.abort_copy, call)


def _copy(call: Call) -> Response:
    source = copying.find_source(call)
    with call.store.lock:
        _replaceable(call)
        copied, metadata = copying.copied_from(source), call.metadata() or source.blob.content.metadata
        content = replace(source.blob.content, metadata=metadata, copy=copied, more={}, blocks=[])
        new = new_path(call.store)
        with new.open("wb") as target:
            copying.copy_bytes(source.blob.path, target.fileno(), 0, source.blob.size)
        new.replace(call.path())
        made = call.write(call.path(), with_attributes(content, call, new=True))
    return Response(status_code=202, headers=change_headers(made.modified) | copying.told(copied))


def _replaceable(call: Call) -> Blob | None:
    """The file that is there already, None if there is none; its lease lets this request through.

    Raises:
        AzureError: 404: the directory does not exist; 409: a directory has the name; 412: a lease.
    """
    check_parent(call)
    before = call.find()
    if before is not None and before.is_folder:
        raise storage_error("ResourceTypeMismatch")
    if before is not None:
        call.leases().check(call.headers.get("x-ms-lease-id"))
    return before


def _file_headers(call: Call, blob: Blob) -> dict[str, str]:
    headers = entry_headers(call, blob) | content_headers(blob.content) | call.leases().headers()
    return headers | {"x-ms-type": "File", "x-ms-server-encrypted": "true", "Accept-Ranges": "bytes"}


def _with_headers(content: Content, call: Call) -> Content:
    """The content with the headers of the request: any of them replaces all, as on Azure."""
    if not any(name in call.headers for name in _HEADERS):
        return content
    sent: dict[str, Any] = {field: call.headers.get(name, "") for name, field in _HEADERS.items()}
    return replace(content, **(sent | {"type": sent["type"] or Content.type}))


def _size(call: Call) -> int | None:
    text = call.headers.get("x-ms-content-length")
    if text is None:
        return None
    if not text.isdecimal() or len(text) > 18 or int(text) > _LARGEST:
        raise storage_error("InvalidHeaderValue", f"x-ms-content-length: {text}.")
    return int(text)
