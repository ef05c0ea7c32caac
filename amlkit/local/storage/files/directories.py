"""Directories of a share: make, describe, change and delete them."""

from __future__ import annotations

from dataclasses import replace

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from ...web import AzureError
from ..answers import Described
from ..call import ENCRYPTED, Call
from ..errors import storage_error
from ..records import Content, change_headers
from .entries import check_parent, entry_headers, existing, with_attributes


async def create(call: Call) -> Response:
    """`PUT ?restype=directory`; what it is in must exist."""
    call.grant.check("cw", "o")
    return await run_in_threadpool(_create, call)


def _create(call: Call) -> Response:
    with call.store.lock:
        if not call.name or call.find() is not None:
            call.folder()
            raise storage_error("ResourceAlreadyExists")
        check_parent(call)
        path = call.path()
        content = with_attributes(Content(metadata=call.metadata()), call, new=True)
        path.mkdir()
        made = call.write(path, content)
        return Response(status_code=201, headers=entry_headers(call, made) | ENCRYPTED)


async def properties(call: Call) -> Response:
    """`GET ?restype=directory`."""
    call.grant.check("rl", "o" if "o" in call.grant.types else "c")
    return await run_in_threadpool(_properties, call)


def _properties(call: Call) -> Response:
    blob = existing(call, folder=True)
    own = {f"x-ms-meta-{name}": value for name, value in blob.content.metadata.items()}
    return Described(status_code=200, headers=entry_headers(call, blob) | {"x-ms-server-encrypted": "true"} | own)


async def set_properties(call: Call) -> Response:
    """`PUT ?restype=directory&comp=properties`: attributes, times, permission."""
    call.grant.check("w", "o")
    return await run_in_threadpool(_change, call, metadata=False)


async def set_metadata(call: Call) -> Response:
    """`PUT ?restype=directory&comp=metadata`."""
    call.grant.check("w", "o")
    return await run_in_threadpool(_change, call, metadata=True)


def _change(call: Call, *, metadata: bool) -> Response:
    with call.store.lock:
        blob = existing(call, folder=True, writes=True)
        if metadata:
            content = replace(blob.content, metadata=call.metadata())
        else:
            content = with_attributes(blob.content, call, new=False)
        if call.name:
            blob = call.write(blob.path, content)
        headers = change_headers(blob.modified) if metadata else entry_headers(call, blob)
    return Response(status_code=200, headers=headers | ENCRYPTED)


async def delete(call: Call) -> Response:
    """`DELETE ?restype=directory`, if it is empty."""
    call.grant.check("d", "o")
    return await run_in_threadpool(_delete, call)


def _delete(call: Call) -> Response:
    with call.store.lock:
        blob = existing(call, folder=True, writes=True)
        if any(blob.path.iterdir()):
            raise AzureError(409, "DirectoryNotEmpty", "The specified directory is not empty.")
        blob.path.rmdir()
        call.store.records.forget(call.space, call.container, call.name)
    return Response(status_code=202)
