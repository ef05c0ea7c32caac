"""What HTTP says about a file beyond its bytes: content headers, metadata, access lists, beside the visible folders.

A record counts only while the file is the one that it was written for (same size and time): a file that a step wrote or
changed on disk is a blob with the default headers. Losing a record loses nothing else, so the file is written lazily.
The names in it: `account` is an account, or `<account>.file` for its file shares; `container` a container or a share.
"""

from __future__ import annotations

import json
import mimetypes
import stat
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from functools import partial
from pathlib import Path
from sqlite3 import Row
from typing import Any

from ..database import Database

_SCHEMA = (
    """CREATE TABLE blobs (
    account TEXT, container TEXT, name TEXT, size INTEGER, modified INTEGER, content TEXT,
    PRIMARY KEY (account, container, name)
)""",
    """CREATE TABLE notes (
    account TEXT, container TEXT, name TEXT, kind TEXT, text TEXT, PRIMARY KEY (account, container, name, kind)
)""",
)
_WITHIN = "(name = ? OR (name >= ? AND name < ?))"  # a folder and what is below it: `0` comes after `/`
_AT_ONCE = 500  # names in one look
_FORGET_NOTE = "DELETE FROM notes WHERE account = ? AND container = ? AND name = ? AND kind = ?"
CONTAINER = ""  # the name under which what is a container's own is kept


@dataclass(frozen=True)
class Content:
    """The headers that a writer chose for a file, and its metadata (names as sent, without `x-ms-meta-`).

    `created`: nanoseconds since 1970, 0 if nobody knows. `blocks`: name and size of the committed blocks. `copy`: the
    `x-ms-copy-` headers without that. `more`: what one service keeps for itself: owner, group, permissions and access
    lists of Data Lake, attributes and times of file shares.
    """

    type: str = "application/octet-stream"
    encoding: str = ""
    language: str = ""
    disposition: str = ""
    cache_control: str = ""
    md5: str = ""
    metadata: dict[str, str] = field(default_factory=dict)
    kind: str = "BlockBlob"
    tier: str = ""
    created: int = 0
    blocks: list[tuple[str, int]] = field(default_factory=list)
    copy: dict[str, str] = field(default_factory=dict)
    more: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Blob:
    """A file or folder as it lies there: size in bytes, time of its last change in nanoseconds since 1970."""

    name: str
    path: Path
    size: int
    modified: int
    content: Content
    is_folder: bool = False

    @property
    def etag(self) -> str:
        """The entity tag; changes with every write."""
        return etag_of(self.modified)

    @property
    def last_modified(self) -> str:
        """RFC 1123, as HTTP wants it."""
        return http_date(self.modified)

    @property
    def created(self) -> str:
        """When it was made, RFC 1123; the last change if nobody knows."""
        return http_date(self.content.created or self.modified)


