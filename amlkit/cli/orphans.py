"""`amlkit stack orphans`: what carries the stack's tags and is not in its state; with `--delete` it goes."""

from __future__ import annotations

import json
import sys

import click

from amlkit.delivery.orphans import Orphan, Sweep
from amlkit.delivery.stacks import Stack
from amlkit.errors import SetupError

from .stackoptions import found, stack_option


@click.command("orphans")
@stack_option("The stack.")
@click.option(
    "--delete", "deletes", is_flag=True, help="Delete them, after a question. Without it they are listed only."
)
@click.option("--data", "with_data", is_flag=True, help="Also what holds data, and for good: nothing brings it back.")
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
@click.option("-o", "--output", "form", type=click.Choice(["table", "json"]), default="table", help="Form of the list.")
def orphans(stack_name: str | None, deletes: bool, with_data: bool, yes: bool, form: str) -> int:
    """List what carries the tags `project` and `stack` of a stack, in its subscriptions, and is not in its state."""
    stack = found(stack_name)
    sweep = Sweep(stack, stack.service())
    listed = sweep.find()
    _show(listed, form)
    if not deletes:
        return 0
    wanted = [each for each in listed if with_data or not each.holds_data]
    if len(wanted) < len(listed):
        click.echo(f"{len(listed) - len(wanted)} of them hold data and stay: `--data` deletes them too", err=True)
    if not wanted:
        return 0
    sweep.check_settled()
    _confirm(stack, sweep, len(wanted), yes)
    return _delete(sweep, wanted)


def _show(listed: tuple[Orphan, ...], form: str) -> None:
    if form == "json":
        rows = [
            {"id": each.id, "type": each.type, "holdsData": each.holds_data, "keptUntil": each.kept_until or None}
            for each in listed
        ]
        click.echo(json.dumps(rows, indent=2))
        return
    width = max((len(each.type) for each in listed), default=0)
    for each in listed:
        marks = (" [data]" if each.holds_data else "") + (
            f" [deleted, until {each.kept_until}]" if each.kept_until else ""
        )
        click.echo(f"{each.type:<{width}}  {each.id}{marks}")
    if not listed:
        click.echo("no orphans", err=True)


def _confirm(stack: Stack, sweep: Sweep, count: int, yes: bool) -> None:
    """`--yes` is not enough where the state is empty: it may be another one than that which knows these resources."""
    if yes and not sweep.is_state_empty:
        return
    if sweep.is_state_empty:
        click.echo(f"the state of `{stack.name}` is empty: make sure that it is the one that was meant", err=True)
    if not sys.stdin.isatty():
        raise SetupError("nobody is there to ask", hint="`--yes`, if the state of the stack is not empty")
    noun = "resource" if count == 1 else "resources"
    typed = click.prompt(f"Delete {count} {noun}? Type the name of the stack", default="", show_default=False, err=True)
    if typed != stack.name:
        raise click.Abort


def _delete(sweep: Sweep, wanted: list[Orphan]) -> int:
    kept = 0
    for each in sweep.delete(wanted):
        kept += bool(each.why)
        said = f"stays: {each.why}" if each.why else ("purged" if each.orphan.kept_until else "deleted")
        click.echo(f"{each.orphan.id}  {said}", err=True)
    return 1 if kept else 0
