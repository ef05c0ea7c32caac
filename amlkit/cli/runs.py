"""`amlkit runs` and `amlkit explain`: what ran, and why each step did or did not."""

from __future__ import annotations

import click

from amlkit.delivery import runs as history
from amlkit.delivery.stacks import Stack, Workspace
from amlkit.errors import RunError

from .show import explain_lines

STACK = click.option("--stack", "-s", "stack_name", help="The stack of the workspace.  [default: local]")


@click.command()
@STACK
def runs(stack_name: str | None) -> None:
    """List the runs of the workspace, newest first."""
    found = history.recent(Workspace.of(Stack.find(stack_name)))
    for run in found:
        click.echo(f"{run.id}  {run.status.lower():<9}  {run.created[:19]}Z  {run.name}")
    if not found:
        click.echo("no runs yet", err=True)


@click.command()
@click.argument("run_id", metavar="RUN")
@click.argument("step", required=False)
@STACK
def explain(run_id: str, step: str | None, stack_name: str | None) -> None:
    """Say why each step of a run was reused or ran again, a line a step."""
    run = history.read(Workspace.of(Stack.find(stack_name)), run_id)
    names = [each.name for each in run.steps]
    if step is not None and step not in names:
        raise RunError(f"run {run_id} has no step `{step}`", hint=f"its steps are: {', '.join(names)}")
    for line in explain_lines(run, step):
        click.echo(line)
