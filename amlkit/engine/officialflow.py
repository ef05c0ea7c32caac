"""`preview`, `up`, `refresh`, `destroy` on the Pulumi CLI, shown and answered as on the embedded engine.

`choice` calls it. The CLI runs once for the preview and once for the work, and tells its events.
"""

from __future__ import annotations

import argparse
import json
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path

from amlkit.errors import EngineError

from . import flags, flow
from .commandline import Parser
from .events import HIDDEN, Event, Kind, MessageEvent, Result, Verb
from .naming import PROGRAM
from .official import Calls, calls, chosen, stack_of
from .officialevents import Reader
from .signals import STOPPING

_VERBS = ("preview", "up", "refresh", "destroy")
_MAKES_STACK = ("preview", "up")
_NOT_OF_PREVIEW = ("--continue-on-error", "--strict")
_STREAMED = {"PULUMI_ENABLE_STREAMING_JSON_PREVIEW": "true"}
_LOGGED = {"PULUMI_DEBUG_COMMANDS": "true"}  # the CLI hides the flag of the event log


class CliError(EngineError):
    """The CLI did not begin. `code` is its exit code."""

    def __init__(self, said: str, code: int) -> None:
        super().__init__(said)
        self.code = code


def run(arguments: list[str], cwd: Path, environ: Mapping[str, str], *, program: str = PROGRAM) -> int:
    """Carry out a command line in a project folder; the CLI's exit code.

    `preview`, `up`, `refresh` and `destroy` are shown as the embedded engine's are; of any other verb the CLI's own
    output is passed through.

    Raises:
        SetupError: there is no Pulumi CLI, or a stack that would be made has no settings.
        EngineError: it cannot say which stacks there are, or what the state is.
    """
    call = calls(cwd, environ)
    verb = arguments[0] if arguments else ""
    stack = stack_of(arguments) or environ.get("PULUMI_STACK", "")
    if verb in _MAKES_STACK and stack:
        call.make_stack(stack)
    code = _shown(call, arguments, stack, program) if verb in _VERBS else call.through(arguments)
    if verb == "up" and code == 0 and call.has_pending_creates(stack):
        call.output(["refresh", "--yes", "--skip-preview", "--clear-pending-creates", *chosen(stack)])
    return code


def _shown(call: Calls, arguments: list[str], stack: str, program: str) -> int:
    """Carry out one of the four verbs; the exit code.

    With `--json` or `--show-secrets`, which need what the CLI's events do not hold, its own output is passed through.
    """
    given = given_of(arguments, program)
    if given.json or given.show_secrets:
        return call.through(arguments)
    try:
        return flow.carry_out(Official(call, stack, given), given, call.cwd, call.environ)
    except CliError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.code


def operate(
    verb: Verb,
    stack: str,
    cwd: Path,
    environ: Mapping[str, str],
    emit: Callable[[Event], None],
    *,
    preview: bool = False,
) -> Result:
    """Carry out a verb on a stack, or only say what it would do. Raises as `run`."""
    given = given_of([verb], PROGRAM)
    return Official(calls(cwd, environ), stack, given).operate(verb, emit, preview=preview)


def given_of(arguments: Sequence[str], program: str) -> argparse.Namespace:
    """What the flow and the displays need of a command line; all other words are in `passed`, for the CLI."""
    verb = arguments[0]
    parser = Parser(prog=f"{program} {verb}", allow_abbrev=False, add_help=False)
    flow.add_flags(parser, verb)
    parser.add_argument("--stack", "-s")
    given, passed = parser.parse_known_args(flags.spelled_out(arguments[1:]))
    given.passed, given.program = passed, program
    return given


@dataclass(frozen=True)
class Official:
    """The CLI with a stack, as `flow` needs it."""

    call: Calls
    stack: str
    given: argparse.Namespace

    @property
    def config(self) -> Mapping[str, str]:
        """Asked for only where it is shown."""
        if not self.given.show_config:
            return {}
        known = json.loads(self.call.output(["config", "--json", *chosen(self.stack)]))
        return {key: HIDDEN if each.get("secret") else str(each.get("value", "")) for key, each in known.items()}

    def held(self, verb: Verb) -> AbstractContextManager[None]:
        """The CLI locks the stack while it changes it, and only then."""
        return nullcontext()

    def operate(self, verb: Verb, emit: Callable[[Event], None], *, preview: bool) -> Result:
        """Run the CLI once, and read its events.

        Raises:
            CliError: it ended before it told anything.
        """
        teller = _Teller(emit)
        reader = Reader(_kind(verb, preview=preview), teller.emit)
        line = self._line(verb, preview=preview)
        code, said = self.call.streamed(line, self._environ, reader.take, teller.interrupted)
        if code and not reader.began:
            raise CliError(said or f"`pulumi {verb}` ended with exit code {code}", code)
        if not code and not reader.ended:
            raise EngineError("the Pulumi CLI did not tell what it did", hint="it is too old: get a newer one")
        return reader.result(code)

    def _line(self, verb: Verb, *, preview: bool) -> list[str]:
        passed = list(self.given.passed)
        if not preview:
            line = [verb, "--yes", "--skip-preview"]
        elif verb in ("refresh", "destroy"):
            line = [verb, "--preview-only"]
        else:
            line, passed = ["preview"], [each for each in passed if each not in _NOT_OF_PREVIEW]
        if self.given.event_log:
            passed += ["--event-log", str(self.call.cwd / self.given.event_log)]
        return [*line, "--json", "--non-interactive", *passed, *chosen(self.stack)]

    @property
    def _environ(self) -> Mapping[str, str]:
        return {**_STREAMED, **(_LOGGED if self.given.event_log else {})}


class _Teller:
    """Gives events of two threads to a display: the CLI's, and the word that it was interrupted."""

    def __init__(self, emit: Callable[[Event], None]) -> None:
        self._emit = emit
        self._lock = threading.RLock()  # an interrupt may interrupt the one before
        self._is_stopping = False

    def emit(self, event: Event) -> None:
        with self._lock:
            self._emit(event)

    def interrupted(self) -> None:
        """Say it the first time; the second ends the CLI at once."""
        if not self._is_stopping:
            self._is_stopping = True
            self.emit(MessageEvent("info", STOPPING))


def _kind(verb: Verb, *, preview: bool) -> Kind:
    if verb == "up" or verb == "preview":
        return "preview" if preview else "update"
    return verb
