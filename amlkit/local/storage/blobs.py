"""Blobs that exist: read them whole or in part, describe them, change their headers, delete them."""

from __future__ import annotations

import base64
import hashlib
import os
import re
from dataclasses import replace

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from ..web import AzureError, file_pieces
from .access import access_headers
from .answers import Described, Streamed
from .call import CONTENT_HEADERS, ENCRYPTED, FOLDER_MARK, Call, content_headers
from .conditions import Conditions
from .errors import storage_error
from .records import Blob, change_headers

_RANGE = re.compile(r"bytes=(\d{1,18})-(\d{0,18})")
_SMALL = 64 << 10
_AT_ONCE = 4 << 20  # up to so many bytes are read in one go
_HASHED = 4 << 20  # ranges up to so many bytes have their MD5 told
_OF_PROPERTIES = ("x-ms-access-tier", "x-ms-access-tier-inferred")  # told by HEAD alone
_TIERS = ("Hot", "Cool", "Cold", "Archive")


async def get(call: Call) -> Response:
    """`GET` of a blob, with `x-ms-range` or `Range`."""
    call.grant.check("r", "o")
    refuse_versions(call)
    blob = call.existing()
    if blob.size <= _SMALL:  # it is read sooner than a thread is at hand
        return _get(call, blob)
    return await run_in_threadpool(_get, call, blob)


def _get(call: Call, blob: Blob) -> Response:
    headers = {name: value for name, value in blob_headers(call, blob).items() if name not in _OF_PROPERTIES}
    return body_of(call, blob, headers, md5_header="x-ms-blob-content-md5")


async def head(call: Call) -> Response:
    """`HEAD` of a blob: its properties and metadata."""
    call.grant.check("r", "o")
    refuse_versions(call)
    blob = call.existing()
    return Described(b"", 200, blob_headers(call, blob) | {"Content-Length": str(blob.size)})


async def get_metadata(call: Call) -> Response:
    """`GET` or `HEAD ?comp=metadata`: the metadata alone."""
    call.grant.check("r", "o")
    return await run_in_threadpool(_get_metadata, call)


def _get_metadata(call: Call) -> Response:
    refuse_versions(call)
    blob = call.existing()
    own = {f"x-ms-meta-{name}": value for name, value in blob.content.metadata.items()}
    return Described(b"", 200, change_headers(blob.modified) | own)


async def delete(call: Call) -> Response:
    """`DELETE` of a blob."""
    call.grant.check("d", "o")
    return await run_in_threadpool(_delete, call)


def _delete(call: Call) -> Response:
    refuse_versions(call)
    if call.headers.get("x-ms-delete-snapshots") == "only":
        raise AzureError(501, "NotImplemented", "Snapshots of blobs do not exist in the local Azure ML.")
    with call.store.lock:
        blob = call.existing(writes=True)
        if blob.is_folder and any(blob.path.iterdir()):
            raise storage_error("DirectoryIsNotEmpty")
        (blob.path.rmdir if blob.is_folder else blob.path.unlink)()
        call.store.records.forget(call.space, call.container, call.name)
        if not call.hierarchical:
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
        blob = call.existing(writes=True)
        sent = call.content()
        if metadata:
            content = replace(blob.content, metadata=sent.metadata)
        else:
            content = replace(blob.content, **{name: getattr(sent, name) for name in CONTENT_HEADERS.values()})
        if not blob.is_folder:
            os.utime(blob.path)  # a change of headers is a change of the blob: a new ETag
        changed = call.write(blob.path, content)
        call.leases().written()
    return Response(status_code=200, headers=change_headers(changed.modified) | (ENCRYPTED if metadata else {}))


async def set_tier(call: Call) -> Response:
    """`PUT ?comp=tier`: the access tier, which is kept and told, and changes nothing else here."""
    call.grant.check("w", "o")
    return await run_in_threadpool(_set_tier, call)


def _set_tier(call: Call) -> Response:
    refuse_versions(call)
    tier = call.headers.get("x-ms-access-tier", "")
    if tier not in _TIERS:
        raise storage_error("InvalidHeaderValue", f"x-ms-access-tier: {tier}.")
    if tier == "Archive":
        raise AzureError(501, "NotImplemented", "The tier Archive does not exist in the local Azure ML.")
    with call.store.lock:
        blob = call.existing(writes=True)
        call.write(blob.path, replace(blob.content, tier=tier))
    return Response(status_code=200)


