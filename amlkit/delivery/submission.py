"""From a compiled pipeline to a run, over HTTP in Azure's shapes: bind, upload, register, submit.

    from amlkit.delivery.submission import submit

    run = submit(training, {"learning_rate": 0.2}).wait()

The same on the local Azure ML and on Azure. Used by `amlkit run`, by the fixtures for tests and by users.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from amlkit import git
from amlkit.errors import AmlkitError, DefinitionError, Problem, ServiceError
from amlkit.manifest import DEFINITION_PROPERTY, Manifest, bind

from .binding import Wanted, bindings
from .data import uri_of
from .parameters import Given, checked, declared, value_of
from .registration import Registered, register, resolve, upload
from .scratch import stack_here, workspace_here
from .stacks import MACHINE_LEARNING, Workspace

if TYPE_CHECKING:
    from amlkit.pipelines import Pipeline

    from . import logs, runs

RESUME_PROPERTY = "amlkit.resume"  # the run whose finished steps are taken as they are
PIPELINE_PROPERTY = "amlkit.pipeline"  # the pipeline that a run is of, by name
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,254}")


@dataclass(frozen=True)
class Choices:
    """What may be said about a run besides its inputs; empty: the pipeline's own, or made up."""

    experiment: str = ""
    name: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    force: bool = False
    resume: str = ""


@dataclass(frozen=True)
class Job:
    """A job that is ready to be put: its name, its `properties`, and what was decided on the way, a line each.

    `pipeline` is the name of what it is a run of. `version` and `headers` are those of the client that made the body.
    """

    name: str
    pipeline: str
    body: Mapping[str, Any]
    said: tuple[str, ...] = ()
    version: str = MACHINE_LEARNING
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Submitted:
    """A run that was submitted, and where."""

    workspace: Workspace
    id: str

    def wait(self, show: Callable[[runs.Run], None] = lambda _: None) -> runs.Run:
        """The run once it ended, however it ended; `show` gets every look at it meanwhile."""
        from . import runs

        return runs.follow(self.workspace, self.id, show)

    def stream(self, take: Callable[[logs.News], None]) -> runs.Run:
        """Hand over what the steps write while they write it, and give the run once it ended."""
        from . import logs

        reader = logs.Reader(self.workspace, self.read())

        def look(run: runs.Run) -> None:
            for news in reader.news(run):
                take(news)

        return self.wait(look)

    def read(self) -> runs.Run:
        """The run as it is now."""
        from . import runs

        return runs.read(self.workspace, self.id)

    def cancel(self) -> None:
        """Ask for its end."""
        from . import runs

        runs.cancel(self.workspace, self.id)


def submit(
    pipeline: Pipeline[..., Any] | Manifest,
    inputs: Mapping[str, Any] | None = None,
    *,
    workspace: Workspace | None = None,
    compute: Mapping[str, str] | None = None,
    datastores: Mapping[str, str] | None = None,
    choices: Choices | None = None,
) -> Submitted:
    """Run a pipeline without publishing it.

    Args:
        pipeline: a pipeline, or what `compile` gave.
        inputs: values of its parameters: literals, and for data local paths, `azureml:name:version` or URIs.
        workspace: where; without one, that of the stack around the working directory if it is up, else a scratch
            workspace of the local Azure ML, which has to be running.
        compute: names of computes of the workspace by the needs of the pipeline.
        datastores: the same for datastores.
        choices: experiment, name, tags, force, resume.

    Raises:
        DefinitionError: problems of the pipeline, unknown or ill-typed inputs, unbound needs; all of a kind at once.
        SetupError: no workspace, or the local Azure ML is not running.
        ServiceError: refused.
    """
    manifest = pipeline if isinstance(pipeline, Manifest) else _compiled(pipeline)
    given = checked(declared(manifest.pipeline.body), inputs or {}, manifest.name)
    where = workspace or workspace_here(stack_here())
    job = prepare(where, manifest, given, Wanted(compute or {}, datastores or {}), choices or Choices())
    return start(where, job)


