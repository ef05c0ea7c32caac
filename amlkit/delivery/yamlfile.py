"""An Azure ML YAML file as a record: what it can be given, which assets it names, and what is wrong with it.

Reads without azure-ai-ml, so that bad names and values are refused in a moment; what the file means is `existing`'s.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from amlkit.errors import DefinitionError, Problem, ServiceError

from .binding import COMPUTE_NAME, COMPUTE_NAME_RULE
from .data import is_local, missing, uri_of, with_secret
from .parameters import LITERALS, Given, Parameter, declared, meant
from .stacks import Workspace

JOBS = ("pipeline", "command", "sweep")
COMPONENTS = ("pipeline", "command", "parallel")
_ASSET = re.compile(r"azureml:(?!//)[^/:@]+(?::[^/:@]+|@[^/:@]+)")
_SAYING = ("type", "jobs", "trial", "command", "component", "$schema")  # one of them tells what it is
_ONLY_COMPONENT = ("version", "is_deterministic", "$component")
_INPUT = re.compile(r"\$\{\{\s*inputs\.(\w+)\s*\}\}")
_PARENT = re.compile(r"\s*\$\{\{\s*parent\.inputs\.(\w+)\s*\}\}\s*")
_LOCATION = re.compile(r"(?P<file>.*)#line (?P<line>\d+)")


@dataclass(frozen=True)
class File:
    """One file. `kind` is its type; `label` a short name of it for people and for finding earlier runs."""

    path: Path
    content: Mapping[str, Any]
    kind: str
    is_component: bool

    @property
    def label(self) -> str:
        """Its display name, else its name, else the file's."""
        named = self.content.get("display_name") or self.content.get("name") or self.path.stem
        return re.sub(r"[^A-Za-z0-9_-]+", "_", str(named)).strip("_") or "pipeline"

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """What it can be given."""
        inputs = self.content.get("inputs") or {}
        if self.is_component:
            typed = {str(name): item if isinstance(item, dict) else {} for name, item in inputs.items()}
            return declared({"componentSpec": {"inputs": typed}})
        return tuple(_of_job(str(name), value) for name, value in inputs.items())

    def parameter(self, name: str) -> Parameter:
        """The parameter of a name that was checked."""
        return next(each for each in self.parameters if each.name == name)


def read(path: Path) -> File:
    """Read a file and see what it is.

    Raises:
        DefinitionError: no such file, no YAML, or neither a job nor a component.
    """
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise DefinitionError([Problem(str(path), "no such file")]) from error
    except (OSError, UnicodeDecodeError) as error:
        raise DefinitionError([Problem(str(path), f"cannot be read: {error}")]) from error
    except RecursionError as error:
        raise DefinitionError([Problem(str(path), "it is nested too deeply to be read")]) from error
    except yaml.YAMLError as error:
        line = getattr(getattr(error, "problem_mark", None), "line", None)
        place = f"{path}:{line + 1}" if line is not None else str(path)
        raise DefinitionError([Problem(place, f"not YAML: {getattr(error, 'problem', None) or error}")]) from error
    if not isinstance(content, dict):
        raise DefinitionError([Problem(str(path), "not an Azure ML job or component: it holds no mapping")])
    try:
        odd = list(_odd_names(content, ""))
    except RecursionError as error:
        raise DefinitionError([Problem(str(path), "an anchor is used inside of itself")]) from error
    if odd:
        raise DefinitionError(
            Problem(f"{path}: {place}", f"a name must be a text, YAML reads it as {name!r}", "put it in quotes")
            for place, name in odd
        )
    if not isinstance(content.get("inputs") or {}, dict):
        raise DefinitionError([Problem(str(path), "its `inputs` are no mapping")])
    if not any(name in content for name in _SAYING):
        what = "neither a job nor a component of Azure ML: it has no `type`"
        raise DefinitionError([Problem(str(path), what, f"it holds: {', '.join(map(str, content)) or 'nothing'}")])
    if wrong := list(_wrong_nodes(path, content)) or list(_unbound(path, content, "", ())):
        raise DefinitionError(wrong)
    kind, is_component = _kind(content)
    known = COMPONENTS if is_component else JOBS
    if kind not in known:
        alone = "Azure ML has none by itself, make it a step of a pipeline; " if kind == "parallel" else ""
        hint = (
            f"{alone}`amlkit run` takes jobs of type {', '.join(JOBS)} and components of type {', '.join(COMPONENTS)}"
        )
        what = f"not a type of {'component' if is_component else 'job'} that runs here: {kind}"
        raise DefinitionError([Problem(str(path), what, hint)])
    return File(path, content, kind, is_component)


def problems(file: File, said: str) -> list[Problem]:
    """What azure-ai-ml says of a file, each with its place. Its message is JSON inside words, now and then nested."""
    found = list(_problems(str(file.path), said))
    return found or [Problem(str(file.path), _sentence(said))]


