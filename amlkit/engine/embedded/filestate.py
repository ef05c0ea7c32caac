"""Pulumi's file backend, one stack of it: where the state lies, its lock, its history and backups.

Used by the operations and the `stack` commands; `Committer` writes through `FileState.save`. Layout (Pulumi's,
version 1 of `meta.yaml`), below `.pulumi/` of the backend's folder: `stacks/<project>/<stack>.json` and `.json.bak`,
`history/<project>/<stack>/`, `backups/<project>/<stack>/`, `locks/organization/<project>/<stack>/`. Where the user
wants files compressed, all but the locks end in `.gz`; a state is read in either form, and written in the wanted one.
"""

from __future__ import annotations

import gzip
import json
import os
import shutil
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from amlkit.engine.events import Kind
from amlkit.engine.naming import USE_CLI
from amlkit.engine.switches import is_on
from amlkit.errors import SetupError

from . import checkpoint
from .locks import Locks
from .resource import Deployment
from .secrets import Passphrase

_GZIP_MAGIC = b"\x1f\x8b"
META = "version: 1\n"
ORGANIZATION = "organization"
GZIP = ".gz"
_PACKED = ("PULUMI_DIY_BACKEND_GZIP", "PULUMI_SELF_MANAGED_STATE_GZIP")


@dataclass(frozen=True)
class Done:
    """An operation that is over, for the history.

    `changes` counts operations (`{"create": 2, "same": 1}`), times are seconds since the epoch, `config` is as the
    stack file has it (secrets encrypted), `message` is the user's, `environment` says from where it ran.
    """

    kind: Kind
    succeeded: bool
    changes: Mapping[str, int]
    start: float
    end: float
    config: Mapping[str, Any]
    message: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)


