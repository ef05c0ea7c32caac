"""File systems of Data Lake Storage Gen2. What is not flushed is not seen, so a broken upload is no file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import IO, Any

from azure.core import MatchConditions
from azure.core.exceptions import ResourceNotFoundError
from azure.storage.filedatalake import FileSystemClient, PathProperties

from amlkit.identity import Credential
from amlkit.manifest import SnapshotFile

from .places import Place
from .stores import AT_ONCE, CHUNK, MARK, OPTIONS, Entry, code_of, content, signed

_FOLDER = "hdi_isfolder"


class LakeStore:
    """See `Store`."""

    def __init__(self, place: Place, credential: Credential | str) -> None:
        sizes: dict[str, Any] = {"max_single_get_size": CHUNK, "max_chunk_get_size": CHUNK}
        self._client = FileSystemClient(place.account_url, place.container, signed(credential), **OPTIONS, **sizes)

    def files(self, below: str) -> Iterator[Entry]:
        """See `Store`; without digests, which a listing does not show."""
        return (entry for entry in self._listed(below, recursive=True) if not entry.is_folder)

    def children(self, folder: str) -> Iterator[Entry]:
        """See `Store`."""
        return self._listed(folder, recursive=False)

    def _listed(self, below: str, *, recursive: bool) -> Iterator[Entry]:
        try:
            for path in self._client.get_paths(below or None, recursive=recursive):
                if path.name != below:  # a file is listed as what is below itself
                    yield _entry(path)
        except ResourceNotFoundError as error:
            if code_of(error) != "PathNotFound":
                raise

    def look(self, name: str) -> Entry | None:
        """See `Store`."""
        try:
            found = self._client.get_file_client(name).get_file_properties()
        except ResourceNotFoundError as error:
            if code_of(error) in ("FilesystemNotFound", "ContainerNotFound"):
                raise
            return None
        metadata = found.metadata or {}
        if _FOLDER in metadata:
            return None
        md5 = bytes(found.content_settings.content_md5 or b"")
        time = found.last_modified.timestamp()
        return Entry(name, found.size, time, found.etag.strip('"'), md5, metadata.get(MARK, ""))

    def put(self, name: str, file: SnapshotFile, moved: Callable[[int], None]) -> None:
        """See `Store`."""
        marked = {MARK: file.sha256}
        sent: dict[str, Any] = {"overwrite": True, "chunk_size": CHUNK, "progress_hook": _increments(moved)}
        with self._client.get_file_client(name) as client:
            if file.size > CHUNK:
                with content(file) as source:
                    client.upload_data(source, file.size, max_concurrency=AT_ONCE, **sent)
                client.set_metadata(marked)
                return
            with content(file) as source:
                whole = source.read()
            if whole:
                client.upload_data(whole, len(whole), metadata=marked, **sent)
            else:
                client.create_file(metadata=marked)  # `upload_data` writes nothing at all if there is nothing to write

    def fetch(self, entry: Entry, offset: int, size: int, out: IO[bytes]) -> None:
        """See `Store`."""
        same: dict[str, Any] = {"etag": entry.etag, "match_condition": MatchConditions.IfNotModified}
        at_once = AT_ONCE if size > CHUNK else 1
        client = self._client.get_file_client(entry.name)
        client.download_file(offset, size, max_concurrency=at_once, **same).readinto(out)

    def close(self) -> None:
        """See `Store`."""
        self._client.close()


def _increments(moved: Callable[[int], None]) -> Callable[[int, int | None], None]:
    """What tells of bytes in all as what tells of those since the last time."""
    before = 0

    def hook(current: int, _: int | None) -> None:
        nonlocal before
        moved(current - before)
        before = current

    return hook


def _entry(path: PathProperties) -> Entry:
    etag = (path.etag or "").strip('"')
    modified = path.last_modified.timestamp() if path.last_modified else 0.0
    return Entry(path.name, path.content_length or 0, modified, etag, is_folder=bool(path.is_directory))
