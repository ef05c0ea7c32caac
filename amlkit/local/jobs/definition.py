"""From the body of a job to what a run keeps: every reference followed, every binding checked, all problems at once.

`of_pipeline` takes the spec of a pipeline component or what a pipeline job holds of one, `of_command` a command job.
Called by `submit`; pure but for reading documents.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .assets import Assets
from .checks import check_bindings, check_graph
from .records import Component, Definition, Destination, EnvironmentSpec, Port, Source, Step
from .values import Problems, flag, literal, seconds, type_name

PARENT_INPUT = re.compile(r"\$\{\{\s*parent\.inputs\.([\w.-]+)\s*\}\}")
_PARENT_OUTPUT = re.compile(r"\$\{\{\s*parent\.outputs\.([\w.-]+)\s*\}\}")
_STEP_NAME = re.compile(r"[\w-]+")  # it becomes a part of file names
_STEP_OUTPUT = re.compile(r"\$\{\{\s*parent\.jobs\.([\w-]+)\.outputs\.([\w.-]+)\s*\}\}")


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
    spec: Mapping[str, Any], settings: Settings, compute: str, assets: Assets, problems: Problems
) -> Definition:
    """A pipeline: `spec` holds `jobs`, `inputs` and `outputs` as a pipeline component's spec does."""
    inputs, outputs = assets.ports(spec.get("inputs"), "inputs"), assets.ports(spec.get("outputs"), "outputs")
    nodes = problems.mapping(spec.get("jobs"), "jobs")
    if not nodes:
        problems.add("jobs", "the pipeline needs steps")
        problems.refuse()
    for name in nodes:
        if not _STEP_NAME.fullmatch(name):
            problems.add(f"jobs.{name}", "the name of a step has letters, digits, dashes and underscores")
    components: dict[str, Component] = {}
    default = compute or settings.default_compute
    steps = tuple(
        _node(name, problems.mapping(node, f"jobs.{name}"), components, default, assets, problems)
        for name, node in nodes.items()
    )
    check_graph(steps, components, inputs, outputs, problems)
    keep_going, force = settings.continue_on_step_failure, settings.force_rerun
    store = settings.default_datastore.removeprefix("azureml:").rpartition("/")[2]
    return Definition("Pipeline", components, steps, inputs, outputs, keep_going, force, store)


def of_command(properties: Mapping[str, Any], assets: Assets, problems: Problems) -> Definition:
    """A command job: one step, whose ports are what the job gives it."""
    _refuse_distribution(properties, "", problems)
    inputs = assets.ports(given_ports(properties.get("inputs"), "inputs", problems), "inputs")
    outputs = assets.ports(given_ports(properties.get("outputs"), "outputs", problems), "outputs")
    component = Component(
        problems.text(properties.get("displayName"), "displayName"),
        problems.text(properties.get("command"), "command"),
        assets.code(properties.get("codeId"), "codeId"),
        assets.environment(properties.get("environmentId"), "environmentId"),
        inputs,
        outputs,
        _variables(properties.get("environmentVariables"), "environmentVariables", problems),
        deterministic=False,
    )
    check_bindings(component, "command", problems)
    identifier, slots = assets.compute(properties.get("computeId"), "computeId")
    sources = {port.name: Source("parent", port.name, "", port.mode) for port in inputs}
    destinations = {port.name: Destination(parent=port.name) for port in outputs}
    timeout = _timeout(properties.get("limits"), "limits", problems)
    step = Step("", "", "", sources, destinations, identifier, slots, timeout)
    return Definition("Command", {"": component}, (step,), inputs, outputs)


def _node(
    name: str,
    node: Mapping[str, Any],
    components: dict[str, Component],
    compute: str,
    assets: Assets,
    problems: Problems,
) -> Step:
    place = f"jobs.{name}"
    kind = str(node.get("type") or "command")
    if kind != "command":
        problems.add(place, f"a step of type {kind} does not run in the local Azure ML, only command steps do")
        return Step(name, "", "", {}, {})
    reference = str(node.get("componentId") or node.get("component") or "")
    if reference not in components:
        components[reference] = _component(assets, reference, place, problems)
    ports = {port.name: port for port in components[reference].inputs}
    _refuse_distribution(node, place, problems)
    identifier, slots = assets.compute(node.get("computeId") or node.get("compute") or compute, f"{place}.computeId")
    return Step(
        name,
        problems.text(node.get("display_name") or node.get("displayName"), f"{place}.display_name") or name,
        reference,
        {
            key: _source(item, ports.get(key), f"{place}.inputs.{key}", assets, problems)
            for key, item in problems.mapping(node.get("inputs"), f"{place}.inputs").items()
        },
        {
            key: _destination(item, f"{place}.outputs.{key}", assets, problems)
            for key, item in problems.mapping(node.get("outputs"), f"{place}.outputs").items()
        },
        identifier,
        slots,
        _timeout(node.get("limits"), f"{place}.limits", problems),
        _variables(
            node.get("environment_variables") or node.get("environmentVariables"),
            f"{place}.environment_variables",
            problems,
        ),
        problems.texts(node.get("tags"), f"{place}.tags"),
    )


