"""The code of a step: which files of its folder belong to it, and their digest. Read by the step kinds, at compile.

`.amlignore`, else `.gitignore`, in the folder itself decides, with the patterns of git where the last match wins. Never
taken, whatever they say: version control, virtual environments, caches, `.env` files, keys. What the last match cannot
bring back is not walked. Line endings of text files are normalised, so that all systems give the same digest.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import translate
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import digest
from ..manifest import SnapshotFile, normalised

if TYPE_CHECKING:
    from pathspec import PathSpec

IGNORE_FILES = (
    ".amlignore",
    ".gitignore",
)  # the first that is there; they are never merged, as in Azure ML's own client

NEVER_FOLDERS = frozenset(
    (
        *(".git", ".hg", ".svn", ".venv", ".env", ".tox", ".nox", ".azureml"),
        *(
            ".amlkit",
            ".pulumi",
            ".ipynb_checkpoints",
            "__pycache__",
            ".mypy_cache",
            ".pytest_cache",
            ".ruff_cache",
            ".hypothesis",
        ),
    )
)
NEVER_FILES = (
    *(".env", ".env.*", "*.env", "*.pem", "*.key", "*.pfx", "*.p12", "*.jks", "*.ppk"),
    *(
        "*.kdbx",
        "id_rsa*",
        "id_dsa*",
        "id_ecdsa*",
        "id_ed25519*",
        ".netrc",
        ".pypirc",
        ".git-credentials",
        "*.publishsettings",
    ),
    *(".git", "*.pyc", "*.pyo", ".DS_Store", "Thumbs.db"),
)

TEXT_SUFFIXES = frozenset(  # part of every digest of code: a change of this list is a reuse break
    (
        *(".py", ".pyi", ".ipynb", ".r", ".sh", ".ps1", ".bat", ".cmd", ".sql", ".usql", ".scala", ".java"),
        *(".js", ".ts", ".c", ".h", ".cpp", ".hpp", ".cs", ".rs", ".go", ".jl", ".lua", ".pl"),
        *(".txt", ".md", ".rst", ".csv", ".tsv", ".json", ".jsonl", ".yaml", ".yml", ".toml", ".ini", ".cfg"),
        *(".conf", ".xml", ".html", ".htm", ".css", ".svg", ".tex", ".lock", ".in", ".properties", ".j2", ".tmpl"),
    )
)


_NEVER_FILE = re.compile("|".join(translate(pattern) for pattern in (*NEVER_FILES, *IGNORE_FILES)))


@dataclass(frozen=True)
class Snapshot:
    """The files in the order of their paths (relative, posix), and what could not be taken: path and reason."""

    files: tuple[SnapshotFile, ...]
    refused: tuple[tuple[str, str], ...] = ()

    @property
    def digest(self) -> str:
        """64 hex digits of paths and contents; modes, times and order take no part."""
        return digest.of_tree((file.path, file.sha256) for file in self.files)


def take(folder: Path, leave_out: frozenset[str] = frozenset()) -> Snapshot:
    """The snapshot of a folder without the paths (relative, posix) of `leave_out`.

    Raises:
        OSError: a file cannot be read.
    """
    root = folder.resolve()
    found = sorted(_walk(root, _Ignored.of(root)))
    refused = tuple((path, reason) for path, is_link in found if (reason := _reason_against(root, path, is_link)))
    bad = leave_out.union(path for path, _ in refused)
    return Snapshot(tuple(_read(root, path) for path, _ in found if path not in bad), refused)


@dataclass(frozen=True)
class _Ignored:
    """The patterns that hold for a folder. `final`: no pattern can bring anything back."""

    spec: PathSpec[Any] | None
    final: bool

    @classmethod
    def of(cls, root: Path) -> _Ignored:
        found = next((root / name for name in IGNORE_FILES if (root / name).is_file()), None)
        if found is None:
            return cls(None, True)
        from pathspec import PathSpec

        lines = found.read_text(encoding="utf-8-sig", errors="surrogateescape").splitlines()
        return cls(PathSpec.from_lines("gitignore", lines), not any(line.startswith("!") for line in lines))

    def drops(self, path: str) -> bool:
        return self.spec is not None and self.spec.match_file(path)


def _walk(root: Path, ignored: _Ignored) -> Iterator[tuple[str, bool]]:
    """The path of every file, and whether it is a link."""
    folders = [""]
    while folders:
        inside = folders.pop()
        with os.scandir(root / inside) as entries:
            for entry in entries:
                path = inside + entry.name
                if entry.is_dir(follow_symlinks=False):
                    if not _is_never_folder(entry) and not (ignored.final and ignored.drops(path + "/")):
                        folders.append(path + "/")
                elif _may_be_code(entry) and not ignored.drops(path):
                    yield path, entry.is_symlink()


def _may_be_code(entry: os.DirEntry[str]) -> bool:
    """A file or a link (a broken one must be told about), and nothing secret; no pipe, socket or device."""
    return _NEVER_FILE.match(entry.name) is None and (entry.is_file() or entry.is_symlink())


def _is_never_folder(entry: os.DirEntry[str]) -> bool:
    return entry.name in NEVER_FOLDERS or Path(entry.path, "pyvenv.cfg").exists()


def _reason_against(root: Path, path: str, is_link: bool) -> str:
    """Why a file cannot be taken, or nothing."""
    if not path.isprintable():
        return "its name is not plain text"
    if not is_link:
        return ""
    target = (root / path).resolve()
    if not target.is_relative_to(root):
        return "the link leads out of the folder"
    return "" if target.is_file() else "the link leads to no file"


def _read(root: Path, path: str) -> SnapshotFile:
    source = root / path
    if source.suffix.lower() not in TEXT_SUFFIXES:
        return SnapshotFile(path, source.stat().st_size, digest.of_file(source), source=str(source))
    content = normalised(source.read_bytes())
    return SnapshotFile(path, len(content), hashlib.sha256(content).hexdigest(), is_text=True, source=str(source))
