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
_CAUSES = ("\u00d7", "error:")  # how uv begins what went wrong
_CORES_TO_COMPILE = 8  # to compile a whole environment is some 10 s of work, and spares its first imports 4


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
    """The cache. `variables` is the whole environment for uv; it must not point at the stand-in.

    With many `cores` everything is compiled when it is installed, with few by the first step that imports it.
    """

    def __init__(self, cache: Path, variables: Mapping[str, str], cores: int | None = None) -> None:
        self._compiles = (cores or os.cpu_count() or 1) >= _CORES_TO_COMPILE
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
        if not _is_complete(folder):
            return None
        os.utime(folder)  # for the garbage collection: it was used
        return Environment(folder, _notes(needed, interpreter))

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
        with _locked(folder.with_name(f"{folder.name}.lock"), log):
            if not _is_complete(folder):
                self._make(folder, needed, interpreter, log)
            os.utime(folder)
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
            install += ["--compile-bytecode"] if self._compiles else []
            hashed = ["--require-hashes"] if any("--hash" in line for line in needed.lines) else []
            self._run([*install, *hashed, "-r", str(listed)], log)

    def _run(self, command: list[str], log: Path) -> None:
        start = log.stat().st_size if log.exists() else 0
        try:
            process = processes.spawn(command, log.parent, self._variables, log)
        except OSError as error:
            raise BuildError(f"the environment cannot be built: uv does not start: {error}") from error
        if processes.wait(process) != 0:
            said = log.read_bytes()[start:].decode(errors="replace").strip().splitlines()
            raise BuildError("\n".join(["the environment cannot be built", *_telling(said)]))


def _requirements(spec: EnvironmentSpec) -> Requirements:
    try:
        return requirements(spec)
    except BadEnvironmentError as error:
        raise BuildError(f"the environment cannot be built: {error}") from error


def _is_complete(folder: Path) -> bool:
    return (folder / "bin" / "python").exists()


def _notes(needed: Requirements, interpreter: Interpreter) -> tuple[str, ...]:
    notes = [interpreter.note] if interpreter.note else []
    if needed.moved:
        notes.append(f"packages of conda that pip brings here, from its own index: {', '.join(needed.moved)}")
    if needed.ignored:
        notes.append(f"packages and settings of conda that are not here: {', '.join(needed.ignored)}")
    if needed.curated:
        listed = ", ".join(needed.lines) or "nothing but Python"
        notes.append(f"the curated environment `{needed.curated}` is an image; what stands for it here: {listed}")
    elif needed.image:
        notes.append(f"the image is not used, the step runs on this machine: {needed.image}")
    return tuple(notes)


def _telling(said: list[str]) -> list[str]:
    """uv's last lines, and before them the one that names the package, if a package's own words fill the rest."""
    last = said[-_SHOWN_LINES:]
    cause = next((line for line in said[:-_SHOWN_LINES] if line.lstrip().startswith(_CAUSES)), None)
    return last if cause is None else [cause, "…", *last]


@contextmanager
def _locked(file: Path, log: Path) -> Iterator[None]:
    with file.open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            with log.open("a") as said:
                said.write("waits for another process, which builds the same environment\n")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
