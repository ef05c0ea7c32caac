"""The fingerprint of a step under the rule set `content`: everything that decides what it would write. Pure.

Not in it: names, versions, computes, locations, which step or run an input came from. So a step that ran again but
wrote the same bytes does not make its consumers run. Used by `rules`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ... import digest
from ...fingerprint import Fingerprint, Ingredient
from .bindings import Given
from .conda import BadEnvironmentError, requirements
from .contents import Tree
from .records import Component, EnvironmentSpec, Step

RULES = "content"
OUTSIDE = "outside of the snapshot"  # the part of `code` that stands for `hash_paths` above the folder
_ORDER = ("kind", "interface", "command", "code", "options", "environment", "parameters", "inputs", "outputs")


def of_component(component: Component, code: Tree | None) -> dict[str, Ingredient]:
    """The ingredients that all steps of a component share, by name; `code` is the content of the snapshot."""
    found = [
        Ingredient.of("kind", component.kind),
        Ingredient.of("interface", {port.name: port.type for port in component.inputs}),
        Ingredient.of("command", component.command),
        _code(component, code),
        environment(component.environment),
        Ingredient.of("outputs", {port.name: port.type for port in component.outputs}),
    ]
    if component.options:
        found.append(Ingredient.of("options", component.options))
    return {item.name: item for item in found}


def of_step(
    shared: Mapping[str, Ingredient],
    component: Component,
    step: Step,
    inputs: Sequence[Given],
    data: Mapping[str, str],
) -> Fingerprint:
    """The whole: `shared` is `of_component`, `data` the digest of every input that is data, by name."""
    own = {"parameters": Ingredient.of("parameters", parameters(component, step, inputs)), "inputs": of_inputs(data)}
    found = {**shared, **own}
    return Fingerprint(RULES, tuple(found[name] for name in _ORDER if name in found))


def parameters(component: Component, step: Step, inputs: Sequence[Given]) -> dict[str, str]:
    """The values that a step gets: literals by input, environment variables with a `$` before the name."""
    literals = {item.port.name: item.text for item in inputs if item.port.is_literal}
    return literals | {f"${name}": value for name, value in (*component.variables, *step.variables)}


def of_inputs(data: Mapping[str, str]) -> Ingredient:
    """The ingredient of a step's data, from what stands for each: a digest of its bytes, or of its reference."""
    parts = tuple(sorted(data.items()))
    return Ingredient("inputs", digest.of(dict(parts)), parts)


def environment(spec: EnvironmentSpec) -> Ingredient:
    """The ingredient of an environment: what would be installed, not what the version is called."""
    try:
        needed = requirements(spec)
    except BadEnvironmentError:
        return Ingredient.of("environment", [spec.image, spec.conda])
    return Ingredient.of(
        "environment",
        {
            "image": needed.image,
            "python": needed.python,
            "pip itself": needed.seed_pip,
            **packages(needed.lines),
            **{f"conda {name}": "" for name in needed.ignored},
        },
    )


def selected(component: Component, files: Sequence[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """The files of a snapshot that count: all, or those below `hash_paths` and what the command itself names."""
    if not component.hash_paths:
        return tuple(files)
    words = set(_words([component.command, component.options]))
    wanted = [path.strip("/").removeprefix("./") for path in component.hash_paths]
    return tuple(
        (name, sha256)
        for name, sha256 in files
        if name in words or any(path in ("", ".", name) or name.startswith(f"{path}/") for path in wanted)
    )


def _code(component: Component, code: Tree | None) -> Ingredient:
    if code is None:
        return Ingredient.of("code", None)
    files = selected(component, code.files)
    if component.hash_extra:
        files = (*files, (OUTSIDE, component.hash_extra))
    return Ingredient("code", code.digest if files == code.files else digest.of_tree(files), files)


def _words(value: Any) -> Iterator[str]:
    """The words of all texts in plain data; a script is the one that names a file."""
    waiting = [value]
    while waiting:
        match waiting.pop():
            case str(text):
                yield from (word.removeprefix("./") for word in re.split(r"[\s\"'`;&|()<>=]+", text))
            case Mapping() as mapping:
                waiting.extend(mapping.values())
            case list() | tuple() as items:
                waiting.extend(items)


def packages(lines: Sequence[str]) -> dict[str, str]:
    """Requirements by package; the hashes on the lines below one belong to it."""
    found: dict[str, str] = {}
    name = ""
    for line in lines:
        continues = line.startswith((" ", "--hash"))
        if not continues or not name:
            name = line.split("==")[0].split(" ")[0].strip()
        found[name] = f"{found.get(name, '')}{line.strip()}\n"
    return found
