"""Files of this machine to a place in storage: only those that are not there as they are here."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

from amlkit.errors import DefinitionError, Problem
from amlkit.identity import Credential
from amlkit.manifest import SnapshotFile

from .opening import opened
from .places import Place
from .stores import AT_ONCE, Silent, Store, Watcher, content, holds, md5_of

if TYPE_CHECKING:
    from concurrent.futures import Executor


def send(
    place: str,
    files: Sequence[SnapshotFile],
    *,
    immutable: bool,
    identity: Credential | str | None = None,
    watcher: Watcher | None = None,
    hashed_now: bool = False,
) -> int:
    """Make the files below `place` (`https://<account>.<blob|dfs|file>.<suffix>/<container>/<path>`) those files.

    A file is there if its size and digest are the same; what was written by others is compared by its MD5. One that
    an earlier try left half-way is gone on with: the blocks of a blob that are there are not sent again.

    Args:
        place: where.
        files: what, with their paths below `place`.
        immutable: the place is named by its content, so a file of the right size is the right one.
        identity: who sends, or the query of a SAS; else who we are.
        watcher: is told what is sent.
        hashed_now: the files were just read; else they are read again before anything is sent.

    Returns:
        how many were sent; the others were there.

    Raises:
        DefinitionError: files that are no longer what was compiled.
        ServiceError: the storage refused, or nothing answers.
    """
    from concurrent.futures import ThreadPoolExecutor
    from threading import Event

    goal, told = Place.of(place), watcher or Silent()
    stopped = Event()

    def moved(size: int) -> None:
        if stopped.is_set():
            raise InterruptedError("another file failed, or somebody interrupted")  # ends a long file half-way
        told.moved(size)

    with opened(goal, identity) as store, ThreadPoolExecutor(AT_ONCE) as pool:
        missing = _missing(store, goal, files, immutable, pool)
        if not hashed_now:
            _refuse_changed(missing)
        told.planned(len(missing), sum(file.size for file in missing))
        sending = [pool.submit(store.put, goal.below(file.path).path, file, moved) for file in missing]
        try:
            for each in sending:
                each.result()
        finally:
            stopped.set()
            pool.shutdown(wait=False, cancel_futures=True)
    return len(missing)


def _missing(
    store: Store, goal: Place, files: Sequence[SnapshotFile], immutable: bool, pool: Executor
) -> list[SnapshotFile]:
    names = [goal.below(file.path).path for file in files]
    if len(files) <= AT_ONCE:  # the folder may hold a million others
        found = {entry.name: entry for entry in pool.map(store.look, names) if entry}
    else:
        found = {entry.name: entry for entry in store.files(goal.path)}
    by_size = immutable and goal.service != "file"  # a file of a share has its whole size before its content

    def is_there(name: str, file: SnapshotFile) -> bool:
        entry = found.get(name)
        if entry is None or entry.size != file.size:
            return False
        return by_size or holds(store, entry, lambda: file.sha256, lambda: _md5(file))

    return [file for file, there in zip(files, pool.map(is_there, names, files), strict=True) if not there]


def _md5(file: SnapshotFile) -> bytes:
    with content(file) as source:
        return md5_of(source)


def _refuse_changed(files: Sequence[SnapshotFile]) -> None:
    """Before anything is sent: what is uploaded must be what was compiled."""
    problems = [
        Problem(file.source, "changed since the pipeline was compiled", "run the command again")
        for file in files
        if _sha256(file) != file.sha256
    ]
    if problems:
        raise DefinitionError(problems)


def _sha256(file: SnapshotFile) -> str:
    with content(file) as source:
        return hashlib.file_digest(source, "sha256").hexdigest()  # type: ignore[arg-type]
