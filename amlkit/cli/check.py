"""`amlkit check`: everything that is wrong with the project's pipelines, or with those that are named, offline."""

from __future__ import annotations

import os
from pathlib import Path

import click

from amlkit import digest
from amlkit.delivery import selection
from amlkit.errors import DefinitionError, Problem
from amlkit.home import Home


@click.command()
@click.argument("pipelines", nargs=-1, metavar="[PIPELINE]…")
def check(pipelines: tuple[str, ...]) -> None:
    """Find all problems of PIPELINEs, as `run` takes them; of the whole project without one. Touches no network."""
    problems: list[Problem] = []
    for name in pipelines or _all(problems):
        try:
            click.echo(_yaml(name) if selection.is_yaml(name) else _python(name))
        except DefinitionError as error:
            problems += error.problems
    if problems:
        raise DefinitionError(dict.fromkeys(problems))


def _all(problems: list[Problem]) -> tuple[str, ...]:
    try:
        return tuple(each.name for each in selection.of_project_here())
    except DefinitionError as error:
        problems += error.problems
        return ()


def _python(name: str) -> str:
    from amlkit.pipelines.checks import examine
    from amlkit.pipelines.compiler import definition_of

    found = examine(selection.find(name, Home.here()))
    if found.problems:
        raise DefinitionError(found.problems) from found.failure
    for warning in found.warnings:
        click.echo(f"warning: {warning}", err=True)
    steps = len(found.graph.nodes)
    return f"{found.graph.name}  {digest.short(definition_of(found))}  {steps} step{'s' if steps > 1 else ''}"


def _yaml(name: str) -> str:
    from amlkit.delivery import existing, yamlfile

    file = yamlfile.read(Path(name))
    for variable in ("ARM_CLOUD_METADATA_URL", "AZUREML_CURRENT_CLOUD"):
        os.environ.pop(variable, None)  # azure-ai-ml would ask there when it is imported
    existing.check(file)
    return f"{name}  {file.kind} {'component' if file.is_component else 'job'}"
