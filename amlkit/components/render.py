"""Components on the wire: the assets that a step needs, as Azure ML's REST API takes them. Called by the compiler.

Bodies hold references (see `amlkit.manifest`) where an id of one environment belongs. A step's description is left
out on purpose: a registered version is named by its body, and a docstring must not make a new one.
"""

from __future__ import annotations

from typing import Any

from ..manifest import DEFINITION_PROPERTY, Asset, reference
from .component import Component
from .definition import NO_DEFAULT, InputPort
from .environment import IMAGE


def assets(component: Component, prefix: str) -> tuple[Asset, Asset, Asset]:
    """Code, environment and component, in the order in which they refer to each other; `prefix` begins their slots."""
    return _code(component, prefix), _environment(component, prefix), _component(component, prefix)


def literal(value: float | int | str | bool) -> str:
    """A literal as text: Azure ML sends all of them so; `True` and `False` are capitalised."""
    return str(value)


def input_body(port: InputPort) -> dict[str, Any]:
    """An input in a component's specification."""
    body: dict[str, Any] = {"type": str(port.type)}
    return body if port.default is NO_DEFAULT else {**body, "default": literal(port.default)}


def _code(component: Component, prefix: str) -> Asset:
    body = {
        "codeUri": reference("snapshot", component.name),
        "isAnonymous": False,
        "properties": {DEFINITION_PROPERTY: component.snapshot.digest},
    }
    slot = f"{prefix}-{component.name}-code"
    return Asset("code", component.name, slot, component.snapshot.digest, body, component.snapshot.files)


def _environment(component: Component, prefix: str) -> Asset:
    environment = component.environment
    body = {
        "image": environment.image or IMAGE,
        "condaFile": environment.conda_file(),
        "osType": "Linux",
        "isAnonymous": False,
        "properties": {DEFINITION_PROPERTY: environment.definition},
    }
    return Asset("environment", component.name, f"{prefix}-{component.name}-environment", environment.definition, body)


def _component(component: Component, prefix: str) -> Asset:
    step = component.step
    spec = {
        "type": "command",
        "name": component.name,
        "command": component.command,
        "code": f"azureml:{reference('code', component.name)}",
        "environment": f"azureml:{reference('environment', component.name)}",
        "inputs": {port.name: input_body(port) for port in step.inputs},
        "outputs": {port.name: {"type": str(port.type)} for port in step.outputs},
        "is_deterministic": step.allow_reuse,
    }
    body = {
        "componentSpec": spec,
        "isAnonymous": False,
        "properties": {DEFINITION_PROPERTY: component.definition},
    }
    return Asset("component", component.name, f"{prefix}-{component.name}", component.definition, body)