class FileState:
    """The state of one stack, written compressed if `packed`. Nothing is read or made before a method is called.

    Raises:
        SetupError: the URL is not a `file://` one.
    """

    def __init__(self, backend_url: str, project: str, stack: str, *, packed: bool = False) -> None:
        self.url = backend_url
        self.project = project
        self.stack = stack
        self.root = folder_of(backend_url) / ".pulumi"
        plain = self.root / "stacks" / project / f"{stack}.json"
        self._forms = (plain, plain.with_name(f"{plain.name}{GZIP}"))
        self._ending = GZIP if packed else ""
        self._locks = Locks(self.root / "locks" / ORGANIZATION / project / stack, backend_url)

    @property
    def fqn(self) -> str:
        """`organization/<project>/<stack>`."""
        return f"{ORGANIZATION}/{self.project}/{self.stack}"

    @property
    def file(self) -> Path:
        """The file that holds the state, the newer one of two; the plain one if there is none."""
        there = [form for form in self._forms if form.exists()]
        return max(there, key=lambda form: form.stat().st_mtime_ns, default=self._forms[0])

    @property
    def _wanted(self) -> Path:
        return self._forms[1 if self._ending else 0]

    @property
    def backup(self) -> Path:
        """The state before the last write."""
        return _backup_of(self.file)

    @property
    def history(self) -> Path:
        """The folder of what was done."""
        return self.root / "history" / self.project / self.stack

    def exists(self) -> bool:
        """Was the stack made?"""
        return self.file.exists()

    def create(self, passphrase: Passphrase) -> None:
        """Make the stack, without resources.

        Raises:
            SetupError: it exists already, its state was lost, or the backend's folder does not exist.
        """
        if self.exists():
            raise SetupError(f"stack '{self.fqn}' already exists")
        self._check_layout()
        self.refuse_lost()
        meta = self.root / "meta.yaml"
        if not meta.exists():
            _write(meta, META)
        self.save(checkpoint.write(Deployment(), self.fqn, passphrase, {}))

    def load(self) -> str | None:
        """The checkpoint's text, or None if there is no such stack.

        Raises:
            SetupError: it cannot be read, is damaged (the `.bak` is named), or is kept in a form not read here.
        """
        self._check_layout()
        packed = self._forms[0].with_name(f"{self._forms[0].name}.zst")
        if packed.exists():
            what = "a state that is compressed with zstd is not read here"
            raise SetupError(what, where=str(packed), hint=USE_CLI)
        try:
            text = _read(self.file)
            if not isinstance(json.loads(text), dict):
                raise ValueError("not a JSON object")
        except FileNotFoundError:
            return None
        except (OSError, EOFError, zlib.error, ValueError) as error:
            raise SetupError(f"damaged state: {error}", where=str(self.file), hint=self._repair()) from error
        return text

    def save(self, text: str) -> None:
        """Replace the state: on disk when this returns; a kill leaves the old or the new one, never half of one."""
        before, after = self.file, self._wanted
        if before.exists():
            _link(before, self.backup)
        _write(after, text)
        if before != after:
            self._drop(before)

    @contextmanager
    def lock(self, command: str, warn: Callable[[str], None] | None = None) -> Iterator[None]:
        """Hold the stack for one command. `warn` is told of each lock of a dead process that was removed.

        Raises:
            SetupError: another process that may be alive holds it.
        """
        held = self._locks.acquire(command, warn or (lambda _: None))
        try:
            yield
        finally:
            held.unlink(missing_ok=True)

    def is_busy(self) -> bool:
        """Is another process at work on the stack?"""
        return self._locks.is_busy()

    def unlock_all(self) -> int:
        """Remove every lock, alive or not (`cancel`); how many there were."""
        return self._locks.clear()

    def finish(self, done: Done) -> None:
        """Record an operation in the history and keep a backup of the state it left."""
        moment = int(done.end * 1e9)
        entry = {
            "kind": "resource-import" if done.kind == "import" else done.kind,
            "startTime": int(done.start),
            "message": done.message,
            "environment": {"exec.kind": "amlkit", **done.environment},
            "config": dict(done.config),
            "version": 0,
            "result": "succeeded" if done.succeeded else "failed",
            "endTime": int(done.end),
            "resourceChanges": dict(done.changes),
        }
        text, ending = _read(self.file), self._ending
        if self.file != self._wanted:
            self.save(text)
        _write(self.history / f"{self.stack}-{moment}.checkpoint.json{ending}", text)
        _write(self.history / f"{self.stack}-{moment}.history.json{ending}", json.dumps(entry, separators=(",", ":")))
        _write(self.root / "backups" / self.project / self.stack / f"{self.stack}.{moment}.json{ending}", text)

    def remove(self) -> None:
        """Forget the stack and its history; the last state stays as `.bak`, as the CLI leaves it."""
        self._retire()
        shutil.rmtree(self.history, ignore_errors=True)

    def move(self, new: FileState, text: str) -> None:
        """Go on as another stack, with this text as its state, and the history; the last state stays as `.bak`."""
        new.save(text)
        self._retire()
        for entry in self._history_entries():
            stem, _, moment = entry.name.rpartition("-")
            if stem == self.stack:
                new.history.mkdir(parents=True, exist_ok=True)
                entry.replace(new.history / f"{new.stack}-{moment}")

    def stacks(self) -> list[str]:
        """Names of the project's stacks."""
        folder = self._forms[0].parent
        files = (*folder.glob("*.json"), *folder.glob(f"*.json{GZIP}"))
        return sorted({path.name.removesuffix(GZIP).removesuffix(".json") for path in files})

    def refuse_lost(self) -> None:
        """A new stack in place of a lost one would make everything a second time.

        A removed one leaves no history, nor does one that was renamed, nor one whose first update never ended: of
        these `left_copy` tells.

        Raises:
            SetupError: the state is gone, and the copy of it beside it has resources.
        """
        if self._history_entries() and (copy := self.left_copy()):
            hint = f"copy {copy} there and run `refresh`; delete it if the resources are gone"
            raise SetupError("the state of this stack is missing", where=str(self.file), hint=hint)

    def left_copy(self) -> Path | None:
        """The copy that is left of a state, where there is no state, and the copy has resources.

        Raises:
            SetupError: it is damaged.
        """
        copy = next((each for each in map(_backup_of, self._forms) if each.exists()), None)
        if self.exists() or copy is None or not checkpoint.latest_of(_read(copy), str(copy)).get("resources"):
            return None
        return copy

    def _history_entries(self) -> list[Path]:
        return sorted(self.history.glob("*")) if self.history.is_dir() else []

    def _retire(self) -> None:
        """Leave the last state as `.bak`, and no state."""
        _link(self.file, self.backup)
        for form in self._forms:
            self._drop(form)

    def _drop(self, form: Path) -> None:
        """Remove one form of the state, and what other tools noted of it."""
        for file in (form, form.with_name(f"{form.name}.attrs")):
            file.unlink(missing_ok=True)

    def _repair(self) -> str:
        if self.backup.exists():
            return f"the state before the last write is {self.backup}: copy it over, then run `refresh`"
        return "there is no copy of it; look into `backups` beside it"

    def _check_layout(self) -> None:
        folder = self.root.parent
        if not folder.is_dir():
            raise SetupError("the backend's folder does not exist", where=str(folder), hint=f"mkdir -p {folder}")
        if not (self.root / "meta.yaml").exists() and any((self.root / "stacks").glob("*.json")):
            raise SetupError("a state of the old layout", where=str(self.root), hint="run `pulumi state upgrade`")


def wants_packed(environ: Mapping[str, str]) -> bool:
    """Does the user want states compressed?"""
    return any(is_on(environ, name) for name in _PACKED)


def _backup_of(file: Path) -> Path:
    return file.with_name(f"{file.name}.bak")


def folder_of(backend_url: str) -> Path:
    """The folder that a `file://` URL names (`file://~` is the home folder).

    Raises:
        SetupError: it is another kind of backend.
    """
    parts = urlsplit(backend_url)
    if parts.scheme != "file":
        named = f"`{parts.scheme}://`" if parts.scheme else f"`{backend_url}`"
        raise SetupError(f"state in {named} is not for this engine, `file://` only", hint=USE_CLI)
    return Path(unquote(parts.netloc + parts.path)).expanduser().absolute()


def _read(path: Path) -> str:
    """A file's text, also of a compressed one, whatever its name."""
    found = path.read_bytes()
    return (gzip.decompress(found) if found.startswith(_GZIP_MAGIC) else found).decode()


def _write(path: Path, text: str) -> None:
    """Replace a file at once, and have it on disk; compressed, if its name says so."""
    data = text.encode()
    if path.suffix == GZIP:
        data = gzip.compress(data, mtime=0)
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    with draft.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _link(path: Path, copy: Path) -> None:
    draft = copy.with_name(f".{copy.name}.{os.getpid()}.tmp")
    draft.unlink(missing_ok=True)
    try:
        os.link(path, draft)
    except OSError:  # a file system without hard links
        shutil.copyfile(path, draft)
    draft.replace(copy)
