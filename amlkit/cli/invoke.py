"""`amlkit invoke`: run a published pipeline, follow it, and say what came out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from amlkit.delivery import invocation, outputs, runs
from amlkit.delivery.stacks import Stack, Workspace
from amlkit.errors import RunError, UnreachableError

from .here import command, near
from .show import Progress, explain_lines, metric_line


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
    run = _followed(workspace, run_id)
    if run.status != "Completed":
        raise _failure(workspace, run)
    _report(workspace, run, endpoint["properties"]["scoringUri"])
    again = _again(pipeline, {**invocation.parameters(workspace, endpoint), **parameters})
    click.echo("\nTry next:", err=True)
    for line in (f"explain {run.id}", again, "preview"):
        click.echo(f"  {command()} {line}" + (f" --stack {stack_name}" if stack_name else ""), err=True)


def _followed(workspace: Workspace, run_id: str) -> runs.Run:
    """The run once it ended. A service that is gone meanwhile does not end it: the message says how to come back."""
    try:
        with Progress() as progress:
            return runs.follow(workspace, run_id, progress.show)
    except UnreachableError as error:
        (problem,) = error.problems
        onward = f"the run goes on there; how it ended: `amlkit explain {run_id}`"
        raise RunError(problem.what, hint="; ".join(filter(None, (problem.hint, onward)))) from error


def _report(workspace: Workspace, run: runs.Run, url: str) -> None:
    for line in explain_lines(run):
        click.echo(line)
    click.echo()
    for step in run.steps:
        if metrics := runs.metrics(workspace, step):
            click.echo(metric_line(run, step, metrics))
    click.echo()
    for name, uri in run.outputs.items():
        click.echo(f"Output {name}: {near(outputs.place(workspace, uri))}")
    click.echo(f"Endpoint: {url}")


def _again(pipeline: str, parameters: Mapping[str, Any]) -> str:
    """The command line that runs a pipeline with another value of its first number, if it has one."""
    for name, value in parameters.items():
        if isinstance(value, int | float) and not isinstance(value, bool):
            return f"invoke {pipeline} --param {name}={value * 2 or 1}"
    return f"invoke {pipeline}"


def _failure(workspace: Workspace, run: runs.Run) -> RunError:
    failed = [step for step in run.steps if step.status == "Failed"]
    for step in failed:
        click.echo(f"Last lines of {step.name}:", err=True)
        for line in runs.log_tail(workspace, step):
            click.echo(f"  {line}", err=True)
    why = "; ".join(map(_why, failed)) or run.error or "no reason given"
    return RunError(f"run {run.id} {run.status.lower()}: {why}", hint=f"`amlkit explain {run.id}`")


def _why(step: runs.StepRun) -> str:
    """The first line of what the service says; the lines of the log were shown."""
    said = step.error.partition("\n")[0]
    return said if f"`{step.name}`" in said else f"step `{step.name}` failed: {said}"