def wrong_data(file: File, given: Given) -> Iterator[Problem]:
    """Local paths that were given and are not there, and addresses with a secret; azure-ai-ml says nothing of them."""
    for name, text in given.data.items():
        if wrong := with_secret(text):
            yield Problem(f"{file.path}: inputs.{name}", *wrong)
        if is_local(text) and not Path(text).expanduser().exists():
            yield Problem(f"{file.path}: inputs.{name}", f"no such file or folder: {text}")


def missing_data(workspace: Workspace, file: File, given: Given) -> Iterator[Problem]:
    """Data and models that the file names and the workspace does not have; those that are given otherwise apart."""
    for place, item in _references(file.content, ""):
        if place.startswith("inputs.") and place.split(".")[1] in given.data:
            continue
        kind = str(item.get("type") or "uri_folder")
        try:
            uri_of(workspace, str(item["path"]), kind, place)
        except DefinitionError:
            yield missing(str(item["path"]), kind, f"{file.path}: {place}")
        except ServiceError as error:
            yield Problem(f"{file.path}: {place}", error.message)


def odd_computes(file: File, renamed: Collection[str]) -> Iterator[Problem]:
    """Names that no compute can have, but for those that are `renamed`."""
    for place, text in _computes(file.content, ""):
        name = text.removeprefix("azureml:")
        if name not in renamed and "${{" not in name and "/" not in name and not COMPUTE_NAME.fullmatch(name):
            hint = f"a name has {COMPUTE_NAME_RULE}; `--compute '{name}=NAME'` takes another one"
            yield Problem(f"{file.path}: {place}", f"not a name of a compute: {name}", hint)


def _computes(content: Any, place: str) -> Iterator[tuple[str, str]]:
    """(where, name) of every compute that jobs name."""
    if not isinstance(content, Mapping):
        return
    for name, item in content.items():
        here = f"{place}.{name}" if place else str(name)
        if name in ("compute", "default_compute") and isinstance(item, str):
            yield here, item
        elif name in ("jobs", "settings", "component") or place.rpartition(".")[2] == "jobs":
            yield from _computes(item, here)


def _odd_names(content: Any, place: str) -> Iterator[tuple[str, Any]]:
    """(where, name) of every name that is no text, such as `yes` and `1`: azure-ai-ml stumbles over them."""
    for name, item in content.items() if isinstance(content, Mapping) else ():
        if not isinstance(name, str):
            yield place or "*", name
        yield from _odd_names(item, f"{place}.{name}".lstrip("."))


def _wrong_nodes(path: Path, content: Mapping[str, Any]) -> Iterator[Problem]:
    """Steps that are no mappings: azure-ai-ml stumbles over them."""
    if not isinstance(content.get("jobs", {}), dict):
        yield Problem(f"{path}: jobs", "it must be a mapping of steps by name")
    elif not isinstance(content.get("settings") or {}, dict):
        yield Problem(f"{path}: settings", "it must be a mapping")
    else:
        for name, node in content.get("jobs", {}).items():
            if not isinstance(node, dict):
                yield Problem(f"{path}: jobs.{name}", "a step must be a mapping, with its `type`")


def _unbound(path: Path, content: Mapping[str, Any], place: str, outer: Collection[str]) -> Iterator[Problem]:
    """Inputs that a command or a step names and that there are not, for which Azure ML would refuse the job later.

    `outer` are the inputs of what holds this: those of a sweep are its trial's, those of a parallel step its task's.
    """
    own = {**dict.fromkeys(outer), **_mapping(content.get("inputs"))}
    for key in ("command", "program_arguments", "input_data"):
        for name in dict.fromkeys(_INPUT.findall(str(content.get(key) or ""))):
            if name not in own:
                yield Problem(f"{path}: {place}{key}", f"there is no such input: {name}", meant(name, own))
    for name, node in _mapping(content.get("jobs")).items():
        here = f"{place}jobs.{name}."
        for port, value in _mapping(node.get("inputs")).items():
            bound = _PARENT.fullmatch(str(value.get("path") if isinstance(value, Mapping) else value))
            if bound and bound[1] not in own:
                what = f"the pipeline has no such input: {bound[1]}"
                yield Problem(f"{path}: {here}inputs.{port}", what, meant(bound[1], own))
        yield from _unbound(path, node, here, ())
    for key in ("trial", "task", "component"):
        if isinstance(content.get(key), Mapping):
            yield from _unbound(path, content[key], f"{place}{key}.", () if key == "component" else own)


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _kind(content: Mapping[str, Any]) -> tuple[str, bool]:
    """The type, and whether it is a component's: by the schema, else by what only one of them has."""
    schema = str(content.get("$schema") or "").rpartition("/")[2].lower()
    kind = str(content.get("type") or "").lower()
    if not kind:
        kind = "pipeline" if "jobs" in content else "sweep" if "trial" in content else "command"
    if "component" in schema or "job" in schema:
        return kind, "component" in schema
    inputs = list((content.get("inputs") or {}).values())
    declares = all(isinstance(each, dict) and "path" not in each for each in inputs)
    typed = declares and any(each.get("type") in LITERALS for each in inputs)
    is_parallel = kind == "parallel" and declares and "compute" not in content
    return kind, is_parallel or typed or any(name in content for name in _ONLY_COMPONENT)


