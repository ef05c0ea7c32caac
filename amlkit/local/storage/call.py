"""One request to the blob service, after it was authenticated: what the verbs of blobs and containers work on."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path

from starlette.requests import Request

from ..web import AzureError
from ..world import World
from .auth import Grant
from .errors import storage_error
from .records import Blob, Content, Records

ENCRYPTED = {"x-ms-request-server-encrypted": "true"}
API_VERSION = "2026-10-06"  # answered where the client names none


@dataclass(frozen=True)
class Store:
    """What the blob service keeps: the records, unfinished uploads, and the lock under which blobs change."""

    world: World
    records: Records
    uploads: Path
    lock: threading.RLock = field(default_factory=threading.RLock)


@dataclass(frozen=True)
class Call:
    """One request. `container` and `blob` are empty where the path names none."""

    store: Store
    request: Request
    account: str
    container: str
    blob: str
    grant: Grant

    @property
    def query(self) -> Mapping[str, str]:
        """The query parameters."""
        return self.request.query_params

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers, in any case."""
        return self.request.headers

    def folder(self) -> Path:
        """The folder of the container.

        Raises:
            AzureError: 404: there is no such container.
        """
        folder = self.store.world.blobs.container(self.account, self.container)
        if not folder.is_dir():
            raise storage_error("ContainerNotFound")
        return folder

    def path(self) -> Path:
        """The file of the blob, whether or not it exists, in a container that does."""
        self.folder()
        return self.store.world.blobs.file(self.account, self.container, self.blob)

    def find(self) -> Blob | None:
        """The blob, or None. A name with a slash at its end is a folder's; clients ask for it to see whether it is."""
        if self.blob.endswith("/"):
            self.folder()
            return None
        return self.store.records.read(self.account, self.container, self.blob, self.path())

    def existing(self) -> Blob:
        """The blob, if the conditions of the request hold.

        Raises:
            AzureError: 404: there is none; 304, 412: a condition fails.
        """
        blob = self.find()
        if blob is None:
            raise storage_error("BlobNotFound")
        self.check(blob)
        return blob

    def check(self, blob: Blob | None) -> None:
        """Check the conditional headers against what is there.

        Raises:
            AzureError: 304, 409, 412.
        """
        reads = self.request.method in ("GET", "HEAD")
        if_match, if_none = self.headers.get("if-match"), self.headers.get("if-none-match")
        if if_match and (blob is None or (if_match != "*" and if_match.strip('"') != blob.etag.strip('"'))):
            raise storage_error("ConditionNotMet")
        if if_none and blob is not None and (if_none == "*" or if_none.strip('"') == blob.etag.strip('"')):
            if if_none == "*" and not reads:
                raise storage_error("BlobAlreadyExists")
            raise _unmodified(reads)
        if blob is not None:
            self._check_times(blob, reads)

    def _check_times(self, blob: Blob, reads: bool) -> None:
        changed = datetime.fromtimestamp(blob.modified // 1_000_000_000, UTC)
        since, until = self._date("if-modified-since"), self._date("if-unmodified-since")
        if since and changed <= since:
            raise _unmodified(reads)
        if until and changed > until:
            raise storage_error("ConditionNotMet")

    def _date(self, name: str) -> datetime | None:
        text = self.headers.get(name)
        try:
            found = parsedate_to_datetime(text) if text else None
        except ValueError as error:
            raise AzureError(400, "InvalidHeaderValue", f"The header '{name}' is not a date: '{text}'.") from error
        return found.replace(tzinfo=UTC) if found and found.tzinfo is None else found

    def metadata(self) -> dict[str, str]:
        """The `x-ms-meta-` headers."""
        prefix = "x-ms-meta-"
        return {name[len(prefix) :]: value for name, value in self.headers.items() if name.lower().startswith(prefix)}

    def content(self, md5: str = "") -> Content:
        """The content headers that the request chooses for the blob."""
        return Content(
            type=self.headers.get("x-ms-blob-content-type") or Content.type,
            encoding=self.headers.get("x-ms-blob-content-encoding", ""),
            language=self.headers.get("x-ms-blob-content-language", ""),
            disposition=self.headers.get("x-ms-blob-content-disposition", ""),
            cache_control=self.headers.get("x-ms-blob-cache-control", ""),
            md5=self.headers.get("x-ms-blob-content-md5") or md5,
            metadata=self.metadata(),
        )


def common_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """What every answer of the service carries."""
    answer = {"x-ms-request-id": str(uuid.uuid4()), "x-ms-version": headers.get("x-ms-version", API_VERSION)}
    if "x-ms-client-request-id" in headers:
        answer["x-ms-client-request-id"] = headers["x-ms-client-request-id"]
    return answer


def blob_headers(blob: Blob) -> dict[str, str]:
    """The headers that describe a blob."""
    content = blob.content
    headers = {
        "ETag": blob.etag,
        "Last-Modified": blob.last_modified,
        "Content-Type": content.type,
        "x-ms-blob-type": "BlockBlob",
        "x-ms-creation-time": blob.last_modified,
        "x-ms-lease-status": "unlocked",
        "x-ms-lease-state": "available",
        "x-ms-server-encrypted": "true",
        "x-ms-access-tier": "Hot",
        "x-ms-access-tier-inferred": "true",
        "Accept-Ranges": "bytes",
        "Content-Encoding": content.encoding,
        "Content-Language": content.language,
        "Content-Disposition": content.disposition,
        "Cache-Control": content.cache_control,
        "Content-MD5": content.md5,
    }
    present = {name: value for name, value in headers.items() if value}
    return present | {f"x-ms-meta-{name}": value for name, value in content.metadata.items()}


def _unmodified(reads: bool) -> AzureError:
    if not reads:
        return storage_error("ConditionNotMet")
    return AzureError(304, "ConditionNotMet", "The condition specified using HTTP conditional header(s) is not met.")
