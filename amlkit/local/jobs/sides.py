"""One side of a comparison: the values behind the digests of a step's fingerprint, read back from the tables.

A fingerprint keeps digests only; what a job was defined and given is in its rows, so nothing has to be kept twice.
Used by `explain`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from .bindings import given
from .conda import BadEnvironmentError, requirements
from .fingerprints import packages, parameters
from .locations import child_name
from .records import Component, Definition, Job, Step
from .store import Store

_VALUE_LENGTH = 500


@dataclass(frozen=True)
class Side:
    """A step's job with what it was defined as and given. `inputs` are the URIs of its data, by name."""

    job: Job
    definition: Definition
    component: Component
    step: Step
    parameters: Mapping[str, str]
    inputs: Mapping[str, str]
    by_bytes: bool

    @property
    def code(self) -> str:
        """The URI of its snapshot; empty if it has none."""
        return self.component.code

    def value(self, ingredient: str, part: str) -> str | None:
        """The value of one part as a short text; None if there is none that says more than the digest."""
        found = self._values.get(ingredient, {}).get(part)
        return None if found is None else found if len(found) <= _VALUE_LENGTH else f"{found[:_VALUE_LENGTH]}…"

    def text(self, ingredient: str, part: str) -> str:
        """The text to compare line by line."""
        if ingredient == "environment" and part in ("", "environment"):
            return f"image: {self.component.environment.image}\n{self.component.environment.conda}"
        return self._values.get(ingredient, {}).get(part) or ""

    @cached_property
    def _values(self) -> dict[str, dict[str, str]]:
        component = self.component
        ports = {
            side: {port.name: port.type for port in getattr(component, name)}
            for side, name in (("interface", "inputs"), ("outputs", "outputs"))
        }
        environment = _environment(component)
        return {
            **ports,
            "kind": {"": component.kind},
            "command": {"": component.command},
            "parameters": dict(self.parameters),
            "inputs": dict(self.inputs),
            "options": {name: _json(value) for name, value in component.options.items()},
            "environment": environment,
            "component": {
                "definition": self.step.component,
                "code": component.code,
                "command": component.command,
                "environment": component.environment.name,
                "options": _json(component.options),
                "inputs": _json(ports["interface"]),
                "outputs": _json(ports["outputs"]),
            },
            "is_deterministic": {"": str(component.deterministic).lower()},
            "force_rerun": {"": str(self.definition.force_rerun).lower()},
            "settings": {"compute": self.step.compute, **self.parameters},
        }


class Sides:
    """Reads sides; each definition and run once."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._definitions: dict[str, Definition] = {}
        self._jobs: dict[str, Job | None] = {}

    def of(self, name: str) -> Side | None:
        """The side of a step's job; None if it is no more, or made by another amlkit."""
        job = self._store.get(name)
        root = self._job(job.root) if job else None
        if job is None or root is None or not root.definition:
            return None
        definition = self._definition(root.definition)
        step = next((step for step in definition.steps if step.name == job.step), None)
        if step is None:
            return None
        component = definition.components[step.component]
        inputs = given(step, component, root.inputs, self._produced(root, step))
        print_ = self._store.fingerprint(name)
        return Side(
            job,
            definition,
            component,
            step,
            parameters(component, step, inputs),
            {item.port.name: item.text for item in inputs if not item.port.is_literal},
            print_ is not None and print_.rules == "content",
        )

    def _produced(self, root: Job, step: Step) -> dict[str, dict[str, dict[str, Any]]]:
        """Where the steps before it wrote, as far as they did."""
        found: dict[str, dict[str, dict[str, Any]]] = {}
        for source in step.inputs.values():
            if source.kind == "step":
                made = self._job(child_name(root.name, source.text))
                place = dict(made.produced.get(source.output, {})) if made else {}
                found.setdefault(source.text, {})[source.output] = place or {"uri": ""}
        return found

    def _definition(self, key: str) -> Definition:
        if key not in self._definitions:
            self._definitions[key] = self._store.definition(key)
        return self._definitions[key]

    def _job(self, name: str) -> Job | None:
        if name not in self._jobs:
            self._jobs[name] = self._store.get(name)
        return self._jobs[name]


def _environment(component: Component) -> dict[str, str]:
    spec = component.environment
    try:
        needed = requirements(spec)
    except BadEnvironmentError:
        return {"image": spec.image}
    return {"image": needed.image or "", "python": needed.python or "", **packages(needed.lines)}


def _json(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True, default=str)