def _component(assets: Assets, reference: str, place: str, problems: Problems) -> Component:
    spec = assets.component(reference, f"{place}.componentId")
    kind = str(spec.get("type") or "command")
    if spec and kind not in ("command", "CommandComponent"):
        problems.add(
            place, f"a component of type {kind} does not run in the local Azure ML, only command components do"
        )
        spec = {}
    if not spec:
        return Component("", "", "", EnvironmentSpec(), (), ())
    _refuse_distribution(spec, place, problems)
    component = Component(
        problems.text(spec.get("name"), f"{place}.name"),
        problems.text(spec.get("command"), f"{place}.command"),
        assets.code(spec.get("code"), f"{place}.code"),
        assets.environment(spec.get("environment"), f"{place}.environment"),
        assets.ports(spec.get("inputs"), f"{place}.inputs"),
        assets.ports(spec.get("outputs"), f"{place}.outputs"),
        _variables(spec.get("environment_variables"), f"{place}.environment_variables", problems),
        str(spec.get("is_deterministic", True)).lower() != "false",
    )
    check_bindings(component, f"{place}.command", problems)
    return component


def _source(item: Any, port: Port | None, place: str, assets: Assets, problems: Problems) -> Source:
    given = item if isinstance(item, Mapping) else {"value": item}
    mode = str(given.get("mode") or (port.mode if port else ""))
    value = given.get("value", given.get("uri", given.get("path")))
    text = str(value)
    if match := PARENT_INPUT.fullmatch(text):
        return Source("parent", match[1], "", mode)
    if match := _STEP_OUTPUT.fullmatch(text):
        return Source("step", match[1], match[2], mode)
    if port is not None and not port.is_literal:
        return Source("data", assets.data(value, place), "", mode)
    if port is None or PARENT_INPUT.search(text):
        return Source("literal", text, "", mode)
    try:
        return Source("literal", literal(port.type, value), "", mode)
    except ValueError as error:
        problems.add(place, str(error))
        return Source("literal", text, "", mode)


def _destination(item: Any, place: str, assets: Assets, problems: Problems) -> Destination:
    given = item if isinstance(item, Mapping) else {"value": item}
    text = str(given.get("value") or given.get("uri") or given.get("path") or "")
    if match := _PARENT_OUTPUT.fullmatch(text):
        return Destination(parent=match[1])
    if "${{" in text:
        problems.add(place, f"an output can be bound to an output of the pipeline only: {text}")
    elif text:
        assets.check_uri(text, place)
    return Destination(uri=text)


def given_ports(given: Any, place: str, problems: Problems) -> dict[str, dict[str, Any]]:
    """The ports of a job that declares none: those it gives values to. Literals are strings: nothing else is said."""
    found = {}
    for name, item in problems.mapping(given, place).items():
        value = problems.mapping(item, f"{place}.{name}")
        kind = type_name(str(value.get("jobInputType") or value.get("jobOutputType") or "uri_folder"))
        found[name] = {"type": "string" if kind == "literal" else kind, "mode": value.get("mode")}
    return found


def _variables(given: Any, place: str, problems: Problems) -> tuple[tuple[str, str], ...]:
    for name in problems.mapping(given, place):
        if not name or "=" in name:
            problems.add(place, f"not a name of a variable: {name!r}")
    return tuple(problems.texts(given, place).items())


def _timeout(limits: Any, place: str, problems: Problems) -> float:
    try:
        return seconds(problems.mapping(limits, place).get("timeout"))
    except ValueError as error:
        problems.add(f"{place}.timeout", str(error))
        return 0.0


def _refuse_distribution(given: Mapping[str, Any], place: str, problems: Problems) -> None:
    if given.get("distribution"):
        problems.add(place, "`distribution` does not run in the local Azure ML: a step is one process")
    resources = problems.mapping(given.get("resources"), f"{place}.resources".lstrip("."))
    count = resources.get("instance_count") or resources.get("instanceCount") or 1
    if str(count) != "1":
        problems.add(place, f"`instance_count` does not run in the local Azure ML: a step is one process, not {count}")