async def lease(call: Call) -> Response:
    """`PUT ?comp=lease`, of a blob, a container, a file or a share."""
    call.grant.check("w", "o" if call.name else "m")
    return await run_in_threadpool(_lease, call)


def _lease(call: Call) -> Response:
    with call.store.lock:
        if not call.name:
            modified = call.folder().stat().st_mtime_ns
        else:
            blob = call.find()
            if blob is None:
                raise storage_error("ResourceNotFound" if call.place.service == "file" else "BlobNotFound")
            Conditions.of(call.headers).check(blob, reads=False)
            modified = blob.modified
        status, headers = call.leases().act(call.headers)
    return Response(status_code=status, headers=change_headers(modified) | headers)


def body_of(call: Call, blob: Blob, headers: dict[str, str], *, md5_header: str) -> Response:
    """The bytes of a file, or those that the request's range names.

    Raises:
        AzureError: 416: the range begins behind the end.
    """
    headers = headers | dict(call.grant.headers)
    asked = call.headers.get("x-ms-range") or call.headers.get("range")
    if asked and not asked.strip().startswith("bytes="):
        raise storage_error("InvalidHeaderValue", f"range: {asked}.")
    first, last = _range(asked, blob.size) if asked else (0, blob.size - 1)
    size = last - first + 1
    headers["Content-Length"] = str(size)
    if asked:
        headers["Content-Range"] = f"bytes {first}-{last}/{blob.size}"
        whole = headers.pop("Content-MD5", "")
        if whole:
            headers[md5_header] = whole
    status = 206 if asked else 200
    if call.headers.get("x-ms-range-get-content-md5", "").lower() == "true":
        if not asked or size > _HASHED:
            raise storage_error("OutOfRangeInput" if asked else "InvalidHeaderValue", "x-ms-range-get-content-md5.")
        piece = b"".join(file_pieces(blob.path, first, size))
        digest = hashlib.md5(piece, usedforsecurity=False).digest()
        headers["Content-MD5"] = base64.b64encode(digest).decode()
    if size <= _AT_ONCE:
        piece = b"" if blob.is_folder or not size else b"".join(file_pieces(blob.path, first, size))
        return Described(piece, status, headers)
    return Streamed(file_pieces(blob.path, first, size), status, headers)


def blob_headers(call: Call, blob: Blob) -> dict[str, str]:
    """The headers that describe a blob."""
    headers = {
        "ETag": blob.etag,
        "Last-Modified": blob.last_modified,
        "x-ms-blob-type": blob.content.kind,
        "x-ms-creation-time": blob.created,
        "x-ms-server-encrypted": "true",
        "Accept-Ranges": "bytes",
    }
    if blob.content.kind == "AppendBlob":
        headers["x-ms-blob-committed-block-count"] = str(len(blob.content.blocks))
    else:
        headers["x-ms-access-tier"] = blob.content.tier or "Hot"
        if not blob.content.tier:
            headers["x-ms-access-tier-inferred"] = "true"
    headers |= content_headers(blob.content) | call.leases().headers()
    if blob.is_folder:
        headers[f"x-ms-meta-{FOLDER_MARK}"] = "true"
    if call.hierarchical:
        headers |= {"x-ms-resource-type": "directory" if blob.is_folder else "file"} | access_headers(blob)
    return headers


def refuse_versions(call: Call) -> None:
    """Refuse, by name, what only versioned blobs have."""
    for name in ("snapshot", "versionid"):
        if name in call.query:
            raise AzureError(501, "NotImplemented", f"'{name}' of blobs does not exist in the local Azure ML.")


def _range(asked: str, size: int) -> tuple[int, int]:
    match = _RANGE.fullmatch(asked.strip())
    if match is None or int(match[1]) >= size or (match[2] and int(match[2]) < int(match[1])):
        raise storage_error("InvalidRange", content_range=f"bytes */{size}")
    return int(match[1]), min(int(match[2]) if match[2] else size - 1, size - 1)


def _prune(call: Call, blob: Blob) -> None:
    """Remove the folders that a deleted blob leaves empty: to blob clients there are no folders."""
    root = call.folder()
    for folder in blob.path.parents:
        if folder == root or any(folder.iterdir()):
            return
        folder.rmdir()
