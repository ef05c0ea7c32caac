"""What `preview`, `up`, `refresh` and `destroy` do on either engine: preview, confirm, carry out, show, exit code.

`cli` brings the embedded engine, `officialflow` the Pulumi CLI; both are an `Engine` here.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from . import flags
from .commandline import Exit
from .display import open_display
from .display.look import Look
from .events import Event, MessageEvent, Result, Verb


class Engine(Protocol):
    """An engine with one stack of one project."""

    @property
    def stack(self) -> str:
        """The stack's name, for titles."""

    @property
    def config(self) -> Mapping[str, str]:
        """The stack's settings as text, secrets hidden."""

    def operate(self, verb: Verb, emit: Callable[[Event], None], *, preview: bool) -> Result:
        """Carry out a verb, or only say what it would do; events go to `emit` meanwhile.

        Raises:
            AmlkitError: it could not begin.
        """

    def held(self, verb: Verb) -> AbstractContextManager[None]:
        """The stack is nobody else's in here, as far as the engine can say."""


def add_flags(parser: argparse.ArgumentParser, verb: str) -> None:
    """The flags that this flow needs."""
    parser.set_defaults(verb=verb, yes=False, skip_preview=False, preview_only=False)
    parser.add_argument("--expect-no-changes", action="store_true", help="exit with 7 if anything changes")
    parser.add_argument("--non-interactive", action="store_true", help="never ask")
    if verb != "preview":
        parser.add_argument("--yes", "-y", action="store_true", help="do not ask")
        short = () if verb == "import" else ("-f",)  # that is its file
        parser.add_argument("--skip-preview", *short, action="store_true", help="do not show first what would happen")
    if verb in ("refresh", "destroy", "import"):
        parser.add_argument("--preview-only", action="store_true", help="only show what would happen")
    flags.add_shown(parser)


def carry_out(engine: Engine, given: argparse.Namespace, folder: Path, environ: Mapping[str, str]) -> int:
    """Preview, ask, do, as the flags say; the exit code. Raises as `Engine.operate`."""
    look = flags.look_of(given, folder, environ)
    if given.verb == "preview" or given.preview_only:
        return _exit_code(_shown(engine, given, look, preview=True), given)
    interactive = sys.stdin.isatty() and sys.stdout.isatty() and not given.non_interactive
    if not given.yes and not given.skip_preview and not interactive:
        what = "--yes or --skip-preview must be passed in to proceed when running in non-interactive mode"
        print(f"error: {what}", file=sys.stderr)
        return Exit.NOT_CONFIRMED
    with engine.held(given.verb):
        if not given.skip_preview:
            result = _shown(engine, given, look, preview=True)
            if not result.succeeded:
                return _exit_code(result, given)
            if not given.yes and not _confirmed(given.verb, engine.stack):
                print("confirmation declined, not proceeding", file=sys.stderr)
                return Exit.FAILED
        return _exit_code(_shown(engine, given, look, preview=False), given)


def _shown(engine: Engine, given: argparse.Namespace, look: Look, *, preview: bool) -> Result:
    """Operate with a display, which is closed whatever happens."""
    display = open_display(
        given.verb, engine.stack, preview=preview, look=look, config=engine.config, program=given.program
    )

    def emit(event: Event) -> None:
        if given.logtostderr and given.verbose and isinstance(event, MessageEvent) and event.severity == "debug":
            print(event.message.rstrip(), file=sys.stderr)
        display.emit(event)

    try:
        result = engine.operate(given.verb, emit, preview=preview)
    except BaseException:
        display.abandon()
        raise
    display.close(result)
    return result


def _exit_code(result: Result, given: argparse.Namespace) -> int:
    if result.abandoned:
        return Exit.CANCELLED
    if not result.succeeded:
        return result.code or Exit.FAILED
    if given.expect_no_changes and result.changed:
        kind = "update" if result.kind == "update" else given.verb
        print(f"error: no changes were expected for {kind} but changes were proposed", file=sys.stderr)
        return Exit.UNEXPECTED_CHANGES
    return Exit.DONE


def _confirmed(verb: str, stack: str) -> bool:
    return input(f"Do you want to {verb} the stack {stack}? [y/N] ").strip().lower() in ("y", "yes")
