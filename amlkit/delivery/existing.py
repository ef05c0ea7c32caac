"""Azure ML YAML files, unchanged: read and checked by azure-ai-ml itself, which also makes the body of the job.

The client is the real one. A policy of its HTTP pipeline holds the last request back, the PUT of the job: so that a
forecast, a part of the pipeline and the job itself start from the very same body. Used by `amlkit run` and `check`.
"""

from __future__ import annotations

import io
import json
import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stderr
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import parse_qs, urlsplit

from amlkit import git
from amlkit.errors import DefinitionError, Problem, ServiceError, SetupError
from amlkit.home import HOME_FOLDER
from amlkit.identity import quiet
from amlkit.target import credential

from . import yamlfile
from .binding import Wanted, make_computes
from .data import is_local
from .parameters import Given, value_of
from .stacks import Workspace
from .submission import Choices, Job, properties
from .yamlfile import File

_SERVERLESS = ("", "serverless", "local")


def load(file: File, given: Given) -> Any:
    """The job that a file defines, as azure-ai-ml's own entity; a component becomes a job with these inputs.

    Raises:
        DefinitionError: everything that azure-ai-ml finds wrong with the file.
        SetupError: azure-ai-ml is not installed.
    """
    ml = _azure()
    overrides = _overrides(file, given)
    with _problems_of(file):
        try:
            if file.is_component:
                return _wrapped(ml, file, given)
            return ml.load_job(file.path, params_override=overrides)
        except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:  # values of a wrong shape
            hint = "look for a list, a number or a text where another kind of value is meant"
            raise DefinitionError([Problem(str(file.path), f"azure-ai-ml cannot read it: {error}", hint)]) from error


def check(file: File) -> None:
    """What azure-ai-ml can say of a file offline. Raises as `load`."""
    given = {
        each.name: str(each.default)
        for each in file.parameters
        if file.is_component and not each.is_data and each.default is not None
    }
    if odd := list(yamlfile.odd_computes(file, ())):
        raise DefinitionError(odd)
    load(file, Given(given, {}))


def prepare(workspace: Workspace, file: File, given: Given, wanted: Wanted, choices: Choices) -> Job:
    """Register what the file's job needs, and give the job's body, ready to be put.

    Raises:
        DefinitionError: problems of the file, data or computes that the workspace does not have.
        ServiceError: refused.
    """
    if wrong := [*yamlfile.wrong_data(file, given), *yamlfile.odd_computes(file, wanted.computes)]:
        raise DefinitionError(wrong)
    job = load(file, given)
    _rename_computes(job, wanted, file)
    missing = [
        *yamlfile.missing_data(workspace, file, given),
        *yamlfile.missing_environments(workspace, file),
    ]
    if missing:
        raise DefinitionError(missing)
    said = make_computes(workspace, sorted(_computes(job)))
    if choices.name:
        job.name = choices.name
    with _warnings() as warned:
        held = _held(workspace, file, job)
    body = dict(held.body)
    body["experimentName"] = choices.experiment or _experiment(file, body)
    body["tags"] = {**(body.get("tags") or {}), **choices.tags}
    code = git.facts(file.path.absolute().parent)
    body["properties"] = properties(file.label, code, choices, body.get("properties") or {})
    if choices.force:
        body["settings"] = {**(body.get("settings") or {}), "force_rerun": True}
    warnings = (f"warning: {file.path}: {text}" for text in dict.fromkeys(warned))
    return replace(held, pipeline=file.label, body=body, said=(*said, *warnings))


class _HeldError(Exception):
    """Carries the request that was held back."""

    def __init__(self, url: str, content: bytes, headers: Mapping[str, str]) -> None:
        super().__init__(url)
        self.url, self.content, self.headers = url, content, headers


