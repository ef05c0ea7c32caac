"""Writing blobs: in one request, or piece by piece to an append blob. A blob appears whole or not at all."""

from __future__ import annotations

import shutil
import time
from dataclasses import replace

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from ..web import AzureError
from . import copying
from .call import ENCRYPTED, FOLDER_MARK, Call
from .errors import storage_error
from .receiving import Received, commit, receive
from .records import Content, change_headers

_BUFFER = 1 << 20
_APPENDED = 100 << 20  # bytes, the most of one append


async def put_blob(call: Call) -> Response:
    """`PUT` of a blob: a block blob in one request, an empty append blob, or a copy."""
    call.grant.check("cw", "o")
    if "x-ms-copy-source" in call.headers:
        return await run_in_threadpool(copying.copy_blob, call)
    kind = call.headers.get("x-ms-blob-type", "")
    if kind == "PageBlob":
        raise AzureError(501, "NotImplemented", "PageBlob does not exist in the local Azure ML; there is: BlockBlob.")
    if not kind:
        raise storage_error("MissingRequiredHeader", "x-ms-blob-type.")
    if kind not in ("BlockBlob", "AppendBlob"):
        raise storage_error("InvalidHeaderValue", f"x-ms-blob-type: {kind}.")
    call.check(call.find())
    own = call.content()
    received = await receive(call, hashed=kind == "BlockBlob")
    content = replace(own, kind=kind, md5=own.md5 or (received.md5 if kind == "BlockBlob" else ""))
    if received.file is None and call.store.lock.acquire(blocking=False):
        try:  # a small one is written sooner than a thread is at hand
            return _put(call, received, content)
        finally:
            call.store.lock.release()
    return await run_in_threadpool(_put, call, received, content)


def _put(call: Call, received: Received, content: Content) -> Response:
    if call.hierarchical and content.metadata.get(FOLDER_MARK, "").lower() == "true":
        return _put_folder(call, content)
    with received.as_file(call.store) as new:
        blob = commit(call, new, content)
    md5 = {"Content-MD5": received.md5} if content.kind == "BlockBlob" else {}
    return Response(status_code=201, headers=change_headers(blob.modified) | ENCRYPTED | md5)


def _put_folder(call: Call, content: Content) -> Response:
    with call.store.lock:
        path = call.path()
        if path.is_file():
            raise storage_error("ResourceTypeMismatch")
        path.mkdir(parents=True, exist_ok=True)
        metadata = {name: value for name, value in content.metadata.items() if name != FOLDER_MARK}
        blob = call.write(path, replace(content, metadata=metadata, created=time.time_ns()))
    return Response(status_code=201, headers=change_headers(blob.modified) | ENCRYPTED)


async def append_block(call: Call) -> Response:
    """`PUT ?comp=appendblock`: more bytes at the end of an append blob.

    Raises:
        AzureError: 404, 409: there is no append blob; 412: it has another size than asked.
    """
    call.grant.check("aw", "o")
    if "x-ms-copy-source" in call.headers:
        raise AzureError(501, "NotImplemented", "Appending from a URL does not exist in the local Azure ML.")
    received = await receive(call)
    return await run_in_threadpool(_append_block, call, received)


def _append_block(call: Call, received: Received) -> Response:
    with call.store.lock, received.as_file(call.store) as new:
        blob = call.existing(writes=True)
        if blob.content.kind != "AppendBlob":
            raise storage_error("InvalidBlobType")
        more = new.stat().st_size
        position, most = (call.headers.get(f"x-ms-blob-condition-{name}") for name in ("appendpos", "maxsize"))
        if position is not None and position != str(blob.size):
            raise AzureError(412, "AppendPositionConditionNotMet", "The append position condition was not met.")
        if most is not None and most.isdecimal() and blob.size + more > int(most):
            raise AzureError(412, "MaxBlobSizeConditionNotMet", "The max blob size condition was not met.")
        if not 0 < more <= _APPENDED:
            raise storage_error("RequestBodyTooLarge" if more else "InvalidHeaderValue")
        with new.open("rb") as source, blob.path.open("ab") as target:
            shutil.copyfileobj(source, target, _BUFFER)
        count = len(blob.content.blocks) + 1
        content = replace(blob.content, blocks=[*blob.content.blocks, (str(count), more)])
        changed = call.write(blob.path, content)
    told = {"x-ms-blob-append-offset": str(blob.size), "x-ms-blob-committed-block-count": str(count)}
    return Response(status_code=201, headers=change_headers(changed.modified) | told | ENCRYPTED)
