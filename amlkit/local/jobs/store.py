"""The tables of jobs and their SQL, nothing else. Rows become `Job` records; writers pass the connection they are in.

What was acknowledged is committed: see `Database`. Definitions and fingerprints are stored once, under their digest.
"""

from __future__ import annotations

import json
import sqlite3
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from functools import lru_cache
from itertools import groupby
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
    "CREATE INDEX jobs_root ON jobs (root) WHERE parent != ''",
)
_JSON = ("inputs", "outputs", "produced", "properties", "tags", "body")
_COLUMNS = tuple(field.name for field in fields(Job))
_JSON_AT, _STATUS_AT = tuple(map(_COLUMNS.index, _JSON)), _COLUMNS.index("status")
_BODY_AT = _COLUMNS.index("body")
_KNOWN = 8  # definitions, and bodies: one of a thousand steps takes megabytes and milliseconds
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
        self._definitions = lru_cache(maxsize=_KNOWN)(self._definition)
        database.migrate("jobs", SCHEMA)

    def get(self, name: str) -> Job | None:
        """A job, or None."""
        row = self.database.one(f"{_SELECT} WHERE name = ?", (name,))
        return _job(row) if row else None

    def of_request(self, request: str) -> Job | None:
        """The job that a repeatable request made, or None."""
        row = self.database.one(f"{_SELECT} WHERE request = ?", (request,))
        return _job(row) if row else None

    def children(self, parent: str, first: int = 0, limit: int = -1) -> list[Job]:
        """The steps of a pipeline job, in the order of its graph; then runs of MLflow clients below it.

        Only `limit` of them from the number `first` on, if given.
        """
        sql = f"{_SELECT} WHERE parent = ? AND parent != '' ORDER BY position, number LIMIT ? OFFSET ?"
        return [_job(row) for row in self.database.query(sql, (parent, limit, first))]

    def inputs(self, name: str) -> dict[str, Any]:
        """The inputs of a job, without the rest of it: the body of a pipeline holds its whole graph."""
        row = self.database.one("SELECT inputs FROM jobs WHERE name = ?", (name,))
        return dict(json.loads(row["inputs"])) if row else {}

    def produced(self, names: Sequence[str]) -> dict[str, dict[str, Any]]:
        """What jobs have produced, by their steps; those that have nothing yet are left out."""
        sql = "SELECT step, produced FROM jobs WHERE name IN (SELECT value FROM json_each(?)) AND produced != '{}'"
        return {row["step"]: json.loads(row["produced"]) for row in self.database.query(sql, (json.dumps(names),))}

    def below(self, root: str) -> list[Job]:
        """All jobs below a top job, at any depth, in the order in which they were made."""
        sql = f"{_SELECT} WHERE root = ? AND parent != '' ORDER BY number"
        return [_job(row) for row in self.database.query(sql, (root,))]

    def top(
        self, workspace: str, endpoint: str = "", deployment: str = "", limit: int = -1, before: str = ""
    ) -> list[Job]:
        """The jobs and MLflow runs without a parent, newest first; of one endpoint or deployment only, if given.

        `before`: those that are older than the job of this name.
        """
        sql = """ WHERE workspace = ? AND parent = '' AND (? = '' OR endpoint = ?) AND (? = '' OR deployment = ?)
                  AND (? = '' OR number < (SELECT number FROM jobs WHERE name = ?)) ORDER BY number DESC LIMIT ?"""
        parameters = (workspace, endpoint, endpoint, deployment, deployment, before, before, limit)
        return [_job(row) for row in self.database.query(_SELECT + sql, parameters)]

    def open(self) -> list[Job]:
        """The top jobs that are not over, oldest first."""
        final = "('Completed', 'Failed', 'Canceled')"
        sql = f"{_SELECT} WHERE parent = '' AND kind != 'Run' AND status NOT IN {final} ORDER BY number"
        return [_job(row) for row in self.database.query(sql)]

    def definition(self, key: str) -> Definition:
        """A stored definition. The last few are remembered: what a digest stands for never changes."""
        return self._definitions(key)

    def _definition(self, key: str) -> Definition:
        row = self.database.one("SELECT body FROM job_definitions WHERE digest = ?", (key,))
        if row is None:
            raise KeyError(key)
        return Definition.from_json(json.loads(row["body"]))

    def last(self, line: str) -> tuple[str, Fingerprint] | None:
        """The last completed run of a step (see `line_of`): its job's name, and its fingerprint."""
        sql = """SELECT name, f.body FROM jobs JOIN job_fingerprints f ON f.key = fingerprint
                 WHERE line = ? AND line != '' AND status = 'Completed' ORDER BY number DESC LIMIT 1"""
        row = self.database.one(sql, (line,))
        return (row["name"], Fingerprint.from_json(json.loads(row["body"]))) if row else None

    def fingerprint(self, name: str) -> Fingerprint | None:
        """That of a step's job, once it was judged."""
        sql = "SELECT body FROM job_fingerprints WHERE key = (SELECT fingerprint FROM jobs WHERE name = ?)"
        row = self.database.one(sql, (name,))
        return Fingerprint.from_json(json.loads(row["body"])) if row else None

    def finished(self, workspace: str, name: str) -> tuple[Job, str] | None:
        """A step's job that completed, and the key of its fingerprint."""
        row = self.database.one("SELECT fingerprint FROM jobs WHERE name = ?", (name,))
        job = self.get(name) if row else None
        if row is None or job is None or job.status is not Status.COMPLETED:
            return None
        return (job, row["fingerprint"]) if job.workspace.lower() == workspace.lower() else None

    def reusable_fingerprints(self, workspace: str) -> list[Fingerprint]:
        """All that have a result in a workspace."""
        sql = "SELECT body FROM job_fingerprints WHERE key IN (SELECT key FROM reuse WHERE workspace = ?)"
        rows = self.database.query(sql, (workspace.lower(),))
        return [Fingerprint.from_json(json.loads(row["body"])) for row in rows]

    def reusable(self, workspace: str, key: str) -> Job | None:
        """The job whose outputs belong to a fingerprint, or None."""
        sql = f"{_SELECT} WHERE name = (SELECT job FROM reuse WHERE workspace = ? AND key = ?)"  # noqa: S608
        row = self.database.one(sql, (workspace.lower(), key))
        return _job(row) if row else None


