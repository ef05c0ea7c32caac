"""The Pulumi CLI on PATH: calls of it, and what they say.

`officialflow` and `choice` use it, for stacks on Azure, and for local ones when asked. It adds what the CLI's users
would otherwise have to do by hand: make a stack that has settings but no state, and clear a create that was under way
when an earlier run was killed.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from amlkit.errors import EngineError, SetupError, near

from .signals import taken

_STACK_FLAGS = ("--stack", "-s")


def find(environ: Mapping[str, str] = os.environ) -> Path | None:
    """The Pulumi CLI on PATH, if there is one."""
    found = shutil.which("pulumi", path=environ.get("PATH", os.defpath))
    return Path(found) if found else None


def outputs(stack: str, cwd: Path, environ: Mapping[str, str]) -> dict[str, Any]:
    """The stack's outputs by name, secrets hidden. Raises as `officialflow.run`."""
    known: dict[str, Any] = json.loads(calls(cwd, environ).output(["stack", "output", "--json", "--stack", stack]))
    return known


def chosen(stack: str) -> list[str]:
    """The words that name a stack to the CLI."""
    return ["--stack", stack] if stack else []


def calls(cwd: Path, environ: Mapping[str, str]) -> Calls:
    """The CLI in a project folder.

    Raises:
        SetupError: there is none.
    """
    cli = find(environ)
    if cli is None:
        hint = "get it with pulumi.com/docs/install"
        raise SetupError("a stack on Azure needs the Pulumi CLI, and `pulumi` is not on PATH", hint=hint)
    return Calls(cli, cwd, environ)


class Calls:
    """Calls of one CLI in one folder and environment."""

    def __init__(self, cli: Path, cwd: Path, environ: Mapping[str, str]) -> None:
        self.cli = str(cli)
        self.cwd = cwd
        self.environ = dict(environ)

    def through(self, arguments: list[str]) -> int:
        """Run with our own standard streams. A Ctrl-C reaches the CLI by itself: it ends in its own way."""
        quiet = [] if sys.stdin.isatty() or "--non-interactive" in arguments else ["--non-interactive"]
        sys.stdout.flush()
        process = subprocess.Popen([self.cli, *arguments, *quiet], cwd=self.cwd, env=self.environ)
        while True:
            try:
                return process.wait()
            except KeyboardInterrupt:
                continue

    def streamed(
        self,
        arguments: list[str],
        environ: Mapping[str, str],
        take: Callable[[str], None],
        interrupted: Callable[[], None],
    ) -> tuple[int, str]:
        """Run with each line of standard output given to `take`; the exit code, and what standard error said.

        A Ctrl-C is passed on to the CLI, which ends in its own way; `interrupted` is called each time.
        """
        process = subprocess.Popen(
            [self.cli, *arguments],
            cwd=self.cwd,
            env={**self.environ, **environ},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            start_new_session=True,
        )
        said: list[str] = []
        readers = [
            threading.Thread(target=_read, args=(process.stdout, take), daemon=True),
            threading.Thread(target=_read, args=(process.stderr, said.append), daemon=True),
        ]

        def pass_on(number: int) -> None:
            process.send_signal(number)
            interrupted()

        with taken(pass_on):
            for reader in readers:
                reader.start()
            for reader in readers:
                reader.join()
            code = process.wait()
        return code, "".join(said).strip().removeprefix("error: ")

    def make_stack(self, stack: str) -> None:
        """Make it unless it exists.

        Raises:
            SetupError: it has no settings either, so that its name is likely mistyped.
        """
        name = stack.rsplit("/", 1)[-1]
        known = [each["name"].rsplit("/", 1)[-1] for each in json.loads(self.output(["stack", "ls", "--json"]))]
        if name in known:
            return
        settings = {path.name.removeprefix("Pulumi.").removesuffix(".yaml") for path in self._settings()}
        if name not in settings:
            close = near(name, {*known, *settings})
            hint = f"did you mean `{close[0]}`?" if close else f"make it with `pulumi stack init {stack}`"
            raise SetupError(f"there is no stack `{name}`, and no Pulumi.{name}.yaml to make it of", hint=hint)
        self.output(["stack", "init", stack, "--no-select"])

    def _settings(self) -> Iterator[Path]:
        from .embedded.project import Project

        project = Project.load(self.cwd)
        return (project.stack_config_folder or project.folder).glob("Pulumi.*.yaml")

    def has_pending_creates(self, stack: str) -> bool:
        """Does the state still hold a create that an earlier run began? The CLI carries it on until it is cleared."""
        exported = json.loads(self.output(["stack", "export", *chosen(stack)]))
        pending = (exported.get("deployment") or {}).get("pending_operations") or []
        return any(each.get("type") == "creating" for each in pending)

    def output(self, arguments: list[str]) -> str:
        """What it prints on standard output. Raises `EngineError` if it fails."""
        done = subprocess.run(
            [self.cli, *arguments, "--non-interactive"],
            cwd=self.cwd,
            env=self.environ,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            said = (done.stderr or done.stdout).strip().removeprefix("error: ")
            raise EngineError(f"`pulumi {' '.join(arguments[:2])}` failed: {said}")
        return done.stdout


def _read(stream: Iterable[str] | None, take: Callable[[str], None]) -> None:
    for line in stream or ():
        take(line)


def stack_of(arguments: list[str]) -> str:
    """The stack that `--stack` or `-s` names in a command line, or nothing."""
    for index, each in enumerate(arguments):
        flag, mark, value = each.partition("=")
        if flag in _STACK_FLAGS:
            return value if mark else (arguments[index + 1] if index + 1 < len(arguments) else "")
    return ""
