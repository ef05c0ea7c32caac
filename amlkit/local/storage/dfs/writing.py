"""Writing files: data is appended in any order and at any position, and a flush makes it the file's.

What is appended and not flushed lies apart, one file for each position, until a flush or a week has passed.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import time
from dataclasses import replace
from pathlib import Path

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from ...web import AzureError
from .. import copying
from ..call import ENCRYPTED, Call
from ..errors import storage_error
from ..receiving import Received, receive
from ..records import Blob, change_headers
from .paths import with_headers


async def append(call: Call) -> Response:
    """`PATCH ?action=append&position=…`, with `flush=true` flushed too."""
    call.grant.check("wa", "o")
    position = _position(call)
    received = await receive(call)
    return await run_in_threadpool(_append, call, position, received)


def _append(call: Call, position: int, received: Received) -> Response:
    with call.store.lock, received.as_file(call.store) as new:
        blob = _file(call)
        if position < blob.size:
            raise storage_error("InvalidFlushPosition")
        size = new.stat().st_size
        folder = _folder(call)
        folder.mkdir(parents=True, exist_ok=True)
        new.replace(folder / f"{position:020d}")
        _act_on_lease(call, "acquire", "acquire-release")
        md5 = {"Content-MD5": received.md5} if received.md5 else {}
        if call.query.get("flush", "").lower() != "true":
            return Response(status_code=202, headers=ENCRYPTED | md5)
        changed = _flushed(call, blob, position + size)
        _act_on_lease(call, "release", "acquire-release")
    return Response(status_code=202, headers=change_headers(changed.modified) | ENCRYPTED)


async def flush(call: Call) -> Response:
    """`PATCH ?action=flush&position=…`: the file has all that was appended up to there.

    Raises:
        AzureError: 400: the data up to there is not whole.
    """
    call.grant.check("wa", "o")
    return await run_in_threadpool(_flush, call, _position(call))


def _flush(call: Call, position: int) -> Response:
    with call.store.lock:
        _act_on_lease(call, "acquire", "acquire-release")
        changed = _flushed(call, _file(call), position)
        _act_on_lease(call, "release", "acquire-release")
    headers = change_headers(changed.modified) | ENCRYPTED | {"Content-Length": "0"}
    return Response(status_code=200, headers=headers)


def _flushed(call: Call, blob: Blob, position: int) -> Blob:
    folder = _folder(call)
    pieces = sorted(folder.iterdir()) if folder.is_dir() else []
    end, wanted = blob.size, []
    for piece in pieces:
        start = int(piece.name)
        if start == end and end < position:
            end += piece.stat().st_size
            wanted.append(piece)
    if end != position:
        raise storage_error("InvalidFlushPosition")
    content = with_headers(blob.content, call)
    if wanted and not blob.size:
        first = wanted.pop(0)
        _extend(first, wanted)
        first.replace(blob.path)
    elif wanted:
        _extend(blob.path, wanted)
    else:
        os.utime(blob.path)
    if call.query.get("retainUncommittedData", "").lower() != "true":
        shutil.rmtree(folder, ignore_errors=True)
    return call.write(blob.path, replace(content, created=content.created or time.time_ns()))


def _extend(path: Path, pieces: list[Path]) -> None:
    with path.open("r+b") as target:
        target.seek(0, os.SEEK_END)
        for piece in pieces:
            copying.copy_bytes(piece, target.fileno(), 0, piece.stat().st_size)
            piece.unlink()


def _file(call: Call) -> Blob:
    blob = call.existing("PathNotFound", writes=True)
    if blob.is_folder:
        raise storage_error("PathConflict")
    if blob.content.kind != "BlockBlob":
        raise AzureError(409, "InvalidBlobType", "Appending is for files that were made as such.")
    return blob


def _act_on_lease(call: Call, *actions: str) -> None:
    asked = call.headers.get("x-ms-lease-action", "").lower()
    if not asked:
        return
    if asked == "auto-renew":
        call.leases().act({**call.headers, "x-ms-lease-action": "renew"})
    elif asked in actions:
        headers = {**call.headers, "x-ms-lease-action": actions[0]}
        if actions[0] == "release" and "x-ms-lease-id" not in headers:
            headers["x-ms-lease-id"] = headers.get("x-ms-proposed-lease-id", "")
        call.leases().act(headers)


def _position(call: Call) -> int:
    text = call.query.get("position", "")
    if not text.isdecimal() or len(text) > 18:
        raise storage_error("InvalidQueryParameterValue", f"position: {text}.")
    return int(text)


def _folder(call: Call) -> Path:
    name = "\0".join((call.account, call.container, call.name))
    return call.store.uploads / f"appended-{hashlib.sha256(name.encode()).hexdigest()}"
