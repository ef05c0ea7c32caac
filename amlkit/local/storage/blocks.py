"""Blobs made of blocks: put them one by one in any order, then commit a list of them."""

from __future__ import annotations

import base64
import hashlib
import shutil
from dataclasses import replace
from pathlib import Path

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from ..web import AzureError
from . import copying
from .call import ENCRYPTED, Call
from .errors import storage_error
from .receiving import Received, commit, receive
from .records import Blob, change_headers
from .xmlbody import parsed

_MOST = 50_000  # blocks of a blob


async def put_block(call: Call) -> Response:
    """`PUT ?comp=block&blockid=…`: keep a block, sent or from a URL, until a list commits it."""
    call.grant.check("cw", "o")
    name = _block_name(call.query.get("blockid", ""))
    call.folder()
    call.path()
    if "x-ms-copy-source" in call.headers:
        received = await run_in_threadpool(copying.range_of_source, call)
    else:
        received = await receive(call)
    await run_in_threadpool(_keep, call, name, received)
    told = {"Content-MD5": received.md5} if received.md5 else {}
    return Response(status_code=201, headers=told | ENCRYPTED)


def _keep(call: Call, name: str, received: Received) -> None:
    with received.as_file(call.store) as new:
        if call.find() is not None:
            call.leases().check(call.headers.get("x-ms-lease-id"))
        folder = _folder(call)
        folder.mkdir(parents=True, exist_ok=True)
        other = next(folder.iterdir(), None)
        if other is not None and len(other.name) != len(name):
            raise AzureError(400, "InvalidBlobOrBlock", "All blocks of a blob have ids of one length.")
        new.replace(folder / name)


async def put_block_list(call: Call) -> Response:
    """`PUT ?comp=blocklist`: make the blob of these blocks.

    Raises:
        AzureError: 400: not XML, or a block that was not put.
    """
    call.grant.check("cw", "o")
    body = await call.request.body()
    sent = call.headers.get("content-md5")
    md5 = base64.b64encode(hashlib.md5(body, usedforsecurity=False).digest()).decode()
    if sent is not None and sent != md5:
        raise storage_error("Md5Mismatch")
    wanted = [(item.tag, item.text or "") for item in parsed(body)]
    return await run_in_threadpool(_join, call, wanted, md5)


def _join(call: Call, wanted: list[tuple[str, str]], md5: str) -> Response:
    folder = _folder(call)
    with call.store.lock:
        before = call.find()
        call.check(before)
        sources = _sources(folder, before, wanted)
        with Received().as_file(call.store) as new:
            with new.open("wb") as target:
                for source, start, size in sources:
                    copying.copy_bytes(source, target.fileno(), start, size)
            blocks = [(name, size) for (_, name), (_, _, size) in zip(wanted, sources, strict=True)]
            blob = commit(call, new, replace(call.content(), blocks=blocks))
        shutil.rmtree(folder, ignore_errors=True)  # not before: after a kill the same list must do
    headers = change_headers(blob.modified) | ENCRYPTED | {"Content-MD5": md5}
    return Response(status_code=201, headers=headers)


def _sources(folder: Path, before: Blob | None, wanted: list[tuple[str, str]]) -> list[tuple[Path, int, int]]:
    """Of each wanted block: its file, where in it the block begins, and its size."""
    if len(wanted) > _MOST:
        raise AzureError(400, "BlockListTooLong", f"A block list has up to {_MOST} blocks.")
    committed: dict[str, tuple[Path, int, int]] = {}
    start = 0
    for name, size in before.content.blocks if before else ():
        committed[name] = (before.path, start, size) if before else (folder, 0, 0)
        start += size
    found = []
    for tag, name in wanted:
        if tag not in ("Latest", "Uncommitted", "Committed"):
            raise storage_error("InvalidXmlDocument", f"Not a kind of block: {tag}.")
        file = folder / _block_name(name, "InvalidBlockList")
        if tag != "Committed" and file.is_file():
            found.append((file, 0, file.stat().st_size))
        elif tag != "Uncommitted" and name in committed:
            found.append(committed[name])
        else:
            raise storage_error("InvalidBlockList")
    return found


async def get_block_list(call: Call) -> Response:
    """`GET ?comp=blocklist&blocklisttype=committed|uncommitted|all`."""
    call.grant.check("r", "o")
    return await run_in_threadpool(_get_block_list, call)


def _get_block_list(call: Call) -> Response:
    kind = call.query.get("blocklisttype", "committed").lower()
    if kind not in ("committed", "uncommitted", "all"):
        raise storage_error("InvalidQueryParameterValue", f"blocklisttype: {kind}.")
    folder = _folder(call)
    blob = call.find()
    files = sorted(folder.iterdir()) if folder.is_dir() else []
    if blob is None and not files:
        raise storage_error("BlobNotFound")
    if blob is not None:
        call.check(blob, writes=False)
        if blob.content.kind != "BlockBlob":
            raise storage_error("InvalidBlobType")
    committed = [*blob.content.blocks] if blob else []
    uncommitted = [(base64.b64encode(bytes.fromhex(each.name)).decode(), each.stat().st_size) for each in files]
    parts = []
    if kind in ("committed", "all"):
        parts.append(f"<CommittedBlocks>{_items(committed)}</CommittedBlocks>")
    if kind in ("uncommitted", "all"):
        parts.append(f"<UncommittedBlocks>{_items(uncommitted)}</UncommittedBlocks>")
    body = f'<?xml version="1.0" encoding="utf-8"?><BlockList>{"".join(parts)}</BlockList>'
    told = change_headers(blob.modified) if blob else {}
    told["x-ms-blob-content-length"] = str(blob.size if blob else 0)
    return Response(body, 200, told, media_type="application/xml")


def _items(blocks: list[tuple[str, int]]) -> str:
    return "".join(f"<Block><Name>{name}</Name><Size>{size}</Size></Block>" for name, size in blocks)


def _folder(call: Call) -> Path:
    name = "\0".join((call.account, call.container, call.name))
    return call.store.uploads / f"blocks-{hashlib.sha256(name.encode()).hexdigest()}"


def _block_name(block_id: str, code: str = "InvalidQueryParameterValue") -> str:
    try:
        name = base64.b64decode(block_id, validate=True).hex()
    except ValueError as error:
        raise storage_error(code, f"Not a block id: '{block_id}'.") from error
    if not name or len(name) > 128:
        raise storage_error(code, f"Not a block id: '{block_id}'.")
    return name
