"""A step's node in a pipeline, as far as the step itself decides it: kind, options, sweep. Called by the compiler.

Name, compute and what feeds the inputs are the pipeline's matter. Shapes are those that azure-ai-ml sends.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..manifest import reference
from . import render
from .component import Component
from .definition import OutputPort
from .kinds import sweep as sweeping
from .options import Distribution
from .sweeps import Space, Sweep

_OUTPUT_MODES = {"rw_mount": "ReadWriteMount", "upload": "Upload", "direct": "Direct"}
_KINDS = {"pytorch": "PyTorch", "mpi": "Mpi", "tensorflow": "TensorFlow"}


def body(component: Component, sweep: Sweep | None = None, spaces: Mapping[str, Space] | None = None) -> dict[str, Any]:
    """All of a node but `name`, `computeId`, `inputs` and `outputs`.

    Args:
        component: what the node uses.
        sweep: how it is swept, if it is.
        spaces: the inputs that are searched; they are no `inputs` of the node.
    """
    options, step = component.step.options, component.step
    if step.kind == "yaml":
        return _yaml_body(component)
    itself = reference("component", component.name)
    if sweep is not None:
        found = {"type": "sweep", "trial": {"componentId": itself}, **sweeping.body(sweep, spaces or {})}
        if options.timeout_seconds is not None:
            found["limits"].setdefault("trial_timeout", options.timeout_seconds)
        return {**found, "resources": render.resources(options)} if render.resources(options) else found
    found = {"type": "parallel" if step.parallel else "command", "componentId": itself}
    if render.resources(options):
        found["resources"] = render.resources(options)
    if options.variables:
        found["environment_variables"] = dict(options.variables)
    if step.parallel:
        return {**found, **_parallel(render.specification(component))}
    if options.timeout_seconds is not None:
        found["limits"] = {"job_limits_type": "Command", "timeout": duration(options.timeout_seconds)}
    if options.distribution is not None:
        found["distribution"] = _distribution(options.distribution)
    return found


def registered(port: OutputPort) -> dict[str, Any]:
    """What a node says for an output that is registered, its mode too; of others, the component says all."""
    if not port.register:
        return {}
    found = {"job_output_type": str(port.type), "name": port.register}
    if port.version:
        found["version"] = port.version
    return {**found, "mode": _OUTPUT_MODES[port.mode]} if port.mode else found


def duration(seconds: int) -> str:
    """Seconds as ISO 8601 writes them: `PT1H40S`."""
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    clock = "".join(f"{value}{unit}" for value, unit in ((hours, "H"), (minutes, "M"), (rest, "S")) if value)
    return "P" + (f"{days}D" if days else "") + (f"T{clock}" if clock else "")


_NOT_REPEATED = ("name", "type", "inputs", "outputs", "is_deterministic", "error_threshold", "logging_level")


def _parallel(spec: Mapping[str, Any]) -> dict[str, Any]:
    """azure-ai-ml repeats most of the component in its node, with the size of a mini batch as a number."""
    found = {name: value for name, value in spec.items() if name not in _NOT_REPEATED}
    return {**found, "mini_batch_size": render.batch_size(str(spec.get("mini_batch_size", "1")))}


def _yaml_body(component: Component) -> dict[str, Any]:
    """azure-ai-ml repeats resources, distribution and all of a parallel component in the node."""
    spec = render.specification(component)
    found: dict[str, Any] = {"type": component.type, "componentId": reference("component", component.name)}
    if component.type == "command" and "distribution" in spec:
        fields = {**spec["distribution"]}
        found["distribution"] = {"distribution_type": _KINDS[str(fields.pop("type")).lower()], **fields}
    elif component.type == "parallel":
        found |= _parallel(spec)
    if "resources" in spec and component.type != "pipeline":
        found["resources"] = spec["resources"]
    return found


def _distribution(how: Distribution) -> dict[str, Any]:
    words = render.distribution(how)
    kind = type(how).__name__
    return {**{name: value for name, value in words.items() if name != "type"}, "distribution_type": kind}
