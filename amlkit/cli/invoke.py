"""`amlkit invoke`: run a published pipeline, follow it, and say what came out."""

from __future__ import annotations

import click

from amlkit.delivery import invocation
from amlkit.delivery.parameters import Parameter, declared, read
from amlkit.delivery.stacks import Workspace

from .following import follow, report, try_next
from .stackoptions import found, stack_option


@click.command()
@click.argument("pipeline")
@click.option("--param", "-p", "params", multiple=True, metavar="NAME=VALUE", help="A parameter; repeatable.")
@click.option("--input", "-i", "inputs", multiple=True, metavar="NAME=PATH", help="Data: a path here, or a URI.")
@stack_option("The stack it is published by.")
@click.option("--no-wait", is_flag=True, help="Print the run's id and leave it running.")
@click.option("-o", "--output", "form", type=click.Choice(["table", "json"]), default="table", help="Form.")
def invoke(
    pipeline: str, params: tuple[str, ...], inputs: tuple[str, ...], stack_name: str | None, no_wait: bool, form: str
) -> None:
    """Run a published pipeline through its endpoint, with a bearer token."""
    workspace = Workspace.of(found(stack_name))
    endpoint = invocation.find_endpoint(workspace, pipeline)
    component = invocation.serving_component(workspace, endpoint)
    known = declared(component)
    given = read(known, params, inputs, pipeline)
    run_id = invocation.submit(workspace, endpoint, component, given)
    if no_wait:
        click.echo(run_id)
        return
    click.echo(f"Running {pipeline} ({run_id})", err=True)
    ended = follow(workspace, run_id, cancels=False)
    report(workspace, ended, form, (f"Endpoint: {endpoint['properties']['scoringUri']}",))
    if form != "json":
        try_next((f"explain {ended.id}", _again(pipeline, known, dict(given.literals)), "preview"))


def _again(pipeline: str, known: tuple[Parameter, ...], given: dict[str, str]) -> str:
    """The command line that runs a pipeline with another value of its first number, if it has one."""
    for each in known:
        if each.type in ("number", "integer") and each.default is not None:
            value = float(given.get(each.name, each.default))
            other = value * 2 or 1
            return f"invoke {pipeline} --param {each.name}={int(other) if each.type == 'integer' else other}"
    return f"invoke {pipeline}"
