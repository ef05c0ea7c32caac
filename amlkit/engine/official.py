"""The Pulumi CLI as an engine: the same verbs, passed on to the one on PATH.

Called for stacks on Azure, and for local ones when asked. Adds what its users would otherwise have to do by hand: make
a stack that does not exist, and clear a create that was under way when an earlier run was killed.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from amlkit.errors import EngineError, SetupError

_MAKES_STACK = ("preview", "up")
_STACK_FLAGS = ("--stack", "-s")


def find(environ: Mapping[str, str] = os.environ) -> Path | None:
    """The Pulumi CLI on PATH, if there is one."""
    found = shutil.which("pulumi", path=environ.get("PATH", os.defpath))
    return Path(found) if found else None


def run(arguments: list[str], cwd: Path, environ: Mapping[str, str]) -> int:
    """Run `pulumi <arguments>` in a project folder with its output passed through; the CLI's exit code.

    Raises:
        SetupError: there is no Pulumi CLI.
        EngineError: it cannot say which stacks there are, or what the state is.
    """
    call = _calls(cwd, environ)
    verb = arguments[0] if arguments else ""
    stack = stack_of(arguments) or environ.get("PULUMI_STACK", "")
    if verb in _MAKES_STACK and stack:
        call.make_stack(stack)
    code = call.through(arguments)
    if verb == "up" and code == 0 and call.has_pending_creates(stack):
        flags = ["--yes", "--skip-preview", "--clear-pending-creates"]
        return call.through(["refresh", *flags, *(["--stack", stack] if stack else [])])
    return code


def outputs(stack: str, cwd: Path, environ: Mapping[str, str]) -> dict[str, Any]:
    """The stack's outputs by name, secrets hidden. Raises as `run`."""
    known: dict[str, Any] = json.loads(_calls(cwd, environ).output(["stack", "output", "--json", "--stack", stack]))
    return known


def _calls(cwd: Path, environ: Mapping[str, str]) -> _Calls:
    cli = find(environ)
    if cli is None:
        hint = "get it with pulumi.com/docs/install"
        raise SetupError("a stack on Azure needs the Pulumi CLI, and `pulumi` is not on PATH", hint=hint)
    return _Calls(cli, cwd, environ)


class _Calls:
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

    def make_stack(self, stack: str) -> None:
        """Make it unless it exists."""
        known = json.loads(self.output(["stack", "ls", "--json", "--non-interactive"]))
        if stack.rsplit("/", 1)[-1] not in {each["name"].rsplit("/", 1)[-1] for each in known}:
            self.output(["stack", "init", stack, "--no-select", "--non-interactive"])

    def has_pending_creates(self, stack: str) -> bool:
        """Does the state still hold a create that an earlier run began? The CLI carries it on until it is cleared."""
        chosen = ["--stack", stack] if stack else []
        exported = json.loads(self.output(["stack", "export", "--non-interactive", *chosen]))
        pending = (exported.get("deployment") or {}).get("pending_operations") or []
        return any(each.get("type") == "creating" for each in pending)

    def output(self, arguments: list[str]) -> str:
        """What it prints on standard output. Raises `EngineError` if it fails."""
        done = subprocess.run(
            [self.cli, *arguments], cwd=self.cwd, env=self.environ, capture_output=True, text=True, check=False
        )
        if done.returncode:
            said = (done.stderr or done.stdout).strip().removeprefix("error: ")
            raise EngineError(f"`pulumi {' '.join(arguments[:2])}` failed: {said}")
        return done.stdout


def stack_of(arguments: list[str]) -> str:
    """The stack that `--stack` or `-s` names in a command line, or nothing."""
    for index, each in enumerate(arguments):
        flag, mark, value = each.partition("=")
        if flag in _STACK_FLAGS:
            return value if mark else (arguments[index + 1] if index + 1 < len(arguments) else "")
    return ""
