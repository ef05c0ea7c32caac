"""What HTTP says about a blob beyond its bytes: content headers and metadata, kept beside the visible folders.

A record counts only while the file is the one that it was written for (same size and time): a file that a step wrote or
changed on disk is a blob with the default headers. Losing a record loses nothing else, so the file is written lazily.
"""

from __future__ import annotations

import json
import mimetypes
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path

from ..database import Database

_SCHEMA = (
    """CREATE TABLE blobs (
    account TEXT, container TEXT, name TEXT, size INTEGER, modified INTEGER, content TEXT,
    PRIMARY KEY (account, container, name)
)""",
)
CONTAINER = ""  # the name under which a container's own metadata is kept


@dataclass(frozen=True)
class Content:
    """The headers that a writer chose for a blob, and its metadata (names as sent, without `x-ms-meta-`)."""

    type: str = "application/octet-stream"
    encoding: str = ""
    language: str = ""
    disposition: str = ""
    cache_control: str = ""
    md5: str = ""
    metadata: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Blob:
    """A blob as it lies there: size in bytes, time of its last change in nanoseconds since 1970."""

    name: str
    path: Path
    size: int
    modified: int
    content: Content

    @property
    def etag(self) -> str:
        """The entity tag; changes with every write."""
        return etag_of(self.modified)

    @property
    def last_modified(self) -> str:
        """RFC 1123, as HTTP wants it."""
        return http_date(self.modified)


class Records:
    """The store."""

    def __init__(self, database: Database) -> None:
        self._database = database
        database.migrate("blobs", _SCHEMA)

    def read(self, account: str, container: str, name: str, path: Path) -> Blob | None:
        """The blob that the file is, or None."""
        try:
            stat = path.stat()
        except (FileNotFoundError, NotADirectoryError):
            return None
        if not path.is_file():
            return None
        sql = "SELECT * FROM blobs WHERE account = ? AND container = ? AND name = ?"
        row = self._database.one(sql, (account, container, name))
        current = row is not None and (row["size"], row["modified"]) == (stat.st_size, stat.st_mtime_ns)
        content = Content(**json.loads(row["content"])) if row is not None and current else _guess(name)
        return Blob(name, path, stat.st_size, stat.st_mtime_ns, content)

    def write(self, account: str, container: str, name: str, path: Path, content: Content) -> None:
        """Remember the headers of the file as it is now."""
        stat = path.stat()
        with self._database.transaction() as connection:
            values = (account, container, name, stat.st_size, stat.st_mtime_ns, json.dumps(asdict(content)))
            connection.execute("INSERT OR REPLACE INTO blobs VALUES (?, ?, ?, ?, ?, ?)", values)

    def forget(self, account: str, container: str, name: str | None = None) -> None:
        """Forget a blob, or everything of a container."""
        with self._database.transaction() as connection:
            sql = "DELETE FROM blobs WHERE account = ? AND container = ?"
            if name is None:
                connection.execute(sql, (account, container))
            else:
                connection.execute(f"{sql} AND name = ?", (account, container, name))

    def container_metadata(self, account: str, container: str) -> dict[str, str]:
        """The metadata of a container."""
        sql = "SELECT content FROM blobs WHERE account = ? AND container = ? AND name = ?"
        row = self._database.one(sql, (account, container, CONTAINER))
        return Content(**json.loads(row["content"])).metadata if row else {}


def change_headers(modified: int) -> dict[str, str]:
    """The headers that say when a blob or container was last changed; nanoseconds since 1970."""
    return {"ETag": etag_of(modified), "Last-Modified": http_date(modified)}


def etag_of(modified: int) -> str:
    """The entity tag of something changed at this time (nanoseconds since 1970)."""
    return f'"0x{modified:X}"'


def http_date(modified: int) -> str:
    """RFC 1123 of nanoseconds since 1970."""
    return format_datetime(datetime.fromtimestamp(modified // 1_000_000_000, UTC), usegmt=True)


def _guess(name: str) -> Content:
    return Content(type=mimetypes.guess_type(name)[0] or Content.type)
