"""The lock files of a stack, in the format and place of Pulumi's file backend; used by `filestate`.

Better than the official engine in one respect: the lock of a process of this host that is dead is removed.
"""

from __future__ import annotations

import getpass
import json
import os
import socket
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from amlkit.errors import SetupError

from .manifest import now


@dataclass(frozen=True)
class Lock:
    """Who holds a stack. `timestamp` is RFC 3339."""

    file: Path
    pid: int
    username: str
    hostname: str
    timestamp: str

    @property
    def is_dead(self) -> bool:
        """Is its process surely gone: of this host, and ended, or begun after the lock was made?"""
        return self.hostname == socket.gethostname() and not _lived_at(self.pid, self.timestamp)


class Locks:
    """All locks of one stack: a folder of JSON files."""

    def __init__(self, folder: Path, backend_url: str) -> None:
        self.folder = folder
        self.backend_url = backend_url

    def acquire(self, command: str, warn: Callable[[str], None]) -> Path:
        """Write a lock, remove the dead ones, and give up if another is left.

        Raises:
            SetupError: someone else has the stack.
        """
        self._refuse(self._others(None, warn), command)
        own = self.folder / f"{uuid.uuid4()}.json"
        self.folder.mkdir(parents=True, exist_ok=True)
        draft = own.with_suffix(".tmp")
        draft.write_text(json.dumps(_mine(), separators=(",", ":")))
        draft.replace(own)
        try:
            self._refuse(self._others(own, warn), command)
        except SetupError:
            own.unlink(missing_ok=True)
            raise
        return own

    def is_busy(self) -> bool:
        """Does another process that may be alive hold one?"""
        return any(lock.pid != os.getpid() and not lock.is_dead for lock in self._read(None))

    def clear(self) -> int:
        """Remove all; how many there were."""
        found = list(self.folder.glob("*.json"))
        for file in found:
            file.unlink(missing_ok=True)
        return len(found)

    def _others(self, own: Path | None, warn: Callable[[str], None]) -> list[Lock]:
        alive = []
        for lock in self._read(own):
            if lock.is_dead:
                lock.file.unlink(missing_ok=True)
                warn(f"removed the lock of a process that is gone: {lock.username}@{lock.hostname} (pid {lock.pid})")
            else:
                alive.append(lock)
        return alive

    def _read(self, own: Path | None) -> Iterator[Lock]:
        for file in sorted(self.folder.glob("*.json")):
            if file == own:
                continue
            try:
                raw: dict[str, Any] = json.loads(file.read_text())
            except FileNotFoundError:
                continue
            except ValueError:
                raw = {}  # written by a process that has not finished writing, or never will
            yield Lock(
                file,
                int(raw.get("pid", 0)),
                raw.get("username", "?"),
                raw.get("hostname", "?"),
                raw.get("timestamp", ""),
            )

    def _refuse(self, others: list[Lock], command: str) -> None:
        if not others:
            return
        lines = [
            f"{self.backend_url.rstrip('/')}/.pulumi/{lock.file.relative_to(self.folder.parents[3])}: "
            f"created by {lock.username}@{lock.hostname} (pid {lock.pid}) at {_seconds(lock.timestamp)}"
            for lock in others
        ]
        what = (
            f"the stack is currently locked by {len(others)} lock(s). Either wait for the other process(es) to end "
            "or delete the lock file with `pulumi cancel`.\n  " + "\n  ".join(lines)
        )
        raise SetupError(what, hint=f"`cancel` removes the lock; then `{command}` again")


def _mine() -> dict[str, Any]:
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a container's user without an entry
        user = str(os.getuid())
    return {"pid": os.getpid(), "username": user, "hostname": socket.gethostname(), "timestamp": now()}


def _lived_at(pid: int, timestamp: str) -> bool:
    """Did the process that now has this pid exist at that moment? Without /proc: is there such a process?"""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        pass
    began = _began(pid)
    made = _moment(timestamp)
    return began is None or made is None or began <= made + 2


def _began(pid: int) -> float | None:
    """When a process started, in seconds since the epoch; None where /proc does not say. State `Z` counts as gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        boot = next(line for line in Path("/proc/stat").read_text().splitlines() if line.startswith("btime "))
    except (OSError, StopIteration):
        return None
    if fields[0] in "ZX":
        return float("inf")
    return float(boot.split()[1]) + int(fields[19]) / os.sysconf("SC_CLK_TCK")


def _moment(timestamp: str) -> float | None:
    try:
        return datetime.fromisoformat(_seconds(timestamp)).astimezone(UTC).timestamp()
    except ValueError:
        return None


def _seconds(timestamp: str) -> str:
    """RFC 3339 without its fraction."""
    head, mark, _ = timestamp.partition(".")
    return f"{head}Z" if mark else timestamp
