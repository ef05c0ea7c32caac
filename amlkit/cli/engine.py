"""`preview`, `up`, `refresh`, `destroy`, `cancel`, `stack`: Pulumi's own verbs, flags and exit codes, on either engine.

A local stack runs on the embedded engine (`AMLKIT_ENGINE=official` for the Pulumi CLI), any other on the Pulumi CLI.
"""

from __future__ import annotations

import os

import click

from amlkit.delivery import stacks
from amlkit.errors import SetupError

PASS_ON = {"ignore_unknown_options": True, "allow_extra_args": True, "help_option_names": []}


def _verb(name: str, help_text: str) -> click.Command:
    @click.command(name, help=help_text, context_settings=PASS_ON, add_help_option=False)
    @click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
    def command(arguments: tuple[str, ...]) -> int:
        return _run(name, list(arguments))

    return command


preview = _verb("preview", "Show what `up` would change.")
up = _verb("up", "Provision and publish.")
refresh = _verb("refresh", "Read everything back into the state.")
destroy = _verb("destroy", "Delete what the stack made.")
cancel = _verb("cancel", "Remove the lock that an ended update left.")
stack = _verb("stack", "Show the stack.")


def _run(verb: str, arguments: list[str]) -> int:
    chosen = stacks.Stack.find(_stack_option(arguments))
    helping = "--help" in arguments or "-h" in arguments
    if verb in ("preview", "up", "refresh", "destroy") and not helping:
        chosen.service()
    line = [verb, *arguments]
    if _stack_option(arguments) is None and not helping:
        line += ["--stack", chosen.name]
    code = _engine(chosen)(line, chosen)
    if verb == "up" and code == 0 and not helping:
        _leave_config(chosen)
    return code


def _engine(chosen: stacks.Stack):  # type: ignore[no-untyped-def]  # noqa: ANN202  placeholder until wired
    raise NotImplementedError


def _stack_option(arguments: list[str]) -> str | None:
    for index, argument in enumerate(arguments):
        if argument in ("-s", "--stack"):
            if index + 1 == len(arguments):
                raise SetupError(f"`{argument}` needs the name of a stack")
            return arguments[index + 1]
        if argument.startswith("--stack="):
            return argument.removeprefix("--stack=")
    return None


def _leave_config(chosen: stacks.Stack) -> None:
    raise NotImplementedError(os.sep)
