"""`amlkit explain`: why each step of a run was reused, or ran."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import click

from amlkit.delivery import explanation
from amlkit.delivery import runs as history
from amlkit.delivery.explanation import Change, Explanation, Ingredient
from amlkit.delivery.scratch import workspace_here

from .show import explain_lines, word
from .stackoptions import stack_here, stack_option

_VALUE_WIDTH = 120


@click.command()
@click.argument("run")
@click.argument("step", required=False)
@click.option("--diff", is_flag=True, help="What changed, line by line.")
@click.option("-o", "--output", "form", type=click.Choice(["table", "json"]), default="table", help="Form.")
@stack_option("The stack of the workspace.")
def explain(run: str, step: str | None, diff: bool, form: str, stack_name: str | None) -> None:
    """Say why each step of RUN was reused or ran again, a line a step; of one STEP with all that changed."""
    workspace = workspace_here(stack_here(stack_name))
    found = history.read(workspace, history.find(workspace, run))
    only = found.step(step).id if step is not None else None
    found, told = explanation.explain(workspace, found, diff=diff)
    told = tuple(each for each in told if only in (None, each.step.id))
    if form == "json":
        click.echo(json.dumps({"run": found.id, "steps": [_as_json(each) for each in told]}, indent=2))
        return
    lines = explain_lines(found, step)
    if only is None and not diff:
        click.echo("\n".join(lines))
        return
    for line in lines if only is not None else _headed(lines, told):
        click.echo(line)
    for each in told if only is not None else ():
        click.echo("\n".join(_details(each)), nl=bool(each.ingredients))
    if diff and not workspace.service.target.is_local:
        click.echo("Azure ML keeps no old versions to compare with line by line", err=True)


def _headed(lines: list[str], told: tuple[Explanation, ...]) -> Iterator[str]:
    """Each step's line, and what changed below it; `lines` and `told` are in the same order."""
    for line, each in zip(lines, told, strict=True):
        yield line
        yield from _details(each)


def _details(told: Explanation) -> Iterator[str]:
    for ingredient in told.ingredients:
        yield from _ingredient(ingredient)


def _ingredient(ingredient: Ingredient) -> Iterator[str]:
    for change in ingredient.changes:
        name = f"{ingredient.name}.{change.name}" if change.name else ingredient.name
        value = "" if change.diff else f" {_cut(change.old)} → {_cut(change.new)}"
        yield f"  {name}:{value}" + (f" ({change.note})" if change.note else "")
        yield from (f"    {line}" for line in _inside(change))
    if ingredient.more:
        yield f"  {ingredient.name}: {ingredient.more} more changes"


def _cut(value: str) -> str:
    return value if 0 < len(value) <= _VALUE_WIDTH else f"{value[:_VALUE_WIDTH]}…" if value else "(none)"


def _inside(change: Change) -> Iterator[str]:
    yield from change.diff.splitlines()
    yield from change.files


def _as_json(told: Explanation) -> dict[str, Any]:
    step = told.step
    return {
        "step": told.path,
        "id": step.id,
        "outcome": word(step),
        "reason": step.reason or step.error,
        "likely": step.reason.startswith("likely "),
        "source": step.source,
        "before": told.before,
        "ingredients": [asdict(each) for each in told.ingredients],
    }
