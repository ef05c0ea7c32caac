"""`amlkit runs`: what ran. `runs` lists; `show`, `logs`, `cancel` and `compare` look at one run, or at two."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict
from typing import Any

import click

from amlkit.delivery import comparison, logs, outputs
from amlkit.delivery import runs as history
from amlkit.delivery.records import STATES, TERMINAL
from amlkit.delivery.scratch import workspace_here
from amlkit.delivery.stacks import Workspace
from amlkit.errors import RunError, near

from .document import as_json, lines
from .printing import Printer
from .stackoptions import stack_here, stack_option

STACK = stack_option("The stack of the workspace.")
OUTPUT = click.option("-o", "--output", "form", type=click.Choice(["table", "json"]), default="table", help="Form.")
_SHOWN = 20
_MOST = 10**9


def workspace_of(stack_name: str | None) -> Workspace:
    """The workspace of the stack that is named here, or before the subcommand."""
    above = click.get_current_context().parent
    return workspace_here(stack_here(stack_name or (above.params.get("stack_name") if above else None)))


@click.group(invoke_without_command=True)
@STACK
@click.option(
    "-n", "--limit", type=click.IntRange(1, _MOST), default=_SHOWN, show_default=True, help="How many, at most."
)
@click.option("--status", multiple=True, metavar="STATUS", help="Runs of this status only (`failed`); repeatable.")
@OUTPUT
@click.pass_context
def runs(context: click.Context, stack_name: str | None, limit: int, status: tuple[str, ...], form: str) -> None:
    """List the runs of the workspace, newest first; or look at one."""
    if context.invoked_subcommand is not None:
        return
    _check(status)
    found = history.recent(workspace_here(stack_here(stack_name)), limit + 1, status)
    shown = found[:limit]
    if form == "json":
        click.echo(json.dumps([as_json(run, steps=False) for run in shown], indent=2))
        return
    width = max((len(run.id) for run in shown), default=0)
    for run in shown:
        click.echo(f"{run.id:<{width}}  {run.status.lower():<9}  {run.created[:19]}Z  {run.name}")
    if not found:
        click.echo("no runs yet" if not status else f"no runs of status {', '.join(status)}", err=True)
    elif len(found) > limit:
        click.echo(f"older ones: `-n {limit * 5}`", err=True)


def _check(status: tuple[str, ...]) -> None:
    known = [state.lower() for state in STATES]
    for each in status:
        if each.lower() not in known:
            meant = near(each.lower(), known)
            hint = f"did you mean `{meant[0]}`?" if meant else f"one of {', '.join(known)}"
            raise RunError(f"there is no such status: {each}", hint=hint)


@runs.command(short_help="Show all that is known of a run")
@click.argument("run")
@STACK
@OUTPUT
def show(run: str, stack_name: str | None, form: str) -> None:
    """Show all that is known of RUN: its id, the start of it, or `last`."""
    workspace = workspace_of(stack_name)
    found = history.read(workspace, history.find(workspace, run))
    metrics = history.all_metrics(workspace, found)
    places = {uri: outputs.place(workspace, uri) for uri in (*found.inputs.values(), *found.outputs.values())}
    if form == "json":
        click.echo(json.dumps(as_json(found, metrics, places), indent=2))
        return
    for line in lines(found, metrics, places):
        click.echo(line)


@runs.command("logs", short_help="Print what the steps of a run wrote")
@click.argument("run")
@click.argument("step", required=False)
@click.option("-f", "--follow", is_flag=True, help="Go on until the run ends.")
@click.option("-n", "--tail", "last", type=click.IntRange(0), help="The last lines only, of each log.")
@click.option("--file", "name", help="This log file, instead of what the step wrote.")
@STACK
def print_logs(
    run: str, step: str | None, follow: bool, last: int | None, name: str | None, stack_name: str | None
) -> None:
    """Print what the steps of RUN wrote, or one STEP of it; several are told apart by their names."""
    if follow and last is not None:
        raise RunError("`--follow` and `--tail` do not go together", hint="leave one of them out")
    workspace = workspace_of(stack_name)
    found = history.read(workspace, history.find(workspace, run))
    printer, reader = Printer(sys.stdout.buffer), logs.Reader(workspace, found, step, name)
    try:
        _print(workspace, found, printer, reader, follow=follow, last=last)
    except BrokenPipeError:  # `| head` has seen enough; nothing must be written at the exit either
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _print(
    workspace: Workspace, run: history.Run, printer: Printer, reader: logs.Reader, *, follow: bool, last: int | None
) -> None:
    if last is not None:
        for path, line in reader.tails(last):
            printer.line(path, line)
    elif follow:
        history.follow(workspace, run.id, lambda now: printer.take(reader.news(now)))
        printer.end()
    else:
        printer.take(reader.whole())
        printer.end()


@runs.command(short_help="End a run, or one step of it")
@click.argument("run")
@click.argument("step", required=False)
@STACK
def cancel(run: str, step: str | None, stack_name: str | None) -> None:
    """End RUN, or one STEP of it."""
    workspace = workspace_of(stack_name)
    id_ = history.find(workspace, run)
    name, status, job = f"run {id_}", "", id_
    if step is not None:
        found = history.read(workspace, id_).step(step)
        name, status, job = f"step `{found.name}` of run {id_}", found.status, found.id
    else:
        status = workspace.get(f"/jobs/{id_}")["properties"]["status"]
    if status in TERMINAL:
        click.echo(f"{name} is over: {status}", err=True)
        return
    history.cancel(workspace, job)
    click.echo(f"Canceling {name}", err=True)


@runs.command(short_help="Say what differs between two runs")
@click.argument("first")
@click.argument("second")
@click.option("--all", "everything", is_flag=True, help="What is equal too.")
@STACK
@OUTPUT
def compare(first: str, second: str, everything: bool, stack_name: str | None, form: str) -> None:
    """Compare two runs: what differs in parameters, inputs, code, environment, metrics, durations, outcome."""
    workspace = workspace_of(stack_name)
    sides = [history.read(workspace, history.find(workspace, name)) for name in (first, second)]
    facts = [fact for fact in comparison.compare(workspace, *sides) if everything or fact.differs]
    if form == "json":
        document = {"first": sides[0].id, "second": sides[1].id, "facts": [_fact(fact) for fact in facts]}
        click.echo(json.dumps(document, indent=2))
        return
    for line in _compared(facts):
        click.echo(line)
    if not facts:
        click.echo("no difference", err=True)


def _fact(fact: comparison.Fact) -> dict[str, Any]:
    return {**asdict(fact), "differs": fact.differs}


def _compared(facts: list[comparison.Fact]) -> list[str]:
    """`parameters   learning_rate  0.1 → 0.2`, the topic once."""
    names = [f"{fact.step}.{fact.name}" if fact.step else fact.name for fact in facts]
    width, topics = max(map(len, names), default=0), max((len(fact.topic) for fact in facts), default=0)
    found, before = [], ""
    for fact, name in zip(facts, names, strict=True):
        value = f"{fact.first} → {fact.second}" if fact.differs else fact.first
        found.append(f"{fact.topic if fact.topic != before else '':<{topics}}  {name:<{width}}  {value}")
        before = fact.topic
    return found
