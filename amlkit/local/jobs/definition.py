"""From the body of a job to what a run keeps: every reference followed, every binding checked, all problems at once.

`of_pipeline` takes the spec of a pipeline component or what a pipeline job holds of one, `of_command` a command job,
`of_sweep` a sweep job. Called by `submit`; pure but for reading documents.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from . import nodes
from .assets import Assets
from .kinds import distribution, sweep
from .levels import Graph, Scope
from .records import Component, ComponentKind, Definition, Destination, Kind, Source, Step
from .values import Problems, flag, type_name


@dataclass(frozen=True)
class Settings:
    """Run-time settings of a pipeline, from a job's or a deployment's `settings`."""

    default_compute: str = ""
    default_datastore: str = ""
    continue_on_step_failure: bool = False
    force_rerun: bool = False

    @classmethod
    def read(cls, settings: Any, problems: Problems) -> Settings:
        """Of a `settings` mapping; values may be booleans or texts, keys snake or camel case."""
        found = problems.mapping(settings, "settings")
        compute = problems.text(found.get("default_compute") or found.get("defaultCompute"), "settings.default_compute")
        store = problems.text(
            found.get("default_datastore") or found.get("defaultDatastore"), "settings.default_datastore"
        )
        return cls(compute, store, flag(found, "continue_on_step_failure"), flag(found, "force_rerun"))


def of_pipeline(
    spec: Mapping[str, Any], settings: Settings, compute: str, given: Any, assets: Assets, problems: Problems
) -> Definition:
    """A pipeline: `spec` holds `jobs`, `inputs` and `outputs` as a pipeline component's spec does; `given` its values.

    Only settings of nodes that are bound to an input differ with what is given.
    """
    inputs, outputs = assets.ports(spec.get("inputs"), "inputs"), assets.ports(spec.get("outputs"), "outputs", True)
    scope = Scope(
        {port.name: Source("parent", port.name) for port in inputs},
        {port.name: Destination(port.name) for port in outputs},
        compute or settings.default_compute,
    )
    values = {port.name: port.default for port in inputs if port.is_literal and port.default is not None}
    for name, item in problems.mapping(given, "inputs").items():
        value = item.get("value") if isinstance(item, Mapping) else item
        values |= {name: str(value)} if value is not None else {}
    graph = Graph(assets, problems, values)
    graph.add_level(spec, inputs, outputs, scope)
    steps, nested = graph.resolved()
    keep_going, force = settings.continue_on_step_failure, settings.force_rerun
    store = settings.default_datastore.removeprefix("azureml:").rpartition("/")[2]
    if store:
        assets.check_place(f"azureml://datastores/{store}/paths/azureml", "settings.default_datastore")
    return Definition("Pipeline", graph.components, steps, inputs, outputs, keep_going, force, store, nested)


def of_command(properties: Mapping[str, Any], assets: Assets, problems: Problems) -> Definition:
    """A command job: one step, whose ports are what the job gives it."""
    options = distribution.read({}, properties, "", problems)
    timeout = nodes.timeout(properties.get("limits"), "limits", problems)
    return _single("Command", "command", properties, properties, options, timeout, assets, problems)


def of_sweep(properties: Mapping[str, Any], assets: Assets, problems: Problems) -> Definition:
    """A sweep job: one step, whose trials are runs of its `trial`."""
    trial = problems.mapping(properties.get("trial"), "trial")
    options = sweep.read(trial, properties, "", problems)
    return _single("Sweep", "sweep", properties, trial, options, 0.0, assets, problems)


def _single(
    job: Kind,
    kind: ComponentKind,
    properties: Mapping[str, Any],
    body: Mapping[str, Any],
    options: Mapping[str, Any],
    timeout: float,
    assets: Assets,
    problems: Problems,
) -> Definition:
    """A job without nodes; `body` holds the command, code, environment and variables."""
    spec = {
        "name": problems.text(properties.get("displayName"), "displayName"),
        "command": body.get("command"),
        "code": body.get("codeId"),
        "environment": body.get("environmentId"),
        "environment_variables": body.get("environmentVariables"),
        "inputs": given_ports(properties.get("inputs"), "inputs", problems),
        "outputs": given_ports(properties.get("outputs"), "outputs", problems),
        "is_deterministic": False,
    }
    component: Component = nodes.of_spec(spec, kind, options, {}, "", assets, problems)
    inputs = assets.ports(spec["inputs"], "inputs")
    identifier, slots = assets.compute(properties.get("computeId"), "computeId")
    distribution.check_nodes(options, slots, "", problems)
    sources = {port.name: Source("parent", port.name, "", port.mode) for port in inputs}
    destinations = {port.name: Destination(port.name) for port in component.outputs}
    ignored = nodes.left_out(properties, "", problems)
    step = Step("", "", "", sources, destinations, identifier, slots, timeout, left_out=ignored)
    return Definition(job, {"": component}, (step,), inputs, component.outputs)


def given_ports(given: Any, place: str, problems: Problems) -> dict[str, dict[str, Any]]:
    """The ports of a job that declares none: those it gives values to. Literals are strings: nothing else is said."""
    found = {}
    for name, item in problems.mapping(given, place).items():
        value = problems.mapping(item, f"{place}.{name}")
        named = (value.get(key) for key in ("jobInputType", "job_input_type", "jobOutputType", "job_output_type"))
        kind = type_name(str(next(filter(None, named), "uri_folder")))
        found[name] = {"type": "string" if kind == "literal" else kind, "mode": value.get("mode")}
        if kind == "literal" and value.get("value") is None:
            found[name]["optional"] = True
    return found
