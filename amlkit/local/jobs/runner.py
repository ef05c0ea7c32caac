"""One step as processes: its work tree, its paths and variables, its commands, its logs, and what it leaves.

Called by the scheduler in a thread of the step's own, which waits for the processes, and by `kinds.sweeping` for
trials. Nothing here knows the graph.
"""

from __future__ import annotations

import shutil
import signal
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...home import Address, Home
from ..blobs import Blobs
from ..tokens import Tokens
from ..web import AzureError
from .bindings import Given
from .command import render, render_plain
from .contents import Contents, Tree
from .environments import Environment
from .kinds import distribution, parallel
from .kinds.mltable import BadTableError
from .locations import STEP_LOG, artifacts, fresh, log_file, long_uri, work_folder
from .logs import Keeper, tail
from .records import FILE_TYPES, Component, Port
from .team import GRACE_SECONDS, Ended, Launch, Team
from .variables import Identity, of_step

_NOTE = "amlkit: "
_SHOWN_FILES = 3
_WRITABLE = ("download", "eval_download", "direct", "rw_mount")  # what a step changes in such an input is its business


@dataclass(frozen=True)
class Work:
    """All that one step needs.

    `label` is what messages call the step, `places` are the URIs of its outputs, `kept` those that are the caller's.
    `cluster` and `cluster_nodes` are for steps that start others: see `Task`; so is `datastore`, where outputs go.
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
    cluster: str = ""
    cluster_nodes: int = 0
    datastore: str = ""


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
        self._end: Callable[[float], None] | None = None
        self._begun = False
        self.stopped = ""
        self.done = threading.Event()

    def begin(self) -> bool:
        """The step's turn has come; False if it was stopped before."""
        with self._lock:
            self._begun = not self.stopped
            return self._begun

    def attach(self, end: Callable[[float], None]) -> None:
        """The way to end it, given the seconds of grace; it is ended at once if somebody wanted that meanwhile."""
        with self._lock:
            self._end = end
        if self.stopped:
            end(0.0)

    def stop(self, why: str, grace_seconds: float = GRACE_SECONDS) -> bool:
        """End it: a request, and after the grace the end. True if it had not begun and now never will."""
        with self._lock:
            is_new, self.stopped = not self.stopped, self.stopped or why
            end, begun = self._end, self._begun
        if end is not None and (is_new or not grace_seconds):
            end(grace_seconds)
        return not begun


