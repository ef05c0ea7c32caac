"""The tables of jobs and their SQL, nothing else. Rows become `Job` records; writers pass the connection they are in.

What was acknowledged is committed: see `Database`. Definitions and fingerprints are stored once, under their digest.
"""

from __future__ import annotations

import json
import sqlite3
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import fields
from typing import Any

from ... import digest
from ...fingerprint import Fingerprint
from ..database import Database
from .records import Definition, Job, Status

SCHEMA = (
    "CREATE TABLE job_definitions (digest TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID",
    "CREATE TABLE job_fingerprints (key TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID",
    """CREATE TABLE jobs (
        number INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE COLLATE NOCASE, workspace TEXT NOT NULL COLLATE NOCASE,
        kind TEXT NOT NULL, status TEXT NOT NULL, root TEXT NOT NULL, parent TEXT NOT NULL, step TEXT NOT NULL,
        position INTEGER NOT NULL, display_name TEXT NOT NULL, experiment TEXT NOT NULL,
        endpoint TEXT NOT NULL COLLATE NOCASE, deployment TEXT NOT NULL COLLATE NOCASE, definition TEXT NOT NULL,
        inputs TEXT NOT NULL, outputs TEXT NOT NULL, produced TEXT NOT NULL, properties TEXT NOT NULL,
        tags TEXT NOT NULL, body TEXT NOT NULL, error TEXT NOT NULL, cancelled TEXT NOT NULL, created TEXT NOT NULL,
        started TEXT NOT NULL, ended TEXT NOT NULL, line TEXT NOT NULL,
        fingerprint TEXT NOT NULL DEFAULT '', request TEXT UNIQUE
    )""",
    "CREATE INDEX jobs_parent ON jobs (parent, position) WHERE parent != ''",
    """CREATE INDEX jobs_open ON jobs (number)
        WHERE parent = '' AND kind != 'Run' AND status NOT IN ('Completed', 'Failed', 'Canceled')""",
    "CREATE INDEX jobs_top ON jobs (workspace, number) WHERE parent = ''",
    "CREATE INDEX jobs_line ON jobs (line, number) WHERE line != '' AND status = 'Completed'",
    "CREATE TABLE reuse (workspace TEXT, key TEXT, job TEXT NOT NULL, PRIMARY KEY (workspace, key)) WITHOUT ROWID",
)
_JSON = ("inputs", "outputs", "produced", "properties", "tags", "body")
_COLUMNS = tuple(field.name for field in fields(Job))
_SELECT = f"SELECT {', '.join(_COLUMNS)} FROM jobs"  # noqa: S608  our own names, here and below
_INSERT = f"""INSERT INTO jobs ({", ".join(_COLUMNS)}, line, request)
    VALUES ({", ".join("?" * len(_COLUMNS))}, ?, ?)"""  # noqa: S608


def new_name() -> str:
    """A name for a job that was given none."""
    return f"job-{uuid.uuid4()}"


class Store:
    """Reads see what is committed; writers take a connection from `database.transaction()`."""

    def __init__(self, database: Database) -> None:
        self.database = database
        database.migrate("jobs", SCHEMA)

    def get(self, name: str) -> Job | None:
        """A job, or None."""
        row = self.database.one(f"{_SELECT} WHERE name = ?", (name,))
        return _job(row) if row else None

    def of_request(self, request: str) -> Job | None:
        """The job that a repeatable request made, or None."""
        row = self.database.one(f"{_SELECT} WHERE request = ?", (request,))
        return _job(row) if row else None

    def children(self, parent: str) -> list[Job]:
        """The steps of a pipeline job, in the order of its graph; then runs of MLflow clients below it."""
        sql = f"{_SELECT} WHERE parent = ? AND parent != '' ORDER BY position"
        return [_job(row) for row in self.database.query(sql, (parent,))]

    def top(self, workspace: str, endpoint: str = "", deployment: str = "", limit: int = -1) -> list[Job]:
        """The jobs and MLflow runs without a parent, newest first; of one endpoint or deployment only, if given."""
        sql = f"""{_SELECT} WHERE workspace = ? AND parent = '' AND (? = '' OR endpoint = ?)
                  AND (? = '' OR deployment = ?) ORDER BY number DESC LIMIT ?"""
        parameters = (workspace, endpoint, endpoint, deployment, deployment, limit)
        return [_job(row) for row in self.database.query(sql, parameters)]

    def open(self) -> list[Job]:
        """The top jobs that are not over, oldest first."""
        final = "('Completed', 'Failed', 'Canceled')"
        sql = f"{_SELECT} WHERE parent = '' AND kind != 'Run' AND status NOT IN {final} ORDER BY number"
        return [_job(row) for row in self.database.query(sql)]

    def definition(self, key: str) -> Definition:
        """A stored definition."""
        row = self.database.one("SELECT body FROM job_definitions WHERE digest = ?", (key,))
        if row is None:
            raise KeyError(key)
        return Definition.from_json(json.loads(row["body"]))

    def last_fingerprint(self, line: str) -> Fingerprint | None:
        """That of the last completed run of a step (see `line_of`)."""
        sql = """SELECT body FROM job_fingerprints WHERE key = (SELECT fingerprint FROM jobs
                 WHERE line = ? AND line != '' AND status = 'Completed' ORDER BY number DESC LIMIT 1)"""
        row = self.database.one(sql, (line,))
        return Fingerprint.from_json(json.loads(row["body"])) if row else None

    def reusable(self, workspace: str, key: str) -> Job | None:
        """The job whose outputs belong to a fingerprint, or None."""
        row = self.database.one("SELECT job FROM reuse WHERE workspace = ? AND key = ?", (workspace.lower(), key))
        return self.get(row["job"]) if row else None