def _held(workspace: Workspace, file: File, job: Any) -> Job:
    """The PUT of a job that azure-ai-ml would send, after it registered everything that the job needs."""
    ml = _azure()
    from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
    from azure.core.pipeline.policies import SansIOHTTPPolicy

    host = urlsplit(workspace.service.target.resource_manager).netloc

    class Holding(SansIOHTTPPolicy[Any, Any]):
        """Lets everything pass to the target, nothing to another Resource Manager, and keeps the job."""

        def on_request(self, request: Any) -> None:
            sent = request.http_request
            parts = urlsplit(sent.url)
            if parts.path.startswith("/subscriptions/") and parts.netloc != host:
                raise SetupError(f"azure-ai-ml would talk to {parts.netloc}, not to {host}")
            if sent.method == "PUT" and parts.path.lower().startswith(f"{workspace.id}/jobs/".lower()):
                raise _HeldError(sent.url, sent.body or sent.data, sent.headers)

    _, subscription, _, group, *_, name = workspace.id.strip("/").split("/")
    identity: Any = credential(workspace.service.target.is_local)
    client = ml.MLClient(
        identity, subscription, group, name, show_progress=False, enable_telemetry=False, per_call_policies=[Holding()]
    )
    try:
        # it prints colours to standard error between uploads
        with _problems_of(file), _without_homes(file), redirect_stderr(io.StringIO()):
            client.jobs.create_or_update(job)
    except _HeldError as held:
        parts = urlsplit(held.url)
        token = {key: value for key, value in held.headers.items() if key.lower() == "x-azureml-token"}
        body = json.loads(held.content)["properties"]
        return Job(parts.path.rpartition("/")[2], file.label, body, (), parse_qs(parts.query)["api-version"][0], token)
    except ResourceNotFoundError as error:
        raise DefinitionError([Problem(str(file.path), _first(error), "register it, or name another one")]) from error
    except HttpResponseError as error:
        code = error.error.code if error.error else ""
        raise ServiceError(error.status_code or 0, str(code or ""), _first(error), where=str(file.path)) from error
    raise AssertionError(client)  # it ends by putting the job


def _wrapped(ml: ModuleType, file: File, given: Given) -> Any:
    """A component in a pipeline of one step; a pipeline component as the pipeline itself."""
    from azure.ai.ml import dsl
    from azure.ai.ml.entities import PipelineJob, PipelineJobSettings

    component = ml.load_component(file.path)
    values = {name: _plain(file, name, text) for name, text in given.literals.items()}
    for name, text in given.data.items():
        values[name] = ml.Input(type=file.parameter(name).type, path=_absolute(text))
    if file.kind == "pipeline":
        settings = PipelineJobSettings(default_compute="serverless")
        return PipelineJob(component=component, inputs=values, display_name=file.label, settings=settings)

    def single() -> Any:
        node = component(**values)
        node.name = component.name
        return dict(node.outputs.items())

    single.__name__ = file.label
    decorator: Any = dsl.pipeline  # its types know nothing of the settings of a job
    return decorator(display_name=file.label, default_compute="serverless")(single)()


def _overrides(file: File, given: Given) -> list[dict[str, Any]]:
    """What was given, where azure-ai-ml's own option for it wants it."""
    found = [{f"inputs.{name}": _plain(file, name, text)} for name, text in given.literals.items()]
    return found + [{f"inputs.{name}.path": _absolute(text)} for name, text in given.data.items()]


def _plain(file: File, name: str, text: str) -> Any:
    parameter = file.parameter(name)
    value = value_of(parameter, text)
    return int(value) if parameter.type == "number" and float(value).is_integer() and "." not in text else value


def _absolute(text: str) -> str:
    """A path as it was meant: from the working directory, not from the YAML file."""
    return str(Path(text).expanduser().absolute()) if is_local(text) else text


def _holders(job: Any) -> Iterator[tuple[Any, str]]:
    """Whatever names a compute, and the attribute that does, down to nested pipelines."""
    if hasattr(job, "compute"):
        yield job, "compute"
    if getattr(job, "settings", None) is not None and hasattr(job.settings, "default_compute"):
        yield job.settings, "default_compute"
    nodes = getattr(job, "jobs", None)
    for node in nodes.values() if isinstance(nodes, Mapping) else ():
        yield from _holders(node)
        inner = getattr(node, "component", None)
        if getattr(inner, "jobs", None):
            yield from _holders(inner)


def _name_of(value: Any) -> str:
    text = value if isinstance(value, str) else ""
    return "" if text.startswith("/") else text.removeprefix("azureml:")


def _computes(job: Any) -> set[str]:
    names = {_name_of(getattr(holder, attribute)) for holder, attribute in _holders(job)}
    return {name for name in names if name.lower() not in _SERVERLESS}


