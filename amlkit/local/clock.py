"""The time as the stand-in writes it everywhere, and the time that waits are measured with, which tests can move."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

from .database import Database


def now(timespec: str = "microseconds") -> str:
    """UTC, RFC 3339 with a `Z` at the end; `timespec` is `microseconds` or `seconds`."""
    return text_of(datetime.now(UTC), timespec)


def text_of(time: datetime, timespec: str = "microseconds") -> str:
    """A time in UTC as RFC 3339 with a `Z` at the end."""
    return time.isoformat(timespec=timespec).replace("+00:00", "Z")


class Clock:
    """What retention of deleted things and idle times of nodes are measured with: the computer's time, moved.

    How far it was moved is kept from start to start. Time stamps of documents, jobs and tokens stay the computer's.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = threading.Lock()
        database.migrate("clock", ("CREATE TABLE clock (seconds REAL NOT NULL)",))
        row = database.one("SELECT seconds FROM clock")
        self._ahead = timedelta(seconds=row["seconds"] if row else 0)

    def time(self) -> datetime:
        """UTC."""
        return datetime.now(UTC) + self._ahead

    @property
    def ahead(self) -> float:
        """Seconds by which it is ahead of the computer's time."""
        return self._ahead.total_seconds()

    def set_ahead(self, seconds: float) -> None:
        """Move it to so many seconds ahead of the computer's time."""
        with self._lock, self._database.transaction() as connection:
            connection.execute("DELETE FROM clock")
            connection.execute("INSERT INTO clock VALUES (?)", (seconds,))
            self._ahead = timedelta(seconds=seconds)
