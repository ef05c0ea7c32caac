"""What the stand-in keeps on disk that could be made again: outputs of runs, work trees, environments.

Used by `gc`. A unit of outputs is the folder of one job, `azureml/<job>/` in a datastore: what a caller placed
elsewhere is no unit, and one that a caller, a registered asset or a run under way uses is held.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from ..blobs import Blobs
from ..database import Database
from ..web import AzureError
from .pins import unit_of

_FINAL = ("Completed", "Failed", "Canceled")
_ASSET_URIS = ("dataUri", "modelUri", "codeUri")


@dataclass(frozen=True)
class Unit:
    """Something that can be removed as a whole. `used`: when it was last needed, seconds since 1970."""

    kind: Literal["outputs", "work tree", "environment"]
    name: str
    paths: tuple[Path, ...]
    bytes: int
    used: float
    held: bool = False


@dataclass
class Uses:
    """Who uses which units: read from the tables. `used` has a time for every job, `held` those not to be removed."""

    used: dict[str, float] = field(default_factory=dict)
    held: set[str] = field(default_factory=set)
    roots: dict[Path, None] = field(default_factory=dict)

    def hold(self, path: Path) -> None:
        """Something that lies there is needed: hold the unit that it is in."""
        for root in self.roots:
            if path.is_relative_to(root) and path != root:
                self.held.add(path.relative_to(root).parts[0])
            elif root.is_relative_to(path):
                self.held.update(self.used)


def uses(database: Database, blobs: Blobs) -> Uses:
    """Who uses what, now."""
    found = Uses()
    placed: list[tuple[str, str]] = []
    sql = f"""SELECT workspace, definition, max(status NOT IN {_FINAL}) AS is_open FROM jobs
              WHERE parent = '' AND definition != '' GROUP BY workspace, definition"""  # noqa: S608
    for each in database.query(sql):
        row = database.one("SELECT body FROM job_definitions WHERE digest = ?", (each["definition"],))
        body = json.loads(row["body"]) if row else {}
        uri = f"azureml://datastores/{body.get('datastore') or '-'}/paths/azureml"
        root = _folder(blobs, uri, each["workspace"])
        if root is not None:
            found.roots[root] = None
        placed += [(each["workspace"], uri) for uri in _places(body, is_open=bool(each["is_open"]))]
    _jobs(database, found, placed)
    for workspace, uri in (*placed, *_assets(database)):
        path = _folder(blobs, uri, workspace)
        if path is not None:
            found.hold(path)
    return found


def outputs(found: Uses) -> list[Unit]:
    """The units of outputs that are there; folders that are no job's are nobody's business."""
    paths: dict[str, list[Path]] = {}
    for root in found.roots:
        for path in _folders(root):
            if path.name in found.used:
                paths.setdefault(path.name, []).append(path)
    return [
        Unit("outputs", name, tuple(each), sum(map(size, each)), found.used[name], name in found.held)
        for name, each in paths.items()
    ]


def work_trees(runs: Path, found: Uses, open_jobs: set[str]) -> list[Unit]:
    """What steps that did not end well left of their work."""
    return [
        Unit("work tree", path.name, (path,), size(path), found.used[path.name], path.name in open_jobs)
        for path in _folders(runs)
        if path.name in found.used
    ]


def open_jobs(database: Database) -> set[str]:
    """The names of jobs that are not over, and of all steps of runs that are not."""
    sql = f"""SELECT name FROM jobs WHERE kind != 'Run' AND (status NOT IN {_FINAL}
              OR root IN (SELECT name FROM jobs WHERE parent = '' AND status NOT IN {_FINAL}))"""  # noqa: S608
    return {row["name"] for row in database.query(sql)}


def size(path: Path) -> int:
    """Bytes of all files below a folder, as far as they can be read; links are not followed."""
    total, waiting = 0, [str(path)]
    while waiting:
        try:
            with os.scandir(waiting.pop()) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(entry.path)
                    else:
                        total += entry.stat(follow_symlinks=False).st_size
        except OSError:  # it goes away while we look
            continue
    return total


def _jobs(database: Database, found: Uses, placed: list[tuple[str, str]]) -> None:
    """Times of use of all jobs; what those under way use is held, what callers asked for is added to `placed`."""
    under_way = open_jobs(database)
    sql = """SELECT name, workspace, inputs, outputs, produced, created, ended FROM jobs WHERE kind != 'Run'"""
    for row in database.query(sql):
        time = datetime.fromisoformat(row["ended"] or row["created"]).timestamp()
        units = {row["name"]}
        for item in json.loads(row["produced"]).values():
            units.add(unit_of(str(item["uri"])) or row["name"])
        for unit in units:
            found.used[unit] = max(time, found.used.get(unit, 0.0))
        placed += [(row["workspace"], uri) for uri in _uris(row["outputs"])]
        if row["name"] in under_way:
            found.held |= units
            placed += [(row["workspace"], uri) for uri in _uris(row["inputs"])]


def _uris(text: str) -> list[str]:
    return [str(item["uri"]) for item in json.loads(text).values() if item.get("uri")] if text != "{}" else []


def _places(definition: dict[str, Any], *, is_open: bool) -> Iterator[str]:
    """Places in a definition itself: where its steps write, and, while a run of it is under way, what they read."""
    for step in definition.get("steps", ()):
        yield from (item["uri"] for item in step["outputs"].values() if item["uri"])
        if is_open:
            yield from (item["text"] for item in step["inputs"].values() if item["kind"] == "data")


def _assets(database: Database) -> Iterator[tuple[str, str]]:
    """(workspace, URI) of what is registered."""
    for row in database.query("SELECT id, body FROM documents WHERE key LIKE '%/versions/%'"):
        properties = json.loads(row["body"]).get("properties") or {}
        for name in _ASSET_URIS:
            if properties.get(name):
                yield "/".join(str(row["id"]).split("/")[:9]), str(properties[name])


def _folder(blobs: Blobs, uri: str, workspace: str) -> Path | None:
    try:
        return blobs.folder_of(uri, workspace)
    except AzureError:
        return None  # elsewhere, or its datastore is no more


def _folders(path: Path) -> list[Path]:
    return [Path(entry.path) for entry in os.scandir(path) if entry.is_dir()] if path.is_dir() else []
