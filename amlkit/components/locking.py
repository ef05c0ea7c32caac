"""Makes locks: asks uv which versions an environment file comes to, with hashes. Called by `amlkit lock`.

A lock notes the digest of what it was made from, so an unchanged file needs no question to any index and its lock keeps
its bytes. A changed one keeps the versions that still fit, unless an upgrade is asked for.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from ..errors import DefinitionError, Problem, SetupError
from . import lockfile
from .condafile import Wanted
from .environment import Conda, EnvironmentSource, Requirements

_SHOWN_LINES = 20
_NOTHING = "# Nothing to lock: this environment is Python alone.\n"
_REQUIREMENTS_SUFFIXES = (".txt", ".in")


class State(StrEnum):
    """What became, or would become, of a lock."""

    UNCHANGED = "unchanged"
    WRITTEN = "written"
    MISSING = "missing"
    STALE = "stale"
    UNMARKED = "unmarked"  # it does not say what it was made from


@dataclass(frozen=True)
class Target:
    """An environment file whose lock is wanted; `folder` is absolute, the paths of `source` start in it."""

    source: Conda | Requirements
    folder: Path

    @property
    def file(self) -> Path:
        """The environment file."""
        return self.folder / self.source.path

    @property
    def lock(self) -> Path:
        """Its lock, there or not."""
        return self.folder / self.source.lock_path


@dataclass(frozen=True)
class Locked:
    """What became of one lock: how many packages it holds now, and which were added, removed or changed (`a 1 → 2`)."""

    target: Target
    state: State
    packages: int = 0
    changes: tuple[str, ...] = ()


def targets(sources: Iterable[tuple[EnvironmentSource, Path]]) -> tuple[Target, ...]:
    """Those that have a lock, each file once, in order; images and curated environments have none."""
    found: dict[Path, Target] = {}
    for source, folder in sources:
        if isinstance(source, Conda | Requirements) and source.path:
            target = Target(source, folder.resolve())
            found.setdefault(target.file.resolve(), target)
    return tuple(found.values())


def target_of(file: Path, python: str = "3.11") -> Target:
    """A file by its path: `requirements*.txt` and `*.in` for a version of Python, else a conda file.

    Raises:
        DefinitionError: there is no such file.
    """
    if not file.is_file():
        raise DefinitionError([Problem(str(file), "no such file")])
    is_requirements = file.suffix in _REQUIREMENTS_SUFFIXES
    source = Requirements(file.name, python) if is_requirements else Conda(file.name)
    return Target(source, file.parent.resolve())


def state_of(target: Target) -> State:
    """Is the lock there, and made from what the file says now? Asks no index.

    Raises:
        DefinitionError: the file cannot be locked; all its problems.
    """
    return _state(target, _wanted(target))


def lock(target: Target, *, upgrade: bool = False) -> Locked:
    """Write a lock if it is not there, stale, or an upgrade is asked for.

    Raises:
        DefinitionError: the file cannot be locked, or uv finds no versions that fit; its words are the hint.
        SetupError: there is no uv.
    """
    wanted = _wanted(target)
    if not upgrade and _state(target, wanted) is State.UNCHANGED:
        return Locked(target, State.UNCHANGED, len(_versions(target.lock)))
    before = _versions(target.lock)
    content = (lockfile.header(lockfile.digest_of(wanted)) + _resolved(target, wanted, upgrade)).encode()
    if target.lock.is_file() and target.lock.read_bytes() == content:
        return Locked(target, State.UNCHANGED, len(before))
    _replace(target.lock, content)
    after = _versions(target.lock)
    return Locked(target, State.WRITTEN, len(after), _changes(before, after))


def find_uv() -> str:
    """The path of uv: the one installed beside this Python, else the one on PATH.

    Raises:
        SetupError: there is none.
    """
    beside = shutil.which("uv", path=str(Path(sys.executable).parent))
    found = beside or shutil.which("uv")
    if found is None:
        raise SetupError("uv is not installed, and locks are made with it", hint="pip install uv")
    return found


def _wanted(target: Target) -> Wanted:
    where = str(target.file)
    if not target.file.is_file():
        raise DefinitionError([Problem(where, "no such file")])
    wanted, problems = target.source.wanted(target.folder, where)
    if problems:
        raise DefinitionError(problems)
    return wanted


def _state(target: Target, wanted: Wanted) -> State:
    if not target.lock.is_file():
        return State.MISSING
    made_from = lockfile.made_from(target.lock)
    if not made_from:
        return State.UNMARKED
    return State.UNCHANGED if made_from == lockfile.digest_of(wanted) else State.STALE


def _resolved(target: Target, wanted: Wanted, upgrade: bool) -> str:
    """The lock's lines; versions of the present lock are kept where they fit."""
    with tempfile.TemporaryDirectory(prefix="amlkit-lock-") as name:
        folder = Path(name)
        out, asked, bounds = folder / "out.lock", folder / "requirements.in", folder / "constraints.in"
        if target.lock.is_file() and not upgrade:
            shutil.copyfile(target.lock, out)
        asked.write_text("\n".join([*wanted.indexes, *wanted.requirements]) + "\n", encoding="utf-8")
        bounds.write_text("\n".join(wanted.constraints) + "\n", encoding="utf-8")
        command = [find_uv(), "pip", "compile", "--quiet", "--universal", "--generate-hashes", "--no-header"]
        command += ["--no-annotate", "--no-emit-index-url", "--no-emit-find-links", "--python-version", wanted.python]
        command += ["--constraints", str(bounds), "--output-file", str(out), str(asked)]
        done = subprocess.run(
            command, cwd=target.folder, env={**os.environ, "NO_COLOR": "1"}, capture_output=True, check=False
        )
        if done.returncode != 0:
            raise DefinitionError([_refusal(target, done.stderr.decode(errors="replace"), folder)])
        lines = out.read_text(encoding="utf-8").splitlines(keepends=True)
        return "".join(line for line in lines if not line.startswith("#")) or _NOTHING


def _refusal(target: Target, said: str, folder: Path) -> Problem:
    """uv's words without its ornaments and without the paths of our temporary files."""
    words = said.replace(f"{folder}{os.sep}", "").replace("`requirements.in`", f"`{target.source.path}`")
    lines = [re.sub(r"^[^\w`'\"(+-]+", "", line) for line in words.splitlines()]
    shown = [line for line in lines if line][-_SHOWN_LINES:]
    return Problem(str(target.file), "\n  ".join(["uv cannot lock it", *shown]))


def _replace(file: Path, content: bytes) -> None:
    """Whole or not at all."""
    new = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        new.write_bytes(content)
        new.replace(file)
    finally:
        new.unlink(missing_ok=True)


def _versions(file: Path) -> dict[str, str]:
    """Packages and versions, several of a package joined; of a file that is no lock what can be read of it."""
    if not file.is_file():
        return {}
    found: dict[str, list[str]] = {}
    for requirement in lockfile.read(file, "")[0].requirements:
        found.setdefault(requirement.name, []).append(requirement.version)
    return {name: ", ".join(versions) for name, versions in found.items()}


def _changes(before: dict[str, str], after: dict[str, str]) -> tuple[str, ...]:
    lines = []
    for name in sorted({*before, *after}):
        old, new = before.get(name), after.get(name)
        if old is None:
            lines.append(f"+ {name} {new}")
        elif new is None:
            lines.append(f"- {name} {old}")
        elif old != new:
            lines.append(f"~ {name} {old} → {new}")
    return tuple(lines)
