"""Starts the program in a process of its own and watches it.

`session` starts it, `operations` lets it go, `child` is what it starts.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from amlkit.errors import SetupError

from .plugins import LOOPBACK

SHOWN = 32
"""Exit code of a program whose error was shown already."""
_CHILD = Path(__file__).with_name("child.py")


@dataclass(frozen=True)
class Order:
    """What to run and as what. `entry` is a folder with `__main__.py` or a file; `folder` the working directory.

    `environ` is whole but for the configuration, which `Program.go` gives. `debug`: the SDK's debug lines are wanted.
    """

    python: Path
    entry: Path
    folder: Path
    root: Path
    project: str
    stack: str
    preview: bool
    parallel: int
    address: str
    environ: Mapping[str, str]
    debug: bool = False


class Program:
    """The running program. `line_seen` gets each line that it prints."""

    def __init__(self, order: Order, line_seen: Callable[[str], None]) -> None:
        ours, self._lifeline = os.pipe()
        description = {
            "program": str(order.entry),
            "folder": str(order.folder),
            "root": str(order.root),
            "project": order.project,
            "stack": order.stack,
            "preview": order.preview,
            "parallel": order.parallel,
            "address": order.address,
            "debug": order.debug,
            "arguments": [],
            "lifeline": ours,
        }
        try:
            self._process = subprocess.Popen(
                [str(order.python), "-u", str(_CHILD), json.dumps(description)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                errors="replace",
                env={**order.environ, **LOOPBACK},
                cwd=order.folder,
                pass_fds=(ours,),
                start_new_session=True,
            )
        except OSError as error:
            os.close(self._lifeline)
            raise SetupError(f"the program's Python does not start: {order.python}: {error.strerror}") from error
        finally:
            os.close(ours)
        streams = (self._process.stdout, self._process.stderr)
        self._readers = [threading.Thread(target=self._read, args=(each, line_seen), daemon=True) for each in streams]
        for reader in self._readers:
            reader.start()

    def go(self, config: Mapping[str, str], secret_keys: Sequence[str]) -> None:
        """Let it begin; until now it has only imported the SDK.

        The configuration holds secrets in clear, so that it goes through the pipe and not into the arguments.
        """
        settings = {
            "PULUMI_CONFIG": json.dumps(dict(config)),
            "PULUMI_CONFIG_SECRET_KEYS": json.dumps(list(secret_keys)),
        }
        with suppress(BrokenPipeError), os.fdopen(os.dup(self._lifeline), "wb") as pipe:
            pipe.write(json.dumps(settings).encode() + b"\n")

    def poll(self) -> int | None:
        """Its exit code, None while it runs."""
        return self._process.poll()

    def wait(self, timeout: float | None = None) -> int | None:
        """Its exit code once its output is read too; None if it still runs after `timeout` seconds."""
        try:
            code = self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            return None
        for reader in self._readers:
            reader.join(timeout=2.0)
        return code

    def end(self, patience: float) -> None:
        """End it and what it started: asked after `patience` seconds, killed two later."""
        if self.wait(patience) is None:
            self._signal(signal.SIGTERM)
            if self.wait(2.0) is None:
                self._signal(signal.SIGKILL)
                self.wait()
        if self._lifeline >= 0:
            os.close(self._lifeline)
            self._lifeline = -1

    def _signal(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, number)

    def _read(self, stream: object, line_seen: Callable[[str], None]) -> None:
        for line in stream or ():  # type: ignore[attr-defined]
            line_seen(line.rstrip("\n"))


def python_of(virtualenv: Path | None, environ: Mapping[str, str]) -> tuple[Path, dict[str, str]]:
    """The interpreter for a program and the environment that goes with it: the project's `virtualenv`, else our own.

    Raises:
        SetupError: the virtual environment has no interpreter.
    """
    if virtualenv is None:
        return Path(sys.executable), dict(environ)
    python = virtualenv / "bin" / "python"
    if not python.exists():
        raise SetupError(
            f"no Python in the virtual environment that Pulumi.yaml names: {virtualenv}",
            hint="make it, or fix `virtualenv`",
        )
    path = f"{virtualenv / 'bin'}{os.pathsep}{environ.get('PATH', '')}"
    return python, {**environ, "PATH": path, "VIRTUAL_ENV": str(virtualenv)}