class Records:
    """The store."""

    def __init__(self, database: Database) -> None:
        self._database = database
        database.migrate("blobs", _SCHEMA)

    def read(self, account: str, container: str, name: str, path: Path, *, folders: bool = False) -> Blob | None:
        """The blob that the file is, or None; with `folders` a folder is one too."""
        sql = "SELECT * FROM blobs WHERE account = ? AND container = ? AND name = ?"
        return _blob(name, path, lambda: self._database.one(sql, (account, container, name)), folders=folders)

    def read_many(
        self, account: str, container: str, files: Mapping[str, Path], *, folders: bool = False
    ) -> list[Blob]:
        """As `read`, in one look for many; those that are gone are left out. In the order of `files`."""
        names, rows = list(files), {}
        for start in range(0, len(names), _AT_ONCE):
            some = names[start : start + _AT_ONCE]
            marks = ", ".join("?" * len(some))
            sql = f"SELECT * FROM blobs WHERE account = ? AND container = ? AND name IN ({marks})"  # noqa: S608
            rows.update({row["name"]: row for row in self._database.query(sql, (account, container, *some))})
        blobs = (_blob(name, path, partial(rows.get, name), folders=folders) for name, path in files.items())
        return [blob for blob in blobs if blob is not None]

    def write(self, account: str, container: str, name: str, path: Path, content: Content) -> Blob:
        """Remember the headers of the file or folder as it is now."""
        found = path.stat()
        is_folder = stat.S_ISDIR(found.st_mode)
        size = found.st_ino if is_folder else found.st_size  # a folder is the same one as long as its number is
        with self._database.transaction() as connection:
            values = (account, container, name, size, found.st_mtime_ns, json.dumps(vars(content)))
            connection.execute("INSERT OR REPLACE INTO blobs VALUES (?, ?, ?, ?, ?, ?)", values)
        return Blob(name, path, 0 if is_folder else found.st_size, found.st_mtime_ns, content, is_folder)

    def forget_all(self, account: str, container: str | None) -> None:
        """Forget everything of a container, or of an account."""
        with self._database.transaction() as connection:
            for table in ("blobs", "notes"):
                sql = f"DELETE FROM {table} WHERE account = ?"  # noqa: S608  one of two names
                if container is None:
                    connection.execute(sql, (account,))
                else:
                    connection.execute(f"{sql} AND container = ?", (account, container))

    def forget(self, account: str, container: str, name: str) -> None:
        """Forget a blob."""
        with self._database.transaction() as connection:
            for table in ("blobs", "notes"):
                sql = f"DELETE FROM {table} WHERE account = ? AND container = ? AND name = ?"  # noqa: S608
                connection.execute(sql, (account, container, name))

    def move(self, account: str, source: tuple[str, str], target: tuple[str, str]) -> None:
        """What was remembered of a file or folder and all below it is now another's: container and name of each."""
        below = f"{source[1]}/"
        with self._database.transaction() as connection:
            for table in ("blobs", "notes"):
                old = f"DELETE FROM {table} WHERE account = ? AND container = ? AND {_WITHIN}"  # noqa: S608
                connection.execute(old, (account, target[0], target[1], f"{target[1]}/", f"{target[1]}0"))
                sql = (
                    f"UPDATE {table} SET container = ?, name = ? || substr(name, ?) "  # noqa: S608
                    f"WHERE account = ? AND container = ? AND {_WITHIN}"
                )
                start = len(source[1]) + 1
                values = (target[0], target[1], start, account, source[0], source[1], below, f"{source[1]}0")
                connection.execute(sql, values)

    def forget_below(self, account: str, container: str, name: str) -> None:
        """Forget a folder and all below it."""
        with self._database.transaction() as connection:
            for table in ("blobs", "notes"):
                sql = f"DELETE FROM {table} WHERE account = ? AND container = ? AND {_WITHIN}"  # noqa: S608
                connection.execute(sql, (account, container, name, f"{name}/", f"{name}0"))

    def container_metadata(self, account: str, container: str) -> dict[str, str]:
        """The metadata of a container."""
        sql = "SELECT content FROM blobs WHERE account = ? AND container = ? AND name = ?"
        row = self._database.one(sql, (account, container, CONTAINER))
        return Content(**json.loads(row["content"])).metadata if row else {}

    def note(self, account: str, container: str, name: str, kind: str) -> Any:
        """What was noted (a JSON value) of this kind, or None: leases, access policies, properties of a service."""
        sql = "SELECT text FROM notes WHERE account = ? AND container = ? AND name = ? AND kind = ?"
        row = self._database.one(sql, (account, container, name, kind))
        return json.loads(row["text"]) if row else None

    def notes(self, account: str, container: str, kind: str) -> dict[str, Any]:
        """All that was noted of this kind in a container, by name."""
        sql = "SELECT name, text FROM notes WHERE account = ? AND container = ? AND kind = ?"
        rows = self._database.query(sql, (account, container, kind))
        return {row["name"]: json.loads(row["text"]) for row in rows}

    def set_note(self, account: str, container: str, name: str, kind: str, value: Any) -> None:
        """Note it; None takes it away."""
        key = (account, container, name, kind)
        with self._database.transaction() as connection:
            if value is None:
                connection.execute(_FORGET_NOTE, key)
            else:
                connection.execute("INSERT OR REPLACE INTO notes VALUES (?, ?, ?, ?, ?)", (*key, json.dumps(value)))


def change_headers(modified: int) -> dict[str, str]:
    """The headers that say when a blob or container was last changed; nanoseconds since 1970."""
    return {"ETag": etag_of(modified), "Last-Modified": http_date(modified)}


def etag_of(modified: int) -> str:
    """The entity tag of something changed at this time (nanoseconds since 1970)."""
    return f'"0x{modified:X}"'


def http_date(modified: int) -> str:
    """RFC 1123 of nanoseconds since 1970."""
    return format_datetime(datetime.fromtimestamp(modified // 1_000_000_000, UTC), usegmt=True)


def _blob(name: str, path: Path, row_of: Callable[[], Row | None], *, folders: bool) -> Blob | None:
    try:
        found = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    is_folder = stat.S_ISDIR(found.st_mode)
    if is_folder and not folders:
        return None
    row, size = row_of(), found.st_ino if is_folder else found.st_size
    current = row is not None and row["size"] == size and (is_folder or row["modified"] == found.st_mtime_ns)
    content = Content(**json.loads(row["content"])) if row is not None and current else _guess(name)
    return Blob(name, path, 0 if is_folder else size, found.st_mtime_ns, content, is_folder)


def _guess(name: str) -> Content:
    return Content(type=mimetypes.guess_type(name)[0] or Content.type)
