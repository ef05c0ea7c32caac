"""`amlkit invoke`: run a published pipeline, follow it, and say what came out."""

from __future__ import annotations

import click

from amlkit.delivery import invocation, outputs, runs
from amlkit.delivery.stacks import Stack, Workspace
from amlkit.errors import RunError

from .show import Progress, explain_lines

NEXT = """Try next:
  amlkit explain {run}
  amlkit invoke {pipeline} --param learning_rate=0.5
  amlkit preview"""


@click.command()
@click.argument("pipeline")
@click.option("--param", "-p", "given", multiple=True, metavar="NAME=VALUE", help="A pipeline parameter; repeatable.")
@click.option("--stack", "-s", "stack_name", help="The stack it is published by.  [default: local]")
@click.option("--no-wait", is_flag=True, help="Print the run's id and leave it running.")
def invoke(pipeline: str, given: tuple[str, ...], stack_name: str | None, no_wait: bool) -> None:
    """Run a published pipeline through its endpoint, with a bearer token."""
    parameters = invocation.parse_parameters(given)
    workspace = Workspace.of(Stack.find(stack_name))
    endpoint = invocation.find_endpoint(workspace, pipeline)
    run_id = invocation.submit(workspace, endpoint, parameters)
    if no_wait:
        click.echo(run_id)
        return
    click.echo(f"Running {pipeline} ({run_id})", err=True)
    with Progress() as progress:
        run = runs.follow(workspace, run_id, progress.show)
    if run.status != "Completed":
        raise _failure(workspace, run)
    _report(workspace, run, pipeline, endpoint["properties"]["scoringUri"])


def _report(workspace: Workspace, run: runs.Run, pipeline: str, url: str) -> None:
    for line in explain_lines(run):
        click.echo(line)
    click.echo()
    for step in run.steps:
        for name, value in sorted(runs.metrics(workspace, step).items()):
            click.echo(f"{step.name}  {name} {value:.4g}")
    for name, uri in run.outputs.items():
        click.echo(f"Output {name}: {outputs.place(workspace, uri)}")
    click.echo(f"Endpoint: {url}")
    click.echo(NEXT.format(run=run.id, pipeline=pipeline))


def _failure(workspace: Workspace, run: runs.Run) -> RunError:
    failed = [step for step in run.steps if step.status == "Failed"]
    for step in failed:
        click.echo(f"Last lines of {step.name}:", err=True)
        for line in runs.log_tail(workspace, step):
            click.echo(f"  {line}", err=True)
    why = "; ".join(f"step `{step.name}` failed: {step.error}" for step in failed) or run.error or run.status
    return RunError(f"run {run.id} {run.status.lower()}: {why}", hint=f"amlkit explain {run.id}")
