"""The code of a step: which files belong to it, and their digest. Taken at compile, and by `amlkit snapshot ls`.

`walk` finds the files, `ignore` knows the patterns, `hashes` reads them. Line endings of text files are normalised, so
that all systems give the same digest; modes, times and the order of files take no part in it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from ..errors import Problem
from ..manifest import SnapshotFile
from . import hashes
from .hashes import TEXT_SUFFIXES
from .ignore import IGNORE_FILES, Rules
from .walk import NEVER_FILES, NEVER_FOLDERS, Found, Judge, Merged, Tell, found_at, is_never, walk

__all__ = ["IGNORE_FILES", "NEVER_FILES", "NEVER_FOLDERS", "TEXT_SUFFIXES", "Limits", "Snapshot", "Tell", "take"]

UNLIMITED = "AML_SNAPSHOT_NO_FILE_LIMIT"  # the variable that Azure ML's own clients read
_BIGGEST = 3


@dataclass(frozen=True)
class Limits:
    """How much code a step may have: files, and bytes in all. The defaults are Azure ML's."""

    files: int = 2000
    size: int = 300 << 20


LIMITS = Limits()


class Snapshot:
    """The files in the order of their paths (relative, posix), and what could not be taken: path and reason."""

    def __init__(self, files: hashes.Files, digest: str, refused: Sequence[tuple[str, str]] = ()) -> None:
        self._files = files
        self.digest = digest
        """64 hex digits of paths and contents; modes, times and order take no part."""
        self.refused = tuple(refused)

    @cached_property
    def files(self) -> tuple[SnapshotFile, ...]:
        """Made when they are asked for: of many unchanged files the digest is known without them."""
        return self._files()

    @property
    def size(self) -> int:
        """Bytes in all."""
        return sum(file.size for file in self.files)


def take(
    folder: Path, leave_out: frozenset[str] = frozenset(), includes: Sequence[str] = (), *, tell: Tell | None = None
) -> Snapshot:
    """The snapshot of a folder without the paths (relative, posix) of `leave_out`.

    `includes` are files and folders, by their paths from `folder`, that are added under their own names, as the
    `additional_includes` of Azure ML. `tell` is called with each path that is left out, and why.

    Raises:
        OSError: a file cannot be read.
    """
    root = folder.resolve()
    rules = Rules.of(root)
    judge: Judge = Merged(((rules, 0),)) if includes else rules
    found = {each.path: each for each in walk(str(root), str(root), "", judge, tell)}
    for path in leave_out & found.keys():
        del found[path]
        if tell is not None:
            tell(path, "defines the step")
    refused: list[tuple[str, str]] = []
    for include in includes:
        refused += _add(found, root, include, judge, tell)
    odd = [each for each in found.values() if each.is_link or not each.path.isprintable()]
    refused += [(each.path, reason) for each in odd if (reason := _reason_against(each))]
    for path, _ in refused:
        found.pop(path, None)
    files, whole = hashes.of(list(found.values()), root)
    return Snapshot(files, whole, sorted(refused))


def over_limits(
    snapshot: Snapshot, where: str, limits: Limits = LIMITS, variables: Mapping[str, str] = os.environ
) -> Iterator[Problem]:
    """What is too much, naming what takes the most room; nothing if the user has lifted the limits."""
    if variables.get(UNLIMITED, "").lower() in ("true", "1"):
        return
    hint = f"name what no step needs in `.amlignore`, or set {UNLIMITED}=true; most of it: {{most}}"
    if snapshot.size > limits.size:
        what = f"the code has {snapshot.size / 2**20:,.0f} MB, the limit is {limits.size / 2**20:,.0f} MB"
        biggest = sorted(snapshot.files, key=lambda file: -file.size)[:_BIGGEST]
        most = ", ".join(f"{file.path} ({file.size / 2**20:,.0f} MB)" for file in biggest)
        yield Problem(where, what, hint.format(most=most))
    if len(snapshot.files) > limits.files:
        what = f"the code has {len(snapshot.files):,} files, the limit is {limits.files:,}"
        yield Problem(where, what, hint.format(most=_fullest(snapshot.files)))


def _add(found: dict[str, Found], root: Path, include: str, judge: Judge, tell: Tell | None) -> list[tuple[str, str]]:
    """Add an included file or folder under its own name; what cannot be, and why."""
    source = (root / include).resolve()
    name = source.name
    if not name or not source.exists():
        return [(include, "there is no such file or folder to include")]
    taken = name in found or any(path.startswith(f"{name}/") for path in found if found[path].root == str(root))
    if taken and source != root / name:
        return [(include, f"the step's own code has a `{name}` already")]
    if source.is_file():
        if is_never(name):
            return [(include, "a file of this name is never taken")]
        added = [] if judge.drops(name) else [found_at(source, name)]
    elif judge.prunes(name):
        added = []
    else:
        added = list(walk(str(source), str(source), f"{name}/", judge.below(name, str(source)), tell))
    both = [each.path for each in added if each.path in found and found[each.path].source != each.source]
    found.update({each.path: each for each in added if each.path not in found})
    return [(path, f"two of what is included have it, one of them `{include}`") for path in both]


def _reason_against(found: Found) -> str:
    """Why a file cannot be taken, or nothing."""
    if not found.path.isprintable():
        return "its name is not plain text"
    if not found.is_link:
        return ""
    try:
        target = Path(found.source).resolve()
    except (OSError, RuntimeError):  # Python up to 3.12 raises the second one
        return "the link leads to itself"
    if not target.is_relative_to(found.root):
        return "the link leads out of the folder"
    return "" if target.is_file() else "the link leads to no file"


def _fullest(files: Sequence[SnapshotFile]) -> str:
    counts: dict[str, int] = {}
    for file in files:
        top = file.path.partition("/")[0] if "/" in file.path else "."
        counts[top] = counts.get(top, 0) + 1
    fullest = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:_BIGGEST]
    return ", ".join(f"{name}/ ({count:,} files)" for name, count in fullest)
