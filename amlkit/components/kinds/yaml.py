"""A step made of an existing component's YAML, read by azure-ai-ml, whose words for it are kept as they are.

`Step.from_yaml` calls `read` when the step is first used; `yamlcomponent` makes a component of what it gives.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ...errors import DefinitionError, Problem, SetupError
from ...identity import quiet
from ...manifest import reference
from ..definition import NO_DEFAULT, RESERVED, Default, InputPort, OutputPort, StepDefinition, reserved
from ..environment import Conda, Curated, EnvironmentSource
from ..ports import PortType

TYPES = ("command", "parallel", "pipeline")
_NO_FILE = re.compile(r"(?:No such file or directory|in resolved absolute path): ([^\]'\";]+)")
_ELSEWHERE = re.compile(r"azureml:|git\+|[a-z]+://|/subscriptions/")
_WORDS = ("name", "version", "description", "display_name", "tags", "$schema", "_source", "sourceJobId")


def read(folder: Path, path: str) -> StepDefinition:
    """The definition in a component's file, with those of the components that its jobs use.

    Raises:
        DefinitionError: there is no such file, or azure-ai-ml does not take it.
        SetupError: azure-ai-ml is not installed.
    """
    file = (folder / path).resolve()
    if not file.is_file():
        raise DefinitionError([Problem(path, f"no such file: {file}", "paths start beside the file that names it")])
    return _definition(_load(file, path), file, _legal(file.stem))


def _load(file: Path, where: str) -> Any:
    try:
        from azure.ai.ml import load_component
    except ImportError as error:
        hint = "install `amlkit[azure]`"
        raise SetupError("steps from YAML need azure-ai-ml", where=where, hint=hint) from error
    quiet()
    try:
        return load_component(file)
    except Exception as error:  # of many types, and none of them public
        raise DefinitionError(_refusals(str(error), where)) from error


def _refusals(text: str, where: str) -> Iterator[Problem]:
    """azure-ai-ml's problems, one by one where it lists them as JSON amid its words."""
    try:
        errors = json.loads(text[text.index("{") : text.rindex("}") + 1])["errors"]
    except (ValueError, KeyError, TypeError):
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        yield Problem(where, f"azure-ai-ml does not take it: {'; '.join(lines[:3]).rstrip('.')}")
        return
    for error in errors:
        message = str(error.get("message", "")).strip()
        file = _NO_FILE.search(message)
        what = f"no such file or folder: {file[1].rstrip('.')}" if file else message.split("; ")[0].rstrip(".")
        yield Problem(f"{where}.{error.get('path', '')}".rstrip("."), f"azure-ai-ml does not take it: {what}")


def _definition(entity: Any, file: Path, fallback: str) -> StepDefinition:
    """A step's definition from an entity of azure-ai-ml; the same for a file and for a job within a pipeline."""
    spec = _plain(entity._to_rest_object().properties.component_spec)
    named = str(spec.get("name", ""))
    name = _legal(named) if named and named != "azureml_anonymous" else fallback
    problems: list[Problem] = []
    if spec.get("type") not in TYPES:
        what = f"a component of type {spec.get('type')} is not supported"
        problems.append(Problem(name, what, f"use {', '.join(TYPES)}"))
    task = spec["task"] if spec.get("type") == "parallel" else spec
    code, includes = task.pop("code", None), tuple(spec.pop("additional_includes", None) or ())
    if code is not None and _ELSEWHERE.match(str(code)):
        hint = "name the folder, so that it can be registered with the step"
        problems.append(Problem(f"{name}.code", f"it uses code that is registered elsewhere: {code}", hint))
        code = None
    children: dict[str, StepDefinition] = {}
    if spec.get("type") == "pipeline":
        children = dict(_children(entity, spec, file, name, problems))
    inline = task.pop("environment", None)
    return StepDefinition(
        name=name,
        description=" ".join(str(spec.get("description") or "").split()),
        folder=Path(getattr(entity, "base_path", None) or file.parent),
        source=file.name,
        script=str(task.get("entry_script", "")),
        environment=_environment(inline),
        inputs=tuple(_inputs(spec, name, problems)),
        outputs=tuple(_outputs(spec, name, problems)),
        allow_reuse=bool(spec.get("is_deterministic", True)),
        problems=tuple(problems),
        kind="yaml",
        command=str(spec.get("command", "")),
        code=None if code is None else str(code),
        includes=includes,
        spec={
            **{key: value for key, value in spec.items() if key not in _WORDS},
            **({"environment": inline} if inline else {}),
        },
        children=tuple(children.values()),
    )


