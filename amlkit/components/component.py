"""A step with what it consists of on disk: snapshot and environment; and its definition digest. Made by `inspect`.

Everything that can be wrong with a step by itself is found here, at once; how steps fit together is the
pipeline's matter.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from .. import digest
from ..errors import Problem
from . import arguments, environment, snapshot
from .definition import NAME, OutputPort, StepDefinition
from .environment import Environment
from .ports import PortType
from .snapshot import Snapshot


@dataclass(frozen=True)
class Component:
    """A step that is complete: it can be rendered and run."""

    step: StepDefinition
    snapshot: Snapshot
    environment: Environment

    @property
    def name(self) -> str:
        """The step's own name: `train`."""
        return self.step.name

    @cached_property
    def definition(self) -> str:
        """The definition digest (form 1): code, environment, script, ports, reuse; no default, no description."""
        return digest.of(
            {
                "form": 1,
                "kind": "python script",
                "code": self.snapshot.digest,
                "environment": self.environment.definition,
                "script": self.step.script,
                "inputs": {port.name: str(port.type) for port in self.step.inputs},
                "outputs": {port.name: _output_form(port) for port in self.step.outputs},
                "reuse": self.step.allow_reuse,
            }
        )

    @property
    def command(self) -> str:
        """The command line, with Azure ML's placeholders: an option a port, in declared order."""
        words = ["python", shlex.quote(self.step.script)]
        for port in self.step.inputs:
            value = f"${{{{inputs.{port.name}}}}}"
            words += [f"--{port.name}", f"'{value}'" if port.type is PortType.STRING else value]
        for out in self.step.outputs:
            words += [f"--{out.name}", f"${{{{outputs.{out.name}}}}}"]
        return " ".join(words)


def inspect(step: StepDefinition) -> tuple[Component | None, tuple[Problem, ...]]:
    """The component, or None if a part of it is missing, and every problem with the step by itself."""
    found, wrong = environment.read(step.environment, step.folder, f"{step.name}.environment")
    code = snapshot.take(step.folder, _not_code(step))
    problems = (*step.problems, *_name_problems(step), *wrong, *_code_problems(step, code))
    return Component(step, code, found) if found else None, problems


def _not_code(step: StepDefinition) -> frozenset[str]:
    """Files that define the step: an edit of a docstring must run nothing again."""
    if not step.environment.path:
        return frozenset((step.source,))
    return frozenset((step.source, step.environment.path, step.environment.lock_path))


def _output_form(port: OutputPort) -> Any:
    form = {"type": str(port.type)}
    return {**form, "register": port.register} if port.register else form


def _name_problems(step: StepDefinition) -> Iterator[Problem]:
    if not NAME.fullmatch(step.name):
        yield Problem(step.name, "not a legal name for a step", "letters, digits and `_`")
    both = {port.name for port in step.inputs} & {port.name for port in step.outputs}
    for name in sorted(both):
        yield Problem(f"{step.name}.{name}", "an input and an output of one name")


def _code_problems(step: StepDefinition, code: Snapshot) -> Iterator[Problem]:
    if not step.script:
        return
    where = f"{step.name}.code"
    for path, reason in code.refused:
        yield Problem(where, f"`{path}` cannot be taken: {reason}", "copy what it leads to, or name it in `.amlignore`")
    script = next((file for file in code.files if file.path == step.script), None)
    if script is None:
        there = (step.folder / step.script).is_file()
        hint = "paths start beside the file that defines the step" if not there else "it is ignored, or not beside it"
        yield Problem(f"{step.name}.script", f"no such file in the step's code: {step.script}", hint)
        return
    try:
        declared = arguments.read(script.read().decode())
    except (SyntaxError, UnicodeDecodeError, ValueError) as error:
        line = getattr(error, "lineno", None)
        place = f"line {line} of `{step.script}`" if line else f"`{step.script}`"
        yield Problem(f"{step.name}.script", f"{place} is not Python: {getattr(error, 'msg', error)}")
        return
    if declared is not None:
        ports = tuple([port.name for port in step.inputs] + [port.name for port in step.outputs])
        yield from arguments.problems_with(declared, ports, step.name, step.script)
