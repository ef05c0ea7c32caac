"""The commands that run a program: `preview`, `up`, `refresh`, `destroy`, with Pulumi's flags and exit codes.

`python -m amlkit.engine` and `amlkit` call `main`; `stack`, `cancel` and `config` are passed on to `stack.run`.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from enum import IntEnum
from pathlib import Path
from typing import NoReturn

from amlkit.errors import AmlkitError, SetupError

from . import stack as stackcommands
from .display import Display, open_display
from .embedded import operations
from .embedded.opened import NoSuchStackError, Opened, opened
from .embedded.operations import Options
from .embedded.stackfile import masked, stored_config
from .events import Result
from .naming import PROGRAM, told


class Exit(IntEnum):
    """Pulumi's exit codes."""

    DONE = 0
    FAILED = 1
    NOT_CONFIRMED = 2
    NO_SUCH_STACK = 6
    UNEXPECTED_CHANGES = 7
    CANCELLED = 8


_VERBS = {
    "preview": "show what an update would do",
    "up": "run the program and make what it says",
    "refresh": "read what is there into the state",
    "destroy": "delete everything in the stack",
}
_ALIASES = {"update": "up", "pre": "preview"}
_NOT_DONE = {
    "--continue-on-error": 0,
    "--target": 1,
    "-t": 1,
    "--exclude": 1,
    "--target-replace": 1,
    "--replace": 1,
    "--target-dependents": 0,
    "--exclude-dependents": 0,
    "--plan": 1,
    "--save-plan": 1,
    "--import-file": 1,
    "--policy-pack": 1,
    "--run-program": 0,
    "--exclude-protected": 0,
    "--suppress-outputs": 0,
    "--suppress-progress": 0,
    "--logtostderr": 0,
    "--color": 1,
    "--show-secrets": 0,
    "--show-full-output": 0,
    "--show-reads": 0,
    "--show-sames": 0,
    "--debug": 0,
    "--import-pending-creates": 1,
    "--attach-debugger": 0,
    "--show-replacement-steps": 0,
}
"""Flags of Pulumi that the embedded engine refuses by name, and whether a value follows."""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise SetupError(message, hint=f"see `{self.prog} --help`")


class _Refused(argparse.Action):
    def __call__(self, parser: object, namespace: object, values: object, option_string: str | None = None) -> None:
        raise SetupError(f"`{option_string}` is not supported by the embedded engine yet", hint="use the Pulumi CLI")


def main(
    arguments: Sequence[str],
    *,
    cwd: Path | None = None,
    environ: Mapping[str, str] | None = None,
    program: str = PROGRAM,
) -> int:
    """Carry out one command; the exit code. Errors are printed to standard error, never raised.

    `program` is how the user called it, for usage and hints.
    """
    environ = os.environ if environ is None else environ
    words = [word for word in arguments if not word.startswith("-")]
    if words and words[0] in stackcommands.VERBS:
        return stackcommands.run(list(arguments), cwd=cwd, environ=environ, program=program)
    try:
        given = _parser(program).parse_args(list(arguments), argparse.Namespace(program=program))
        return _carry_out(given, Path(given.cwd) if given.cwd else cwd or Path.cwd(), environ)
    except SystemExit as end:  # `--help`
        return int(end.code or 0)
    except AmlkitError as error:
        print(f"error: {told(error, program)}", file=sys.stderr)
        return Exit.NO_SUCH_STACK if isinstance(error, NoSuchStackError) else Exit.FAILED


def _parser(program: str) -> argparse.ArgumentParser:
    parser = _Parser(prog=program, description=__doc__, allow_abbrev=False)
    verbs = parser.add_subparsers(dest="verb", required=True, parser_class=_Parser)
    for verb, text in _VERBS.items():
        names = [alias for alias, meant in _ALIASES.items() if meant == verb]
        _flags(verbs.add_parser(verb, help=text, description=text, aliases=names, allow_abbrev=False), verb)
    for verb in stackcommands.VERBS:
        verbs.add_parser(verb, help=f"see `{program} {verb} --help`", add_help=False)
    return parser


