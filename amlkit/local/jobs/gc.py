"""Garbage collection: when what could be made again takes more than a limit, the least recently used of it goes.

Removed are outputs of runs that are over, work trees that failed steps left, and environments. Never what a run under
way uses, what is registered as an asset, or what a caller placed. The records of runs stay; a step that would have been
reused finds its result gone and runs again. Called by `amlkit local gc` through its route, and after runs if a limit is
kept.
"""

from __future__ import annotations

import fcntl
import logging
import shutil
import threading
import time
import uuid
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from ...home import Home
from ..blobs import Blobs
from ..database import Database
from ..settings import Settings
from . import storage_use
from .pins import Pins
from .storage_use import Unit

_log = logging.getLogger(__name__)
_PAUSE_SECONDS = 30.0  # between two collections that nobody asked for
_IDLE_SECONDS = 24 * 3600.0  # environments are shared: another checkout's steps may run in one used today


@dataclass(frozen=True)
class Collected:
    """What a collection did, or would do: bytes before it, what went, and the bytes that had to stay."""

    limit: int
    before: int
    held: int
    removed: tuple[Unit, ...]

    def as_json(self) -> dict[str, Any]:
        """As the control route answers."""
        gone = sum(unit.bytes for unit in self.removed)
        units = [
            {"kind": unit.kind, "name": unit.name, "bytes": unit.bytes, "used": unit.used} for unit in self.removed
        ]
        return {
            "limit": self.limit,
            "before": self.before,
            "after": self.before - gone,
            "held": self.held,
            "removed": units,
        }


class Collector:
    """The collection of one checkout. `environments` is the cache that checkouts share."""

    def __init__(self, home: Home, database: Database, blobs: Blobs, pins: Pins, environments: Path) -> None:
        self._home = home
        self._database = database
        self._blobs = blobs
        self._pins = pins
        self._environments = environments
        self._one = threading.Lock()
        self._wake = threading.Event()
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Finish removals that a former life began, and wait for runs to end."""
        shutil.rmtree(self._trash, ignore_errors=True)
        self._thread = threading.Thread(target=self._watch, daemon=True, name="garbage collection")
        self._thread.start()

    def stop(self) -> None:
        """No more collections; one under way ends with the unit that it is at."""
        self._ended.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join()

    def a_run_ended(self) -> None:
        """There may be more than before."""
        self._wake.set()

    def keep(self, limit: int) -> None:
        """From now on collect whenever there is more than `limit` bytes; 0: never."""
        replace(Settings.read(self._home), limit_bytes=limit).write(self._home)

    def collect(self, limit: int, *, dry_run: bool = False) -> Collected:
        """Remove units, least recently used first, until no more than `limit` bytes are there."""
        with self._one:
            uses = storage_use.uses(self._database, self._blobs)
            under_way = storage_use.open_jobs(self._database)
            units = [
                *storage_use.outputs(uses),
                *storage_use.work_trees(self._home.runs, uses, under_way),
                *self._cached(),
            ]
            before = sum(unit.bytes for unit in units)
            order = sorted((unit for unit in units if not unit.held), key=lambda unit: unit.used)
            wanted, left = [], before
            for unit in order:
                if left <= limit:
                    break
                wanted.append(unit)
                left -= unit.bytes
            removed = wanted if dry_run else self._remove(wanted)
            return Collected(limit, before, sum(unit.bytes for unit in units if unit.held), tuple(removed))

    def _cached(self) -> list[Unit]:
        limit = time.time() - _IDLE_SECONDS
        folders = (
            [path for path in self._environments.iterdir() if path.is_dir()] if self._environments.is_dir() else []
        )
        return [
            Unit("environment", path.name, (path,), storage_use.size(path), used, used > limit)
            for path in folders
            for used in (path.stat().st_mtime,)
        ]

    def _remove(self, wanted: list[Unit]) -> list[Unit]:
        """Remove what is still not used. Within the transaction no run is accepted and nothing is registered."""
        removed = []
        with self._database.transaction() as connection:
            held = storage_use.uses(self._database, self._blobs).held | storage_use.open_jobs(self._database)
            for unit in wanted:
                if unit.kind == "environment" or unit.name in held:
                    continue
                if self._pins.remove(unit.name, partial(self._discard, unit.paths)):
                    removed.append(unit)
                    for path in unit.paths:
                        low, high = f"{path}/", f"{path}0"
                        connection.execute("DELETE FROM contents WHERE path > ? AND path < ?", (low, high))
        removed += [unit for unit in wanted if unit.kind == "environment" and _remove_environment(unit.paths[0])]
        shutil.rmtree(self._trash, ignore_errors=True)
        return removed

    def _discard(self, paths: tuple[Path, ...]) -> None:
        """Out of sight at once; the bytes go when the collection is over."""
        self._trash.mkdir(parents=True, exist_ok=True)
        for path in paths:
            path.rename(self._trash / uuid.uuid4().hex)

    @property
    def _trash(self) -> Path:
        return self._home.folder / "trash"

    def _watch(self) -> None:
        while not self._ended.is_set():
            self._wake.wait()
            self._wake.clear()
            try:
                limit = Settings.read(self._home).limit_bytes
                found = self.collect(limit) if limit and not self._ended.is_set() else None
                if found and found.removed:
                    _log.info("garbage collection: %d units removed, over %d bytes", len(found.removed), limit)
            except Exception:  # the next one may succeed
                _log.exception("garbage collection")
            self._ended.wait(_PAUSE_SECONDS)


def _remove_environment(path: Path) -> bool:
    """Unless it is being built, or was used since we looked."""
    with path.with_name(f"{path.name}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        if path.stat().st_mtime > time.time() - _IDLE_SECONDS:
            return False
        gone = path.with_name(f"{path.name}.gone-{uuid.uuid4().hex}")
        path.rename(gone)
        if gone.stat().st_mtime > time.time() - _IDLE_SECONDS:  # somebody took it between these lines
            gone.rename(path)
            return False
    shutil.rmtree(gone, ignore_errors=True)
    return True
