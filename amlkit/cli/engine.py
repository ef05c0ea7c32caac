"""`preview`, `up`, `refresh`, `destroy`, `cancel`, `stack`: Pulumi's own verbs, flags and exit codes, on either engine.

A local stack runs on the embedded engine (`AMLKIT_ENGINE=official` for the Pulumi CLI), any other on the Pulumi CLI.
"""

from __future__ import annotations

import os

import click

from amlkit.delivery import stacks
from amlkit.engine import choice
from amlkit.errors import SetupError

PASS_ON = {"ignore_unknown_options": True, "allow_extra_args": True, "help_option_names": []}
CLOUD_VERBS = ("preview", "up", "refresh", "destroy")  # they talk to the cloud, so it must be there


def _verb(name: str) -> click.Command:
    @click.command(name, context_settings=PASS_ON, add_help_option=False)
    @click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
    def command(arguments: tuple[str, ...]) -> int:
        return _run(name, list(arguments))

    return command


preview, up, refresh, destroy, cancel, stack = map(_verb, (*CLOUD_VERBS, "cancel", "stack"))


def _run(verb: str, arguments: list[str]) -> int:
    named = _stack_option(arguments)
    chosen = stacks.Stack.find(named)
    if "--help" in arguments or "-h" in arguments:
        return choice.run("embedded", [verb, "--help"], chosen.home.root, os.environ)
    if verb in CLOUD_VERBS:
        chosen.service()
    else:
        chosen.enter()
    line = [verb, *arguments] if named else [verb, *arguments, "--stack", chosen.name]
    code = choice.run(chosen.engine, line, chosen.home.root, os.environ)
    if verb == "up" and code == 0:
        _leave_config(chosen)
    return code


def _leave_config(chosen: stacks.Stack) -> None:
    """`MLClient.from_config()` finds the workspace by it. A program that exports no workspace leaves nothing."""
    workspace = choice.outputs(chosen.engine, chosen.name, chosen.home.root, os.environ).get("workspace-id")
    if workspace:
        stacks.write_config(chosen.home, str(workspace))


def _stack_option(arguments: list[str]) -> str | None:
    for index, argument in enumerate(arguments):
        if argument in ("-s", "--stack"):
            if index + 1 == len(arguments):
                raise SetupError(f"`{argument}` needs the name of a stack")
            return arguments[index + 1]
        if argument.startswith("--stack="):
            return argument.removeprefix("--stack=")
    return None
