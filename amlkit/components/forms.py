"""The parts of a step's definition digest, as plain data: numbered form 1. Used by `component` alone.

What is not set has no place in a form, so that a word that amlkit learns later leaves the digests of what was written
before as they are.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from .definition import InputPort, OutputPort, StepDefinition
from .kinds.parallel import batched
from .options import Options


def input_form(port: InputPort) -> Any:
    """An input: its type, or more if more is said; a default is no part, a call that leaves it counts as giving it."""
    form: dict[str, Any] = {"type": str(port.type)}
    if port.optional:
        form["optional"] = True
    if port.enum:
        form["enum"] = list(port.enum)
    if port.mode:
        form["mode"] = port.mode
    return form if len(form) > 1 else form["type"]


def output_form(port: OutputPort) -> Any:
    """An output: its type, and what it is registered as."""
    form: dict[str, Any] = {"type": str(port.type)}
    said = {"register": port.register, "version": port.version, "mode": port.mode}
    return form | {name: value for name, value in said.items() if value}


def options_form(options: Options) -> dict[str, Any]:
    """How it runs, as far as it is said; tags are words."""
    form: dict[str, Any] = {}
    if options.variables:
        form["variables"] = dict(options.variables)
    if options.timeout_seconds is not None:
        form["timeout"] = options.timeout_seconds
    if options.retries:
        form["retries"] = options.retries
    if options.instances != 1:
        form["instances"] = options.instances
    if options.shm_size:
        form["shm size"] = options.shm_size
    if options.distribution is not None:
        form["distribution"] = [type(options.distribution).__name__, asdict(options.distribution)]
    return form


def parallel_form(step: StepDefinition) -> dict[str, Any]:
    """How it goes over its data: these words are always said, later ones join where they are set."""
    parallel = step.parallel
    assert parallel is not None  # noqa: S101  of a parallel step
    return {
        "input": batched(step),
        "mini_batch_size": parallel.mini_batch_size,
        "error_threshold": parallel.error_threshold,
        "mini_batch_error_threshold": parallel.mini_batch_error_threshold,
        "append_row_to": parallel.append_row_to,
        "max_tries": parallel.max_tries,
        "invocation_timeout": parallel.invocation_timeout,
        "processes": parallel.processes,
        "logging_level": parallel.logging_level,
    }
