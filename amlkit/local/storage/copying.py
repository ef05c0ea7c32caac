"""Copies: of a blob or file that another URL of this storage names, whole or in part, done when they are answered."""

from __future__ import annotations

import base64
import hashlib
import os
import re
import time
import uuid
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from starlette.responses import Response

from ...home import STORAGE_SUFFIX
from ..blobs import segments
from ..web import Audience, AzureError, accepted
from .auth import Place, signed
from .call import ENCRYPTED, Call
from .conditions import Conditions
from .errors import storage_error
from .receiving import Received, commit, new_path
from .records import Blob, change_headers, http_date

_HOST = re.compile(rf"([a-z0-9]+)\.(blob|file|dfs)\.{re.escape(STORAGE_SUFFIX)}")
_RANGE = re.compile(r"bytes=(\d{1,18})-(\d{1,18})")
_PIECE = 8 << 20


@dataclass(frozen=True)
class Source:
    """What is copied: its address without a signature, and the blob or file."""

    url: str
    blob: Blob


def copy_blob(call: Call) -> Response:
    """`PUT` with `x-ms-copy-source`: `Copy Blob`, `Copy Blob From URL` and `Put Blob From URL`."""
    source = find_source(call)
    Conditions.of(call.headers, "x-ms-source-").check(source.blob, reads=True, source=True)
    synchronous = call.headers.get("x-ms-requires-sync", "").lower() == "true"
    put = call.headers.get("x-ms-blob-type") == "BlockBlob"
    own = call.content()
    content = source.blob.content
    if put and call.headers.get("x-ms-copy-source-blob-properties", "true").lower() == "false":
        content = own
    copied = {} if put else copied_from(source)
    metadata = own.metadata or content.metadata
    content = replace(content, metadata=metadata, tier=own.tier, created=0, copy=copied, more={})
    if source.blob.path == call.path():
        with call.store.lock:
            call.check(call.find())
            os.utime(source.blob.path)
            blob = call.write(source.blob.path, replace(content, created=source.blob.content.created))
    else:
        new = new_path(call.store)
        try:
            with new.open("wb") as target:
                copy_bytes(source.blob.path, target.fileno(), 0, source.blob.size)
            blob = commit(call, new, content)
        finally:
            new.unlink(missing_ok=True)
    status = 201 if put else 202
    headers = change_headers(blob.modified) | told(copied) | (ENCRYPTED if put or synchronous else {})
    return Response(status_code=status, headers=headers)


def abort_copy(call: Call) -> Response:
    """`PUT ?comp=copy`: nothing to abort, copies are done when they are answered."""
    if call.find() is None:
        raise storage_error("ResourceNotFound" if call.place.service == "file" else "BlobNotFound")
    raise storage_error("NoPendingCopyOperation")


def range_of_source(call: Call) -> Received:
    """The bytes that `x-ms-copy-source` and `x-ms-source-range` name."""
    source = find_source(call)
    Conditions.of(call.headers, "x-ms-source-").check(source.blob, reads=True, source=True)
    first, last = 0, source.blob.size - 1
    asked = call.headers.get("x-ms-source-range")
    if asked:
        match = _RANGE.fullmatch(asked)
        if match is None or int(match[1]) > int(match[2]) or int(match[1]) >= source.blob.size:
            raise storage_error("InvalidRange")
        first, last = int(match[1]), min(int(match[2]), source.blob.size - 1)
    new = new_path(call.store)
    with new.open("w+b") as target:
        copy_bytes(source.blob.path, target.fileno(), first, last - first + 1)
        target.seek(0)
        md5 = hashlib.file_digest(target, lambda: hashlib.md5(usedforsecurity=False)).digest()
    return Received(base64.b64encode(md5).decode(), b"", new)


def find_source(call: Call) -> Source:
    """What `x-ms-copy-source` names, if the sender may read it.

    Raises:
        AzureError: 400: not a URL; 403, 404: no such thing for this sender; 501: it lies outside.
    """
    url = call.headers["x-ms-copy-source"]
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise storage_error("InvalidHeaderValue", "x-ms-copy-source.") from error
    host = _HOST.fullmatch((parts.hostname or "").lower())
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise storage_error("InvalidHeaderValue", "x-ms-copy-source.")
    if host is None:
        message = f"Copying from outside does not exist in the local Azure ML: {parts.hostname}."
        raise AzureError(501, "NotImplemented", message)
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    if "snapshot" in query or "sharesnapshot" in query:
        raise AzureError(501, "NotImplemented", "Snapshots do not exist in the local Azure ML.")
    container, _, path = unquote(parts.path).lstrip("/").partition("/")
    place = Place(host[2], host[1], container, path)
    _authorize(call, place, query)
    blobs = call.store.world.blobs
    is_file = place.service == "file"
    folder = (blobs.share if is_file else blobs.container)(place.account, container)
    space = f"{place.account}.file" if is_file else place.account
    blob = call.store.records.read(space, container, path, folder.joinpath(*segments(path)))
    if blob is None or not path:
        own = place.service == "blob" == call.place.service and place.account == call.account and "sig" not in query
        raise storage_error("BlobNotFound" if own else "CannotVerifyCopySource")
    plain = f"{parts.scheme}://{parts.netloc}{parts.path}"
    return Source(plain, blob)


def copy_bytes(source: Path, target: int, start: int, size: int) -> None:
    """Copy a part of a file to the end of what the descriptor has written, in the kernel."""
    with source.open("rb") as file:
        while size > 0 and (done := os.sendfile(target, file.fileno(), start, min(size, _PIECE))):
            start, size = start + done, size - done


def copied_from(source: Source) -> dict[str, str]:
    """What a copy says of where it came from: the `x-ms-copy-` headers without that."""
    return {
        "id": str(uuid.uuid4()),
        "status": "success",
        "source": source.url,
        "progress": f"{source.blob.size}/{source.blob.size}",
        "completion-time": http_date(time.time_ns()),
    }


def told(copied: dict[str, str]) -> dict[str, str]:
    """The headers with which a copy is answered."""
    return {f"x-ms-copy-{name}": copied[name] for name in ("id", "status") if name in copied}


def _authorize(call: Call, place: Place, query: dict[str, str]) -> None:
    world = call.store.world
    if not world.blobs.has_account(place.account):
        raise storage_error("CannotVerifyCopySource")
    scheme, _, token = call.headers.get("x-ms-copy-source-authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        try:
            world.tokens.verify(token.strip(), accepted({Audience.STORAGE}, world.address))
        except AzureError as error:
            raise AzureError(401, "CannotVerifyCopySource", error.message) from error
    elif "sig" in query:
        try:
            signed(world, call.store.records, place, query).check("r", "o")
        except AzureError as error:
            raise AzureError(error.status, "CannotVerifyCopySource", error.message) from error
    elif place.account == call.account and call.grant.is_owner:
        return
    else:
        raise storage_error("CannotVerifyCopySource")