def add_definition(connection: sqlite3.Connection, definition: Definition) -> str:
    """Store a definition; its digest."""
    body = json.dumps(definition, default=_fields)
    key = digest.of(body)
    connection.execute("INSERT OR IGNORE INTO job_definitions VALUES (?, ?)", (key, body))
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
    update_all(connection, [(name, columns)])


def update_all(connection: sqlite3.Connection, changes: Iterable[tuple[str, Mapping[str, Any]]]) -> None:
    """Change columns of jobs, one after the other; mappings are stored as JSON."""
    for columns, group in groupby(changes, lambda change: tuple(change[1])):
        sql = f"UPDATE jobs SET {', '.join(f'{key} = ?' for key in columns)} WHERE name = ?"  # noqa: S608
        connection.executemany(sql, [(*map(_text, values.values()), name) for name, values in group])


def end_client_runs(connection: sqlite3.Connection, over: Iterable[tuple[Status, str, str]]) -> None:
    """The runs that MLflow clients of steps made and did not end; `over`: (status, time, job) of steps that ended."""
    ends = {parent: (str(status), ended, parent) for status, ended, parent in over}
    which = "parent != '' AND kind = 'Run' AND ended = ''"
    sql = f"SELECT DISTINCT parent FROM jobs WHERE parent IN (SELECT value FROM json_each(?)) AND {which}"  # noqa: S608
    found = connection.execute(sql, (json.dumps(list(ends)),)).fetchall()  # mostly none
    sql = f"UPDATE jobs SET status = ?, ended = ? WHERE parent = ? AND {which}"  # noqa: S608
    connection.executemany(sql, [ends[row["parent"]] for row in found])


def add_fingerprints(connection: sqlite3.Connection, found: Iterable[Fingerprint]) -> None:
    """Store those that are not there yet."""
    new = {each.key: each for each in found}
    sql = "SELECT key FROM job_fingerprints WHERE key IN (SELECT value FROM json_each(?))"
    for row in connection.execute(sql, (json.dumps(list(new)),)).fetchall():
        del new[row["key"]]
    rows = [(key, json.dumps(each.as_json())) for key, each in new.items()]
    connection.executemany("INSERT INTO job_fingerprints VALUES (?, ?)", rows)


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


def _fields(record: Any) -> dict[str, Any]:
    """A record within a definition as plain data, one level deep: `as_json` copies all levels."""
    return {name: getattr(record, name) for name in record.__dataclass_fields__}


def _values(job: Job) -> list[Any]:
    found = [getattr(job, name) for name in _COLUMNS]
    for index in _JSON_AT:
        found[index] = _text(found[index])
    found[_STATUS_AT] = str(found[_STATUS_AT])
    return found


def _text(value: Any) -> Any:
    """A value as its column holds it."""
    if isinstance(value, Mapping):
        return json.dumps(value) if value else "{}"
    return value


_body = lru_cache(maxsize=_KNOWN)(json.loads)  # who waits for a run asks for it again and again


def _job(row: sqlite3.Row) -> Job:
    found = list(row)
    for index in _JSON_AT:
        read = _body if index == _BODY_AT else json.loads
        found[index] = {} if found[index] == "{}" else read(found[index])
    found[_STATUS_AT] = Status(found[_STATUS_AT])
    return Job(*found)
