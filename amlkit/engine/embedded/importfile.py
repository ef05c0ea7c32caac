"""What the command `import` is asked for: a list of resources, from its arguments or from a JSON file of Pulumi's form.

`amlkit.engine.importverb` parses, `bulkimport` carries out. Every mistake in a file is reported at once. Source of the
form and the rules: Pulumi's import file.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from amlkit.errors import DefinitionError, Problem, SetupError

from . import urns
from .resource import PROVIDER_PREFIX

Values = Callable[[Mapping[str, Any]], dict[str, Any]]
"""Makes property values of the file's JSON, secrets decrypted."""

_NOT_DONE = ("parameterization", "extension", "remote", "pluginDownloadUrl")
_VERSION = re.compile(r"v?(\d+)(?:\.(\d+))?(?:\.(\d+))?([-+][0-9A-Za-z.+-]+)?")


@dataclass(frozen=True)
class Import:
    """A resource to take over. `parent` and `provider` are URNs; no provider means the default one of `version`.

    `inputs` are filled in where the provider's Read gives none; with `outputs` nothing is read at all. A provider is
    made with its `inputs`, a component is only noted.
    """

    type: str
    name: str
    id: str = ""
    parent: str = ""
    provider: str = ""
    version: str = ""
    protect: bool = True
    component: bool = False
    inputs: Mapping[str, Any] | None = None
    outputs: Mapping[str, Any] | None = None

    @property
    def is_provider(self) -> bool:
        """Is it a provider, which is made, not read?"""
        return self.type.startswith(PROVIDER_PREFIX)


def one(type_: str, name: str, identifier: str, parent: str, provider: str) -> dict[str, Any]:
    """The document for one resource of the command line; `parent` and `provider` are `name=URN` or empty.

    Raises:
        SetupError: one of these is no URN.
    """
    table: dict[str, str] = {}
    spec = {"type": type_, "name": name, "id": identifier}
    for word, text in (("parent", parent), ("provider", provider)):
        if not text:
            continue
        label, mark, urn = text.partition("=")
        if not mark or not label or not urns.is_urn(urn):
            raise SetupError(f"invalid {word} URN: '{text}'", hint=f"write it like `--{word} name=urn:pulumi:…`")
        if label in table:
            raise SetupError(f"provider and parent must have distinct names, both were '{label}'")
        table[label] = urn
        spec[word] = label
    return {"nameTable": table, "resources": [spec]}


def read(file: Path) -> dict[str, Any]:
    """The document in a file.

    Raises:
        SetupError: it cannot be read, or is no JSON object with `resources`.
    """
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise SetupError(f"could not read import file: {error}", where=str(file)) from error
    if not isinstance(document, dict) or not isinstance(document.get("resources"), list):
        raise SetupError("not an import file: an object with a list `resources` is needed", where=str(file))
    if document.get("providerInputs"):
        hint = "put each provider into `resources`, with its `inputs`"
        raise SetupError("`providerInputs` is not supported by the embedded engine", where=str(file), hint=hint)
    return document


def parse(document: Mapping[str, Any], stack: str, project: str, *, protect: bool, values: Values) -> list[Import]:
    """The resources that a document asks for.

    Raises:
        DefinitionError: something in it is missing, ambiguous, or not known; all of it is named.
        SetupError: a secret in it cannot be decrypted.
    """
    specs = [_named(dict(spec) if isinstance(spec, Mapping) else {}) for spec in document["resources"]]
    _refuse([problem for index, spec in enumerate(specs) for problem in _own_problems(index, spec)])
    table = {str(name): str(urn) for name, urn in (document.get("nameTable") or {}).items()}
    known, problems = _urns(specs, table, stack, project)
    _refuse(problems)
    ambiguous = {name for name, count in Counter(spec["name"] for spec in specs).items() if count > 1}
    problems = [problem for spec in specs for problem in _provider_problems(spec, known, ambiguous)]
    _refuse(problems)
    return [
        Import(
            type=spec["type"],
            name=spec["logicalName"],
            id=spec.get("id", ""),
            parent=known.get(spec.get("parent", ""), ""),
            provider=known.get(spec.get("provider", ""), ""),
            version=_version(spec.get("version", "")) or "",
            protect=protect,
            component=bool(spec.get("component")),
            inputs=values(spec["inputs"]) if spec.get("inputs") is not None else None,
            outputs=values(spec["outputs"]) if spec.get("outputs") is not None else None,
        )
        for spec in specs
    ]


