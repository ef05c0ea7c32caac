"""Blob containers. A large blob goes up in blocks that are named by what is in them: those that are there stay."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from typing import IO, Any

from azure.core import MatchConditions
from azure.core.exceptions import ResourceNotFoundError
from azure.storage.blob import BlobBlock, BlobClient, BlobPrefix, BlobProperties, ContainerClient

from amlkit.identity import Credential
from amlkit.manifest import SnapshotFile

from .places import Place
from .stores import AT_ONCE, CHUNK, MARK, OPTIONS, Entry, code_of, content, signed

_MOST_BLOCKS = 50_000  # Azure's limit for a blob
_FOLDER = "hdi_isfolder"  # metadata of the empty blob that stands for a folder of a Data Lake account


class BlobStore:
    """See `Store`."""

    def __init__(self, place: Place, credential: Credential | str) -> None:
        sizes: dict[str, Any] = {
            "max_single_put_size": CHUNK,
            "max_single_get_size": CHUNK,
            "max_chunk_get_size": CHUNK,
        }
        self._client = ContainerClient(place.account_url, place.container, signed(credential), **OPTIONS, **sizes)
        self._pool = ThreadPoolExecutor(AT_ONCE)

    def files(self, below: str) -> Iterator[Entry]:
        """See `Store`."""
        prefix = f"{below}/" if below else None
        for blob in self._client.list_blobs(name_starts_with=prefix, include=["metadata"]):
            if _FOLDER not in (blob.metadata or {}):
                yield _entry(blob)

    def children(self, folder: str) -> Iterator[Entry]:
        """See `Store`."""
        prefix = f"{folder}/" if folder else None
        for item in self._client.walk_blobs(name_starts_with=prefix, include=["metadata"]):
            if isinstance(item, BlobPrefix):
                yield Entry(item.name.rstrip("/"), is_folder=True)
            elif _FOLDER not in (item.metadata or {}):
                yield _entry(item)

    def look(self, name: str) -> Entry | None:
        """See `Store`."""
        try:
            found = self._client.get_blob_client(name).get_blob_properties()
        except ResourceNotFoundError as error:
            if code_of(error) == "ContainerNotFound":
                raise
            return None
        return None if _FOLDER in (found.metadata or {}) else _entry(found)

    def put(self, name: str, file: SnapshotFile, moved: Callable[[int], None]) -> None:
        """See `Store`."""
        client = self._client.get_blob_client(name)
        marked = {MARK: file.sha256}
        if file.size <= CHUNK:
            with content(file) as source:
                whole = source.read()
            client.upload_blob(whole, overwrite=True, metadata=marked)
            moved(file.size)
            return
        with content(file) as source:
            blocks = self._stage(client, file, source, moved)
        client.commit_block_list(blocks, metadata=marked)

    def _stage(
        self, client: BlobClient, file: SnapshotFile, source: IO[bytes], moved: Callable[[int], None]
    ) -> list[BlobBlock]:
        size = max(CHUNK, -(-file.size // _MOST_BLOCKS))
        there = _staged(client)
        sending: list[Future[str]] = []
        for number in range(-(-file.size // size)):
            if number >= AT_ONCE:  # no more of the file in memory than what is under way
                sending[number - AT_ONCE].result()
            sending.append(self._pool.submit(_send, client, there, number, source.read(size), moved))
        return [BlobBlock(each.result()) for each in sending]

    def fetch(self, entry: Entry, offset: int, size: int, out: IO[bytes]) -> None:
        """See `Store`."""
        same: dict[str, Any] = {"etag": entry.etag, "match_condition": MatchConditions.IfNotModified}
        at_once = AT_ONCE if size > CHUNK else 1
        self._client.download_blob(entry.name, offset, size, max_concurrency=at_once, **same).readinto(out)

    def close(self) -> None:
        """See `Store`."""
        self._pool.shutdown(cancel_futures=True)
        self._client.close()


def _send(client: BlobClient, there: Mapping[str, int], number: int, block: bytes, moved: Callable[[int], None]) -> str:
    """Named by what is in it: what an earlier try left may be of a file that changed under its hands."""
    name = f"{hashlib.sha256(block).hexdigest()[:32]}-{number:06}"
    if there.get(name) != len(block):
        client.stage_block(name, block, len(block))
    moved(len(block))
    return name


def _staged(client: BlobClient) -> dict[str, int]:
    """Name and size of the blocks that an earlier try left."""
    try:
        return {block.id: block.size for block in client.get_block_list("uncommitted")[1]}
    except ResourceNotFoundError:
        return {}


def _entry(blob: BlobProperties) -> Entry:
    marked = (blob.metadata or {}).get(MARK, "")
    md5 = bytes(blob.content_settings.content_md5 or b"")
    return Entry(blob.name, blob.size, blob.last_modified.timestamp(), blob.etag.strip('"'), md5, marked)
