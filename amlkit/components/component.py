"""A step with what it consists of on disk: code and environment; and its definition digest. Made by `inspect`.

Everything that can be wrong with a step by itself is found here, at once; how steps fit together is the
pipeline's matter.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from .. import digest
from ..errors import Problem
from . import code, commandline, environment, yamlcomponent
from .definition import NAME, StepDefinition
from .environment import Environment
from .forms import input_form, options_form, output_form, parallel_form
from .kinds.command import command_problems
from .kinds.parallel import entry_problems, options_of, parallel_problems
from .snapshot import Snapshot
from .yamlcomponent import InlineEnvironment

_ASSET = re.compile(
    r"[A-Za-z0-9][A-Za-z0-9_.-]{0,254}"
)  # names and versions of data and models, as Azure ML takes them
_VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,29}")


@dataclass(frozen=True)
class Component:
    """A step that is complete: it can be rendered and run.

    `hash_paths`: the snapshot's paths that count for reuse, none: all; `hash_extra`: a digest of what counts besides,
    outside of the code, if anything does.
    A YAML pipeline has `children`, the components of its jobs, and no environment of its own.
    """

    step: StepDefinition
    snapshot: Snapshot
    environment: Environment | InlineEnvironment | None
    hash_paths: tuple[str, ...] = ()
    hash_extra: str = ""
    children: tuple[Component, ...] = ()

    @property
    def name(self) -> str:
        """The step's own name: `train`."""
        return self.step.name

    @property
    def has_code(self) -> bool:
        """Does it need a snapshot at all?"""
        return self.step.code is not None

    @cached_property
    def definition(self) -> str:
        """The definition digest (form 1): code, environment, what runs, ports, reuse, options; no default, no words."""
        step = self.step
        form: dict[str, Any] = {
            "form": 1,
            "kind": step.kind,
            "inputs": {port.name: input_form(port) for port in step.inputs},
            "outputs": {port.name: output_form(port) for port in step.outputs},
            "reuse": step.allow_reuse,
            **options_form(step.options),
        }
        if self.environment is not None:
            form["environment"] = self.environment.definition
        if self.has_code:
            form["code"] = self.snapshot.digest
        match step.kind:
            case "command":
                form["command"] = step.command
            case "yaml":
                form["spec"] = yamlcomponent.form(step)
                form["children"] = [child.definition for child in self.children]
            case _:
                form["script"] = step.script
        if step.parallel:
            form["parallel"] = parallel_form(step)
        if self.hash_paths or self.hash_extra:
            form["hash paths"] = [*self.hash_paths, self.hash_extra]
        return digest.of(form)

    @property
    def type(self) -> str:
        """Azure ML's word: `command`, `parallel` or `pipeline`."""
        if self.step.kind == "yaml":
            return str(self.step.spec["type"])
        return "parallel" if self.step.parallel else "command"

    @property
    def command(self) -> str:
        """The command line, with Azure ML's placeholders; of a parallel step, the options of its script."""
        if self.step.parallel:
            return commandline.program_arguments(self.step)
        return commandline.line(self.step)


def inspect(step: StepDefinition) -> tuple[Component | None, tuple[Problem, ...]]:
    """The component, or None if a part of it is missing, and every problem with the step by itself."""
    if step.kind == "yaml":
        return _inspect_yaml(step)
    found, wrong = environment.read(step.environment, step.folder, f"{step.name}.environment")
    taken, bad = code.read(step)
    problems = (*step.problems, *_name_problems(step), *wrong, *bad, *_kind_problems(step, taken.snapshot))
    return Component(step, taken.snapshot, found, taken.selected, taken.extra) if found else None, problems


def _inspect_yaml(step: StepDefinition) -> tuple[Component | None, tuple[Problem, ...]]:
    """azure-ai-ml has judged the file; here it is what lies beside it, and the components of its jobs."""
    found, wrong = yamlcomponent.environment_of(step)
    taken, bad = code.read(step)
    problems = [*step.problems, *_name_problems(step), *wrong, *bad]
    children: list[Component] = []
    for child in step.children:
        component, beneath = inspect(child)
        problems += beneath
        children += [component] if component else []
    is_whole = len(children) == len(step.children) and (found is not None or step.spec.get("type") == "pipeline")
    component = Component(step, taken.snapshot, found, children=tuple(children))
    return (component if is_whole else None), tuple(problems)


def _name_problems(step: StepDefinition) -> Iterator[Problem]:
    if not NAME.fullmatch(step.name):
        yield Problem(step.name, "not a legal name for a step", "letters, digits and `_`")
    both = {port.name for port in step.inputs} & {port.name for port in step.outputs}
    for name in sorted(both):
        yield Problem(f"{step.name}.{name}", "an input and an output of one name")
    for name in [port.name for port in step.inputs] + [port.name for port in step.outputs]:
        if name.startswith("amlkit_"):
            yield Problem(f"{step.name}.{name}", "names that begin with `amlkit_` are taken", "rename the port")
    for port in step.outputs:
        for word, value, legal in (("name", port.register, _ASSET), ("version", port.version, _VERSION)):
            if value and not (isinstance(value, str) and legal.fullmatch(value)):
                hint = "letters, digits, `-`, `_` and `.`, a letter or digit first"
                yield Problem(f"{step.name}.{port.name}", f"not a legal {word} to register: {value!r}", hint)
        if port.version and not port.register:
            what, hint = "it has a version and is not registered", 'say `register="…"` too'
            yield Problem(f"{step.name}.{port.name}", what, hint)


def _kind_problems(step: StepDefinition, files: Snapshot) -> Iterator[Problem]:
    if step.kind == "command":
        yield from command_problems(step)
        return
    if step.kind == "parallel":
        yield from parallel_problems(step)
    yield from _script_problems(step, files)


def _script_problems(step: StepDefinition, files: Snapshot) -> Iterator[Problem]:
    """Is the script there, is it Python, does it take what the step gives it?"""
    if not step.script:
        yield Problem(step.name, "it has no script", 'say `script="train.py"`')
        return
    script = next((file for file in files.files if file.path == step.script), None)
    if script is None:
        there = (step.folder / step.script).is_file()
        hint = "paths start beside the file that defines the step" if not there else "it is ignored, or not beside it"
        yield Problem(f"{step.name}.script", f"no such file in the step's code: {step.script}", hint)
        return
    from . import arguments  # commands, and steps of YAML, have no script to read

    try:
        source = Path(script.source).read_bytes().decode()
        declared = arguments.read(source)
    except (SyntaxError, UnicodeDecodeError, ValueError) as error:
        line = getattr(error, "lineno", None)
        place = f"line {line} of `{step.script}`" if line else f"`{step.script}`"
        yield Problem(f"{step.name}.script", f"{place} is not Python: {getattr(error, 'msg', error)}")
        return
    if step.kind == "parallel":
        yield from entry_problems(step, source)
    if declared is not None:
        names = options_of(step) if step.kind == "parallel" else None
        yield from arguments.problems_with(declared, step, names)