def _named(spec: dict[str, Any]) -> dict[str, Any]:
    name = spec.get("name") or spec.get("logicalName") or ""
    return {**spec, "type": spec.get("type") or "", "name": name, "logicalName": spec.get("logicalName") or name}


def _described(index: int, spec: Mapping[str, Any]) -> str:
    name = spec["name"] or spec.get("id")
    label = f"resource '{name}'" if name else f"resource {index}"
    return label + (f" of type '{spec['type']}'" if spec["type"] else "")


def _own_problems(index: int, spec: Mapping[str, Any]) -> Iterator[str]:
    label = _described(index, spec)
    if not spec["type"]:
        yield f"{label} has no type"
    elif spec["type"].count(":") != 2:
        yield f"{label} has no type of the form `package:module:Name`"
    if not spec["name"]:
        yield f"{label} has no name"
    yield from _kind_problems(label, spec)
    if _version(spec.get("version") or "") is None:
        yield f"could not parse version '{spec['version']}' for {label}"
    for key in _NOT_DONE:
        if spec.get(key):
            yield f"`{key}` of {label} is not supported by the embedded engine"


def _kind_problems(label: str, spec: Mapping[str, Any]) -> Iterator[str]:
    """What a provider, a component or a custom resource must have, and must not."""
    identifier, component = spec.get("id"), spec.get("component")
    if spec["type"].startswith(PROVIDER_PREFIX):
        if identifier:
            yield f"{label} has an ID, but is a provider, which is created rather than read"
        if component:
            yield f"{label} is a provider and may not be marked as a component"
        if spec.get("outputs"):
            yield f"{label} is a provider and may not have outputs"
    elif not component and not identifier:
        yield f"{label} has no ID"
    elif component and identifier:
        yield f"{label} has an ID, but is marked as a component"


def _urns(
    specs: list[dict[str, Any]], table: Mapping[str, str], stack: str, project: str
) -> tuple[dict[str, str], list[str]]:
    """URN by name, of the table and of the resources; parents first, whatever their order. And what is wrong."""
    known = dict(table)
    taken = set(table.values())
    problems: list[str] = []
    names = Counter(spec["name"] for spec in specs)
    waiting = list(enumerate(specs))
    while waiting:
        later = []
        for index, spec in waiting:
            parent = spec.get("parent") or ""
            label = _described(index, spec)
            if names[parent] > 1:
                problems.append(f"{label} has an ambiguous parent")
            elif parent and parent not in known and parent in names:
                later.append((index, spec))
                continue
            elif parent and parent not in known:
                problems.append(f"the parent '{parent}' for {label} has no entry in 'nameTable'")
            urn = urns.urn(stack, project, known.get(parent, ""), spec["type"], spec["logicalName"])
            if urn in taken:
                problems.append(f"{label} has an ambiguous URN, set name (or logical name) to be unique")
            taken.add(urn)
            known[spec["name"]] = urn
        if len(later) == len(waiting):
            circle = ", ".join(spec["name"] for _, spec in later)
            return known, [*problems, f"resources that are parents of each other: {circle}"]
        waiting = later
    return known, problems


def _provider_problems(spec: Mapping[str, Any], known: Mapping[str, str], ambiguous: set[str]) -> Iterator[str]:
    provider = spec.get("provider")
    if not provider:
        return
    label = _described(0, spec)
    if provider in ambiguous:
        yield f"{label} has an ambiguous provider"
    elif provider not in known:
        yield f"the provider '{provider}' for {label} has no entry in 'nameTable' or 'resources'"
    elif not urns.is_urn(known[provider]) or not urns.parse(known[provider]).type.startswith(PROVIDER_PREFIX):
        yield f"the provider '{provider}' for {label} is not a provider"


def _version(text: str) -> str | None:
    """`1.2.3` of `v1.2.3`, `1.2.0` of `1.2`; None for what is no version."""
    if not text:
        return ""
    found = _VERSION.fullmatch(text)
    if found is None:
        return None
    major, minor, patch, rest = found.groups()
    return f"{major}.{minor or 0}.{patch or 0}{rest or ''}"


def _refuse(problems: list[str]) -> None:
    if problems:
        raise DefinitionError(Problem("", problem) for problem in problems)