def prepare(workspace: Workspace, manifest: Manifest, given: Given, wanted: Wanted, choices: Choices) -> Job:
    """Bind and register everything, and make the body of the job. Raises as `submit`."""
    name = _job_name(manifest.name, choices.name)
    bound = bindings(workspace, manifest, wanted)
    code = git.ask(Path.cwd())
    uploads = {
        f"upload:{key}": upload(workspace, Path(path), "", f"{manifest.name}.{key}")
        for key, path in manifest.uploads.items()
    }
    values = {**bound.values, **uploads}
    registered = resolve(workspace, manifest, values)
    inputs = _inputs(workspace, registered[-1], given, manifest.name)
    count = register(workspace, registered)
    settings = {**bind(manifest.settings, values), **({"force_rerun": True} if choices.force else {})}
    body = {
        "jobType": "Pipeline",
        "displayName": manifest.name,
        "description": manifest.description,
        "experimentName": choices.experiment or manifest.experiment or manifest.name,
        "componentId": registered[-1].arm_id,
        "inputs": inputs,
        "outputs": {},
        "settings": settings,
        "tags": {**manifest.tags, **choices.tags},
        "properties": properties(manifest.name, code(), choices, {DEFINITION_PROPERTY: manifest.definition}),
    }
    said = (*bound.said, *((f"{count} new version{'' if count == 1 else 's'} registered",) if count else ()))
    return Job(name, manifest.name, body, said)


def properties(pipeline: str, code: git.Facts, choices: Choices, more: Mapping[str, str]) -> dict[str, str]:
    """The properties of a run: what it is of, where its code comes from, and the run that it resumes."""
    resume = {RESUME_PROPERTY: choices.resume} if choices.resume else {}
    return {**code.properties(), **more, PIPELINE_PROPERTY: pipeline, **resume}


def inlined(workspace: Workspace, job: Job) -> Job:
    """The same job with the steps in its body instead of a reference to the component, so that some can be left out."""
    if job.body.get("jobs"):
        return job
    document = workspace.service.arm("GET", str(job.body["componentId"]), MACHINE_LEARNING).json()["properties"]
    component = document["componentSpec"]
    inputs = dict(job.body["inputs"])
    for each in declared(document):
        if each.name not in inputs and each.default is not None:
            inputs[each.name] = {"jobInputType": "literal", "value": str(each.default)}
    outputs = {
        name: {"jobOutputType": item.get("type", "uri_folder")}
        for name, item in (component.get("outputs") or {}).items()
    }
    kept = {key: value for key, value in job.body.items() if key != "componentId"}
    return replace(job, body={**kept, "jobs": component["jobs"], "inputs": inputs, "outputs": outputs})


def start(workspace: Workspace, job: Job) -> Submitted:
    """Put the job; putting the same again changes nothing.

    Raises:
        DefinitionError: the service names what is wrong with it.
        ServiceError: refused otherwise.
    """
    manager = workspace.service.target.resource_manager
    url = f"{manager}{workspace.id}/jobs/{job.name}?api-version={job.version}"
    try:
        workspace.service.call("PUT", url, manager, {"properties": job.body}, job.headers)
    except ServiceError as error:
        raise refusal(error, job.pipeline) from error
    return Submitted(workspace, job.name)


def refusal(error: ServiceError, pipeline: str) -> AmlkitError:
    """What a service says of a job: its single problems where it names them, with the pipeline before their places."""
    if error.status != 400 or not error.details:
        return error
    return DefinitionError(replace(each, where=f"{pipeline}: {each.where}") for each in error.details)


def _compiled(pipeline: Pipeline[..., Any]) -> Manifest:
    from amlkit.pipelines import compile

    return compile(pipeline)


def _job_name(pipeline: str, asked: str) -> str:
    if asked and not _NAME.fullmatch(asked):
        raise DefinitionError([Problem("name", f"not a legal name for a run: {asked}", "letters, digits, `_` and `-`")])
    return asked or f"{pipeline}_{secrets.token_hex(5)}"


def _inputs(workspace: Workspace, pipeline: Registered, given: Given, where: str) -> dict[str, Any]:
    """What was given, and where data lies by default, which Azure ML keeps nowhere: `compile` left it as properties."""
    found: dict[str, Any] = {}
    for each in declared(pipeline.body):
        if each.name in given.literals:
            value = str(value_of(each, given.literals[each.name]))  # one text for one value: `2` and `2.0` are a number
            found[each.name] = {"jobInputType": "literal", "value": value}
        elif each.is_data and each.name in given.data:
            uri = uri_of(workspace, given.data[each.name], each.type, f"{where}.{each.name}")
            found[each.name] = {"jobInputType": each.type, "uri": uri}
        elif each.is_data and each.default:
            found[each.name] = {"jobInputType": each.type, "uri": str(each.default)}
    return found
