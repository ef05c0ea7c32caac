"""The fingerprint of a step under the rule set `content`: everything that decides what it would write. Pure.

Not in it: names, versions, computes, locations, which step or run an input came from. So a step that ran again but
wrote the same bytes does not make its consumers run.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ... import digest
from ...fingerprint import Fingerprint, Ingredient
from .bindings import Given
from .conda import BadEnvironmentError, requirements
from .contents import Tree
from .records import Component, EnvironmentSpec, Step

RULES = "content"
_ORDER = ("kind", "interface", "command", "code", "environment", "parameters", "inputs", "outputs")


def of_component(component: Component, code: Tree | None) -> dict[str, Ingredient]:
    """The ingredients that all steps of a component share, by name; `code` is the content of the snapshot."""
    found = (
        Ingredient.of("kind", "command"),
        Ingredient.of("interface", {port.name: port.type for port in component.inputs}),
        Ingredient.of("command", component.command),
        Ingredient("code", code.digest, code.files) if code else Ingredient.of("code", None),
        _environment(component.environment),
        Ingredient.of("outputs", {port.name: port.type for port in component.outputs}),
    )
    return {item.name: item for item in found}


def of_step(
    shared: Mapping[str, Ingredient],
    component: Component,
    step: Step,
    inputs: Sequence[Given],
    data: Mapping[str, Tree],
) -> Fingerprint:
    """The whole: `shared` is `of_component`, `data` the content of every input that is data, by name."""
    literals = {item.port.name: item.text for item in inputs if item.port.is_literal}
    variables = {f"${name}": value for name, value in (*component.variables, *step.variables)}
    own = {"parameters": Ingredient.of("parameters", literals | variables), "inputs": _inputs(data)}
    return Fingerprint(RULES, tuple({**shared, **own}[name] for name in _ORDER))


def _inputs(data: Mapping[str, Tree]) -> Ingredient:
    parts = tuple(sorted((name, tree.digest) for name, tree in data.items()))
    return Ingredient("inputs", digest.of(dict(parts)), parts)


def _environment(spec: EnvironmentSpec) -> Ingredient:
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
            **_packages(needed.lines),
            **{f"conda {name}": "" for name in needed.ignored},
        },
    )


def _packages(lines: Sequence[str]) -> dict[str, str]:
    """Requirements by package; the hashes on the lines below one belong to it."""
    found: dict[str, str] = {}
    name = ""
    for line in lines:
        continues = line.startswith((" ", "--hash"))
        if not continues or not name:
            name = line.split("==")[0].split(" ")[0].strip()
        found[name] = f"{found.get(name, '')}{line.strip()}\n"
    return found
