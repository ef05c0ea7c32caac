"""One SQLite file with serialised writers and a read connection a thread; every store of the stand-in sits on it.

What was committed survives a killed process and, with `synchronous` FULL, a power cut.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from ..errors import SetupError


class Database:
    """A SQLite file in WAL mode. Safe to use from any thread.

    Raises:
        SetupError: the file is damaged; on any later use: it was removed.
    """

    def __init__(self, path: Path, synchronous: Literal["FULL", "NORMAL"] = "FULL") -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        self._synchronous = synchronous
        self._lock = threading.RLock()
        self._depth = 0
        self._readers = threading.local()
        try:
            self._writer = self._connect()
            self._inode = path.stat().st_ino
            with self.transaction() as connection:
                connection.execute("CREATE TABLE IF NOT EXISTS migrations (owner TEXT PRIMARY KEY, done INTEGER)")
        except sqlite3.DatabaseError as error:
            hint = "move it away: the next start begins with an empty one"
            raise SetupError(f"damaged: {error}", where=str(path), hint=hint) from error

    def migrate(self, owner: str, steps: Sequence[str]) -> None:
        """Bring the tables of `owner` up to date: `steps` are SQL statements, only ever appended to."""
        with self.transaction() as connection:
            row = connection.execute("SELECT done FROM migrations WHERE owner = ?", (owner,)).fetchone()
            for statement in steps[row["done"] if row else 0 :]:
                connection.execute(statement)
            connection.execute("INSERT OR REPLACE INTO migrations VALUES (?, ?)", (owner, len(steps)))

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """The writer's connection: committed at the end, rolled back on an error. Nested ones join the outer one."""
        with self._lock:
            if self._depth == 0:
                self._check_it_is_there()
                self._writer.execute("BEGIN IMMEDIATE")
            self._depth += 1
            try:
                yield self._writer
            except BaseException:
                self._depth -= 1
                if self._depth == 0:
                    self._writer.rollback()
                raise
            self._depth -= 1
            if self._depth == 0:
                self._writer.commit()

    def query(self, sql: str, parameters: Sequence[Any] = ()) -> list[sqlite3.Row]:
        """All rows of a SELECT: of what is committed, and of the transaction that this thread is in."""
        return self._reader().execute(sql, parameters).fetchall()

    def one(self, sql: str, parameters: Sequence[Any] = ()) -> sqlite3.Row | None:
        """The first row of a SELECT, or None."""
        row: sqlite3.Row | None = self._reader().execute(sql, parameters).fetchone()
        return row

    def close(self) -> None:
        """Write everything into the one file and give it up; nothing may use the database after it."""
        with self._lock:
            self._writer.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            self._writer.close()

    def _reader(self) -> sqlite3.Connection:
        if self._lock_is_mine():
            return self._writer
        self._check_it_is_there()
        connection: sqlite3.Connection | None = getattr(self._readers, "connection", None)
        if connection is None:
            connection = self._readers.connection = self._connect()
        return connection

    def _check_it_is_there(self) -> None:
        """SQLite would go on with a file that has no name any more, and forget all of it at the end."""
        try:
            inode = os.stat(self._path).st_ino  # noqa: PTH116  for every query
        except FileNotFoundError:
            inode = 0
        if inode != self._inode:
            hint = "`amlkit local stop`, then `amlkit local start`, which begins with an empty one"
            raise SetupError("removed while the local Azure ML runs", where=str(self._path), hint=hint)

    def _lock_is_mine(self) -> bool:
        return bool(self._depth) and self._lock._is_owned()  # type: ignore[attr-defined]

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, timeout=30, isolation_level=None, check_same_thread=False)
        connection.row_factory = sqlite3.Row
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute(f"PRAGMA synchronous = {self._synchronous}")
        return connection
