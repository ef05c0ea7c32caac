"""Finds the files of a folder that are a step's code. Used by `snapshot`; the patterns are those of `ignore`.

Never taken, whatever an ignore file says: version control, virtual environments, caches, `.env` files, keys. What no
pattern can bring back is not walked. With further folders included, the ignore files further down count as well, each
for its own folder, and what one of them drops no other brings back: so Azure ML's own client merges them.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import translate
from pathlib import Path
from typing import NamedTuple, Protocol

from .ignore import IGNORE_FILES, Rules

NEVER_FOLDERS = frozenset(
    (
        *(".git", ".hg", ".svn", ".venv", ".env", ".tox", ".nox", ".azureml", ".amlkit", ".pulumi"),
        *(".aws", ".azure", ".ssh", ".gnupg", ".kube", ".docker"),
        *("__pycache__", ".ipynb_checkpoints", ".mypy_cache", ".pytest_cache", ".ruff_cache", ".hypothesis"),
    )
)
SECRET_FILES = (
    *(".env", ".env.*", "*.env", "*.pem", "*.key", "*.pfx", "*.p12", "*.jks", "*.ppk", "*.kdbx"),
    *("id_rsa*", "id_dsa*", "id_ecdsa*", "id_ed25519*", ".netrc", ".pypirc", ".git-credentials", "*.publishsettings"),
    *(".npmrc", ".dockercfg", ".htpasswd", "kubeconfig"),
)
NEVER_FILES = (*SECRET_FILES, ".git", "*.pyc", "*.pyo", ".DS_Store", "Thumbs.db", *IGNORE_FILES)
_SECRET = re.compile("|".join(translate(pattern) for pattern in SECRET_FILES))
_NEVER = re.compile("|".join(translate(pattern) for pattern in NEVER_FILES)).match

Tell = Callable[[str, str], None]
"""Called with a path and why it is left out."""


class Found(NamedTuple):  # made twenty thousand times, and four times as fast as a frozen dataclass
    """A file that is a step's code: its posix path in the snapshot, and its absolute path on this machine.

    `root`: its links may not lead out of there. `size` in bytes is that of what a link leads to; `stamp` is another
    after every change of it: the path, a tab, and size, both times in ns and inode. A link that leads nowhere has none.
    """

    path: str
    source: str
    root: str
    is_link: bool
    size: int
    stamp: str


class Judge(Protocol):
    """Says what of a folder is left out. Paths are those in the snapshot; folders are named without a slash."""

    def drops(self, path: str) -> object:
        """Is a file left out? True to the eye."""

    def prunes(self, folder: str) -> bool:
        """Is a whole folder left out?"""

    def below(self, folder: str, source: str) -> Judge:
        """The one for what is in a folder; `source` is its absolute path."""

    def why(self, path: str, *, is_folder: bool) -> str:
        """For people: which rule leaves a path out."""


@dataclass(frozen=True)
class Merged:
    """The rules of a folder and of each folder on the way down, with how much of a path lies above each."""

    chain: tuple[tuple[Rules, int], ...]

    def drops(self, path: str) -> bool:
        """Does one of them drop it?"""
        return any(rules.drops(path[cut:]) for rules, cut in self.chain)

    prunes = drops

    def below(self, folder: str, source: str) -> Merged:
        """With the ignore file of that folder, if it has one."""
        own = Rules.of(Path(source))
        return Merged((*self.chain, (own, len(folder) + 1))) if own.rules else self

    def why(self, path: str, *, is_folder: bool) -> str:
        """The file, the line and the pattern of the first that drops it."""
        found = next(((rules, cut) for rules, cut in self.chain if rules.drops(path[cut:])), None)
        return found[0].why(path[found[1] :], is_folder=is_folder) if found else ""


def walk(root: str, folder: str, prefix: str, judge: Judge, tell: Tell | None = None) -> Iterator[Found]:
    """Every file below an absolute folder, in no order; `prefix` (empty, or with a slash) begins its path."""
    folders = [(folder, prefix, judge)]
    while folders:
        source, inside, rules = folders.pop()
        with _scanned(source) as entries:
            names = [entry.name for entry in entries]
            if inside != prefix and "pyvenv.cfg" in names:
                _tell(tell, inside, "virtual environments are never taken")
                continue
            drops = rules.drops
            for name, entry in zip(names, entries, strict=True):
                path, here = inside + name, f"{source}/{name}"
                if entry.is_dir(follow_symlinks=False):
                    if (below := _below(name, path, here, rules, tell)) is not None:
                        folders.append((here, f"{path}/", below))
                elif _NEVER(name):
                    _tell(tell, path, _why_never(name))
                elif drops(path):
                    _tell(tell, path, rules.why(path, is_folder=False) if tell else "")
                elif entry.is_symlink():
                    yield _link(entry, path, here, root)
                elif entry.is_file():  # no pipe, socket or device
                    stat = entry.stat(follow_symlinks=False)
                    yield Found(path, here, root, False, stat.st_size, _stamp(path, stat))


@contextmanager
def _scanned(folder: str) -> Iterator[list[os.DirEntry[str]]]:
    """The entries of a folder. Through a handle, where the system can: then it need not find each by its whole path."""
    if os.scandir not in os.supports_fd:
        with os.scandir(folder) as scan:
            yield list(scan)
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        with os.scandir(handle) as scan:
            yield list(scan)
    finally:
        os.close(handle)


def found_at(file: Path, path: str) -> Found:
    """One file that is named by itself."""
    stat = file.stat()
    return Found(path, str(file), str(file.parent), False, stat.st_size, _stamp(path, stat))


def is_never(name: str) -> bool:
    """Is a file of that name never taken?"""
    return _NEVER(name) is not None


def _below(name: str, path: str, source: str, rules: Judge, tell: Tell | None) -> Judge | None:
    """What judges the inside of a folder, or None if it is not walked."""
    if name in NEVER_FOLDERS:
        _tell(tell, f"{path}/", "version control, caches and settings of a machine are never taken")
    elif rules.prunes(path):
        _tell(tell, f"{path}/", rules.why(path, is_folder=True) if tell else "")
    else:
        return rules.below(path, source)
    return None


def _stamp(path: str, stat: os.stat_result) -> str:
    return f"{path}\t{stat.st_size} {stat.st_mtime_ns} {stat.st_ctime_ns} {stat.st_ino}"


def _link(entry: os.DirEntry[str], path: str, source: str, root: str) -> Found:
    try:
        stat = entry.stat()
    except OSError:
        return Found(path, source, root, True, 0, "")
    return Found(path, source, root, True, stat.st_size, _stamp(path, stat))


def _tell(tell: Tell | None, path: str, why: str) -> None:
    if tell is not None:
        tell(path, why)


def _why_never(name: str) -> str:
    if name in IGNORE_FILES:
        return "says what is left out"
    return "may hold a secret" if _SECRET.match(name) else "made by a tool or the system"
