"""Digests of a snapshot's files: read now, or remembered if a file has not been touched since. Used by `snapshot`.

What is remembered lies below `.amlkit/` of the checkout, one file a folder, and only for folders that have many files
or large ones. A file counts as untouched if its size, times and inode are the same and it had been left alone for two
seconds when it was read; so neither the coarse clock of a file system nor a time that was set back hides a change.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TypeAlias

from .. import digest
from ..errors import SetupError
from ..home import Home
from ..manifest import SnapshotFile, normalised
from .walk import Found

TEXT_SUFFIXES = frozenset(  # part of every digest of code: a change of this list is a reuse break
    (
        *(".py", ".pyi", ".ipynb", ".r", ".sh", ".ps1", ".bat", ".cmd", ".sql", ".usql", ".scala", ".java"),
        *(".js", ".ts", ".c", ".h", ".cpp", ".hpp", ".cs", ".rs", ".go", ".jl", ".lua", ".pl"),
        *(".txt", ".md", ".rst", ".csv", ".tsv", ".json", ".jsonl", ".yaml", ".yml", ".toml", ".ini", ".cfg"),
        *(".conf", ".xml", ".html", ".htm", ".css", ".svg", ".tex", ".lock", ".in", ".properties", ".j2", ".tmpl"),
    )
)

_FORM = "amlkit snapshot 1"
_BINARY = getattr(os, "O_BINARY", 0)  # Windows alone has it, and needs it
_SETTLED_NS = 2 * 10**9
_LARGE = 1 << 20  # bytes; from here on a file is read in parts, and several at the same time
_WORTH_FILES, _WORTH_BYTES = 200, 32 << 20  # fewer and smaller are read again faster than remembered

Files: TypeAlias = Callable[[], tuple[SnapshotFile, ...]]


def of(found: Sequence[Found], folder: Path) -> tuple[Files, str]:
    """The files, sorted by their paths, when they are asked for; and the digest of them all now.

    `folder` is that of the step.

    Raises:
        OSError: a file cannot be read.
    """
    memory = _memory_of(found, folder)
    if memory is None:
        files = _read_all(sorted(found))
        return lambda: files, digest.of_tree((file.path, file.sha256) for file in files)
    known, whole = _load(memory)
    if whole and len(known) == len(found) and all(each.stamp in known for each in found):
        return lambda: tuple([_known(each, known[each.stamp]) for each in sorted(found)]), whole
    started = time.time_ns()
    files = _some_known(sorted(found), known)
    whole = digest.of_tree((file.path, file.sha256) for file in files)
    _store(memory, files, {each.path: each.stamp for each in found if _is_settled(each, started)}, whole)
    return lambda: files, whole


def _memory_of(found: Sequence[Found], folder: Path) -> Path | None:
    """The file that remembers, or None where it is not worth it or there is no checkout that keeps something."""
    if len(found) < _WORTH_FILES and sum(each.size for each in found) < _WORTH_BYTES:
        return None
    try:
        home = Home.find(folder)
    except SetupError:
        return None
    name = digest.of(["snapshot", str(folder)])[:24]
    return home.folder / "snapshots" / name if home.folder.is_dir() else None


def _known(found: Found, remembered: str) -> SnapshotFile:
    size, sha256, kind = remembered.split("\t")
    return SnapshotFile(found.path, int(size), sha256, kind == "text", found.source)


def _some_known(found: Sequence[Found], known: Mapping[str, str]) -> tuple[SnapshotFile, ...]:
    """Reads what is not known."""
    if not known:
        return _read_all(found)
    read = iter(_read_all([each for each in found if each.stamp not in known]))
    return tuple([_known(each, known[each.stamp]) if each.stamp in known else next(read) for each in found])


def _is_settled(found: Found, started: int) -> bool:
    """Had it been left alone for long enough when it was read?"""
    _, modified, changed, _ = found.stamp.rpartition("\t")[2].split(" ")
    return int(modified) + _SETTLED_NS < started and int(changed) + _SETTLED_NS < started


def _load(memory: Path) -> tuple[Mapping[str, str], str]:
    """What is remembered, by stamp, and the digest of the whole; nothing if it is damaged or of another form."""
    with suppress(OSError, ValueError):
        head, keys, values = memory.read_text(encoding="utf-8").split("\n\n")
        form, whole, count = head.split("\t")
        known = dict(zip(keys.split("\n"), values.split("\n"), strict=True))
        if form == _FORM and int(count) == len(known):
            return known, whole
    return {}, ""


def _store(memory: Path, files: Sequence[SnapshotFile], settled: Mapping[str, str], whole: str) -> None:
    """Remember what is settled (stamps by path); the whole only if everything is. Failing to is no failure."""
    kept = [file for file in files if file.path in settled]
    stamps = "\n".join([settled[file.path] for file in kept])
    values = "\n".join([f"{file.size}\t{file.sha256}\t{'text' if file.is_text else ''}" for file in kept])
    head = f"{_FORM}\t{whole if len(kept) == len(files) else ''}\t{len(kept)}"
    new = memory.with_name(f"{memory.name}.{os.getpid()}")
    with suppress(OSError):
        memory.parent.mkdir(exist_ok=True)
        new.write_text(f"{head}\n\n{stamps}\n\n{values}", encoding="utf-8", newline="\n")
        new.replace(memory)


def _read_all(found: Sequence[Found]) -> tuple[SnapshotFile, ...]:
    """Small files one after the other, large ones on all cores: hashing lets go of the interpreter's lock."""
    if sum(1 for each in found if each.size >= _LARGE) < 2:
        return tuple([_read(each) for each in found])
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        large = {each.path: pool.submit(_read, each) for each in found if each.size >= _LARGE}
        return tuple([large[each.path].result() if each.path in large else _read(each) for each in found])


def _read(found: Found) -> SnapshotFile:
    path, source = found.path, found.source
    name = path[path.rfind("/") + 1 :]
    dot = name.rfind(".")  # as `Path.suffix` has it, which for many small files would cost as much as their bytes
    is_text = dot > 0 and name[dot:].lower() in TEXT_SUFFIXES
    if found.size < _LARGE:
        content = _content(source, found.size)
        if is_text and b"\r\n" in content:
            content = normalised(content)
        return SnapshotFile(path, len(content), hashlib.sha256(content).hexdigest(), is_text, source)
    size, sha256 = _digest_in_parts(Path(source), is_text)
    return SnapshotFile(path, size, sha256, is_text, source)


def _content(source: str, size: int) -> bytes:
    """A small file. The system's own calls take half the time of a file object."""
    handle = os.open(source, os.O_RDONLY | _BINARY)
    try:
        content = os.read(handle, size + 1)
        while len(content) != size and (more := os.read(handle, _LARGE)):  # it changed, or came in parts
            content += more
    finally:
        os.close(handle)
    return content


def _digest_in_parts(file: Path, is_text: bool) -> tuple[int, str]:
    """Size and digest without holding the file; a pair of line ends may lie across two parts."""
    found, size, held = hashlib.sha256(), 0, b""
    with file.open("rb", buffering=0) as content:
        while part := content.read(_LARGE):
            if is_text:
                part, held = held + part, b""
                if part.endswith(b"\r"):
                    part, held = part[:-1], b"\r"
                part = normalised(part) if b"\r\n" in part else part
            found.update(part)
            size += len(part)
    found.update(held)
    return size + len(held), found.hexdigest()