def _environment(value: Any) -> EnvironmentSource:
    """One that is registered is referred to; one that is written down in the component stays in its specification."""
    return Curated(value) if isinstance(value, str) else Conda("")


def _children(
    entity: Any, spec: dict[str, Any], file: Path, name: str, problems: list[Problem]
) -> Iterator[tuple[str, StepDefinition]]:
    """The components of a pipeline's jobs; each job refers to its own from here on, and to its compute by name."""
    for job, node in entity.jobs.items():
        body = spec["jobs"][job]
        key = "trial" if "trial" in body else "componentId"
        used = node.trial if key == "trial" else node.component
        where = f"{name}.{job}"
        if isinstance(used, str):
            hint = "name the component's file, so that it can be registered with the pipeline"
            problems.append(Problem(where, f"it uses a component that is registered elsewhere: {used}", hint))
            continue
        child = _definition(used, file, f"{name}__{job}")
        problems += child.problems
        body[key] = reference("component", child.name)
        if body.get("computeId"):
            body["computeId"] = reference("compute", str(body["computeId"]).removeprefix("azureml:"))
        body.pop("_source", None)
        problems += _local_paths(body, where)
        yield job, child


def _local_paths(body: Mapping[str, Any], where: str) -> Iterator[Problem]:
    for name, value in (body.get("inputs") or {}).items():
        uri = str(value.get("uri", "")) if isinstance(value, Mapping) else ""
        if uri and "://" not in uri and not uri.startswith("azureml:"):
            hint = "put the data into a datastore, or make it an input of the pipeline"
            yield Problem(f"{where}.{name}", f"a published pipeline cannot read a local path: {uri}", hint)


def _inputs(spec: Mapping[str, Any], where: str, problems: list[Problem]) -> Iterator[InputPort]:
    for name, body in (spec.get("inputs") or {}).items():
        if name in RESERVED:
            problems.append(reserved(f"{where}.{name}", name))
        kind = _type(body, f"{where}.{name}", problems)
        if kind is not None:
            enum = tuple(str(item) for item in body.get("enum") or ())
            mode = str(body.get("mode") or "")
            default = _default(body["default"], kind) if "default" in body else NO_DEFAULT
            yield InputPort(name, kind, default, bool(body.get("optional")), enum, mode)


def _outputs(spec: Mapping[str, Any], where: str, problems: list[Problem]) -> Iterator[OutputPort]:
    for name, body in (spec.get("outputs") or {}).items():
        if name in RESERVED:
            problems.append(reserved(f"{where}.{name}", name))
        kind = _type(body, f"{where}.{name}", problems)
        if kind is not None:
            yield OutputPort(name, kind, mode=str(body.get("mode") or ""))


def _type(body: Mapping[str, Any], where: str, problems: list[Problem]) -> PortType | None:
    try:
        return PortType(str(body.get("type")))
    except ValueError:
        hint = f"use {', '.join(PortType)}"
        problems.append(Problem(where, f"a port of type {body.get('type')} is not supported", hint))
        return None


def _default(text: Any, kind: PortType) -> Default:
    """azure-ai-ml makes every default a text."""
    match kind:
        case PortType.INTEGER:
            return int(text)
        case PortType.NUMBER:
            return float(text)
        case PortType.BOOLEAN:
            return str(text).lower() == "true"
    return str(text)


def _legal(name: str) -> str:
    """A legal name of a step that is nearest to a component's."""
    return re.sub(r"[^a-z0-9_]", "_", name.lower()).lstrip("0123456789") or "step"


def _plain(value: Any) -> Any:
    """A specification without what is not set, of plain dictionaries and lists that are no one else's."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items() if item is not None}
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value
