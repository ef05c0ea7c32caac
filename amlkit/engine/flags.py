"""The Pulumi CLI's flags and commands that have one meaning on both engines, and those that ours refuses by name.

`cli` builds its parsers with these. Nothing that a user writes is silently ignored: what is not done is refused with
the command of the Pulumi CLI that does it, on the same state.
"""

from __future__ import annotations

import argparse
import json
import re
import shlex
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

from amlkit.errors import SetupError

from . import naming
from .display.look import Look
from .naming import USE_CLI
from .switches import is_on

SHOWN = {
    "--diff": "show every property that changes",
    "--show-config": "show the stack's settings first",
    "--show-reads": "show what is only read, too",
    "--show-replacement-steps": "show both halves of a replacement",
    "--show-sames": "show what does not change, too",
    "--show-secrets": "show secrets in clear; never in JSON or in the event log",
    "--suppress-outputs": "do not show the stack's outputs",
    "--urns": "show full URNs instead of names",
}
"""Flags that change what is shown."""

_ALWAYS_SO = {
    "--show-full-output": "values are always shown whole",
    "--show-policy-remediations": "there are no policies that could remedy",
    "--skip-plugin-pre-install": "plugins are never installed",
    "--suppress-progress": "there are no progress dots",
    "--logflow": "plugins' lines always arrive",
}
"""Flags that ask for what is so anyway, and why."""

_REFUSED = (
    "--attach-debugger",
    "--config-file",
    "--disable-integrity-checking",
    "--emoji",
    "-e",
    "--exclude",
    "-x",
    "--exclude-dependents",
    "--exclude-protected",
    "--ignore-protect",
    "--import-file",
    "--import-pending-creates",
    "--continue-on-error",
    "--memprofilerate",
    "--neo",
    "--otel-traces",
    "--output",
    "--override-env",
    "--plan",
    "--policy-pack",
    "--policy-pack-config",
    "--profiling",
    "--remove",
    "--replace",
    "--run-program",
    "--save-plan",
    "--secrets-provider",
    "--skip-config-validation",
    "--skip-pending-creates",
    "--strict",
    "--target",
    "-t",
    "--target-dependents",
    "--target-replace",
    "--tracing",
    "--tracing-header",
)
_ELSEWHERE = (
    *("about", "ai", "api", "console", "convert", "deployment", "do", "env", "gen-completion", "insights", "install"),
    *("login", "logout", "logs", "neo", "new", "org", "package", "plugin", "policy", "project", "schema", "state"),
    *("template", "version", "watch", "whoami"),
)
"""Commands of the Pulumi CLI that are no part of running a program."""

_ELSEWHERE_BELOW: Mapping[str, tuple[str, ...]] = {
    "stack": (
        "change-secrets-provider",
        "graph",
        "history",
        "migrate",
        "schema",
        "tag",
        "unselect",
        "webhook",
    ),
    "config": ("cp", "env", "refresh", "rm-all", "set-all"),
}
_GIVEN_TRUTH = re.compile(r"(--[a-z-]+)=(true|false|1|0)")
_WITH_VALUE = ("--refresh", "--suppress-permalink", "--generate-code", "--protect", "--parallel", "--verbose")


class _Refused(argparse.Action):
    def __call__(
        self, parser: argparse.ArgumentParser, namespace: object, values: object, option_string: str | None = None
    ) -> None:
        refuse(f"`{option_string}`", f"{parser.prog.rsplit(' ', 1)[-1]} … {option_string}")


def refuse(what: str, command: str) -> NoReturn:
    """Say that the embedded engine does not do something, and how the Pulumi CLI does.

    Raises:
        SetupError: always.
    """
    raise SetupError(
        f"{what} is not supported by the embedded engine",
        hint=f"{USE_CLI}, on the same state: `pulumi {command}`",
    )


def refuse_elsewhere(arguments: Sequence[str]) -> None:
    """Refuse a command that only the Pulumi CLI has (`state`, `stack history`), naming it there.

    Raises:
        SetupError: it is one.
    """
    first, second = (*arguments, "", "")[:2]
    depth = 1 if first in _ELSEWHERE else 2 if second in _ELSEWHERE_BELOW.get(first, ()) else 0
    if depth:
        refuse(f"`{' '.join(arguments[:depth])}`", shlex.join(arguments))


def spelled_out(arguments: Sequence[str]) -> list[str]:
    """Arguments with `--flag=true` as `--flag`, and without `--flag=false`: Pulumi's flags may have their truth."""
    found = []
    for each in arguments:
        match = _GIVEN_TRUTH.fullmatch(each)
        if not match or match[1] in _WITH_VALUE:
            found.append(each)
        elif match[2] in ("true", "1"):
            found.append(match[1])
    return found


def add_shown(parser: argparse.ArgumentParser) -> None:
    """What is shown and how; the same on both engines."""
    parser.add_argument("--json", "-j", action="store_true", help="JSON instead of text")
    for flag, text in SHOWN.items():
        parser.add_argument(flag, action="store_true", help=text)
    for flag, text in _ALWAYS_SO.items():
        parser.add_argument(flag, action="store_true", help=f"accepted: {text}")
    parser.add_argument("--color", choices=("auto", "always", "never"), default="auto", help="colours in the text")
    parser.add_argument("--debug", "-d", action="store_true", help="show debug lines of plugins and of the SDK")
    parser.add_argument(
        "--event-log", default="", metavar="FILE", help="write Pulumi's engine events, a JSON line each"
    )
    parser.add_argument("--fully-qualify-stack-names", "-Q", action="store_true", help="show whole names of stacks")
    parser.add_argument("--suppress-permalink", nargs="?", help="accepted: there is none")
    parser.add_argument("--logtostderr", action="store_true", help="debug lines on standard error, with `-v`")
    parser.add_argument("--verbose", "-v", type=int, default=0, help="how much `--logtostderr` writes: anything, or 0")


def add_refused(parser: argparse.ArgumentParser, more: Sequence[str] = ()) -> None:
    """What Pulumi knows and the command does not, so that it is refused by name; `more`: of this command alone."""
    for flag in (*_REFUSED, *more):
        with suppress(argparse.ArgumentError):  # the command does know it
            parser.add_argument(flag, action=_Refused, nargs="?", help=argparse.SUPPRESS)


def look_of(given: argparse.Namespace, folder: Path, environ: Mapping[str, str]) -> Look:
    """The display flags as a record. The event log's place is relative to `folder`."""
    log = given.event_log
    return Look(
        json=given.json,
        diff=given.diff,
        colour=given.color,
        debug=given.debug,
        show_config=given.show_config,
        show_reads=given.show_reads,
        show_replacement_steps=given.show_replacement_steps,
        show_sames=given.show_sames,
        show_secrets=given.show_secrets,
        suppress_outputs=given.suppress_outputs,
        urns=given.urns,
        stream_preview=is_on(environ, "PULUMI_ENABLE_STREAMING_JSON_PREVIEW"),
        event_log=log if "://" in log or not log else str(folder / log),
        inert=_inert(environ),
        options=naming.ending(environ),
    )


def _inert(environ: Mapping[str, str]) -> frozenset[str]:
    """Types that the caller says have nothing behind them: the keys of a JSON object."""
    listed = json.loads(environ.get("AMLKIT_INERT") or "{}")
    return frozenset(listed)