def _rename_computes(job: Any, wanted: Wanted, file: File) -> None:
    if wanted.datastores:
        hint = "a YAML file names its datastores itself; `--input name=URI` gives other data"
        raise DefinitionError([Problem(str(file.path), "it has no datastores to bind", hint)])
    there = _computes(job)
    unknown = sorted(wanted.computes.keys() - there)
    if unknown:
        hint = f"it names: {', '.join(sorted(there)) or 'none'}"
        raise DefinitionError(Problem(name, f"{file.path.name} names no such compute", hint) for name in unknown)
    for holder, attribute in _holders(job):
        name = _name_of(getattr(holder, attribute))
        if name in wanted.computes:
            setattr(holder, attribute, wanted.computes[name])


def _experiment(file: File, body: Mapping[str, Any]) -> str:
    """The file's own; azure-ai-ml would take the name of the working directory."""
    return str(file.content.get("experiment_name") or "") or file.label or str(body.get("experimentName") or "")


@contextmanager
def _warnings() -> Iterator[list[str]]:
    """What azure-ai-ml warns of when it checks a job, such as a member of a step that it does not know and drops."""
    found: list[str] = []

    class Listening(logging.Handler):
        """Keeps the warnings, without the words around them."""

        def emit(self, record: logging.LogRecord) -> None:
            found.append(record.getMessage().removeprefix("Warnings: ").strip("[]. "))

    logger, handler = logging.getLogger("azure.ai.ml.entities._validation.core"), Listening()
    before, propagates = logger.level, logger.propagate
    logger.addHandler(handler)
    logger.setLevel(logging.WARNING)
    logger.propagate = False
    try:
        yield found
    finally:
        logger.removeHandler(handler)
        logger.setLevel(before)
        logger.propagate = propagates


@contextmanager
def _problems_of(file: File) -> Iterator[None]:
    """What azure-ai-ml finds wrong with a file, as our problems."""
    from azure.ai.ml.exceptions import MlException
    from marshmallow.exceptions import ValidationError

    try:
        yield
    except (ValidationError, MlException, FileNotFoundError) as error:
        if isinstance(error.__context__, _HeldError):
            raise error.__context__ from error
        raise DefinitionError(yamlfile.problems(file, str(error))) from error
    except RecursionError as error:
        what = "its components refer to each other in a circle, or are nested too deeply"
        raise DefinitionError([Problem(str(file.path), what)]) from error


@contextmanager
def _without_homes(file: File) -> Iterator[None]:
    """Leave the local Azure ML's own folder out of code and data that it lies in: it grows with every upload of itself.

    azure-ai-ml has no door for it: what else it leaves out is for the caller's own `.amlignore`.
    """
    from azure.ai.ml._utils import _asset_utils

    rules: Any = _asset_utils.IgnoreFile
    theirs = rules.is_file_excluded
    beside = file.path.absolute().parent

    def is_excluded(ignore: Any, path: str | os.PathLike[str]) -> bool:
        here = Path(path)
        parts = here.parts
        if HOME_FOLDER in parts and not beside.is_relative_to(Path(*parts[: parts.index(HOME_FOLDER) + 1])):
            return True
        return bool(theirs(ignore, path))

    rules.is_file_excluded = is_excluded
    try:
        yield
    finally:
        rules.is_file_excluded = theirs


def _first(error: Exception) -> str:
    return str(getattr(error, "message", error)).strip().splitlines()[0]


def require() -> None:
    """See that azure-ai-ml is installed, without importing it: that takes seconds.

    Raises:
        SetupError: it is not installed.
    """
    try:
        found = find_spec("azure.ai.ml")
    except ModuleNotFoundError:  # not even the package that it is in
        found = None
    if found is None:
        hint = "pip install 'amlkit[azure]'"
        raise SetupError("YAML files need azure-ai-ml, which is not installed", hint=hint)


def _azure() -> ModuleType:
    """azure-ai-ml, quiet."""
    require()
    import azure.ai.ml as ml

    quiet()
    for name in ("azure.ai.ml", "azure.core", "azure.identity", "msrest"):
        logging.getLogger(name).setLevel(logging.ERROR)
    return ml
