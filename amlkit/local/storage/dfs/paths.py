"""Files and directories: make them, read them, describe them, change their properties, lease them."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from ...web import AzureError
from .. import access, blobs
from ..call import CONTENT_HEADERS, ENCRYPTED, FOLDER_MARK, Call
from ..errors import storage_error
from ..records import Blob, Content, change_headers
from .properties import parsed, path_headers

_HEADERS = {f"x-ms-{name.lower()}": field for name, field in CONTENT_HEADERS.items()}


async def create(call: Call) -> Response:
    """`PUT ?resource=file|directory`: an empty file, or a directory, with the directories above it."""
    call.grant.check("cw", "o")
    return await run_in_threadpool(_create, call)


def _create(call: Call) -> Response:
    is_folder = call.query.get("resource") == "directory"
    if is_folder:
        need_directories(call)
    if call.headers.get("x-ms-expiry-option"):
        raise AzureError(501, "NotImplemented", "Files that expire do not exist in the local Azure ML.")
    with call.store.lock:
        before = call.find()
        call.check(before)
        if before is not None and before.is_folder != is_folder:
            raise storage_error("PathConflict" if before.is_folder else "ResourceTypeMismatch")
        base = with_headers(Content(created=time.time_ns()), call)
        content = access.new(base, parent_of(call, call.name), call.headers, call.grant.who, folder=is_folder)
        if before is not None:
            kept = {name: value for name, value in before.content.more.items() if name != "sticky"}
            content = replace(content, created=before.content.created, more=kept or content.more)
        path = call.path()
        make_parents(call)
        if is_folder:
            path.mkdir(exist_ok=True)
        else:
            path.write_bytes(b"")
        made = call.write(path, content)
        if "x-ms-proposed-lease-id" in call.headers:
            call.leases().act({**call.headers, "x-ms-lease-action": "acquire"})
    told = {} if is_folder else ENCRYPTED
    return Response(status_code=201, headers=change_headers(made.modified) | told)


async def read(call: Call) -> Response:
    """`GET` of a file, whole or a range."""
    call.grant.check("r", "o")
    return await run_in_threadpool(_read, call)


def _read(call: Call) -> Response:
    blob = call.existing("PathNotFound")
    if blob.is_folder:
        raise storage_error("PathConflict")
    return blobs.body_of(call, blob, path_headers(call, blob), md5_header="x-ms-content-md5")


async def properties(call: Call) -> Response:
    """`HEAD`, with or without `action=getStatus`."""
    call.grant.check("rl", "o")
    return await run_in_threadpool(_properties, call)


def _properties(call: Call) -> Response:
    blob = call.existing("PathNotFound")
    headers = path_headers(call, blob)
    if call.query.get("action"):
        headers.pop("x-ms-properties", None)
    return Response(b"", 200, headers | {"Content-Length": str(blob.size)})


async def set_properties(call: Call) -> Response:
    """`PATCH ?action=setProperties`: replace the metadata and the content headers that are sent."""
    call.grant.check("w", "o")
    return await run_in_threadpool(_set_properties, call)


def _set_properties(call: Call) -> Response:
    with call.store.lock:
        blob = call.existing("PathNotFound", writes=True)
        if not blob.is_folder:
            os.utime(blob.path)
        changed = call.write(blob.path, with_headers(blob.content, call))
    return Response(status_code=200, headers=change_headers(changed.modified))


async def lease(call: Call) -> Response:
    """`POST` with `x-ms-lease-action`."""
    call.grant.check("w", "o")
    return await run_in_threadpool(_lease, call)


def _lease(call: Call) -> Response:
    with call.store.lock:
        blob = call.find()
        if blob is None:
            raise storage_error("PathNotFound")
        status, headers = call.leases().act(call.headers)
    return Response(status_code=status, headers=change_headers(blob.modified) | headers)


def with_headers(content: Content, call: Call) -> Content:
    """The content with the properties that the request sends."""
    sent: dict[str, Any] = {field: call.headers[name] for name, field in _HEADERS.items() if name in call.headers}
    if "x-ms-properties" in call.headers:
        metadata = parsed(call.headers["x-ms-properties"])
        metadata.pop(FOLDER_MARK, None)
        content = replace(content, metadata=metadata)
    return replace(content, **sent)


def need_directories(call: Call) -> None:
    """Refuse what only a hierarchical namespace has.

    Raises:
        AzureError: 501.
    """
    if not call.hierarchical:
        message = (
            f"The account '{call.account}' has no hierarchical namespace (isHnsEnabled), and in the local Azure ML"
        )
        raise AzureError(501, "NotImplemented", f"{message} directories, renames and access lists are of those only.")


def make_parents(call: Call, name: str | None = None) -> None:
    """Make the directories above a path.

    Raises:
        AzureError: 409: one of them is a file.
    """
    path = call.path(name)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        raise storage_error("PathConflict") from error


def parent_of(call: Call, name: str) -> Blob | None:
    """The directory that a path is in; of those at the top, the root of the file system."""
    above = name.rpartition("/")[0]
    if above:
        return call.find(above)
    folder = call.folder()
    return call.store.records.read(call.space, call.container, "/", folder, folders=True)
