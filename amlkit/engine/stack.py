"""The commands about a stack itself: `stack …`, `cancel`, `config …`, with Pulumi's words and exit codes.

`cli` calls `run` for these verbs. Data goes to standard output, the rest to standard error.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Mapping
from pathlib import Path

from . import naming
from .commandline import Parser, exit_code
from .embedded import configcommands as config
from .embedded import stackcommands as stack
from .embedded import stackimport, stackrename
from .naming import PROGRAM

VERBS = ("stack", "cancel", "config")
_PATH = "the key is a path into a list or mapping, `parent.list[0]`"


def run(
    arguments: list[str],
    *,
    cwd: Path | None = None,
    environ: Mapping[str, str] = os.environ,
    program: str = PROGRAM,
) -> int:
    """Carry out `stack …`, `cancel …` or `config …` (`arguments` begin with the verb); the exit code.

    0 done, 1 failed or a wrong command line, 6 no such stack. Errors are printed, not raised. `program` is how the
    user called it, for usage and hints.
    """

    def command() -> int:
        given = _parser(program).parse_args(arguments)
        carry_out: Callable[[argparse.Namespace, Path, Mapping[str, str]], int] = given.carry_out
        return carry_out(given, Path(given.cwd) if given.cwd else cwd or Path.cwd(), environ)

    return exit_code(command, program, naming.ending(environ))


def _parser(program: str) -> argparse.ArgumentParser:
    parser = Parser(prog=program, allow_abbrev=False)
    parser.set_defaults(stack=None, cwd=None, non_interactive=False)
    verbs = parser.add_subparsers(required=True, metavar="stack|cancel|config", parser_class=Parser)
    _stack(verbs)
    _config(verbs)
    cancel = _verb(verbs, "cancel", "remove the locks of a stack", stack.cancel)
    cancel.add_argument("name", nargs="?")
    cancel.add_argument("--yes", "-y", action="store_true")
    return parser


def _verb(
    verbs: argparse._SubParsersAction[Parser],
    name: str,
    text: str,
    carry_out: Callable[[argparse.Namespace, Path, Mapping[str, str]], int],
) -> Parser:
    parser = verbs.add_parser(name, help=text, description=text, allow_abbrev=False)
    parser.set_defaults(carry_out=carry_out)
    # SUPPRESS: a verb's default must not overwrite what was given before it
    parser.add_argument("--stack", "-s", default=argparse.SUPPRESS)
    parser.add_argument("--cwd", "-C", default=argparse.SUPPRESS)
    parser.add_argument("--non-interactive", action="store_true", default=argparse.SUPPRESS)
    return parser


def _stack(verbs: argparse._SubParsersAction[Parser]) -> None:
    above = _verb(verbs, "stack", "show or manage stacks", stack.overview)
    above.add_argument("--show-urns", "-u", action="store_true")
    above.add_argument("--show-ids", "-i", action="store_true")
    above.add_argument("--show-name", action="store_true")
    above.add_argument("--show-secrets", action="store_true")
    inner = above.add_subparsers(metavar="ls|output|export|import|init|rename|select|rm", parser_class=Parser)
    _verb(inner, "ls", "list the project's stacks", stack.ls).add_argument("--json", "-j", action="store_true")
    output = _verb(inner, "output", "show the outputs", stack.output)
    output.add_argument("name", nargs="?")
    output.add_argument("--json", "-j", action="store_true")
    output.add_argument("--show-secrets", action="store_true")
    export = _verb(inner, "export", "write the state to standard output or a file", stack.export)
    export.add_argument("--file", default="")
    export.add_argument("--show-secrets", action="store_true")
    put = _verb(inner, "import", "put an exported state in the place of the stack's", stackimport.import_)
    put.add_argument("--file", default="")
    put.add_argument("--force", "-f", action="store_true")
    init = _verb(inner, "init", "make a stack", stack.init)
    init.add_argument("name", nargs="?")
    init.add_argument("--no-select", action="store_true")
    select = _verb(inner, "select", "choose the stack of the next commands", stack.select)
    select.add_argument("name", nargs="?")
    select.add_argument("--create", "-c", action="store_true")
    _verb(inner, "rename", "give a stack another name", stackrename.rename).add_argument("name")
    rm = _verb(inner, "rm", "remove a stack without resources", stack.remove)
    rm.add_argument("name", nargs="?")
    rm.add_argument("--yes", "-y", action="store_true")
    rm.add_argument("--force", "-f", action="store_true")
    rm.add_argument("--preserve-config", action="store_true")


def _config(verbs: argparse._SubParsersAction[Parser]) -> None:
    above = _verb(verbs, "config", "show or change settings", config.listing)
    above.add_argument("--json", "-j", action="store_true")
    above.add_argument("--show-secrets", action="store_true")
    inner = above.add_subparsers(metavar="get|set|rm", parser_class=Parser)
    get = _verb(inner, "get", "show one setting", config.get)
    get.add_argument("key")
    get.add_argument("--json", "-j", action="store_true")
    get.add_argument("--path", action="store_true", help=_PATH)
    put = _verb(inner, "set", "change one setting", config.put)
    put.add_argument("key")
    put.add_argument("value", nargs="?")
    put.add_argument("--path", action="store_true", help=_PATH)
    put.add_argument("--raw", action="store_true", help="keep the last line end of standard input")
    kind = put.add_mutually_exclusive_group()
    kind.add_argument("--secret", action="store_true")
    kind.add_argument("--plaintext", action="store_true")
    kind.add_argument("--type", default="", metavar="string|bool|int|float")
    rm = _verb(inner, "rm", "remove one setting", config.remove)
    rm.add_argument("key")
    rm.add_argument("--path", action="store_true", help=_PATH)
