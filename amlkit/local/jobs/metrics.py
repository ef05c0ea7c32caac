"""Metrics and parameters of jobs, as MLflow knows them. Used by the MLflow routes.

Writes are idempotent, because the client repeats a request whose answer was lost: a metric's value is its whole row.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from ..database import Database
from ..web import AzureError

SCHEMA = (
    """CREATE TABLE job_metrics (
        job TEXT NOT NULL, key TEXT NOT NULL, step INTEGER NOT NULL, timestamp INTEGER NOT NULL, value REAL NOT NULL,
        PRIMARY KEY (job, key, step, timestamp, value)
    ) WITHOUT ROWID""",
    "CREATE TABLE job_parameters (job TEXT, key TEXT, value TEXT NOT NULL, PRIMARY KEY (job, key)) WITHOUT ROWID",
)


@dataclass(frozen=True)
class Metric:
    """One value: milliseconds since the epoch, and the caller's step."""

    key: str
    value: float
    timestamp: int
    step: int


class Metrics:
    """The store; jobs are named by their names."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._watched: dict[str, Callable[[], None]] = {}
        database.migrate("metrics", SCHEMA)

    def watch(self, job: str, told: Callable[[], None]) -> None:
        """From now on `told` is called after every write of a job's metrics."""
        self._watched[job] = told

    def unwatch(self, job: str) -> None:
        """End what `watch` began."""
        self._watched.pop(job, None)

    def log(self, job: str, metrics: Iterable[Metric], parameters: Iterable[tuple[str, str]] = ()) -> None:
        """Add values, all or none.

        Raises:
            AzureError: 400: a parameter has another value already, which MLflow forbids.
        """
        rows = [(job, item.key, item.step, item.timestamp, _stored(item.value)) for item in metrics]
        with self._database.transaction() as connection:
            connection.executemany("INSERT OR IGNORE INTO job_metrics VALUES (?, ?, ?, ?, ?)", rows)
            for key, value in parameters:
                connection.execute("INSERT OR IGNORE INTO job_parameters VALUES (?, ?, ?)", (job, key, value))
                sql = "SELECT value FROM job_parameters WHERE job = ? AND key = ?"
                before = connection.execute(sql, (job, key)).fetchone()["value"]
                if before != value:
                    what = f"Parameter '{key}' has the value '{before}' already, it cannot become '{value}'."
                    raise AzureError(400, "INVALID_PARAMETER_VALUE", what)
        if rows and (told := self._watched.get(job)):
            told()

    def forget(self, jobs: Iterable[str]) -> None:
        """Remove all values of jobs that are no more."""
        names = [(name,) for name in jobs]
        with self._database.transaction() as connection:
            connection.executemany("DELETE FROM job_metrics WHERE job = ?", names)
            connection.executemany("DELETE FROM job_parameters WHERE job = ?", names)

    def latest(self, job: str) -> list[Metric]:
        """The last value of each key: by step, then time, then size, as MLflow decides."""
        found: dict[str, Metric] = {}
        for item in self._read("WHERE job = ? ORDER BY step, timestamp, value", (job,)):
            found[item.key] = item
        return [found[key] for key in sorted(found)]

    def history(self, job: str, key: str) -> list[Metric]:
        """All values of a key, in time."""
        return self._read("WHERE job = ? AND key = ? ORDER BY timestamp, step", (job, key))

    def parameters(self, job: str) -> dict[str, str]:
        """All of them, sorted."""
        sql = "SELECT key, value FROM job_parameters WHERE job = ? ORDER BY key"
        return {row["key"]: row["value"] for row in self._database.query(sql, (job,))}

    def _read(self, where: str, parameters: tuple[str, ...]) -> list[Metric]:
        sql = f"SELECT key, value, timestamp, step FROM job_metrics {where}"  # noqa: S608  `where` is our own text
        rows = self._database.query(sql, parameters)
        return [Metric(row["key"], float(row["value"]), row["timestamp"], row["step"]) for row in rows]


def _stored(value: float) -> Any:
    return "nan" if math.isnan(value) else value  # SQLite makes NULL of a NaN
