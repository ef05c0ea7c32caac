"""The two rule sets of reuse behind one protocol: `content` decides by bytes, `azure` as Azure ML does, by references.

Used by `reuse` (the scheduler's judge) and by `forecast`. Pure: what lies where is looked up by the caller.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from ... import digest
from ...errors import SetupError
from ...fingerprint import Fingerprint, Ingredient
from . import fingerprints
from .bindings import Given, Produced
from .contents import Tree
from .records import Component, Definition, Job, Step

Shared = Mapping[str, Ingredient]


@dataclass(frozen=True)
class Facts:
    """All that a rule set may know of one step of a run but its data. `job` is the run's, `component` the step's."""

    job: Job
    definition: Definition
    component: Component
    step: Step
    inputs: tuple[Given, ...]


class Rules(Protocol):
    """One way to decide. `by_bytes`: data counts by its content, else by where it comes from."""

    name: str
    by_bytes: bool

    def shared(self, key: str, component: Component, code: Callable[[], Tree | None]) -> Shared:
        """The ingredients that all steps of a component share; `key` is its reference, `code` reads the snapshot."""
        ...

    def fingerprint(self, shared: Shared, facts: Facts, data: Mapping[str, str]) -> Fingerprint:
        """The whole; `data` has a digest for every input that is data, by name."""
        ...


class ContentRules:
    """Equal bytes in, equal result: what a step would write decides, nothing else."""

    name = fingerprints.RULES
    by_bytes = True

    def shared(self, key: str, component: Component, code: Callable[[], Tree | None]) -> Shared:
        """Of what the component is; its name and version do not matter."""
        return fingerprints.of_component(component, code())

    def fingerprint(self, shared: Shared, facts: Facts, data: Mapping[str, str]) -> Fingerprint:
        """With the step's values and data."""
        return fingerprints.of_step(shared, facts.component, facts.step, facts.inputs, data)


class AzureRules:
    """What Azure ML documents of its reuse: flags, the component as registered, references, parameters, settings.

    Source: "How to debug pipeline reuse issues" of Azure's documentation. That settings include the compute and the
    place of outputs is inferred. No byte of code or data is looked at, and `hash_paths` means nothing. A run with
    `force_rerun` has keys of its own, so that nothing of it is ever reused.
    """

    name = "azure"
    by_bytes = False

    def shared(self, key: str, component: Component, code: Callable[[], Tree | None]) -> Shared:
        """Of the registered version and what it refers to; a version is immutable, the parts tell what changed."""
        ports = {side: {port.name: port.type for port in getattr(component, side)} for side in ("inputs", "outputs")}
        parts = {
            "definition": key.lower(),
            "code": component.code,
            "command": component.command,
            "environment": [component.environment.name, component.environment.image, component.environment.conda],
            "options": dict(component.options),
            **ports,
        }
        return {
            "component": Ingredient.of("component", parts),
            "is_deterministic": Ingredient.of("is_deterministic", component.deterministic),
        }

    def fingerprint(self, shared: Shared, facts: Facts, data: Mapping[str, str]) -> Fingerprint:
        """With the step's references, values and settings."""
        step = facts.step
        settings = {
            "compute": step.compute.lower(),
            "outputs": {name: _wanted(facts.job, step, name) for name in sorted(step.outputs)},
            **{f"${name}": value for name, value in (*facts.component.variables, *step.variables)},
        }
        literals = {item.port.name: item.text for item in facts.inputs if item.port.is_literal}
        own = (
            shared["is_deterministic"],
            Ingredient.of("force_rerun", facts.definition.force_rerun),
            shared["component"],
            Ingredient.of("parameters", literals),
            fingerprints.of_inputs(data),
            Ingredient.of("settings", settings),
        )
        return Fingerprint(self.name, own)


RULES: tuple[Rules, ...] = (ContentRules(), AzureRules())


def of_name(name: str) -> Rules:
    """A rule set.

    Raises:
        SetupError: there is none of that name.
    """
    for rules in RULES:
        if rules.name == name:
            return rules
    raise SetupError(
        f"there are no reuse rules of that name: {name}", hint=f"one of {', '.join(r.name for r in RULES)}"
    )


def references(step: Step, inputs: Sequence[Given], produced: Mapping[str, Produced]) -> dict[str, str]:
    """What each input refers to, as a digest: the job that made it and its output, or else its URI.

    `produced` are the outputs of finished steps; a reused one names the job that made it, so its consumers hit too.
    """
    found = {}
    for item in inputs:
        if not item.port.is_literal:
            source = step.inputs.get(item.port.name)
            text = item.text
            if source is not None and source.kind == "step":
                made = produced[source.text][source.output]
                text = made_by(str(made["job"]), source.output) if "job" in made else text
            found[item.port.name] = digest.of(text)
    return found


def made_by(job: str, output: str) -> str:
    """The reference of an output of a job that ran."""
    return f"{job}/{output}"


def _wanted(job: Job, step: Step, output: str) -> str:
    """The place that the caller wants for an output; empty: the default one."""
    destination = step.outputs[output]
    return str(job.outputs.get(destination.parent, {}).get("uri") or "") if destination.parent else destination.uri
