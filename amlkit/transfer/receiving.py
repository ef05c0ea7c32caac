"""Files from a place in storage to a folder of this machine: only those that are not here as they are there."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from amlkit import digest
from amlkit.errors import DefinitionError, Problem, ServiceError
from amlkit.identity import Credential

from .opening import opened
from .places import Place
from .stores import AT_ONCE, Entry, Silent, Store, Watcher, holds, md5_of

_WINDOW = 64 << 20  # bytes after which a broken download goes on


@dataclass(frozen=True)
class Received:
    """What came, and how many files were here already."""

    files: int
    size: int
    here: int


def receive(
    place: str, folder: Path, *, identity: Credential | str | None = None, watcher: Watcher | None = None
) -> Received:
    """Bring a file, or all files below a folder, into `folder`. Nothing there is removed.

    A file is here if size and time are those of the last download, or size and digest are the same. It appears when it
    is complete; a broken download of a large one goes on where it was.

    Raises:
        DefinitionError: names that cannot be paths here, or one thing that is both a file and a folder.
        ServiceError: nothing is there, the storage refused, or nothing answers.
    """
    from concurrent.futures import ThreadPoolExecutor

    source, told = Place.of(place), watcher or Silent()
    with opened(source, identity, writes=False) as store, ThreadPoolExecutor(AT_ONCE) as pool:
        wanted = _wanted(store, source, folder)
        here = list(pool.map(lambda item: _is_here(store, *item), wanted))
        missing = [item for item, is_here in zip(wanted, here, strict=True) if not is_here]
        told.planned(len(missing), sum(entry.size for entry, _ in missing))
        fetching = [pool.submit(_fetch, store, entry, path, told) for entry, path in missing]
        try:
            for each in fetching:
                each.result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
    return Received(len(missing), sum(entry.size for entry, _ in missing), sum(here))


def _wanted(store: Store, source: Place, folder: Path) -> list[tuple[Entry, Path]]:
    """The files there with where each goes."""
    one = store.look(source.path) if source.path else None
    if one is not None:
        return [(one, _local(folder, source.path.rpartition("/")[2], one))]
    found = sorted(store.files(source.path), key=lambda entry: entry.name)
    if not found:
        raise ServiceError(
            404, "PathNotFound", "there is nothing", where=str(source), hint="`amlkit data ls` shows what"
        )
    start = len(source.path) + 1 if source.path else 0
    odd = [Problem(entry.name, "cannot be a path here") for entry in found if not _is_path(entry.name[start:])]
    odd += _clashes(found)
    if odd:
        raise DefinitionError(odd)
    return [(entry, _local(folder, entry.name[start:], entry)) for entry in found]


def _is_path(name: str) -> bool:
    parts = name.split("/")
    return not any(part in ("", ".", "..") or "\\" in part or "\0" in part for part in parts)


def _clashes(found: Sequence[Entry]) -> list[Problem]:
    """Blobs may have names that files cannot have side by side: `a` and `a/b`."""
    names = {entry.name for entry in found}
    folders = {"/".join(parts[:end]) for parts in (name.split("/") for name in names) for end in range(1, len(parts))}
    return [Problem(name, "is both a file and a folder", "download them one by one") for name in names & folders]


def _local(folder: Path, name: str, entry: Entry) -> Path:
    path = folder / name
    if path.is_dir():
        raise DefinitionError([Problem(str(path), f"a folder is in the way of the file {entry.name}", "move it away")])
    return path


def _is_here(store: Store, entry: Entry, path: Path) -> bool:
    try:
        found = path.stat()
    except OSError:
        return False
    if found.st_size != entry.size:
        return False
    if entry.modified and int(found.st_mtime) == int(entry.modified):
        return True
    return holds(store, entry, lambda: digest.of_file(path), lambda: _md5(path))


def _md5(path: Path) -> bytes:
    with path.open("rb") as stream:
        return md5_of(stream)


def _fetch(store: Store, entry: Entry, path: Path, told: Watcher) -> None:
    """By way of a file beside it that is named by what is fetched, so that another content never goes on with it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{digest.of([entry.name, entry.etag, entry.size])[:16]}.part")
    try:
        with part.open("ab") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # another download of the same: what it brought is here then
            if part.exists() and os.path.samestat(part.stat(), os.fstat(lock.fileno())):
                _fetch_part(store, entry, path, part, told)
                return
    except OSError as error:
        if error.filename is None:
            error.filename = str(path)  # of a full disk the system does not say where
        raise
    if not _is_here(store, entry, path):
        _fetch(store, entry, path, told)


def _fetch_part(store: Store, entry: Entry, path: Path, part: Path, told: Watcher) -> None:
    with part.open("r+b") as out:
        start = max(out.seek(0, os.SEEK_END) - 1, 0) // _WINDOW * _WINDOW  # the last window may have holes
        out.seek(start)
        out.truncate()
        told.moved(start)
        while start < entry.size:
            size = min(_WINDOW, entry.size - start)
            out.seek(start)
            store.fetch(entry, start, size, out)
            out.flush()
            start += size
            told.moved(size)
    if part.stat().st_size != entry.size:
        part.unlink()
        raise ServiceError(0, "Incomplete", "it came incomplete", where=entry.name, hint="run the command again")
    part.replace(path)
    if entry.modified:
        os.utime(path, (entry.modified, entry.modified))
