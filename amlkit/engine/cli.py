"""The commands that run a program: `preview`, `up`, `refresh`, `destroy`, `import`, with Pulumi's flags and exit codes.

`python -m amlkit.engine` and `amlkit` call `main`; `stack`, `cancel` and `config` are passed on to `stack.run`.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from amlkit.errors import SetupError

from . import flags, flow, importverb, naming
from . import stack as stackcommands
from .commandline import Exit, Parser, exit_code
from .display import words
from .embedded.importfile import Import
from .embedded.opened import Opened, opened
from .embedded.options import Options
from .embedded.stackfile import masked, stored_config
from .events import Event, Result, Verb
from .naming import PROGRAM
from .switches import is_on

_VERBS = {
    "preview": "show what an update would do",
    "up": "run the program and make what it says",
    "refresh": "read what is there into the state",
    "destroy": "delete everything in the stack",
    "import": "take over what exists in the cloud",
}
_READ_WITH = "with `--refresh`: read each resource when the program registers it, with the provider that it has then"
_PROGRAM_RUNS = {
    "preview": _READ_WITH,
    "up": _READ_WITH,
    "refresh": "run the program, so that providers are as it has them",
    "destroy": "run the program, so that providers are as it has them and its hooks are called",
}
_ALIASES = {"update": "up", "pre": "preview"}


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
    named = [word for word in arguments if not word.startswith("-")]

    def command() -> int:
        flags.refuse_elsewhere(arguments)
        if named and named[0] in stackcommands.VERBS:
            return stackcommands.run(list(arguments), cwd=cwd, environ=environ, program=program)
        given = _parser(program).parse_args(flags.spelled_out(arguments), argparse.Namespace(program=program))
        return _carry_out(given, Path(given.cwd) if given.cwd else cwd or Path.cwd(), environ)

    return exit_code(command, program, naming.ending(environ))


def _parser(program: str) -> argparse.ArgumentParser:
    parser = Parser(prog=program, description=__doc__, allow_abbrev=False)
    verbs = parser.add_subparsers(dest="verb", required=True, parser_class=Parser)
    for verb, text in _VERBS.items():
        names = [alias for alias, meant in _ALIASES.items() if meant == verb]
        _flags(verbs.add_parser(verb, help=text, description=text, aliases=names, allow_abbrev=False), verb)
    for verb in stackcommands.VERBS:
        verbs.add_parser(verb, help=f"see `{program} {verb} --help`", add_help=False)
    return parser


def _flags(parser: argparse.ArgumentParser, verb: str) -> None:
    flow.add_flags(parser, verb)
    parser.set_defaults(refresh=None, config=None, config_path=False, clear_pending_creates=False)
    parser.set_defaults(continue_on_error=False, run_program=False, exclude_protected=False)
    parser.add_argument("--stack", "-s", help="the stack; else the selected one")
    parser.add_argument("--cwd", "-C", help="run as if started in this folder")
    parser.add_argument("--parallel", "-p", type=int, default=0, help="how many operations at once")
    parser.add_argument("--message", "-m", default="", help="a note for the history")
    if verb in ("preview", "up"):
        parser.add_argument("--config", "-c", action="append", metavar="K=V", help="set a setting first, and keep it")
        parser.add_argument("--config-path", action="store_true", help="the keys of `--config` are paths")
    if verb in ("preview", "up", "destroy"):
        parser.add_argument("--refresh", "-r", nargs="?", const="true", help="read what is there first")
    if verb == "refresh":
        text = "forget creations that an interrupted run began and that the provider cannot find"
        parser.add_argument("--clear-pending-creates", action="store_true", help=text)
    if verb in ("up", "destroy"):
        text = "go on with what does not depend on a failure (also: PULUMI_CONTINUE_ON_ERROR)"
        parser.add_argument("--continue-on-error", action="store_true", default=None, help=text)
    if verb != "import":
        parser.add_argument("--run-program", action="store_true", default=None, help=_PROGRAM_RUNS[verb])
    if verb == "destroy":
        text = "leave protected resources, and what they need"
        parser.add_argument("--exclude-protected", action="store_true", help=text)
    if verb == "import":
        importverb.add_flags(parser)
    flags.add_refused(parser, importverb.REFUSED if verb == "import" else ())


def _carry_out(given: argparse.Namespace, cwd: Path, environ: Mapping[str, str]) -> int:
    if given.parallel < 0:
        raise SetupError(f"--parallel must not be negative: {given.parallel}")
    stack = opened(cwd, environ, given.stack)
    _keep_config(stack, given.config or (), paths=given.config_path)
    options = Options(
        parallel=given.parallel,
        refresh=given.refresh not in (None, "false"),
        clear_pending_creates=given.clear_pending_creates,
        continue_on_error=_asked(given, "continue_on_error", environ),
        run_program=_asked(given, "run_program", environ),
        exclude_protected=given.exclude_protected,
        message=given.message,
        debug=given.debug or bool(given.event_log),
        environ=environ,
    )
    if options.exclude_protected:
        from .embedded.operations import protected_only

        if count := protected_only(stack):
            if not given.json:
                print(words.all_protected(count))
            return Exit.DONE
    imports = importverb.asked(given, stack, cwd) if given.verb == "import" else ()
    return flow.carry_out(_Embedded(stack, options, given, imports), given, cwd, environ)


@dataclass(frozen=True)
class _Embedded:
    """The embedded engine with a stack, as `flow` needs it."""

    opened: Opened
    options: Options
    given: argparse.Namespace
    imports: tuple[Import, ...] = ()

    @property
    def stack(self) -> str:
        return self.opened.state.fqn if self.given.fully_qualify_stack_names else self.opened.stack

    @property
    def config(self) -> dict[str, str]:
        settings = stored_config(self.opened.project, self.opened.settings())
        return {key: masked(value) for key, value in settings.items()}

    def held(self, verb: Verb) -> AbstractContextManager[None]:
        return self.opened.state.lock(verb, lambda text: print(f"warning: {text}", file=sys.stderr))

    def operate(self, verb: Verb, emit: Callable[[Event], None], *, preview: bool) -> Result:
        from .embedded import operations  # it imports grpc, which most commands do without

        return operations.operate(verb, self.opened, self.options, emit, preview=preview, imports=self.imports)


def _asked(given: argparse.Namespace, flag: str, environ: Mapping[str, str]) -> bool:
    """A flag, or the variable that stands for it where the command knows the flag and it is not given."""
    value: bool | None = getattr(given, flag)
    if value is None:
        return is_on(environ, f"PULUMI_{flag.upper()}")
    return value


def _keep_config(stack: Opened, settings: Sequence[str], *, paths: bool) -> None:
    if not settings:
        return
    file = stack.settings()
    pairs = [each.partition("=") for each in settings]
    for key, mark, value in sorted(pairs, key=lambda pair: file.full_key(pair[0])):  # new ones in the CLI's order
        if not mark:
            raise SetupError(f"not a setting: `{key}`", hint="write it like `-c key=value`")
        if paths:
            file.place(key, value)
        else:
            file.set(key, value)
    file.save()
