"""`amlkit snapshot ls`: what of a folder, or of a step, would be uploaded as its code, and what would not and why."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from amlkit.components import code
from amlkit.components import snapshot as snapshots
from amlkit.components.snapshot import Snapshot
from amlkit.delivery import selection
from amlkit.errors import DefinitionError, Problem
from amlkit.home import Home

from .sizes import human

if TYPE_CHECKING:
    from amlkit.components.definition import StepDefinition

_BIGGEST = 10
_PATH_WIDTH = 60  # a path that is longer stands as it is, and its line alone is wider


@click.group()
def snapshot() -> None:
    """Look at the code that goes with a step."""


@snapshot.command("ls", short_help="Show what goes with a step, or would go with a folder")
@click.argument("what", metavar="[STEP|FOLDER]", default=".")
@click.option("--stats", is_flag=True, help="Show only how much there is, and the biggest files.")
@click.option("--left-out", is_flag=True, help="Show what does not go, and which rule leaves it out.")
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text", help="Form.")
def list_(what: str, stats: bool, left_out: bool, output: str) -> None:
    """Show what goes with a STEP of the project's pipelines, or would go with a FOLDER: sizes, paths and the digest."""
    missing: list[tuple[str, str]] = []
    found = _taken(what, missing)
    missing.sort()
    if output == "json":
        click.echo(json.dumps(_document(found, missing), indent=2, ensure_ascii=False))
    elif left_out:
        width = min(max((len(path) for path, _ in missing), default=0), _PATH_WIDTH)
        for path, why in missing:
            click.echo(f"{path:<{width}}  {why}")
    elif stats:
        _show_stats(found)
    else:
        for file in found.files:
            click.echo(f"{human(file.size):>8}  {file.path}")
    if output == "text":
        for path, reason in found.refused:
            click.echo(f"warning: {path} cannot be taken: {reason}", err=True)
        for problem in snapshots.over_limits(found, ""):
            click.echo(f"warning: {problem.what}", err=True)
        if not stats:
            click.echo(f"{_sum(found)}, {found.digest}", err=left_out)


def _taken(what: str, missing: list[tuple[str, str]]) -> Snapshot:
    """The snapshot, and into `missing` what it leaves out and why."""

    def tell(path: str, why: str) -> None:
        missing.append((path, why))

    folder = Path(what)
    if folder.is_dir():
        return snapshots.take(folder, tell=tell)
    return code.take(_step(what), tell)


def _step(name: str) -> StepDefinition:
    """The step of that name in any pipeline of the project."""
    from amlkit.pipelines.trace import trace

    steps = [step for each in selection.of_project(Home.project()) for step in trace(each).graph.steps]
    found = next((step for step in steps if step.name == name), None)
    if found is None:
        hint = f"steps are: {', '.join(sorted({step.name for step in steps}))}"
        raise DefinitionError([Problem(name, "neither a folder nor a step of the project's pipelines", hint)])
    return found


def _document(found: Snapshot, missing: list[tuple[str, str]]) -> dict[str, Any]:
    return {
        "digest": found.digest,
        "size": found.size,
        "files": [{"path": file.path, "size": file.size, "sha256": file.sha256} for file in found.files],
        "left_out": [{"path": path, "why": why} for path, why in missing],
        "refused": [{"path": path, "why": why} for path, why in found.refused],
    }


def _show_stats(found: Snapshot) -> None:
    click.echo(_sum(found))
    click.echo(f"digest {found.digest}")
    for file in sorted(found.files, key=lambda file: -file.size)[:_BIGGEST]:
        click.echo(f"{human(file.size):>8}  {file.path}")


def _sum(found: Snapshot) -> str:
    count = len(found.files)
    return f"{count:,} file{'' if count == 1 else 's'}, {human(found.size)}"
