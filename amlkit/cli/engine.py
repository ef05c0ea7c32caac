"""`preview`, `up`, `refresh`, `destroy`, `cancel`, `stack`: Pulumi's own verbs, flags and exit codes, on either engine.

A local stack runs on the embedded engine (`AMLKIT_ENGINE=official` for the Pulumi CLI), any other on the Pulumi CLI.
"""

from __future__ import annotations

import os
from contextlib import suppress

import click

from amlkit.delivery import hosting, rehearsal, stacks
from amlkit.engine import choice
from amlkit.errors import AmlkitError, SetupError
from amlkit.home import Home

from .here import command
from .stackoptions import LOCAL_HELP

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
    if verb == "stack" and arguments[:1] == ["orphans"]:
        from .orphans import orphans

        return orphans.main(arguments[1:], prog_name=f"{command()} stack orphans", standalone_mode=False) or 0
    rehearses, arguments = "--local" in arguments, [each for each in arguments if each != "--local"]
    if "--help" in arguments or "-h" in arguments:
        code = choice.run("embedded", [verb, "--help"], Home.project().root, os.environ, program=command())
        click.echo(f"\namlkit's own:\n  --local               {LOCAL_HELP[:1].lower()}{LOCAL_HELP[1:-1]}")
        if verb == "stack":
            click.echo(
                "  orphans               list, and on demand delete, what carries its tags and is not in its state"
            )
        return code
    if rehearses and verb == "stack" and arguments[:1] == ["ls"]:
        return _list_rehearsals(arguments)
    named = _stack_option(arguments) or _positional(verb, arguments)
    chosen = stacks.Stack.find(named, rehearse=rehearses)
    removes = chosen.is_rehearsal and verb == "stack" and arguments[:1] == ["rm"]
    _enter(chosen, talks=verb in CLOUD_VERBS)
    hosting.offer_plugin()
    left = rehearsal.groups(chosen) if removes else ()
    line = [verb, *arguments] if named else [verb, *arguments, "--stack", chosen.name]
    before = ""
    with suppress(AmlkitError):  # the verb itself says what is wrong with the stack
        before = _workspace(chosen) if verb == "destroy" else ""
    code = choice.run(chosen.engine, line, chosen.home.root, os.environ, program=command())
    if code == 0 and removes:
        rehearsal.forget(chosen, chosen.service(), left)
    if code == 0 and verb in ("up", "destroy") and not chosen.is_rehearsal:
        _keep_config(chosen, before)
    return code


def _list_rehearsals(arguments: list[str]) -> int:
    """All of the project; no stack is meant, and none of its files is read."""
    home = Home.project()
    stacks.Stack(home, stacks.DEFAULT_STACK, is_local=True, is_rehearsal=True).enter()
    return choice.run("embedded", ["stack", *arguments], home.root, os.environ, program=command())


def _enter(chosen: stacks.Stack, *, talks: bool) -> None:
    """Point this process at the stack's cloud and state; of a rehearsal, say which secrets are not the stack's own."""
    said: list[str] = []
    if chosen.is_rehearsal:
        said = [f"Rehearsal of stack `{chosen.name}` on the local Azure ML", *rehearsal.prepare(chosen).notice]
    if not talks:
        chosen.enter()
        return
    hosting.host(chosen, chosen.service())
    for line in said:
        click.echo(line, err=True)


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


def _positional(verb: str, arguments: list[str]) -> str | None:
    """The stack that `stack rm NAME`, `stack init NAME`, `stack select NAME` and `cancel NAME` are about."""
    if verb == "stack" and arguments[:1] and arguments[0] in ("rm", "init", "select"):
        arguments = arguments[1:]
    elif verb != "cancel":
        return None
    return next((each for each in arguments if not each.startswith("-")), None)


def _stack_option(arguments: list[str]) -> str | None:
    for index, argument in enumerate(arguments):
        if argument in ("-s", "--stack"):
            if index + 1 == len(arguments):
                raise SetupError(f"`{argument}` needs the name of a stack")
            return arguments[index + 1]
        if argument.startswith("--stack="):
            return argument.removeprefix("--stack=")
    return None
