"""File shares. A file there has its whole size from the start, so it is marked as complete at the very end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import IO, Any

from azure.core.exceptions import HttpResponseError, ResourceExistsError, ResourceNotFoundError
from azure.storage.fileshare import DirectoryProperties, ShareClient

from amlkit.errors import ServiceError
from amlkit.identity import Credential
from amlkit.manifest import SnapshotFile

from .places import Place
from .stores import AT_ONCE, CHUNK, MARK, OPTIONS, Entry, code_of, content, signed

_RANGE = 4 << 20  # bytes that one request may write, Azure's limit
_GONE = ("ShareNotFound",)


class ShareStore:
    """See `Store`."""

    def __init__(self, place: Place, credential: Credential | str) -> None:
        sizes: dict[str, Any] = {"max_single_get_size": CHUNK, "max_chunk_get_size": CHUNK}
        if not isinstance(credential, str):
            sizes["token_intent"] = "backup"  # noqa: S105  what the service wants said by who comes with a token
        self._client = ShareClient(
            place.account_url, place.container, credential=signed(credential), **OPTIONS, **sizes
        )
        self._made = {""}

    def files(self, below: str) -> Iterator[Entry]:
        """See `Store`; without digests, which a listing does not show."""
        for entry in self.children(below):
            if entry.is_folder:
                yield from self.files(entry.name)
            else:
                yield entry

    def children(self, folder: str) -> Iterator[Entry]:
        """See `Store`."""
        try:
            client = self._client.get_directory_client(folder or None)
            for item in client.list_directories_and_files(include=["timestamps", "Etag"]):
                name = f"{folder}/{item.name}" if folder else item.name
                modified = item.last_modified.timestamp() if item.last_modified else 0.0
                etag = str(item.etag or "").strip('"')
                size = 0 if isinstance(item, DirectoryProperties) else item.size
                yield Entry(name, size, modified, etag, is_folder=item.is_directory)
        except ResourceNotFoundError as error:
            if code_of(error) in _GONE:
                raise
        except HttpResponseError as error:  # a file is no folder
            if code_of(error) not in ("ResourceTypeMismatch", "ParentNotFound"):
                raise

    def look(self, name: str) -> Entry | None:
        """See `Store`."""
        try:
            found = self._client.get_file_client(name).get_file_properties()
        except ResourceNotFoundError as error:
            if code_of(error) in _GONE:
                raise
            return None
        except HttpResponseError as error:
            if code_of(error) != "ResourceTypeMismatch":
                raise
            return None
        md5 = bytes(found.content_settings.content_md5 or b"")
        marked = (found.metadata or {}).get(MARK, "")
        return Entry(name, found.size, found.last_modified.timestamp(), found.etag.strip('"'), md5, marked)

    def put(self, name: str, file: SnapshotFile, moved: Callable[[int], None]) -> None:
        """See `Store`."""
        self._make_folder(name.rpartition("/")[0])
        with self._client.get_file_client(name) as client:
            with content(file) as source:
                client.create_file(file.size)
                for start in range(0, file.size, _RANGE):
                    part = source.read(_RANGE)
                    client.upload_range(part, start, len(part))
                    moved(len(part))
            client.set_file_metadata({MARK: file.sha256})

    def _make_folder(self, folder: str) -> None:
        if folder in self._made:
            return
        self._make_folder(folder.rpartition("/")[0])
        try:
            self._client.get_directory_client(folder).create_directory()
        except ResourceExistsError as error:
            if code_of(error) not in ("ResourceAlreadyExists", "ResourceTypeMismatch"):
                raise
        self._made.add(folder)

    def fetch(self, entry: Entry, offset: int, size: int, out: IO[bytes]) -> None:
        """See `Store`; the service knows no conditions, so the answer is looked at."""
        at_once = AT_ONCE if size > CHUNK else 1
        stream = self._client.get_file_client(entry.name).download_file(offset, size, max_concurrency=at_once)
        if entry.etag and stream.properties.etag and stream.properties.etag.strip('"') != entry.etag:
            raise ServiceError(412, "ConditionNotMet", "it changed while it was read", where=entry.name)
        stream.readinto(out)

    def close(self) -> None:
        """See `Store`."""
        self._client.close()
