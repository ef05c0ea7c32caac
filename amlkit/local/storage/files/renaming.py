"""Renaming files and directories within a share."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import parse_qsl, unquote, urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from ..auth import Place, signed
from ..call import ENCRYPTED, Call
from ..errors import storage_error
from .entries import check_parent, entry_headers, existing, with_attributes


async def rename(call: Call) -> Response:
    """`PUT ?comp=rename` with `x-ms-file-rename-source`: the URL of a file, or of a directory (`restype=directory`)."""
    call.grant.check("cw", "o")
    return await run_in_threadpool(_rename, call)


def _rename(call: Call) -> Response:
    is_folder = call.query.get("restype", "").lower() == "directory"
    source_call = _source_call(call)
    with call.store.lock:
        source = existing(source_call, folder=is_folder)
        source_call.leases().check(call.headers.get("x-ms-source-lease-id"))
        check_parent(call)
        target, path = call.find(), call.path()
        replaces = call.headers.get("x-ms-file-rename-replace-if-exists", "").lower() == "true"
        if target is not None and (not replaces or target.is_folder or is_folder):
            raise storage_error("ResourceAlreadyExists")
        if target is not None:
            call.leases().check(call.headers.get("x-ms-destination-lease-id"))
        if is_folder and f"{call.name}/".startswith(f"{source_call.name}/"):
            raise storage_error("InvalidRenameSourcePath")
        source.path.rename(path)
        records = call.store.records
        records.move(call.space, (call.container, source_call.name), (call.container, call.name))
        content = with_attributes(source.content, call, new=False)
        kept = {name: source.content.more.get(name, "") for name in ("creation_time", "last_write_time")}
        more = {name: value for name, value in (content.more | kept).items() if value}
        metadata = call.metadata() or content.metadata
        moved = call.write(path, replace(content, more=more, metadata=metadata))
        return Response(status_code=200, headers=entry_headers(call, moved) | ENCRYPTED)


def _source_call(call: Call) -> Call:
    try:
        parts = urlsplit(call.headers.get("x-ms-file-rename-source", ""))
    except ValueError as error:
        raise storage_error("InvalidHeaderValue", "x-ms-file-rename-source.") from error
    share, _, path = unquote(parts.path).lstrip("/").partition("/")
    if share != call.container or not path:
        raise storage_error("InvalidHeaderValue", "x-ms-file-rename-source.")
    place, grant, query = Place("file", call.account, share, path), call.grant, dict(parse_qsl(parts.query))
    if "sig" in query:
        grant = signed(call.store.world, call.store.records, place, query)
    grant.check("w", "o")
    return Call(call.store, call.request, place, grant)
