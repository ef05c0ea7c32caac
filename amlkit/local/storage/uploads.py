"""Writing blobs: in one request, or as blocks that a list commits. A blob appears whole or not at all."""

from __future__ import annotations

import base64
import hashlib
import shutil
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from ..web import AzureError
from .call import ENCRYPTED, Call, Store
from .errors import storage_error
from .records import change_headers

_BLOCKS_KEPT_SECONDS = 7 * 24 * 3600  # Azure discards uncommitted blocks after a week
_BUFFER = 1 << 20


async def put_blob(call: Call) -> Response:
    """`PUT` of a block blob in one request."""
    call.grant.check("cw", "o")
    if "x-ms-copy-source" in call.headers:
        raise AzureError(501, "NotImplemented", "Copying from a URL does not exist in the local Azure ML.")
    kind = call.headers.get("x-ms-blob-type", "")
    if kind != "BlockBlob":
        raise AzureError(501, "NotImplemented", f"Only block blobs exist in the local Azure ML, not '{kind}'.")
    call.check(call.find())
    received = await _receive(call)
    return await run_in_threadpool(_put, call, received)


def _put(call: Call, received: _Received) -> Response:
    with received.as_file(call.store) as new:
        return _commit(call, new, received.md5)


async def put_block(call: Call) -> Response:
    """`PUT ?comp=block&blockid=…`: keep a block until a list commits it."""
    call.grant.check("cw", "o")
    call.path()
    name = _block_name(call.query.get("blockid", ""))
    received = await _receive(call)
    await run_in_threadpool(_keep, call, name, received)
    return Response(status_code=201, headers={"Content-MD5": received.md5} | ENCRYPTED)


def _keep(call: Call, name: str, received: _Received) -> None:
    folder = _blocks(call)
    folder.mkdir(parents=True, exist_ok=True)
    with received.as_file(call.store) as new:
        new.replace(folder / name)


async def put_block_list(call: Call) -> Response:
    """`PUT ?comp=blocklist`: make the blob of these blocks.

    Raises:
        AzureError: 400: not XML, or a block that was not put.
    """
    call.grant.check("cw", "o")
    body = await call.request.body()
    try:
        wanted = [(item.tag, item.text or "") for item in ElementTree.fromstring(body)]  # noqa: S314  a token holder's
    except ElementTree.ParseError as error:
        raise storage_error("InvalidXmlDocument") from error
    return await run_in_threadpool(_join, call, wanted)


async def get_block_list(call: Call) -> Response:
    """`GET ?comp=blocklist`: the blocks that no list has committed; committed ones are not told apart."""
    call.grant.check("r", "o")
    folder = _blocks(call)
    blocks = sorted(folder.iterdir()) if folder.is_dir() else []
    if not blocks and await run_in_threadpool(call.find) is None:
        raise storage_error("BlobNotFound")
    items = "".join(
        f"<Block><Name>{base64.b64encode(bytes.fromhex(each.name)).decode()}</Name>"
        f"<Size>{each.stat().st_size}</Size></Block>"
        for each in blocks
    )
    body = (
        '<?xml version="1.0" encoding="utf-8"?><BlockList><CommittedBlocks/>'
        f"<UncommittedBlocks>{items}</UncommittedBlocks></BlockList>"
    )
    return Response(body, 200, media_type="application/xml")


def discard_old(store: Store) -> None:
    """Remove what interrupted requests left behind, and blocks that nobody committed within a week."""
    if not store.uploads.is_dir():
        return
    for item in store.uploads.iterdir():
        if item.is_file():
            item.unlink()
        elif time.time() - item.stat().st_mtime > _BLOCKS_KEPT_SECONDS:
            shutil.rmtree(item)


@dataclass
class _Received:
    """A body: its base64 MD5, its last bytes, and the file in which all before them lie if it was a long one."""

    md5: str = ""
    tail: bytes = b""
    file: Path | None = None

    @contextmanager
    def as_file(self, store: Store) -> Iterator[Path]:
        """The body as a new file beside the data; gone at the end unless it was moved."""
        path = self.file or _new_path(store)
        try:
            with path.open("ab") as file:
                file.write(self.tail)
            yield path
        finally:
            path.unlink(missing_ok=True)


async def _receive(call: Call) -> _Received:
    digest = hashlib.md5(usedforsecurity=False)
    received, buffer = _Received(), bytearray()
    try:
        async for chunk in call.request.stream():
            digest.update(chunk)
            buffer += chunk
            if len(buffer) >= _BUFFER:
                received.file = received.file or _new_path(call.store)
                await run_in_threadpool(_append, received.file, bytes(buffer))
                buffer.clear()
        received.md5 = base64.b64encode(digest.digest()).decode()
        if call.headers.get("content-md5", received.md5) != received.md5:
            raise storage_error("Md5Mismatch")
    except BaseException:
        if received.file is not None:
            received.file.unlink(missing_ok=True)
        raise
    received.tail = bytes(buffer)
    return received


def _append(path: Path, data: bytes) -> None:
    with path.open("ab") as file:
        file.write(data)


def _new_path(store: Store) -> Path:
    store.uploads.mkdir(parents=True, exist_ok=True)
    return store.uploads / uuid.uuid4().hex


def _join(call: Call, wanted: list[tuple[str, str]]) -> Response:
    folder = _blocks(call)
    with call.store.lock, _Received().as_file(call.store) as new:
        with new.open("wb") as target:
            for tag, block in wanted:
                source = folder / _block_name(block)
                if tag not in ("Latest", "Uncommitted") or not source.is_file():
                    raise storage_error("InvalidBlockList")
                with source.open("rb") as file:
                    shutil.copyfileobj(file, target, _BUFFER)
        response = _commit(call, new, "")
        shutil.rmtree(folder, ignore_errors=True)
    return response


def _commit(call: Call, new: Path, md5: str) -> Response:
    with call.store.lock:
        path = call.path()
        call.check(call.find())
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            new.replace(path)
        except (FileExistsError, NotADirectoryError, IsADirectoryError) as error:
            message = f"A blob and a folder cannot have one name in the local storage: '{call.blob}'."
            raise AzureError(409, "ResourceTypeMismatch", message) from error
        call.store.records.write(call.account, call.container, call.blob, path, call.content(md5))
        modified = path.stat().st_mtime_ns
    headers = change_headers(modified) | ENCRYPTED | ({"Content-MD5": md5} if md5 else {})
    return Response(status_code=201, headers=headers)


def _blocks(call: Call) -> Path:
    name = "\0".join((call.account, call.container, call.blob))
    return call.store.uploads / f"blocks-{hashlib.sha256(name.encode()).hexdigest()}"


def _block_name(block_id: str) -> str:
    try:
        name = base64.b64decode(block_id, validate=True).hex()
    except ValueError as error:
        raise storage_error("InvalidBlockList", f"Not a block id: '{block_id}'.") from error
    if not name or len(name) > 128:
        raise storage_error("InvalidBlockList", f"Not a block id: '{block_id}'.")
    return name
