"""`preview`, `up`, `refresh`, `destroy`, `cancel`, `stack`: Pulumi's own verbs, flags and exit codes, on either engine.

A local stack runs on the embedded engine (`AMLKIT_ENGINE=official` for the Pulumi CLI), any other on the Pulumi CLI.
"""

from __future__ import annotations

import os
from contextlib import suppress

import click

from amlkit.delivery import stacks
from amlkit.engine import choice
from amlkit.errors import AmlkitError, SetupError

from .here import command

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
        return choice.run("embedded", [verb, "--help"], chosen.home.root, os.environ, program=command())
    if verb in CLOUD_VERBS:
        chosen.service()
    else:
        chosen.enter()
    line = [verb, *arguments] if named else [verb, *arguments, "--stack", chosen.name]
    before = ""
    with suppress(AmlkitError):  # the verb itself says what is wrong with the stack
        before = _workspace(chosen) if verb == "destroy" else ""
    code = choice.run(chosen.engine, line, chosen.home.root, os.environ, program=command())
    if code == 0 and verb in ("up", "destroy"):
        _keep_config(chosen, before)
    return code


def _keep_config(chosen: stacks.Stack, before: str) -> None:
    """`MLClient.from_config()` finds the workspace by it. A program that exports no workspace leaves nothing."""
    if workspace := _workspace(chosen):
        stacks.write_config(chosen.home, workspace, chosen.name)
    elif before:
        stacks.remove_config(chosen.home, before)


def _workspace(chosen: stacks.Stack) -> str:
    """The id of the workspace that the stack exports, if it does."""
    return str(
        choice.outputs(chosen.engine, chosen.name, chosen.home.root, os.environ).get(stacks.WORKSPACE_OUTPUT) or ""
    )


def _stack_option(arguments: list[str]) -> str | None:
    for index, argument in enumerate(arguments):
        if argument in ("-s", "--stack"):
            if index + 1 == len(arguments):
                raise SetupError(f"`{argument}` needs the name of a stack")
            return arguments[index + 1]
        if argument.startswith("--stack="):
            return argument.removeprefix("--stack=")
    return None
