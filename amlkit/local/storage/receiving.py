"""Bodies of requests on their way to disk: beside the data first, then in its place in one step."""

from __future__ import annotations

import base64
import binascii
import hashlib
import shutil
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from starlette.concurrency import run_in_threadpool

from ..web import AzureError
from .call import Call, Store
from .errors import storage_error
from .records import Blob, Content

_KEPT_SECONDS = 7 * 24 * 3600  # Azure discards uncommitted blocks after a week
_BUFFER = 1 << 20


@dataclass
class Received:
    """A body: its base64 MD5, its last bytes, and the file in which all before them lie if it was a long one."""

    md5: str = ""
    tail: bytes = b""
    file: Path | None = None

    @contextmanager
    def as_file(self, store: Store) -> Iterator[Path]:
        """The body as a new file beside the data; gone at the end unless it was moved."""
        path = self.file or new_path(store)
        try:
            with path.open("ab") as file:
                file.write(self.tail)
            yield path
        finally:
            path.unlink(missing_ok=True)


async def receive(call: Call, *, hashed: bool = False) -> Received:
    """Take in the body of a request; its MD5 is made if it is wanted, or was sent.

    Raises:
        AzureError: 400: it is another one than its MD5 says.
    """
    _check_md5(call)
    digest = hashlib.md5(usedforsecurity=False)
    wanted = hashed or "content-md5" in call.headers
    received, buffer = Received(), bytearray()
    try:
        async for chunk in call.request.stream():
            if wanted:
                digest.update(chunk)
            buffer += chunk
            if len(buffer) >= _BUFFER:
                received.file = received.file or new_path(call.store)
                await run_in_threadpool(_append, received.file, bytes(buffer))
                buffer.clear()
        received.md5 = base64.b64encode(digest.digest()).decode() if wanted else ""
        if call.headers.get("content-md5", received.md5) != received.md5:
            raise storage_error("Md5Mismatch")
    except BaseException:
        if received.file is not None:
            received.file.unlink(missing_ok=True)
        raise
    received.tail = bytes(buffer)
    return received


def commit(call: Call, new: Path, content: Content) -> Blob:
    """Put a file where the blob is to be, if the request's conditions still hold.

    Raises:
        AzureError: 409: a folder is where the blob is to be, or a blob where a folder would; 409, 412: conditions.
    """
    with call.store.lock:
        path, before = call.path(), call.find()
        call.check(before)
        if before is not None and before.is_folder:
            raise storage_error("ResourceTypeMismatch")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            new.replace(path)
        except (FileExistsError, NotADirectoryError, IsADirectoryError) as error:
            message = f"A blob and a folder cannot have one name in the local storage: '{call.name}'."
            raise AzureError(409, "ResourceTypeMismatch", message) from error
        created = before.content.created if before else 0
        more = before.content.more if before else {}
        blob = call.write(path, replace(content, created=created or time.time_ns(), more=content.more or more))
        if before is not None:
            call.leases().written()
        return blob


def new_path(store: Store) -> Path:
    """A name for a file that does not exist yet."""
    store.uploads.mkdir(parents=True, exist_ok=True)
    return store.uploads / uuid.uuid4().hex


def discard_old(store: Store) -> None:
    """Remove what interrupted requests left behind, and pieces that nobody committed within a week."""
    if not store.uploads.is_dir():
        return
    for item in store.uploads.iterdir():
        if item.is_file():
            item.unlink()
        elif time.time() - item.stat().st_mtime > _KEPT_SECONDS:
            shutil.rmtree(item)


def _check_md5(call: Call) -> None:
    sent = call.headers.get("content-md5")
    try:
        if sent is not None and len(base64.b64decode(sent, validate=True)) != 16:
            raise storage_error("InvalidMd5")
    except binascii.Error as error:
        raise storage_error("InvalidMd5") from error


def _append(path: Path, data: bytes) -> None:
    with path.open("ab") as file:
        file.write(data)
