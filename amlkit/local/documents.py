"""ARM documents: JSON under an id, as Azure Resource Manager would keep them. Used by every resource file.

Ids are matched without regard to case and kept as they were first written.
"""

from __future__ import annotations

import json
from typing import Any

from .clock import now
from .database import Database

_SCHEMA = (
    """CREATE TABLE documents (
        key TEXT PRIMARY KEY, id TEXT NOT NULL, parent TEXT NOT NULL, body TEXT NOT NULL, number INTEGER NOT NULL
    )""",
    "CREATE INDEX documents_parent ON documents (parent, number)",
)


class Documents:
    """The store. A document's `id` is a path: `/subscriptions/…/workspaces/w/datastores/d`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        database.migrate("documents", _SCHEMA)

    def get(self, id: str) -> dict[str, Any] | None:  # noqa: A002
        """The document, or None."""
        row = self._database.one("SELECT body FROM documents WHERE key = ?", (_key(id),))
        return json.loads(row["body"]) if row else None

    def put(self, id: str, document: dict[str, Any]) -> dict[str, Any]:  # noqa: A002
        """Write a document whole; returns what is stored: with `id` as first written and `systemData`."""
        key = _key(id)
        with self._database.transaction() as connection:
            before = connection.execute("SELECT id, body, number FROM documents WHERE key = ?", (key,)).fetchone()
            old = json.loads(before["body"]) if before else {}
            stored = {**document, "id": before["id"] if before else id, "systemData": _system_data(old)}
            number = before["number"] if before else _next_number(connection)
            connection.execute(
                "INSERT OR REPLACE INTO documents VALUES (?, ?, ?, ?, ?)",
                (key, stored["id"], key.rpartition("/")[0], json.dumps(stored), number),
            )
        return stored

    def children(self, parent: str, kind: str) -> list[dict[str, Any]]:
        """The documents `<parent>/<kind>/<one segment>`, in the order in which they were made."""
        sql = "SELECT body FROM documents WHERE parent = ? ORDER BY number"
        return [json.loads(row["body"]) for row in self._database.query(sql, (_key(f"{parent}/{kind}"),))]

    def of_type(self, prefix: str, type: str) -> list[dict[str, Any]]:  # noqa: A002
        """All documents below `prefix` whose `type` is this one, in the order in which they were made."""
        sql = """SELECT body FROM documents WHERE key > ? AND key < ? AND lower(json_extract(body, '$.type')) = ?
                 ORDER BY number"""
        low, high = _below(prefix)
        return [json.loads(row["body"]) for row in self._database.query(sql, (low, high, type.lower()))]

    def below(self, prefix: str) -> list[dict[str, Any]]:
        """All documents below `prefix`, in the order in which they were made."""
        sql = "SELECT body FROM documents WHERE key > ? AND key < ? ORDER BY number"
        return [json.loads(row["body"]) for row in self._database.query(sql, _below(prefix))]

    def delete(self, id: str) -> bool:  # noqa: A002
        """Remove a document and everything below it; False if nothing was there."""
        low, high = _below(id)
        with self._database.transaction() as connection:
            sql = "DELETE FROM documents WHERE key = ? OR (key > ? AND key < ?)"
            return connection.execute(sql, (_key(id), low, high)).rowcount > 0


def _key(id: str) -> str:  # noqa: A002
    return id.lower().rstrip("/")


def _below(id: str) -> tuple[str, str]:  # noqa: A002
    key = _key(id)
    return f"{key}/", f"{key}0"  # "0" is the character after "/"


def _next_number(connection: Any) -> int:
    return int(connection.execute("SELECT coalesce(max(number), 0) + 1 FROM documents").fetchone()[0])


def _system_data(old: dict[str, Any]) -> dict[str, Any]:
    time = now()
    made = old.get("systemData", {})
    by = {"createdBy": "amlkit local", "createdByType": "Application"}
    return {
        "createdAt": made.get("createdAt", time),
        **by,
        "lastModifiedAt": time,
        "lastModifiedBy": by["createdBy"],
        "lastModifiedByType": by["createdByType"],
    }
