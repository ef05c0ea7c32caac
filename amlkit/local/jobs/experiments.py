"""Experiments: names that jobs share, with the ids that MLflow wants. Used by the MLflow routes."""

from __future__ import annotations

from ... import digest
from ..database import Database

SCHEMA = ("CREATE TABLE experiments (workspace TEXT, name TEXT, PRIMARY KEY (workspace, name)) WITHOUT ROWID",)


class Experiments:
    """Those that jobs are in, and those that were created for jobs to come. An id is made of workspace and name."""

    def __init__(self, database: Database) -> None:
        self._database = database
        database.migrate("experiments", SCHEMA)

    def id(self, workspace: str, name: str) -> str:
        """The id that a name has, whether or not it is in use."""
        return digest.of([workspace.lower(), name])[:32]

    def create(self, workspace: str, name: str) -> str:
        """Take a name into use; its id."""
        with self._database.transaction() as connection:
            connection.execute("INSERT OR IGNORE INTO experiments VALUES (?, ?)", (workspace.lower(), name))
        return self.id(workspace, name)

    def forget(self, workspace: str) -> None:
        """Remove the names that a workspace took into use."""
        with self._database.transaction() as connection:
            connection.execute("DELETE FROM experiments WHERE workspace = ?", (workspace.lower(),))

    def find(self, workspace: str, name: str) -> str | None:
        """The id of a name in use, or None."""
        return self.id(workspace, name) if name in self._names(workspace) else None

    def name(self, workspace: str, identifier: str) -> str | None:
        """The name of an id in use, or None."""
        return next((name for name in self._names(workspace) if self.id(workspace, name) == identifier), None)

    def _names(self, workspace: str) -> list[str]:
        sql = """SELECT name FROM experiments WHERE workspace = ?
                 UNION SELECT DISTINCT experiment FROM jobs WHERE workspace = ? AND parent = ''"""
        return [row["name"] for row in self._database.query(sql, (workspace.lower(), workspace))]
