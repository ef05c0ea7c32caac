"""`amlkit run`: run a pipeline without publishing it: an Azure ML YAML file as it is, or a pipeline in Python."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import click

from amlkit.delivery import selection
from amlkit.delivery.binding import Wanted
from amlkit.delivery.parameters import Given, Parameter, declared, read, split
from amlkit.delivery.stacks import Stack, Workspace
from amlkit.delivery.submission import Choices, Job, inlined, prepare, start
from amlkit.errors import DefinitionError, RunError

from .ready import ready
from .stackoptions import stack_here, stack_option

WORDS = {"reused": "reused", "runs": "would run", "depends": "depends"}


@dataclass(frozen=True)
class Asked:
    """The command line."""

    pipeline: str
    params: tuple[str, ...]
    inputs: tuple[str, ...]
    wanted: Wanted
    choices: Choices
    stack: str | None
    until: str
    since: str


@click.command()
@click.argument("pipeline")
@click.option("--param", "-p", "params", multiple=True, metavar="NAME=VALUE", help="A parameter; repeatable.")
@click.option("--input", "-i", "inputs", multiple=True, metavar="NAME=PATH", help="Data: a path here, or a URI.")
@stack_option("The stack to run in.", "stack")
@click.option("--compute", "computes", multiple=True, metavar="NEED=NAME", help="Which compute a need is; repeatable.")
@click.option("--datastore", "datastores", multiple=True, metavar="NEED=NAME", help="Which datastore a need is.")
@click.option("--experiment", "-e", default="", help="The experiment that it belongs to.")
@click.option("--name", default="", help="The name of the run.  [default: made up]")
@click.option("--force", is_flag=True, help="Reuse nothing.")
@click.option("--dry-run", is_flag=True, help="Say which steps would run and why, and run nothing.")
@click.option("--resume", default="", metavar="RUN", help="Take what finished in this run, and its parameters.")
@click.option("--until", default="", metavar="STEP", help="Only this step and what it needs.")
@click.option("--from", "since", default="", metavar="STEP", help="Only this step and what follows from it.")
@click.option("--no-wait", is_flag=True, help="Print the run's id and leave it running.")
@click.option("-o", "--output", "form", type=click.Choice(["table", "json"]), default="table", help="Form.")
def run(
    pipeline: str,
    params: tuple[str, ...],
    inputs: tuple[str, ...],
    stack: str | None,
    computes: tuple[str, ...],
    datastores: tuple[str, ...],
    experiment: str,
    name: str,
    force: bool,
    dry_run: bool,
    resume: str,
    until: str,
    since: str,
    no_wait: bool,
    form: str,
) -> None:
    """Run PIPELINE: a YAML file of Azure ML, a pipeline of the project by its name, or `file.py:name`."""
    choices = Choices(experiment=experiment, name=name, force=force, resume=resume)
    asked = Asked(pipeline, params, inputs, _wanted(computes, datastores), choices, stack, until, since)
    workspace, job, label = _python(asked) if not selection.is_yaml(pipeline) else _yaml(asked)
    for line in job.said:
        click.echo(line[:1].upper() + line[1:], err=True)
    if dry_run:
        _forecast(workspace, job, label, form)
        return
    _go(workspace, job, label, asked, form, waits=not no_wait)


def _wanted(computes: tuple[str, ...], datastores: tuple[str, ...]) -> Wanted:
    """The options that bind needs.

    Raises:
        DefinitionError: those that are no `need=name`; all of them.
    """
    first, wrong = split(computes, "--compute")
    second, also_wrong = split(datastores, "--datastore")
    if wrong or also_wrong:
        raise DefinitionError([*wrong, *also_wrong])
    return Wanted(first, second)


def _python(asked: Asked) -> tuple[Workspace, Job, str]:
    from amlkit.pipelines import compile

    stack = stack_here(asked.stack)
    manifest = compile(selection.find(asked.pipeline, stack.home))
    known = declared(manifest.pipeline.body)
    workspace: Workspace | None = None
    before: Given | None = None
    if asked.choices.resume:
        workspace, asked, before = _resumed(stack, asked)
        known = _with_defaults(known, before)
    given = read(known, asked.params, asked.inputs, manifest.name)
    workspace = workspace or ready(stack)
    job = prepare(workspace, manifest, _over(before, given, known), asked.wanted, asked.choices)
    return workspace, _part(workspace, job, asked), manifest.name


def _resumed(stack: Stack, asked: Asked) -> tuple[Workspace, Asked, Given]:
    """The workspace, the command line with the whole id of the run that is resumed, and what that run was given."""
    from amlkit.delivery import runs

    workspace = ready(stack)
    before = runs.read(workspace, runs.find(workspace, asked.choices.resume))
    asked = replace(asked, choices=replace(asked.choices, resume=before.id))
    return workspace, asked, Given(before.parameters, before.inputs)


def _with_defaults(known: tuple[Parameter, ...], before: Given) -> tuple[Parameter, ...]:
    values: Mapping[str, Any] = {**before.data, **before.literals}
    return tuple(replace(each, default=values.get(each.name, each.default)) for each in known)


def _over(before: Given | None, given: Given, known: tuple[Parameter, ...]) -> Given:
    """What is given now over what the resumed run was given; of that, only what there still is."""
    if before is None:
        return given
    literals = {each.name for each in known if not each.is_data}
    data = {each.name for each in known if each.is_data}
    return Given(
        {**{name: text for name, text in before.literals.items() if name in literals}, **given.literals},
        {**{name: uri for name, uri in before.data.items() if name in data}, **given.data},
    )


def _part(workspace: Workspace, job: Job, asked: Asked) -> Job:
    """The job, or the part of it that is asked for."""
    if not asked.until and not asked.since:
        return job
    from amlkit.delivery import earlier, partial

    job = inlined(workspace, job)
    body = partial.until(job.body, asked.until) if asked.until else job.body
    if asked.since:
        if asked.until and asked.since not in body["jobs"] and asked.since in job.body["jobs"]:
            raise RunError(f"step `{asked.until}` does not need `{asked.since}`", hint="swap `--from` and `--until`")
        outputs, source = earlier.made(workspace, job.pipeline, partial.wanted_by(body, asked.since))
        body = partial.since(body, asked.since, outputs)
        job = replace(job, said=(*job.said, *((f"what comes before is taken from run {source}",) if source else ())))
    partial.refuse_unread(body, (text.partition("=")[0] for text in (*asked.params, *asked.inputs)))
    return replace(job, body=body)


def _forecast(workspace: Workspace, job: Job, label: str, form: str) -> None:
    from amlkit.delivery import forecasts

    from .show import duration

    forecast = forecasts.of_job(workspace, job.body, label)
    if form == "json":
        click.echo(json.dumps(asdict(forecast), indent=2))
        return
    click.echo(f"{label}, by the reuse rules `{forecast.rules}`; nothing was run", err=True)
    width = max((len(step.step) for step in forecast.steps), default=0)
    for step in forecast.steps:
        last = f"{duration(step.seconds)} last time" if step.seconds is not None and step.outcome != "reused" else ""
        why = step.reason if step.reason != step.outcome else ", ".join(step.details)
        click.echo(f"{step.step or label:<{width}}  {WORDS[step.outcome]:<11}  {last:>16}  {why}".rstrip())


def _go(workspace: Workspace, job: Job, label: str, asked: Asked, form: str, *, waits: bool) -> None:
    submitted = start(workspace, job)
    if not waits:
        click.echo(json.dumps({"id": submitted.id}) if form == "json" else submitted.id)
        return
    click.echo(f"Running {label} ({submitted.id})", err=True)
    from .following import follow, report, try_next  # the service does its part meanwhile

    ended = follow(workspace, submitted.id, cancels=True)
    report(workspace, ended, form)
    if form != "json":
        given = [f"--param {text}" for text in asked.params] + [f"--input {text}" for text in asked.inputs]
        again = " ".join(["run", asked.pipeline, *given, "--dry-run"])
        try_next((f"explain {ended.id}", f"runs logs {ended.id}", again))


def _yaml(asked: Asked) -> tuple[Workspace, Job, str]:
    from amlkit.delivery import existing, yamlfile

    from .show import waiting

    file = yamlfile.read(Path(asked.pipeline))
    existing.require()
    stack = stack_here(asked.stack)
    known = file.parameters
    workspace: Workspace | None = None
    before: Given | None = None
    if asked.choices.resume:
        workspace, asked, before = _resumed(stack, asked)
        known = _with_defaults(known, before)
    given = read(known, asked.params, asked.inputs, str(file.path))
    workspace = workspace or ready(stack)
    with waiting("Reading it with azure-ai-ml …"):
        job = existing.prepare(workspace, file, _over(before, given, known), asked.wanted, asked.choices)
    return workspace, _part(workspace, job, asked), file.label
