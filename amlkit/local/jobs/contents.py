"""Digests of data on disk, remembered by path, size and times, so that what did not change is not read again.

Used by `reuse`. What is remembered lies in SQLite, so that it outlives the stand-in.
"""

from __future__ import annotations

import os
import stat
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ... import digest
from ..database import Database

SCHEMA = ("CREATE TABLE contents (path TEXT PRIMARY KEY, stamp TEXT NOT NULL, sha256 TEXT NOT NULL) WITHOUT ROWID",)
_SETTLED_NS = 50_000_000  # a file touched so recently may change again within one tick of the kernel's clock


@dataclass(frozen=True)
class Tree:
    """The content of a file or folder: its digest, and the (relative path, SHA-256) of its files."""

    digest: str
    files: tuple[tuple[str, str], ...]


class Contents:
    """The memory. Safe to use from any thread; `flush` writes what is new."""

    def __init__(self, database: Database) -> None:
        self._database = database
        database.migrate("contents", SCHEMA)
        self._known: dict[str, tuple[str, str]] = {}
        self._new: dict[str, tuple[str, str]] = {}
        self._loaded: set[str] = set()
        self._lock = threading.Lock()

    def tree(self, path: str | Path) -> Tree:
        """The content below a folder, or of one file; equal to `digest.of_folder`.

        Raises:
            FileNotFoundError: nothing is there.
        """
        root = os.fspath(path)
        try:
            found = os.stat(root)  # noqa: PTH116  faster, and asked of every output of every step
        except NotADirectoryError as error:
            raise FileNotFoundError(root) from error
        if stat.S_ISREG(found.st_mode):
            sha256 = self._of_file(root, found)
            return Tree(sha256, ((os.path.basename(root), sha256),))  # noqa: PTH119
        if not stat.S_ISDIR(found.st_mode):
            raise FileNotFoundError(root)
        self._load(root)
        files = tuple((name, self._of_file(file, each)) for name, file, each in _walk(root, found.st_ino))
        return Tree(digest.of_tree(files), files)

    def flush(self) -> None:
        """Write what was learnt since the last time; joins the transaction that this thread is in."""
        with self._lock:
            rows = [(path, *known) for path, known in self._new.items()]
            self._new = {}
        if rows:
            with self._database.transaction() as connection:
                connection.executemany("INSERT OR REPLACE INTO contents VALUES (?, ?, ?)", rows)

    def _of_file(self, path: str, found: os.stat_result) -> str:
        stamp = f"{found.st_size}.{found.st_mtime_ns}.{found.st_ctime_ns}"
        known = self._known.get(path) or self._recall(path)
        if known is not None and known[0] == stamp:
            return known[1]
        settled = time.time_ns() - max(found.st_mtime_ns, found.st_ctime_ns) > _SETTLED_NS
        sha256 = digest.of_file(Path(path))
        if settled:
            with self._lock:
                self._known[path] = self._new[path] = (stamp, sha256)
        return sha256

    def _recall(self, path: str) -> tuple[str, str] | None:
        row = self._database.one("SELECT stamp, sha256 FROM contents WHERE path = ?", (path,))
        return (row["stamp"], row["sha256"]) if row else None

    def _load(self, folder: str) -> None:
        """All that is remembered below a folder, in one question."""
        low = f"{folder}/"
        if low in self._loaded:
            return
        sql = "SELECT path, stamp, sha256 FROM contents WHERE path > ? AND path < ?"
        rows = self._database.query(sql, (low, f"{folder}0"))
        with self._lock:
            self._loaded.add(low)
            for row in rows:
                self._known.setdefault(row["path"], (row["stamp"], row["sha256"]))


def _walk(folder: str, inode: int) -> Iterator[tuple[str, str, os.stat_result]]:
    """(relative posix path, path, stat) of every file; links to folders are followed unless they lead round."""
    waiting: list[tuple[str, str, tuple[int, ...]]] = [(folder, "", (inode,))]
    while waiting:
        path, prefix, above = waiting.pop()
        with os.scandir(path) as entries:
            for entry in entries:
                if entry.is_file():
                    yield f"{prefix}{entry.name}", entry.path, entry.stat()
                elif entry.is_dir():
                    below = entry.stat().st_ino
                    if below not in above:
                        waiting.append((entry.path, f"{prefix}{entry.name}/", (*above, below)))
