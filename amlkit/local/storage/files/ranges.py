"""Ranges of a file: write, clear and list them. A file that is made in its size has holes until they are written."""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Iterator

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from .. import copying
from ..call import ENCRYPTED, Call
from ..errors import storage_error
from ..listing import xml
from ..receiving import Received, receive
from ..records import change_headers
from .entries import existing

_RANGE = re.compile(r"bytes=(\d{1,18})-(\d{1,18})")
_LARGEST = 4 << 20
_ZEROS = 1 << 20


async def put(call: Call) -> Response:
    """`PUT ?comp=range`: with `x-ms-write: update` the body, or a range of a URL; with `clear` zeros."""
    call.grant.check("w", "o")
    first, last = _range(call)
    size = last - first + 1
    clears = call.headers.get("x-ms-write", "").lower() == "clear"
    if call.headers.get("x-ms-write", "").lower() not in ("update", "clear"):
        raise storage_error("MissingRequiredHeader", "x-ms-write: update or clear.")
    if "x-ms-copy-source" in call.headers:
        received = await run_in_threadpool(copying.range_of_source, call)
    else:
        received = await receive(call)
    return await run_in_threadpool(_put, call, first, size, received, clears=clears)


def _put(call: Call, first: int, size: int, received: Received, *, clears: bool) -> Response:
    with call.store.lock, received.as_file(call.store) as new:
        blob = existing(call, folder=False, writes=True)
        if first + size > blob.size:
            raise storage_error("InvalidRange")
        md5 = {"Content-MD5": received.md5} if received.md5 and not clears else {}
        with blob.path.open("r+b") as target:
            target.seek(first)
            if clears:
                for start in range(0, size, _ZEROS):
                    target.write(bytes(min(_ZEROS, size - start)))
            elif new.stat().st_size != size or size > _LARGEST:
                raise storage_error("InvalidHeaderValue", "The range and the length of the content.")
            else:
                copying.copy_bytes(new, target.fileno(), 0, size)
        changed = call.write(blob.path, blob.content)
        headers = change_headers(changed.modified) | md5
    return Response(status_code=201, headers=headers | ENCRYPTED)


async def listed(call: Call) -> Response:
    """`GET ?comp=rangelist`: the ranges that hold data, as the file system on disk knows them."""
    call.grant.check("r", "o")
    return await run_in_threadpool(_listed, call)


def _listed(call: Call) -> Response:
    blob = existing(call, folder=False)
    first, last = _range(call) if "range" in call.headers or "x-ms-range" in call.headers else (0, blob.size - 1)
    with blob.path.open("rb") as file:
        found = [(max(start, first), min(end, last)) for start, end in _data(file.fileno(), blob.size)]
    items = "".join(f"<Range><Start>{start}</Start><End>{end}</End></Range>" for start, end in found if start <= end)
    answer = xml(f"<Ranges>{items}</Ranges>")
    answer.headers.update(change_headers(blob.modified) | {"x-ms-content-length": str(blob.size)})
    return answer


def _data(descriptor: int, size: int) -> Iterator[tuple[int, int]]:
    """First and last byte of each piece of a file that is no hole."""
    position = 0
    while position < size:
        try:
            start = os.lseek(descriptor, position, os.SEEK_DATA)
        except OSError as error:
            if error.errno == errno.ENXIO:
                return
            raise
        position = os.lseek(descriptor, start, os.SEEK_HOLE)
        yield start, min(position, size) - 1


def _range(call: Call) -> tuple[int, int]:
    text = call.headers.get("x-ms-range") or call.headers.get("range", "")
    match = _RANGE.fullmatch(text)
    if match is None or int(match[1]) > int(match[2]):
        raise storage_error("InvalidHeaderValue", f"range: {text}.")
    return int(match[1]), int(match[2])