def add_definition(connection: sqlite3.Connection, definition: Definition) -> str:
    """Store a definition; its digest."""
    body = definition.as_json()
    key = digest.of(body)
    connection.execute("INSERT OR IGNORE INTO job_definitions VALUES (?, ?)", (key, json.dumps(body)))
    return key


def add(connection: sqlite3.Connection, jobs: Iterable[tuple[Job, str]], request: str = "") -> None:
    """Insert jobs, each with its line; the request id is the first one's.

    Raises:
        sqlite3.IntegrityError: a name, or the request, is taken.
    """
    rows = [(*_values(job), line, request or None if index == 0 else None) for index, (job, line) in enumerate(jobs)]
    connection.executemany(_INSERT, rows)


def update(connection: sqlite3.Connection, name: str, **columns: Any) -> None:
    """Change columns of a job; mappings are stored as JSON."""
    texts = {key: json.dumps(value) if isinstance(value, Mapping) else value for key, value in columns.items()}
    sql = f"UPDATE jobs SET {', '.join(f'{key} = ?' for key in texts)} WHERE name = ?"  # noqa: S608
    connection.execute(sql, (*texts.values(), name))


def end_client_runs(connection: sqlite3.Connection, parent: str, status: Status, ended: str) -> None:
    """The runs that a step's MLflow client made and did not end, now that the step is over."""
    sql = "UPDATE jobs SET status = ?, ended = ? WHERE parent = ? AND parent != '' AND kind = 'Run' AND ended = ''"
    connection.execute(sql, (str(status), ended, parent))


def add_fingerprint(connection: sqlite3.Connection, found: Fingerprint) -> str:
    """Store a fingerprint; its key."""
    key = found.key
    if connection.execute("SELECT 1 FROM job_fingerprints WHERE key = ?", (key,)).fetchone() is None:
        connection.execute("INSERT INTO job_fingerprints VALUES (?, ?)", (key, json.dumps(found.as_json())))
    return key


def make_reusable(connection: sqlite3.Connection, workspace: str, key: str, job: str) -> None:
    """From now on a step with this fingerprint takes that job's outputs."""
    connection.execute("INSERT OR REPLACE INTO reuse VALUES (?, ?, ?)", (workspace.lower(), key, job))


def forget(connection: sqlite3.Connection, workspace: str) -> list[str]:
    """Remove the jobs of a workspace, what could be reused of them, and what is now nobody's; the names of the jobs."""
    found = connection.execute("DELETE FROM jobs WHERE workspace = ? RETURNING name", (workspace,)).fetchall()
    connection.execute("DELETE FROM reuse WHERE workspace = ?", (workspace.lower(),))
    connection.execute("DELETE FROM job_definitions WHERE digest NOT IN (SELECT definition FROM jobs)")
    connection.execute("DELETE FROM job_fingerprints WHERE key NOT IN (SELECT fingerprint FROM jobs)")
    return [row["name"] for row in found]


def line_of(workspace: str, where: str, component: str, step: str) -> str:
    """What names "the same step" from run to run: its component and name in one endpoint or experiment."""
    return digest.of([workspace.lower(), where.lower(), component, step])[:32]


def _values(job: Job) -> list[Any]:
    found = [getattr(job, name) for name in _COLUMNS]
    return [
        json.dumps(value) if name in _JSON else str(value) if name == "status" else value
        for name, value in zip(_COLUMNS, found, strict=True)
    ]


def _job(row: sqlite3.Row) -> Job:
    found = {name: json.loads(row[name]) if name in _JSON else row[name] for name in _COLUMNS}
    return Job(**{**found, "status": Status(row["status"])})
