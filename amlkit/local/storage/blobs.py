"""Blobs that exist: read them whole or in part, describe them, change their headers, delete them."""

from __future__ import annotations

import os
import re
from dataclasses import replace

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response, StreamingResponse

from ..web import AzureError, file_pieces
from .call import ENCRYPTED, Call, blob_headers
from .errors import storage_error
from .records import Blob, change_headers

_RANGE = re.compile(r"bytes=(\d{1,18})-(\d{0,18})")
_AT_ONCE = 1 << 20  # up to so many bytes are read in one go


async def get(call: Call) -> Response:
    """`GET` of a blob, with `x-ms-range` or `Range`."""
    call.grant.check("r", "o")
    return await run_in_threadpool(_get, call)


def _get(call: Call) -> Response:
    _refuse_versions(call)
    blob = call.existing()
    headers = blob_headers(blob)
    asked = call.headers.get("x-ms-range") or call.headers.get("range")
    first, last = _range(asked, blob.size) if asked else (0, blob.size - 1)
    headers["Content-Length"] = str(last - first + 1)
    if asked:
        headers["Content-Range"] = f"bytes {first}-{last}/{blob.size}"
        whole = headers.pop("Content-MD5", "")
        if whole:
            headers["x-ms-blob-content-md5"] = whole
    status = 206 if asked else 200
    if last - first < _AT_ONCE:
        return Response(b"".join(file_pieces(blob.path, first, last - first + 1)), status, headers)
    return StreamingResponse(file_pieces(blob.path, first, last - first + 1), status, headers)


async def head(call: Call) -> Response:
    """`HEAD` of a blob: its properties and metadata."""
    call.grant.check("r", "o")
    _refuse_versions(call)
    blob = await run_in_threadpool(call.existing)
    return Response(b"", 200, blob_headers(blob) | {"Content-Length": str(blob.size)})


async def delete(call: Call) -> Response:
    """`DELETE` of a blob."""
    call.grant.check("d", "o")
    return await run_in_threadpool(_delete, call)


def _delete(call: Call) -> Response:
    _refuse_versions(call)
    with call.store.lock:
        blob = call.existing()
        blob.path.unlink()
        call.store.records.forget(call.account, call.container, call.blob)
        _prune(call, blob)
    return Response(status_code=202, headers={"x-ms-delete-type-permanent": "true"})


async def set_metadata(call: Call) -> Response:
    """`PUT ?comp=metadata`: replace the metadata."""
    call.grant.check("w", "o")
    return await run_in_threadpool(_change, call, metadata=True)


async def set_properties(call: Call) -> Response:
    """`PUT ?comp=properties`: replace the content headers."""
    call.grant.check("w", "o")
    return await run_in_threadpool(_change, call, metadata=False)


def _change(call: Call, *, metadata: bool) -> Response:
    with call.store.lock:
        blob = call.existing()
        sent = call.content()
        if metadata:
            content = replace(blob.content, metadata=sent.metadata)
        else:
            content = replace(sent, metadata=blob.content.metadata)
        os.utime(blob.path)  # a change of headers is a change of the blob: a new ETag
        call.store.records.write(call.account, call.container, call.blob, blob.path, content)
        changed = call.store.records.read(call.account, call.container, call.blob, blob.path) or blob
    return Response(status_code=200, headers=change_headers(changed.modified) | ENCRYPTED)


def _refuse_versions(call: Call) -> None:
    for name in ("snapshot", "versionid"):
        if name in call.query:
            raise AzureError(501, "NotImplemented", f"'{name}' of blobs does not exist in the local Azure ML.")


def _range(asked: str, size: int) -> tuple[int, int]:
    match = _RANGE.fullmatch(asked.strip())
    if match is None or int(match[1]) >= size or (match[2] and int(match[2]) < int(match[1])):
        raise storage_error("InvalidRange")
    return int(match[1]), min(int(match[2]) if match[2] else size - 1, size - 1)


def _prune(call: Call, blob: Blob) -> None:
    """Remove the folders that a deleted blob leaves empty: to blob clients there are no folders."""
    root = call.folder()
    for folder in blob.path.parents:
        if folder == root or any(folder.iterdir()):
            return
        folder.rmdir()
