"""One step as a process: its work tree, its paths and variables, its command, its log, and what it leaves.

Called by the scheduler in a thread of the step's own, which waits for the process. Nothing here knows the graph.
"""

from __future__ import annotations

import shutil
import signal
import subprocess
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...home import Address, Home
from ..blobs import Blobs
from ..tokens import Tokens
from ..web import AzureError
from . import processes
from .bindings import Given
from .command import render, render_plain
from .contents import Contents
from .environments import Environment
from .locations import STEP_LOG, artifacts, fresh, log_file, long_uri, tail, work_folder
from .records import FILE_TYPES, Component, Port
from .variables import Identity, of_step

_GRACE_SECONDS = 5.0
_NOTE = "amlkit: "


@dataclass(frozen=True)
class Work:
    """All that one process needs.

    `label` is what messages call the step, `places` are the URIs of its outputs, `kept` those that are the caller's.
    """

    identity: Identity
    label: str
    component: Component
    inputs: tuple[Given, ...]
    places: Mapping[str, str]
    kept: frozenset[str]
    variables: tuple[tuple[str, str], ...]
    environment: Environment
    timeout_seconds: float


@dataclass(frozen=True)
class Result:
    """How it ended: an empty `error` is success; `stopped` says that somebody wanted the end (`canceled`)."""

    error: str
    produced: Mapping[str, Mapping[str, Any]]
    stopped: str = ""


class Handle:
    """The door to a step that is queued or running, for whoever wants it to end."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._begun = False
        self.stopped = ""
        self.done = threading.Event()

    def begin(self) -> bool:
        """The step's turn has come; False if it was stopped before."""
        with self._lock:
            self._begun = not self.stopped
            return self._begun

    def attach(self, process: subprocess.Popen[bytes]) -> None:
        """The process is there; it is ended at once if somebody wanted that meanwhile."""
        with self._lock:
            self._process = process
        if self.stopped:
            processes.signal_group(process.pid, signal.SIGKILL)

    def stop(self, why: str, grace_seconds: float = _GRACE_SECONDS) -> bool:
        """End it: a request, and after the grace the end. True if it had not begun and now never will."""
        with self._lock:
            is_new, self.stopped = not self.stopped, self.stopped or why
            process, begun = self._process, self._begun
        if process is not None and (is_new or not grace_seconds):
            first = signal.SIGTERM if grace_seconds else signal.SIGKILL
            processes.signal_group(process.pid, first)
            timer = threading.Timer(grace_seconds, self._kill, (process,))
            timer.daemon = True
            timer.start()
        return not begun

    def _kill(self, process: subprocess.Popen[bytes]) -> None:
        if not self.done.is_set():
            processes.signal_group(process.pid, signal.SIGKILL)


class Runner:
    """Runs steps of one checkout. `ambient` are the machine's cleaned variables."""

    def __init__(
        self, home: Home, address: Address, blobs: Blobs, tokens: Tokens, contents: Contents, ambient: Mapping[str, str]
    ) -> None:
        self._home = home
        self._address = address
        self.blobs = blobs
        self._tokens = tokens
        self._contents = contents
        self._ambient = ambient

    def run(self, work: Work, handle: Handle) -> Result:
        """Run it to its end. Never raises for what a step or its data may do wrong: that is in the result."""
        log = log_file(artifacts(self.blobs, work.identity.workspace, work.identity.job), STEP_LOG)
        try:
            process = self._start(work, log)
        except (OSError, AzureError) as error:
            return Result(f"{work.label} could not start: {error}", {})
        handle.attach(process)
        timer = self._limit(work, handle)
        code = processes.wait(process)
        timer.cancel()
        handle.done.set()
        if handle.stopped or code != 0:
            return Result(_failure(work, handle, code, log), {}, handle.stopped)
        return self._collect(work)

    def _start(self, work: Work, log: Path) -> subprocess.Popen[bytes]:
        folder = fresh(work_folder(self._home, work.identity.job))
        tree = folder / "work"
        if work.component.code:
            shutil.copytree(self._path(work, work.component.code), tree)
        else:
            tree.mkdir()
        inputs = {item.port.name: self._input(work, item, folder) for item in work.inputs}
        outputs = {port.name: self._output(work, port) for port in work.component.outputs}
        own = {name: render_plain(value, inputs, outputs) for name, value in work.variables}
        variables = of_step(
            self._ambient, self._home, self._address, self._tokens, work.environment, work.identity, own
        )
        with log.open("a") as file:
            file.writelines(f"{_NOTE}{note}\n" for note in work.environment.notes)
        line = render(work.component.command, inputs, outputs)
        return processes.spawn(["/bin/bash", "-c", line], tree, variables, log)

    def _limit(self, work: Work, handle: Handle) -> threading.Timer:
        timer = threading.Timer(work.timeout_seconds or threading.TIMEOUT_MAX, handle.stop, ("timeout",))
        timer.daemon = True
        if work.timeout_seconds:
            timer.start()
        return timer

    def _path(self, work: Work, uri: str) -> Path:
        return self.blobs.folder_of(uri, work.identity.workspace)

    def _input(self, work: Work, item: Given, folder: Path) -> str:
        if item.port.is_literal:
            return item.text
        if item.mode == "direct":
            return long_uri(item.text, work.identity.workspace)
        path = self._path(work, item.text)
        if item.mode != "download":
            return str(path)
        copy = folder / "inputs" / item.port.name
        copy.parent.mkdir(exist_ok=True)
        if path.is_dir():
            shutil.copytree(path, copy)
            return str(copy)
        copy.mkdir()
        return str(shutil.copy2(path, copy))

    def _output(self, work: Work, port: Port) -> str:
        """The path of an output, empty and ready to be written; a caller's own place is not emptied."""
        path = self._path(work, work.places[port.name])
        if port.name not in work.kept:
            shutil.rmtree(path, ignore_errors=True)
            path.unlink(missing_ok=True)
        (path.parent if port.type in FILE_TYPES else path).mkdir(parents=True, exist_ok=True)
        direct = port.mode == "direct"
        return long_uri(work.places[port.name], work.identity.workspace) if direct else str(path)

    def _collect(self, work: Work) -> Result:
        produced: dict[str, dict[str, Any]] = {}
        for port in work.component.outputs:
            uri = work.places[port.name]
            try:
                tree = self._contents.tree(self._path(work, uri))
            except OSError:
                return Result(f"{work.label} ended well but did not write its output `{port.name}`", {})
            produced[port.name] = {"uri": uri, "digest": tree.digest, "type": port.type}
        shutil.rmtree(work_folder(self._home, work.identity.job), ignore_errors=True)
        return Result("", produced)


def _failure(work: Work, handle: Handle, code: int, log: Path) -> str:
    if handle.stopped == "timeout":
        what = f"{work.label} ran longer than its limit of {work.timeout_seconds:g} s and was ended"
    elif handle.stopped:
        what = f"{work.label} was {handle.stopped}"
    elif code < 0:
        what = f"{work.label} was ended by signal {-code}"
    else:
        what = f"{work.label} failed with exit code {code}"
    return "\n".join([what, *(line for line in tail(log) if not line.startswith(_NOTE))])
