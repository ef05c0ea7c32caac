"""Finds and runs provider plugins as Pulumi does; `providers` speaks to what this starts.

Order of places: the project's `plugins.providers` with a path, an executable on PATH (unless
PULUMI_IGNORE_AMBIENT_PLUGINS is set), `$PULUMI_HOME/plugins/resource-<name>-v<version>/`. PULUMI_DEBUG_PROVIDERS
(`name:port,name:port`) attaches to a running process instead. A plugin gets the engine's address as its argument,
prints its port and is ended with SIGINT. Source: Pulumi's plugin host.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import threading
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import grpc
from google.protobuf import empty_pb2

from amlkit.errors import EngineError, SetupError

from .gate import AbandonedError, AlsoBrokenOffError, BrokenOffError
from .protocol import CHANNEL_OPTIONS, plugin_pb2, provider_pb2_grpc
from .timings import Timings

START_SECONDS = 60.0
"""How long a plugin may take to print its port."""
END_SECONDS = 5.0
"""How long a plugin may take to end after SIGINT, before it is killed."""
_KEPT_LINES = 40
LOOPBACK = {"no_grpc_proxy": "127.0.0.1,localhost"}
"""What keeps gRPC between engine, program and plugins away from a proxy that the environment names."""


@dataclass(frozen=True)
class Places:
    """Where plugins may be. `project` maps a plugin's name to the folder (or file) that Pulumi.yaml gives.

    `timings` watches what starts there. They run in `folder`, to which the paths of assets are relative.
    """

    environ: Mapping[str, str]
    project: Mapping[str, Path] = field(default_factory=dict)
    timings: Timings = field(default_factory=Timings)
    folder: Path = field(default_factory=Path.cwd)

    @property
    def home(self) -> Path:
        """PULUMI_HOME."""
        return Path(self.environ.get("PULUMI_HOME") or Path.home() / ".pulumi")


def find(name: str, version: str, places: Places) -> Path:
    """The executable of a plugin. Without a version the newest installed one.

    Raises:
        SetupError: it is nowhere; the hint says where it was looked for.
    """
    binary = f"pulumi-resource-{name}"
    if name in places.project:
        return _in_project(binary, places.project[name])
    if not places.environ.get("PULUMI_IGNORE_AMBIENT_PLUGINS"):
        ambient = shutil.which(binary, path=places.environ.get("PATH", ""))
        if ambient:
            return Path(ambient)
    folder = places.home / "plugins"
    for candidate in _installed(folder, name, version):
        if (candidate / binary).is_file():
            return candidate / binary
    wanted = f"`{binary}`" + (f" v{version}" if version else "")
    raise SetupError(
        f"the provider plugin {wanted} is not installed",
        hint=f"looked for under `plugins:` in Pulumi.yaml, on PATH, and in {folder}/resource-{name}-v{version or '*'}",
    )


def attached_port(name: str, environ: Mapping[str, str]) -> int | None:
    """The port under which PULUMI_DEBUG_PROVIDERS says that the plugin already runs."""
    for part in filter(None, environ.get("PULUMI_DEBUG_PROVIDERS", "").split(",")):
        found, _, port = part.partition(":")
        if found == name:
            if not port.isdigit():
                raise SetupError(f"not a port in PULUMI_DEBUG_PROVIDERS: `{part}`")
            return int(port)
    return None


class Plugin:
    """A running plugin: its channel, and its process unless it was attached to."""

    def __init__(self, name: str, channel: grpc.Channel, process: subprocess.Popen[str] | None) -> None:
        self.name = name
        self.stub = provider_pb2_grpc.ResourceProviderStub(channel)
        self._channel = channel
        self._process = process
        self._lines: deque[str] = deque(maxlen=_KEPT_LINES)
        self._ended_by_us = False
        self._told = threading.Lock()

    @property
    def attached(self) -> bool:
        """Does it run in a process of its own, so that nobody here knows whether it lives?"""
        return self._process is None

    def last_lines(self) -> str:
        """What a dead plugin said last on its stderr; empty while it lives."""
        return "\n".join(self._lines) if self._has_ended() else ""

    def death(self) -> EngineError | None:
        """Why calls to it break off; None while it lives, or if nobody knows (it was attached to).

        Its end is told once: after that, and if the engine ended it, it is a mere consequence.
        """
        if self._ended_by_us:
            return AbandonedError(f"plugin `{self.name}` was ended while it worked")
        if self._process is None or not self._has_ended():
            return None
        code = self._process.returncode
        how = f"was killed by signal {-code}" if code < 0 else f"ended with exit code {code}"
        if not self._told.acquire(blocking=False):
            return AlsoBrokenOffError(f"plugin `{self.name}` {how}")
        said = "\n".join(self._lines)
        return BrokenOffError(f"plugin `{self.name}` {how}" + (f":\n{said}" if said else ""))

    def _has_ended(self) -> bool:
        """Is its process gone? One whose connection broke gets a second for that."""
        if self._process is None:
            return False
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=1.0)
            return True
        return False

    def close(self) -> None:
        """Tell it to cancel, then end it; an attached one is only told to detach."""
        self._ended_by_us = True
        if self._process is not None and self._process.poll() is None:
            with suppress(grpc.RpcError):
                self.stub.Cancel(empty_pb2.Empty(), timeout=END_SECONDS)
        self._channel.close()
        if self._process is None or self._process.poll() is not None:
            return
        self._process.send_signal(signal.SIGINT)
        try:
            self._process.wait(timeout=END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def kill(self) -> None:
        """End it at once, whatever it does."""
        self._ended_by_us = True
        if self._process is not None:
            self._process.kill()

    def watch(self, line_seen: Callable[[str], None]) -> None:
        """Read its output until it ends; must run, or a talkative plugin blocks."""
        if self._process is None:
            return
        for stream in (self._process.stdout, self._process.stderr):
            threading.Thread(target=self._drain, args=(stream, line_seen), daemon=True).start()

    def _drain(self, stream: object, line_seen: Callable[[str], None]) -> None:
        for line in stream or ():  # type: ignore[attr-defined]
            text = line.rstrip("\n")
            self._lines.append(text)
            line_seen(text)


def start(name: str, version: str, places: Places, engine_address: str, line_seen: Callable[[str], None]) -> Plugin:
    """Start (or attach to) a plugin. `line_seen` gets each line of its output.

    Raises:
        SetupError: it is not installed, or does not start.
    """
    port = attached_port(name, places.environ)
    if port is not None:
        plugin = Plugin(name, places.timings.watched(_channel(port)), None)
        try:
            plugin.stub.Attach(
                plugin_pb2.PluginAttach(address=engine_address), timeout=START_SECONDS, wait_for_ready=True
            )
        except grpc.RpcError as error:
            raise SetupError(f"plugin `{name}` does not answer on port {port}: {error}") from error
        return plugin
    executable = find(name, version, places)
    with places.timings.spent("start of plugins"):
        process = _spawn(executable.absolute(), engine_address, places)
        port = _port_of(process, executable)
    plugin = Plugin(name, places.timings.watched(_channel(port)), process)
    plugin.watch(line_seen)
    return plugin


def _spawn(executable: Path, engine_address: str, places: Places) -> subprocess.Popen[str]:
    try:
        return subprocess.Popen(
            [str(executable), engine_address],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            env={**places.environ, **LOOPBACK},
            cwd=places.folder,
            start_new_session=True,
        )
    except OSError as error:
        raise SetupError(f"plugin {executable} does not start: {error.strerror}") from error


def _port_of(process: subprocess.Popen[str], executable: Path) -> int:
    timer = threading.Timer(START_SECONDS, process.kill)
    timer.start()
    try:
        line = process.stdout.readline() if process.stdout else ""
    finally:
        timer.cancel()
    if line.strip().isdigit():
        return int(line)
    process.kill()
    _, said = process.communicate()
    last = "\n".join((said or line).strip().splitlines()[-_KEPT_LINES:])
    raise SetupError(f"plugin {executable} did not say its port" + (f":\n{last}" if last else ""))


def _channel(port: int) -> grpc.Channel:
    options = (*CHANNEL_OPTIONS, ("grpc.enable_http_proxy", 0))
    return grpc.insecure_channel(f"127.0.0.1:{port}", options=options)


def _in_project(binary: str, path: Path) -> Path:
    executable = path / binary if path.is_dir() else path
    if not executable.is_file() or not os.access(executable, os.X_OK):
        raise SetupError(
            f"no executable `{binary}` in {path}", hint="`plugins.providers` of Pulumi.yaml names that folder"
        )
    return executable


def _installed(folder: Path, name: str, version: str) -> list[Path]:
    if version:
        return [folder / f"resource-{name}-v{version}"]
    found = [path for path in folder.glob(f"resource-{name}-v*") if path.is_dir()]
    return sorted(found, key=lambda path: [int(part) for part in re.findall(r"\d+", path.name)], reverse=True)