def _flags(parser: argparse.ArgumentParser, verb: str) -> None:
    parser.set_defaults(verb=verb, yes=False, skip_preview=False, preview_only=False, refresh=None, config=None)
    parser.set_defaults(clear_pending_creates=False)
    parser.add_argument("--stack", "-s", help="the stack; else the selected one")
    parser.add_argument("--cwd", "-C", help="run as if started in this folder")
    parser.add_argument("--parallel", "-p", type=int, default=0, help="how many operations at once")
    parser.add_argument("--message", "-m", default="", help="accepted, not stored")
    parser.add_argument("--expect-no-changes", action="store_true", help="exit with 7 if anything changes")
    parser.add_argument("--diff", action="store_true", help="show every property that changes")
    parser.add_argument("--json", "-j", action="store_true", help="JSON instead of text")
    parser.add_argument("--non-interactive", action="store_true", help="never ask")
    parser.add_argument("--suppress-permalink", nargs="?", help="there is none to suppress")
    if verb in ("preview", "up"):
        parser.add_argument("--config", "-c", action="append", metavar="K=V", help="set a setting first, and keep it")
    if verb in ("preview", "up", "destroy"):
        parser.add_argument("--refresh", "-r", nargs="?", const="true", help="read what is there first")
    if verb != "preview":
        parser.add_argument("--yes", "-y", action="store_true", help="do not ask")
        parser.add_argument("--skip-preview", "-f", action="store_true", help="do not show first what would happen")
    if verb == "refresh":
        text = "forget creations that an interrupted run began and that the provider cannot find"
        parser.add_argument("--clear-pending-creates", action="store_true", help=text)
    if verb in ("refresh", "destroy"):
        parser.add_argument("--preview-only", action="store_true", help="only show what would happen")
    for flag, values in _NOT_DONE.items():
        parser.add_argument(flag, action=_Refused, nargs=values or "?", help=argparse.SUPPRESS)


def _carry_out(given: argparse.Namespace, cwd: Path, environ: Mapping[str, str]) -> int:
    if given.parallel < 0:
        raise SetupError(f"--parallel must not be negative: {given.parallel}")
    stack = opened(cwd, environ, given.stack)
    _keep_config(stack, given.config or ())
    options = Options(
        parallel=given.parallel,
        refresh=given.refresh not in (None, "false"),
        clear_pending_creates=given.clear_pending_creates,
        environ=environ,
    )
    only_preview = given.verb == "preview" or given.preview_only
    interactive = sys.stdin.isatty() and sys.stdout.isatty() and not given.non_interactive
    if not only_preview and not given.yes and not interactive:
        what = "--yes or --skip-preview must be passed in to proceed when running in non-interactive mode"
        if not given.skip_preview:
            print(f"error: {what}", file=sys.stderr)
            return Exit.NOT_CONFIRMED
    if only_preview:
        return _exit_code(_shown(stack, given, options, preview=True), given)
    with stack.state.lock(given.verb, lambda text: print(f"warning: {text}", file=sys.stderr)):
        if not given.skip_preview:
            result = _shown(stack, given, options, preview=True)
            if not result.succeeded:
                return _exit_code(result, given)
            if not given.yes and not _confirmed(given.verb, stack):
                print("confirmation declined, not proceeding", file=sys.stderr)
                return Exit.FAILED
        return _exit_code(_shown(stack, given, options, preview=False), given)


def _shown(stack: Opened, given: argparse.Namespace, options: Options, *, preview: bool) -> Result:
    """Run the operation with a display, which is closed whatever happens."""
    settings = stored_config(stack.project, stack.settings())
    display = open_display(
        given.verb,
        stack.stack,
        preview=preview,
        json=given.json,
        diff=given.diff,
        config={key: masked(value) for key, value in settings.items()},
        program=given.program,
    )
    try:
        result = _operation(stack, given.verb, options, display, preview=preview)
    except BaseException:
        display.abandon()
        raise
    display.close(result)
    return result


def _operation(stack: Opened, verb: str, options: Options, display: Display, *, preview: bool) -> Result:
    if verb == "refresh":
        return operations.refresh(stack, options, display.emit, dry=preview)
    if verb == "destroy":
        return operations.destroy(stack, options, display.emit, dry=preview)
    return (operations.preview if preview else operations.up)(stack, options, display.emit)


def _exit_code(result: Result, given: argparse.Namespace) -> int:
    if result.cancelled:
        return Exit.CANCELLED
    if not result.succeeded:
        return Exit.FAILED
    if given.expect_no_changes and result.changed:
        print("error: no changes were expected but changes were proposed", file=sys.stderr)
        return Exit.UNEXPECTED_CHANGES
    return Exit.DONE


def _confirmed(verb: str, stack: Opened) -> bool:
    return input(f"Do you want to {verb} the stack {stack.stack}? [y/N] ").strip().lower() in ("y", "yes")


def _keep_config(stack: Opened, settings: Sequence[str]) -> None:
    if not settings:
        return
    file = stack.settings()
    for each in settings:
        key, mark, value = each.partition("=")
        if not mark:
            raise SetupError(f"not a setting: `{each}`", hint="write it like `-c key=value`")
        file.set(key, value)
    file.save()
