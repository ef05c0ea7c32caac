"""Pulumi's file backend, one stack of it: where the state lies, its lock, its history and backups.

Used by the operations and the `stack` commands; `Committer` writes through `FileState.save`. Layout (Pulumi's,
version 1 of `meta.yaml`), below `.pulumi/` of the backend's folder: `stacks/<project>/<stack>.json` and `.json.bak`,
`history/<project>/<stack>/`, `backups/<project>/<stack>/`, `locks/organization/<project>/<stack>/`.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal
from urllib.parse import unquote, urlsplit

from amlkit.engine.events import Kind
from amlkit.errors import SetupError

from . import checkpoint
from .locks import Locks
from .resource import Deployment
from .secrets import Passphrase

META = "version: 1\n"
ORGANIZATION = "organization"


class FileState:
    """The state of one stack. Nothing is read or made before a method is called.

    Raises:
        SetupError: the URL is not a `file://` one.
    """

    def __init__(self, backend_url: str, project: str, stack: str) -> None:
        self.url = backend_url
        self.project = project
        self.stack = stack
        self.root = folder_of(backend_url) / ".pulumi"
        self.file = self.root / "stacks" / project / f"{stack}.json"
        self._locks = Locks(self.root / "locks" / ORGANIZATION / project / stack, backend_url)

    @property
    def fqn(self) -> str:
        """`organization/<project>/<stack>`."""
        return f"{ORGANIZATION}/{self.project}/{self.stack}"

    @property
    def backup(self) -> Path:
        """The state before the last write."""
        return self.file.with_name(self.file.name + ".bak")

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
        for suffix in (".gz", ".zst"):
            packed = self.file.with_name(self.file.name + suffix)
            if packed.exists():
                raise SetupError("a compressed state is not read here", where=str(packed), hint="use the Pulumi CLI")
        try:
            text = self.file.read_text(encoding="utf-8")
            if not isinstance(json.loads(text), dict):
                raise ValueError("not a JSON object")
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            raise SetupError(f"damaged state: {error}", where=str(self.file), hint=self._repair()) from error
        return text

    def save(self, text: str) -> None:
        """Replace the state: on disk when this returns; a kill leaves the old or the new one, never half of one."""
        if self.file.exists():
            _link(self.file, self.backup)
        _write(self.file, text)

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

    def finish(
        self,
        kind: Kind,
        result: Literal["succeeded", "failed"],
        changes: Mapping[str, int],
        start: float,
        end: float,
        config: Mapping[str, Any],
        message: str = "",
    ) -> None:
        """Record an operation in the history and keep a backup of the state it left.

        `changes` counts operations (`{"create": 2, "same": 1}`), times are seconds since the epoch, `config` is as the
        stack file has it (secrets encrypted), `message` is the user's.
        """
        moment = int(end * 1e9)
        entry = {
            "kind": "resource-import" if kind == "import" else kind,
            "startTime": int(start),
            "message": message,
            "environment": {"exec.kind": "amlkit"},
            "config": dict(config),
            "version": 0,
            "result": result,
            "endTime": int(end),
            "resourceChanges": dict(changes),
        }
        history = self.root / "history" / self.project / self.stack
        text = self.file.read_text(encoding="utf-8")
        _write(history / f"{self.stack}-{moment}.checkpoint.json", text)
        _write(history / f"{self.stack}-{moment}.history.json", json.dumps(entry, separators=(",", ":")))
        _write(self.root / "backups" / self.project / self.stack / f"{self.stack}.{moment}.json", text)

    def remove(self) -> None:
        """Forget the stack and its history; the last state stays as `.bak`, as the CLI leaves it."""
        self.file.replace(self.backup)
        for attributes in self.file.parent.glob(f"{self.stack}.json.attrs"):
            attributes.unlink()
        shutil.rmtree(self.root / "history" / self.project / self.stack, ignore_errors=True)

    def stacks(self) -> list[str]:
        """Names of the project's stacks."""
        return sorted(path.stem for path in self.file.parent.glob("*.json"))

    def refuse_lost(self) -> None:
        """A new stack in place of a lost one would make everything a second time. A removed one leaves no resources.

        Raises:
            SetupError: the state is gone, and the copy of it beside it has resources.
        """
        if self.exists() or not self.backup.exists():
            return
        if checkpoint.latest_of(self.backup.read_text(encoding="utf-8"), str(self.backup)).get("resources"):
            hint = f"copy {self.backup} there and run `refresh`; delete it if the resources are gone"
            raise SetupError("the state of this stack is missing", where=str(self.file), hint=hint)

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


def folder_of(backend_url: str) -> Path:
    """The folder that a `file://` URL names (`file://~` is the home folder).

    Raises:
        SetupError: it is another kind of backend.
    """
    parts = urlsplit(backend_url)
    if parts.scheme != "file":
        named = f"`{parts.scheme}://`" if parts.scheme else f"`{backend_url}`"
        raise SetupError(f"state in {named} is not for this engine, `file://` only", hint="use the Pulumi CLI")
    return Path(unquote(parts.netloc + parts.path)).expanduser().absolute()


def _write(path: Path, text: str) -> None:
    """Replace a file at once, and have it on disk."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    with draft.open("w", encoding="utf-8") as file:
        file.write(text)
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
