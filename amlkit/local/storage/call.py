"""One request to a storage service, after it was authenticated: what the verbs of all services work on."""

from __future__ import annotations

import re
import threading
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from starlette.requests import Request

from ..blobs import segments
from ..world import World
from .answers import PREFIX
from .auth import Grant, Place
from .conditions import Conditions
from .errors import storage_error
from .leases import Leases
from .records import CONTAINER, Blob, Content, Records

ENCRYPTED = {"x-ms-request-server-encrypted": "true"}
API_VERSION = "2026-10-06"  # answered where the client names none
CONTENT_HEADERS = {  # and what keeps them; clients send them as `x-ms-content-type`, or `x-ms-blob-content-type`
    "Content-Type": "type",
    "Content-Encoding": "encoding",
    "Content-Language": "language",
    "Content-Disposition": "disposition",
    "Cache-Control": "cache_control",
    "Content-MD5": "md5",
}
FOLDER_MARK = "hdi_isfolder"  # metadata by which a directory is known to clients of blobs
METADATA_NAME = re.compile(r"[^\W\d]\w*")
_NONE = {"blob": "ContainerNotFound", "dfs": "FilesystemNotFound", "file": "ShareNotFound"}


@dataclass(frozen=True)
class Store:
    """What the services keep: the records, unfinished uploads, and the lock under which files change."""

    world: World
    records: Records
    uploads: Path
    lock: threading.RLock = field(default_factory=threading.RLock)


@dataclass(frozen=True)
class Call:
    """One request."""

    store: Store
    request: Request
    place: Place
    grant: Grant

    @property
    def account(self) -> str:
        """The account that is asked."""
        return self.place.account

    @property
    def container(self) -> str:
        """The container, file system or share; empty where the path names none."""
        return self.place.container

    @property
    def name(self) -> str:
        """The path in it: a blob, file or directory; directories without the slash at their end if there are any."""
        return self.place.path.rstrip("/") if self.hierarchical else self.place.path

    @property
    def space(self) -> str:
        """Under what the records keep the account's things."""
        return f"{self.account}.file" if self.place.service == "file" else self.account

    @property
    def query(self) -> Mapping[str, str]:
        """The query parameters."""
        return self.request.query_params

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers, in any case."""
        return self.request.headers

    @cached_property
    def hierarchical(self) -> bool:
        """Are directories things of their own here, as in file shares and in accounts with a hierarchical namespace?"""
        if self.place.service == "file":
            return True
        world = self.store.world
        document = world.documents.get(world.blobs.account_id(self.account))
        return bool(document and document["properties"].get("isHnsEnabled"))

    def folder(self) -> Path:
        """The folder of the container.

        Raises:
            AzureError: 404: there is no such container.
        """
        blobs = self.store.world.blobs
        find = blobs.share if self.place.service == "file" else blobs.container
        folder = find(self.account, self.container)
        if not folder.is_dir():
            raise storage_error(_NONE[self.place.service])
        return folder

    def path(self, name: str | None = None) -> Path:
        """Where the file (of this request, or of another name) lies, whether or not it exists."""
        return self.folder().joinpath(*segments(self.name if name is None else name))

    def find(self, name: str | None = None) -> Blob | None:
        """What is there, or None. Without directories a name with a slash at its end is none; clients ask for it to see
        whether there are.
        """
        name = self.name if name is None else name
        if name.endswith("/"):
            self.folder()
            return None
        path = self.path(name)
        return self.store.records.read(self.space, self.container, name, path, folders=self.hierarchical)

    def existing(self, missing: str = "BlobNotFound", *, writes: bool = False) -> Blob:
        """What is there, if the conditions of the request hold, and its lease lets this request through.

        Raises:
            AzureError: 404: there is nothing; 304, 412: a condition fails, or a lease is in the way.
        """
        blob = self.find()
        if blob is None:
            Conditions.of(self.headers).check(None, reads=not writes and self.request.method in ("GET", "HEAD"))
            raise storage_error(missing)
        self.check(blob, writes=writes)
        return blob

    def check(self, blob: Blob | None, *, writes: bool = True) -> None:
        """Check the conditional headers and the lease against what is there.

        Raises:
            AzureError: 304, 400, 409, 412.
        """
        reads = self.request.method in ("GET", "HEAD")
        exists = "PathAlreadyExists" if self.place.service == "dfs" else "BlobAlreadyExists"
        Conditions.of(self.headers).check(blob, reads=reads, exists=exists)
        if blob is not None:
            self.leases().check(self.headers.get("x-ms-lease-id"), writes=writes)

    def leases(self, name: str | None = None) -> Leases:
        """The lease of what this request is about, or of another name in the container."""
        name = self.name if name is None else name
        noun = "File" if self.place.service == "file" and name else "Blob" if name else "Container"
        return Leases(self.store.records, self.space, self.container, name or CONTAINER, noun)

    def write(self, path: Path, content: Content, name: str | None = None) -> Blob:
        """Keep what HTTP says about the file that now lies there."""
        name = self.name if name is None else name
        return self.store.records.write(self.space, self.container, name, path, content)

    def metadata(self) -> dict[str, str]:
        """The `x-ms-meta-` headers.

        Raises:
            AzureError: 400: a name that is not one.
        """
        sent = [(key, text) for key, text in self.headers.items() if key.startswith(PREFIX)]
        written: Mapping[str, str] = self.request.scope.get("state", {}).get("header_names", {})
        found = {written.get(key, key)[len(PREFIX) :]: text for key, text in sent}
        for name, text in found.items():
            if not METADATA_NAME.fullmatch(name):
                raise storage_error("InvalidMetadata", f"Not a name: {name}." if name else "")
            found[name] = text.strip()
        return found

    def content(self) -> Content:
        """What `x-ms-blob-content-…`, the tier and the metadata choose for a blob."""
        sent = {field: self.headers.get(f"x-ms-blob-{name.lower()}", "") for name, field in CONTENT_HEADERS.items()}
        sent["type"] = sent["type"] or self.headers.get("content-type") or Content.type
        content = Content(metadata=self.metadata(), tier=self.headers.get("x-ms-access-tier", ""))
        return replace(content, **sent)  # type: ignore[arg-type]


def common_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """What every answer of the services carries."""
    answer = {"x-ms-request-id": str(uuid.uuid4()), "x-ms-version": headers.get("x-ms-version", API_VERSION)}
    if "x-ms-client-request-id" in headers:
        answer["x-ms-client-request-id"] = headers["x-ms-client-request-id"]
    return answer


def content_headers(content: Content) -> dict[str, str]:
    """The stored headers of content, and the metadata."""
    headers = {name: getattr(content, field) for name, field in CONTENT_HEADERS.items()}
    present = {name: value for name, value in headers.items() if value}
    present |= {f"x-ms-copy-{name}": value for name, value in content.copy.items()}
    return present | {f"{PREFIX}{name}": value for name, value in content.metadata.items()}