@dataclass(frozen=True)
class _Place:
    """Where a step works: its folder, its work tree, and what its ports are there."""

    folder: Path
    tree: Path
    inputs: Mapping[str, str]
    outputs: Mapping[str, str]


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
        self._keeper = Keeper()

    def run(self, work: Work, handle: Handle) -> Result:
        """Run it to its end. Never raises for what a step or its data may do wrong: that is in the result."""
        try:
            place = self._prepare(work)
            launches = self._launches(work, place)
            before = self._mounted(work)
            ended = self._wait(work, launches, place.tree, handle)
        except (OSError, AzureError, BadTableError) as error:
            return Result(f"{work.label} could not start: {error}", {})
        handle.done.set()
        changed = _changes(before, self._mounted(work))
        if handle.stopped or ended.code != 0:
            failure = _failure(work, handle, ended, launches[ended.rank].log, len(launches))
            return Result("\n".join([failure, *changed]), {}, handle.stopped)
        if changed:
            return Result("\n".join([f"{work.label} ended well but changed its input", *changed]), {})
        return self._collect(work)

    def _prepare(self, work: Work) -> _Place:
        folder = fresh(work_folder(self._home, work.identity.job))
        tree = folder / "work"
        if work.component.code:
            shutil.copytree(self._path(work, work.component.code), tree)
        else:
            tree.mkdir()
        inputs = {item.port.name: self._input(work, item, folder) for item in work.inputs}
        outputs = {port.name: self._output(work, port) for port in work.component.outputs}
        return _Place(folder, tree, inputs, outputs)

    def _launches(self, work: Work, place: _Place) -> list[Launch]:
        inputs, outputs, options = place.inputs, place.outputs, work.component.options
        own = {name: render_plain(value, inputs, outputs) for name, value in work.variables}
        variables = of_step(
            self._ambient, self._home, self._address, self._tokens, work.environment, work.identity, own
        )
        logs = artifacts(self.blobs, work.identity.workspace, work.identity.job)
        line = ["/bin/bash", "-c", render(work.component.command, inputs, outputs)]
        if work.component.kind == "parallel":
            line = parallel.command(work.component, inputs, outputs, place.folder, logs, work.environment.scripts)
        if work.component.kind == "parallel" or distribution.is_plain(options):
            launches = [Launch(line, variables, log_file(logs, STEP_LOG))]
        else:
            launches = [
                Launch(line, {**variables, **rank.variables}, log_file(logs, rank.log), rank.serves)
                for rank in distribution.ranks(options, distribution.free_ports(distribution.count(options)))
            ]
        with launches[0].log.open("a") as file:
            file.writelines(f"{_NOTE}{note}\n" for note in work.environment.notes)
        return launches

    def _wait(self, work: Work, launches: Sequence[Launch], tree: Path, handle: Handle) -> Ended:
        team = Team(str(self._home.folder), work.identity.job)
        timer = threading.Timer(work.timeout_seconds or threading.TIMEOUT_MAX, handle.stop, ("timeout",))
        timer.daemon = True
        handle.attach(team.end)
        if work.timeout_seconds:
            timer.start()
        try:
            with self._keeper.watching(*(launch.log for launch in launches)):
                return team.run(launches, tree)
        finally:
            timer.cancel()

    def _path(self, work: Work, uri: str) -> Path:
        return self.blobs.folder_of(uri, work.identity.workspace)

    def _input(self, work: Work, item: Given, folder: Path) -> str:
        if item.port.is_literal:
            return item.text
        is_cut = work.component.kind == "parallel" and item.port.name == work.component.options["input"]
        if item.mode == "direct" and not is_cut:
            return long_uri(item.text, work.identity.workspace)
        path = self._path(work, item.text)
        if item.mode not in ("download", "eval_download"):
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

    def _mounted(self, work: Work) -> dict[str, Tree | None]:
        """What is in the inputs that lie where they are; Azure ML would have mounted them read-only."""
        found: dict[str, Tree | None] = {}
        for item in work.inputs:
            if not item.port.is_literal and item.mode not in _WRITABLE:
                try:
                    found[item.port.name] = self._contents.tree(self._path(work, item.text))
                except OSError:
                    found[item.port.name] = None
        return found

    def _collect(self, work: Work) -> Result:
        produced: dict[str, dict[str, Any]] = {}
        for port in work.component.outputs:
            uri = work.places[port.name]
            path = self._path(work, uri)
            if path.is_symlink():
                return Result(f"{work.label} ended well but its output `{port.name}` is a link to another place", {})
            try:
                tree = self._contents.tree(path)
            except OSError:
                return Result(f"{work.label} ended well but did not write its output `{port.name}`", {})
            produced[port.name] = {"uri": uri, "digest": tree.digest, "type": port.type}
        shutil.rmtree(work_folder(self._home, work.identity.job), ignore_errors=True)
        return Result("", produced)


def _changes(before: Mapping[str, Tree | None], after: Mapping[str, Tree | None]) -> list[str]:
    """A line for each input that is not what it was, with the files that differ."""
    found = []
    for name, tree in before.items():
        now = after.get(name)
        if tree is None or (now is not None and now.digest == tree.digest):
            continue
        files = sorted({file for file, _ in set(tree.files) ^ set(now.files if now else ())})
        shown = ", ".join(files[:_SHOWN_FILES]) + (
            f" and {rest} more" if (rest := len(files) - _SHOWN_FILES) > 0 else ""
        )
        found.append(f"input `{name}` is mounted read-only in Azure ML, but changed while the step ran: {shown}")
    return found


def _failure(work: Work, handle: Handle, ended: Ended, log: Path, count: int) -> str:
    who = work.label if count == 1 else f"process {ended.rank} of {work.label}"
    code = ended.code
    if handle.stopped == "timeout":
        what = f"{work.label} ran longer than its limit of {work.timeout_seconds:g} s and was ended"
    elif handle.stopped:
        what = f"{work.label} was {handle.stopped}"
    elif code < 0:
        what = f"{who} was ended by signal {-code}{_meaning(-code)}"
    else:
        what = f"{who} failed with exit code {code}{_meaning(code - 128)}"
    return "\n".join([what, *(line for line in tail(log) if not line.startswith(_NOTE))])


def _meaning(number: int) -> str:
    """Of a signal, which a shell adds to 128; nothing for what is none."""
    try:
        name = signal.Signals(number).name
    except ValueError:
        return ""
    more = ": most likely this machine ran out of memory" if number == signal.SIGKILL else ""
    return f" ({name}{more})"
