"""Components on the wire: the assets that a step needs, as Azure ML's REST API takes them. Called by the compiler.

Bodies hold references (see `amlkit.manifest`) where an id of one environment belongs. A step's description is left
out on purpose: a registered version is named by its body, and a docstring must not make a new one.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from ..manifest import DEFINITION_PROPERTY, Asset, reference
from .component import Component
from .definition import NO_DEFAULT, InputPort, OutputPort
from .kinds.parallel import batched
from .options import Distribution, Options, Parallel
from .ports import plain

HASH_PATHS_PROPERTY = "amlkit.hash_paths"  # JSON: the snapshot's paths that count for reuse; absent: all of it
HASH_EXTRA_PROPERTY = "amlkit.hash_extra"  # a digest of what counts besides, outside of the snapshot


def assets(component: Component, prefix: str) -> tuple[Asset, ...]:
    """Code, environment and component, in the order in which they refer to each other; `prefix` begins their slots.

    A step without code has no code asset, one in a curated environment no environment; a YAML pipeline begins with
    those of its jobs.
    """
    found = [asset for child in component.children for asset in assets(child, prefix)]
    if component.has_code:
        found.append(_code(component, prefix))
    if component.environment is not None and not component.environment.reference:
        found.append(_environment(component, prefix))
    return (*found, _component(component, prefix))


def literal(value: float | int | str | bool) -> str:
    """A literal as text: Azure ML sends all of them so; `True` and `False` are capitalised."""
    return str(plain(value))


def input_body(port: InputPort) -> dict[str, Any]:
    """An input in a component's specification."""
    body: dict[str, Any] = {"type": str(port.type)}
    if port.optional:
        body["optional"] = True
    if port.default is not NO_DEFAULT:
        body["default"] = literal(port.default)
    if port.enum:
        body["enum"] = list(port.enum)
    if port.mode:
        body["mode"] = port.mode
    return body


def output_body(port: OutputPort) -> dict[str, Any]:
    """An output in a component's specification; what it is registered as, a node says."""
    body = {"type": str(port.type)}
    return {**body, "mode": port.mode} if port.mode else body


def code_reference(component: Component) -> str:
    """What a specification says for its code."""
    return f"azureml:{reference('code', component.name)}"


def environment_reference(component: Component) -> str:
    """What a specification says for its environment."""
    assert component.environment is not None  # noqa: S101  of what has a code to run
    return component.environment.reference or f"azureml:{reference('environment', component.name)}"


def resources(options: Options) -> dict[str, Any]:
    """Machines and memory, where more than one machine or any memory is asked for."""
    found: dict[str, Any] = {"instance_count": options.instances} if options.instances != 1 else {}
    return {**found, "shm_size": options.shm_size} if options.shm_size else found


def distribution(how: Distribution) -> dict[str, Any]:
    """A distribution in a component's specification; azure-ai-ml's names for its fields."""
    names = {
        "processes_per_instance": "process_count_per_instance",
        "workers": "worker_count",
        "parameter_servers": "parameter_server_count",
    }
    fields = {names[name]: value for name, value in asdict(how).items()}
    return {"type": type(how).__name__.lower(), **fields}


def task(component: Component, parallel: Parallel) -> dict[str, Any]:
    """What the workers of a parallel step run."""
    found = {
        "type": "run_function",
        "code": code_reference(component),
        "entry_script": component.step.script,
        "environment": environment_reference(component),
    }
    if component.command:
        found["program_arguments"] = component.command
    if parallel.append_row_to:
        found["append_row_to"] = f"${{{{outputs.{parallel.append_row_to}}}}}"
    return found


def batch_size(text: str) -> int:
    """Files, or bytes: `10kb` is 10240."""
    return int(text) if text.isdigit() else int(text[:-2]) * {"kb": 2**10, "mb": 2**20, "gb": 2**30}[text[-2:].lower()]


def parallel_words(component: Component, parallel: Parallel) -> dict[str, Any]:
    """What a parallel step says besides its task, in its component and again in its nodes."""
    return {
        "input_data": f"${{{{inputs.{batched(component.step)}}}}}",
        "mini_batch_size": str(batch_size(parallel.mini_batch_size)),
        "error_threshold": parallel.error_threshold,
        "mini_batch_error_threshold": parallel.mini_batch_error_threshold,
        "max_concurrency_per_instance": parallel.processes,
        "logging_level": parallel.logging_level,
        "retry_settings": {"timeout": parallel.invocation_timeout, "max_retries": parallel.max_tries},
    }


def _code(component: Component, prefix: str) -> Asset:
    name = component.name
    body = {
        "codeUri": reference("snapshot", name),
        "isAnonymous": False,
        "properties": {DEFINITION_PROPERTY: component.snapshot.digest},
    }
    slot = f"{prefix}-{name}-code"
    return Asset("code", name, slot, component.snapshot.digest, body, component.snapshot.files)


def _environment(component: Component, prefix: str) -> Asset:
    name, environment = component.name, component.environment
    assert environment is not None  # noqa: S101  asked for what has one
    return Asset("environment", name, f"{prefix}-{name}-environment", environment.definition, environment.body())


def _component(component: Component, prefix: str) -> Asset:
    tags = dict(component.step.options.tags)
    body = {
        "componentSpec": {**specification(component), **({"tags": tags} if tags else {})},
        "isAnonymous": False,
        "properties": {DEFINITION_PROPERTY: component.definition, **_hash_properties(component)},
        **({"tags": tags} if tags else {}),
    }
    return Asset("component", component.name, f"{prefix}-{component.name}", component.definition, body)


def specification(component: Component) -> dict[str, Any]:
    """The `componentSpec`, without tags."""
    step = component.step
    if step.kind == "yaml":
        return _yaml_specification(component)
    spec: dict[str, Any] = {
        "name": component.name,
        "inputs": {port.name: input_body(port) for port in step.inputs},
        "outputs": {port.name: output_body(port) for port in step.outputs},
        "is_deterministic": step.allow_reuse,
    }
    if resources(step.options):
        spec["resources"] = resources(step.options)
    if step.parallel:
        return {
            "type": "parallel",
            **spec,
            **parallel_words(component, step.parallel),
            "task": task(component, step.parallel),
        }
    spec["command"] = component.command
    spec["environment"] = environment_reference(component)
    if component.has_code:
        spec["code"] = code_reference(component)
    if step.options.distribution is not None:
        spec["distribution"] = distribution(step.options.distribution)
    return {"type": "command", **spec}


def _yaml_specification(component: Component) -> dict[str, Any]:
    """That of azure-ai-ml, with what is registered beside it in the place of paths."""
    spec: dict[str, Any] = {**component.step.spec, "name": component.name}
    for side in ("inputs", "outputs"):
        ports = (spec.get(side) or {}).items()
        spec[side] = {name: {key: item for key, item in body.items() if key != "description"} for name, body in ports}
    if component.type == "pipeline":
        return spec
    place = spec
    if component.type == "parallel":
        place = spec["task"] = {**spec["task"]}
    place["environment"] = environment_reference(component)
    if component.has_code:
        place["code"] = code_reference(component)
    return spec


def _hash_properties(component: Component) -> dict[str, str]:
    found = {}
    if component.hash_paths:
        found[HASH_PATHS_PROPERTY] = json.dumps(list(component.hash_paths))
    if component.hash_extra:
        found[HASH_EXTRA_PROPERTY] = component.hash_extra
    return found
