"""The two engines behind one verb: `run` a command in a project; `rough` stories get processes they may lose."""

from __future__ import annotations

import contextlib
import io
import os
import shlex
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from unittest import mock

from amlkit.engine import cli

from ..conftest import Project
from ..fakecloud.plugin import Cloud, serve

PATIENCE = 60.0
"""Seconds that anything waited for may take."""
_ASKS_NOTHING = ("--yes", "--skip-preview")
_FLAGS = {
    "up": (*_ASKS_NOTHING, "--json"),
    "refresh": (*_ASKS_NOTHING, "--json"),
    "destroy": (*_ASKS_NOTHING, "--json"),
    "import": (*_ASKS_NOTHING, "--json", "--generate-code=false"),
    "preview": ("--json",),
}


@dataclass
class Ran:
    """What a command printed and how it ended; `aside` are the commands that ran meanwhile."""

    code: int
    out: str
    err: str
    aside: list[Ran] = field(default_factory=list)


def arguments(command: Sequence[str]) -> list[str]:
    """The command as it is typed: without questions, with events; `--ask` leaves these flags out."""
    flags = () if "--ask" in command else _FLAGS.get(command[0], ())
    given = [word for word in command if word != "--ask"]
    if "--preview-only" in given:
        flags = ("--json",)
    return [*given, *(flag for flag in flags if flag not in given), "--non-interactive"]


class Embedded:
    """Our engine: in this process with a plugin in this process, or `rough`: both in their own."""

    name = "embedded"

    def __init__(self, *, rough: bool = False) -> None:
        self.rough = rough

    @contextlib.contextmanager
    def serving(self, project: Project) -> Iterator[None]:
        """While the provider of a project can be reached."""
        if self.rough:
            yield
            return
        server, port = serve(Cloud.of(project.environ))
        project.environ["PULUMI_DEBUG_PROVIDERS"] = f"toy:{port}"
        try:
            yield
        finally:
            del project.environ["PULUMI_DEBUG_PROVIDERS"]
            server.stop(None).wait()

    def run(self, project: Project, command: Sequence[str], meanwhile: Sequence[tuple[str, ...]] = ()) -> Ran:
        """Carry out a command."""
        if self.rough:
            return _Process(self, project, [sys.executable, "-m", "amlkit.engine", *arguments(command)], meanwhile).ran
        out, err = io.StringIO(), io.StringIO()
        with (
            self.serving(project),
            mock.patch.object(sys, "stdin", io.StringIO()),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
        ):
            code = cli.main(arguments(command), cwd=project.folder / "project", environ=project.environ)
        return Ran(int(code), out.getvalue(), err.getvalue())


class Official:
    """The Pulumi CLI on PATH."""

    name = "official"

    def run(self, project: Project, command: Sequence[str], meanwhile: Sequence[tuple[str, ...]] = ()) -> Ran:
        """Carry out a command."""
        return _Process(self, project, ["pulumi", *arguments(command)], meanwhile).ran


class _Process:
    """A command in a process, and what is done to it while its provider hangs."""

    def __init__(
        self, engine: Embedded | Official, project: Project, line: list[str], meanwhile: Sequence[tuple[str, ...]]
    ) -> None:
        for name in ("hanging", "release"):
            (project.cloud / name).unlink(missing_ok=True)
        self._engine, self._project = engine, project
        self._process = subprocess.Popen(
            line,
            cwd=project.folder / "project",
            env=project.environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
        )
        self._texts: dict[str, list[str]] = {"out": [], "err": []}
        streams = {"out": self._process.stdout, "err": self._process.stderr}
        readers = [threading.Thread(target=self._read, args=(*each,), daemon=True) for each in streams.items()]
        for reader in readers:
            reader.start()
        aside = self._meanwhile(meanwhile)
        code = self._process.wait(PATIENCE * 2)
        for reader in readers:
            reader.join(5.0)  # an orphan may hold the other end
        self.ran = Ran(code, "".join(self._texts["out"]), "".join(self._texts["err"]), aside)

    def _read(self, name: str, stream: Iterator[str]) -> None:
        for line in stream:
            self._texts[name].append(line)

    def _meanwhile(self, actions: Sequence[tuple[str, ...]]) -> list[Ran]:
        aside = []
        if actions:
            self._until(lambda: (self._project.cloud / "hanging").exists(), "nothing hangs")
        for number, (word, *rest) in enumerate(actions):
            if word == "run":
                aside.append(self._engine.run(self._project, shlex.split(" ".join(rest))))
            elif word == "interrupt":
                self._interrupt(sum(each[0] == "interrupt" for each in actions[:number]))
            elif word == "kill":
                self._process.kill()
                self._process.wait()
            elif word == "kill-program":
                os.kill(int((self._project.cloud / "pid").read_text()), signal.SIGKILL)
            elif word == "release":
                self._project.release()
            else:
                raise ValueError(f"not known: {word}")
        return aside

    def _interrupt(self, before: int) -> None:
        """Ctrl-C; the first one is answered with a line."""
        self._process.send_signal(signal.SIGINT)
        if not before:
            self._until(lambda: any("cancel" in text or "stopping" in text for text in self._said()), "it says nothing")

    def _said(self) -> list[str]:
        return [line for lines in self._texts.values() for line in list(lines)]

    def _until(self, condition: object, failure: str) -> None:
        end = time.monotonic() + PATIENCE
        while not condition():  # type: ignore[operator]
            if self._process.poll() is not None or time.monotonic() > end:
                self._process.kill()
                raise AssertionError(f"{failure}\n{''.join(self._said())}")
            time.sleep(0.02)
