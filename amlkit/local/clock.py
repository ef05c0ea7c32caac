"""The time as the stand-in writes it everywhere: in documents, rows, logs and the pid file."""

from __future__ import annotations

from datetime import UTC, datetime


def now(timespec: str = "microseconds") -> str:
    """UTC, RFC 3339 with a `Z` at the end; `timespec` is `microseconds` or `seconds`."""
    return datetime.now(UTC).isoformat(timespec=timespec).replace("+00:00", "Z")