def _of_job(name: str, value: Any) -> Parameter:
    """An input of a job: its value says its type. A whole number may become any number."""
    match value:
        case dict():
            kind = str(value.get("type") or "uri_folder")
            return Parameter(name, kind, value.get("path", value.get("default", value.get("value"))))
        case bool():
            return Parameter(name, "boolean", value)
        case int() | float():
            return Parameter(name, "number", value)
        case None:
            return Parameter(name, "string", optional=True)
    return Parameter(name, "string", value)


def missing_environments(workspace: Workspace, file: File) -> Iterator[Problem]:
    """Environments that the file names and the workspace does not have."""
    for place, text in _environments(file.content, ""):
        name, _, version = text.removeprefix("azureml:").partition(":")
        path = f"/environments/{name}/versions/{version}" if version else f"/environments/{name.partition('@')[0]}"
        try:
            workspace.get(path)
        except ServiceError as error:
            if error.status != 404:
                raise
            hint = "say `image` and `conda_file` instead, or register it: `az ml environment create --file …`"
            yield Problem(f"{file.path}: {place}", f"no such environment in the workspace: {text}", hint)


def _environments(content: Any, place: str) -> Iterator[tuple[str, str]]:
    if not isinstance(content, Mapping):
        return
    for name, item in content.items():
        here = f"{place}.{name}" if place else str(name)
        if name == "environment" and isinstance(item, str) and _ASSET.fullmatch(item):
            yield here, item
        else:
            yield from _environments(item, here)


def _references(content: Any, place: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every input with a path that is an asset's short name, with its dotted place."""
    if not isinstance(content, Mapping):
        return
    for name, item in content.items():
        here = f"{place}.{name}" if place else str(name)
        if isinstance(item, Mapping) and "inputs." in f"{place}." and _ASSET.fullmatch(str(item.get("path") or "")):
            yield here, item
        else:
            yield from _references(item, here)


def _problems(path: str, said: str) -> Iterator[Problem]:
    start = said.find("{")
    try:
        document, _ = json.JSONDecoder().raw_decode(said[start:]) if start >= 0 else ({}, 0)
    except ValueError:
        return
    if isinstance(document.get("errors"), list):
        for error in document["errors"]:
            inner = list(_problems(path, str(error.get("message") or "")))
            yield from inner or [_problem(path, error)]
    else:
        for place, messages in _leaves(document, ()):
            yield Problem(f"{path}: {'.'.join(place)}", _sentence("; or ".join(messages)))


def _problem(path: str, error: Mapping[str, Any]) -> Problem:
    match = _LOCATION.fullmatch(str(error.get("location") or ""))
    at = f"{match['file']}:{match['line']}" if match else path
    place = str(error.get("path") or "").strip("*")
    return Problem(f"{at}: {place}" if place else at, _sentence(str(error.get("message") or "not valid")))


def _leaves(document: Any, place: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], list[str]]]:
    """Messages by place. Alternatives of one value come as a list: their messages are gathered at that value."""
    if isinstance(document, Mapping):
        for name, item in document.items():
            yield from _leaves(item, (*place, str(name)) if name not in ("_schema", "value", "null") else place)
    elif isinstance(document, list):
        texts = [item for item in document if isinstance(item, str)]
        texts += [
            text for item in document if not isinstance(item, str) for _, found in _leaves(item, ()) for text in found
        ]
        if texts:
            yield place, list(dict.fromkeys(texts))[:3]


def _sentence(text: str) -> str:
    """The first line of a message, as ours are: no capital, no full stop; of alternatives, what each of them says."""
    first = next((line.strip() for line in text.splitlines() if line.strip()), "not valid").rstrip(".:")
    if first.startswith("{"):
        first = "; or ".join(_alternatives(first)) or first
    return first[:1].lower() + first[1:] if first[1:2].islower() else first


def _alternatives(text: str) -> list[str]:
    """What the alternatives of a value say against it: `{'type': [...]}; {'path': [...]}`, as Python writes them."""
    try:
        documents = ast.literal_eval("[" + text.replace("}; {", "}, {") + "]")
    except (ValueError, SyntaxError):
        return []
    found = [message for _, messages in _leaves(documents, ()) for message in messages]
    return [message.rstrip(".") for message in found if "data binding" not in message]
