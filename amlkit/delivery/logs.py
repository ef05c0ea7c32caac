"""Logs of steps: read in pieces from where a reader is, never whole, and followed while they grow.

Logs are blobs behind addresses that are signed already: they are read without a token, and with byte ranges, which
is why a log of gigabytes costs no memory and following costs only what is new.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http.client import HTTPException

from amlkit.errors import RunError, ServiceError, UnreachableError
from amlkit.target import client

from .records import Run, StepRun, walk
from .stacks import Workspace

PIECE_BYTES = 1 << 20
_TAIL_BYTES = 64 << 10
_RANGE_OF = re.compile(r"bytes \d+-\d+/(\d+)")
_OWN = re.compile(r"user_logs/std_log.*\.txt")  # what the step's processes wrote; the rest is the service's


@dataclass(frozen=True)
class Log:
    """One log file of a step and where it can be read; the address is good for hours, not for ever."""

    name: str
    url: str

    @property
    def is_own(self) -> bool:
        """Did the step's own process write it?"""
        return _OWN.fullmatch(self.name) is not None


def logs_of(workspace: Workspace, step: StepRun) -> tuple[Log, ...]:
    """The log files that a step has now, by name: its own first, then those of the service."""
    files: Mapping[str, str] = workspace.history(f"/runs/{step.id}/details").get("logFiles") or {}
    found = (Log(name, url) for name, url in files.items())
    return tuple(sorted(found, key=lambda log: (not log.is_own, log.name)))


def main_logs(logs: tuple[Log, ...]) -> tuple[Log, ...]:
    """Those to show when none is named: what the step wrote, or the service's where it never came to run."""
    return tuple(log for log in logs if log.is_own) or logs


def pieces(log: Log, start: int = 0) -> Iterator[bytes]:
    """The bytes from `start` on, as long as the log is at its last piece, each of at most `PIECE_BYTES`.

    Raises:
        ServiceError: it cannot be read.
    """
    while True:
        content, total = _read(log, start, start + PIECE_BYTES - 1)
        if content:
            yield content
        start += len(content)
        if not content or start >= total:
            return


def log_tail(workspace: Workspace, step: StepRun, lines: int = 20) -> list[str]:
    """The last lines that a step wrote, at most 64 KB of them; its build log's if it never ran."""
    logs = main_logs(logs_of(workspace, step))
    return tail(logs[0], lines) if logs else []


def tail(log: Log, lines: int) -> list[str]:
    """The last lines of a log, at most 64 KB of them."""
    total = _read(log, 0, 0)[1]
    text = b"".join(pieces(log, max(total - _TAIL_BYTES, 0))).decode(errors="replace")
    return text.splitlines()[-lines:] if lines else []


def _read(log: Log, first: int, last: int) -> tuple[bytes, int]:
    """At most these bytes, and the size of the whole; none, and 0, if it ends before the first one."""
    try:
        answer = client().request("GET", log.url, headers={"Range": f"bytes={first}-{last}"})
    except (OSError, HTTPException) as error:
        raise UnreachableError(log.url.split("?")[0], str(error)) from error
    if answer.status_code == 416:
        return b"", 0
    if answer.status_code >= 400:
        raise ServiceError(answer.status_code, "", f"the log cannot be read: {answer.text[:200]}", where=log.name)
    if answer.status_code == 200:  # the whole of it
        return answer.content[first : last + 1], len(answer.content)
    match = _RANGE_OF.fullmatch(answer.headers.get("Content-Range") or "")
    return answer.content, int(match[1]) if match else 0


@dataclass(frozen=True)
class News:
    """Bytes of a log that were not read before. `label` says whose they are; empty where there is only one log."""

    label: str
    content: bytes


class Reader:
    """Reads the logs of a run's steps, or of one step, from where it was the last time.

    `step` is a path, name or id; a nested pipeline or a sweep stands for all that is in it. `file` is the name of a
    log file, if not what the step wrote is asked for.

    Raises:
        RunError: there is no such step.
    """

    def __init__(self, workspace: Workspace, run: Run, step: str | None = None, file: str | None = None) -> None:
        self._workspace = workspace
        self._run = run
        self._file = file
        self._only = {each.id for _, each in walk((run.step(step),))} if step is not None else None
        self._logs: dict[str, tuple[Log, ...]] = {}
        self._read: dict[tuple[str, str], int] = {}
        self._done: set[str] = set()
        leaves = [path for path, _ in self._asked(run)]
        grows = any(each.kind == "sweep" for _, each in run.walk() if self._only is None or each.id in self._only)
        self._width = max(map(len, leaves), default=1) if len(leaves) > 1 or grows else 0

    def whole(self) -> Iterator[News]:
        """All that the logs hold now, step after step."""
        for path, step in self._asked(self._run):
            logs = self._found(step)
            for log in logs:
                for content in pieces(log):
                    yield News(self._label(path, log, logs), content)

    def tails(self, lines: int) -> Iterator[tuple[str, str]]:
        """The last lines of each log, with its label."""
        for path, step in self._asked(self._run):
            logs = self._found(step)
            for log in logs:
                yield from ((self._label(path, log, logs), line) for line in tail(log, lines))

    def news(self, run: Run) -> Iterator[News]:
        """What was written since the last call; `run` is as it is now. A step that is over is read to its end once."""
        for path, step in self._asked(run):
            if step.id in self._done or step.status in ("NotStarted", "Queued"):
                continue
            logs = self._found(step)
            for log in logs:
                yield from self._news_of(step, log, self._label(path, log, logs))
            if step.is_over:
                self._done.add(step.id)

    def _news_of(self, step: StepRun, log: Log, label: str) -> Iterator[News]:
        """The last byte that was read is asked for again: so a log with nothing new differs from one that was cut."""
        key = step.id, log.name
        start = self._read.get(key, 0)
        came = False
        for content in pieces(log, max(start - 1, 0)):
            new = content if came or not start else content[1:]
            came = True
            self._read[key] = self._read.get(key, 0) + len(new)
            if new:
                yield News(label, new)
        if start and not came:  # the service took something out of its middle
            self._read[key] = _read(log, 0, 0)[1]
            yield News(label, b"\n(a part of the log is left out here)\n")

    def _asked(self, run: Run) -> Iterator[tuple[str, StepRun]]:
        return ((path, step) for path, step in run.walk() if self._is_asked(step))

    def _is_asked(self, step: StepRun) -> bool:
        return (self._only is None or step.id in self._only) and step.kind not in ("pipeline", "sweep")

    def _found(self, step: StepRun) -> tuple[Log, ...]:
        """The logs to read of a step; asked for until its own log is there, and once more when it is over."""
        known = self._logs.get(step.id, ())
        if not any(log.is_own for log in known) or step.is_over:
            known = self._logs[step.id] = logs_of(self._workspace, step)
        if self._file is None:
            return main_logs(known)
        chosen = tuple(log for log in known if log.name == self._file)
        if step.is_over and not chosen:
            names = ", ".join(log.name for log in known) or "none"
            raise RunError(f"step `{step.name}` has no log `{self._file}`", hint=f"its logs are: {names}")
        return chosen

    def _label(self, path: str, log: Log, logs: tuple[Log, ...]) -> str:
        if len(logs) < 2:
            return f"{path:<{self._width}}" if self._width else ""
        name = log.name.rpartition("/")[2].removesuffix(".txt").removeprefix("std_log_")
        return f"{path:<{self._width}} {name}" if self._width else name
