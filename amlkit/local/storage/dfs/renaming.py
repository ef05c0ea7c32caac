"""Renaming files and directories: one move in the file system, whatever is below."""

from __future__ import annotations

import shutil
from urllib.parse import parse_qsl, unquote

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from ...web import AzureError
from ..auth import Grant, Place, signed
from ..call import ENCRYPTED, Call
from ..conditions import Conditions
from ..errors import storage_error
from ..records import Blob, change_headers
from .paths import make_parents, need_directories, with_headers
from .removal import check_leases_below


async def rename(call: Call) -> Response:
    """`PUT` with `x-ms-rename-source: /<filesystem>/<path>`."""
    return await run_in_threadpool(_rename, call)


def _rename(call: Call) -> Response:
    need_directories(call)
    call.grant.check("mwc", "o")
    source_call = _source_call(call)
    with call.store.lock:
        source, target = _source(source_call), call.find()
        call.check(target)
        if source.is_folder and f"{call.container}/{call.name}/".startswith(
            f"{source_call.container}/{source_call.name}/"
        ):
            raise storage_error("InvalidRenameSourcePath")
        if source.path == call.path():
            return Response(status_code=201, headers=change_headers(source.modified) | ENCRYPTED)
        _check_parent(call)
        check_leases_below(source_call, source_call.name)
        _move(call, source, target)
        records = call.store.records
        old, new = (source_call.container, source_call.name), (call.container, call.name)
        records.move(call.space, old, new)
        moved = call.find() or source
        if "x-ms-properties" in call.headers:
            moved = call.write(moved.path, with_headers(moved.content, call))
    return Response(status_code=201, headers=change_headers(moved.modified) | ENCRYPTED | {"Content-Length": "0"})


def _move(call: Call, source: Blob, target: Blob | None) -> None:
    path = call.path()
    if target is not None and target.is_folder and source.is_folder and any(path.iterdir()):
        raise storage_error("DirectoryNotEmpty")
    if target is not None and target.is_folder != source.is_folder:
        raise storage_error("ResourceTypeMismatch")
    if target is not None and target.is_folder:
        shutil.rmtree(path)
    source.path.rename(path)


def _source_call(call: Call) -> Call:
    sent, _, query = call.headers["x-ms-rename-source"].partition("?")
    container, _, path = unquote(sent).lstrip("/").partition("/")
    if not container or not path:
        raise AzureError(400, "InvalidSourceUri", "The source URI is invalid.")
    place = Place("dfs", call.account, container, path)
    grant = call.grant
    parameters = dict(parse_qsl(query))
    if not grant.is_owner and "sig" not in parameters:
        parameters = dict(call.query)  # the signature of a file system or of a directory above both is sent once
    if "sig" in parameters:
        grant = signed(call.store.world, call.store.records, place, parameters)
    _check(grant)
    return Call(call.store, call.request, place, grant)


def _check(grant: Grant) -> None:
    if not {"d", "w"} <= set(grant.permissions):  # inferred: what a move does to its source, where `m` is not granted
        grant.check("m", "o")


def _source(call: Call) -> Blob:
    try:
        blob = call.find()
    except AzureError as error:
        if error.status != 404:
            raise
        raise storage_error("SourcePathNotFound") from error
    if blob is None:
        raise storage_error("SourcePathNotFound")
    Conditions.of(call.headers, "x-ms-source-").check(blob, reads=False, source=True)
    call.leases().check(call.headers.get("x-ms-source-lease-id"))
    return blob


def _check_parent(call: Call) -> None:
    above = call.name.rpartition("/")[0]
    if above and not call.path(above).is_dir():
        if call.path(above).exists():
            make_parents(call)
        raise storage_error("RenameDestinationParentPathNotFound")
