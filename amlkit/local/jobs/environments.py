"""Environments of steps: virtual environments that uv builds, cached by digest and shared between checkouts.

A build happens under a file lock in a folder of its own, which is renamed when it is complete: nobody builds twice and
nobody sees half. Called by the scheduler's preparing threads.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ... import digest
from . import processes
from .conda import BadEnvironmentError, Requirements, requirements
from .interpreters import Interpreter, choose, fits, host
from .records import EnvironmentSpec

_LAYOUT = 1  # part of the digest: raise it when the way of building changes
_SHOWN_LINES = 15


class BuildError(Exception):
    """An environment cannot be built; the message ends with uv's last lines."""


@dataclass(frozen=True)
class Environment:
    """A built environment. `notes` say what of the asked one could not be honoured, one sentence a line."""

    folder: Path
    notes: tuple[str, ...]

    @property
    def scripts(self) -> Path:
        """The folder for PATH."""
        return self.folder / "bin"


def cache_folder(variables: Mapping[str, str]) -> Path:
    """Where environments are kept: below `$AMLKIT_CACHE`, else `amlkit/` in the user's cache folder."""
    if chosen := variables.get("AMLKIT_CACHE"):
        return Path(chosen) / "environments"
    user = variables.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(user) / "amlkit" / "environments"


class Environments:
    """The cache. `variables` is the whole environment for uv; it must not point at the stand-in."""

    def __init__(self, cache: Path, variables: Mapping[str, str]) -> None:
        self._cache = cache
        self._variables = dict(variables)
        self._uv = str(Path(sys.executable).parent / "uv")
        self._chosen: dict[str, Interpreter] = {}

    def ready(self, spec: EnvironmentSpec) -> Environment | None:
        """The environment, if it is there and no question to uv is needed to know it.

        Raises:
            BuildError: the definition cannot be read.
        """
        needed = _requirements(spec)
        interpreter = host() if fits(needed.python, host().version) else self._chosen.get(needed.python)
        if interpreter is None:
            return None
        folder = self._folder(needed, interpreter)
        return Environment(folder, _notes(needed, interpreter)) if _is_complete(folder) else None

    def build(self, spec: EnvironmentSpec, log: Path) -> Environment:
        """The environment, built if it is not there. What uv says is appended to `log`.

        Raises:
            BuildError: it cannot be read or built.
        """
        needed = _requirements(spec)
        interpreter = self._chosen.get(needed.python) or choose(needed.python, self._uv, self._variables)
        self._chosen[needed.python] = interpreter
        folder = self._folder(needed, interpreter)
        folder.parent.mkdir(parents=True, exist_ok=True)
        with _locked(folder.with_name(f"{folder.name}.lock")):
            if not _is_complete(folder):
                self._make(folder, needed, interpreter, log)
        return Environment(folder, _notes(needed, interpreter))

    def _folder(self, needed: Requirements, interpreter: Interpreter) -> Path:
        what = {"python": [interpreter.text, interpreter.path], "lines": needed.lines, "pip": needed.seed_pip}
        return self._cache / digest.of({**what, "layout": _LAYOUT})[:32]

    def _make(self, folder: Path, needed: Requirements, interpreter: Interpreter, log: Path) -> None:
        for stale in (*folder.parent.glob(f"{folder.name}.new-*"), folder):
            shutil.rmtree(stale, ignore_errors=True)
        new = folder.with_name(f"{folder.name}.new-{os.getpid()}")
        venv = [
            self._uv,
            "venv",
            "--relocatable",
            "--no-project",
            "--no-config",
            "--python",
            interpreter.path,
            str(new),
        ]
        try:
            self._fill(new, [*venv, *(["--seed"] if needed.seed_pip else [])], needed, log)
        except BuildError:
            shutil.rmtree(new, ignore_errors=True)
            raise
        new.rename(folder)

    def _fill(self, new: Path, venv: list[str], needed: Requirements, log: Path) -> None:
        self._run(venv, log)
        if needed.lines:
            listed = new / "requirements.txt"
            listed.write_text("\n".join(needed.lines) + "\n")
            install = [self._uv, "pip", "install", "--no-progress", "--python", str(new / "bin" / "python")]
            hashed = ["--require-hashes"] if any("--hash" in line for line in needed.lines) else []
            self._run([*install, *hashed, "-r", str(listed)], log)

    def _run(self, command: list[str], log: Path) -> None:
        start = log.stat().st_size if log.exists() else 0
        try:
            process = processes.spawn(command, log.parent, self._variables, log)
        except OSError as error:
            raise BuildError(f"the environment cannot be built: uv does not start: {error}") from error
        if processes.wait(process) != 0:
            said = log.read_bytes()[start:].decode(errors="replace").strip().splitlines()[-_SHOWN_LINES:]
            raise BuildError("\n".join(["the environment cannot be built", *said]))


def _requirements(spec: EnvironmentSpec) -> Requirements:
    try:
        return requirements(spec)
    except BadEnvironmentError as error:
        raise BuildError(f"the environment cannot be built: {error}") from error


def _is_complete(folder: Path) -> bool:
    return (folder / "bin" / "python").exists()


def _notes(needed: Requirements, interpreter: Interpreter) -> tuple[str, ...]:
    notes = [interpreter.note] if interpreter.note else []
    if needed.ignored:
        notes.append(f"conda packages are not installed here, only Python and pip's: {', '.join(needed.ignored)}")
    if needed.image:
        notes.append(f"the image is not used, the step runs on this machine: {needed.image}")
    return tuple(notes)


@contextmanager
def _locked(file: Path) -> Iterator[None]:
    with file.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
