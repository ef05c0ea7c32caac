"""From a class and its arguments to a step's definition: what every kind that is written as a class shares.

Nothing fails here: what is wrong becomes a problem of the definition, so that `check` can report everything at once.
"""

from __future__ import annotations

import functools
import inspect
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

from ...errors import Problem
from ..definition import Kind, Ports, StepDefinition, did_you_mean, read_ports, snake_case
from ..environment import Conda, EnvironmentSource
from ..options import Options, Parallel
from ..ports import OUTPUT_MODES, input_modes
from ..step import Step


def define(
    cls: type[Step],
    kind: Kind,
    *,
    environment: Any,
    allow_reuse: Any,
    hash_paths: Sequence[str],
    includes: Sequence[str],
    modes: Mapping[str, str],
    options: tuple[Options, tuple[Problem, ...]],
    script: Any = "",
    command: Any = "",
    code: Any = ".",
    parallel: tuple[Parallel, tuple[Problem, ...]] | None = None,
) -> None:
    """Give a class its definition, with every problem that its annotations and arguments have by themselves."""
    name = snake_case(cls.__name__)
    ports = read_ports(cls, name)
    ports, wrong_modes = with_modes(ports, modes, name)
    file = getattr(sys.modules.get(cls.__module__), "__file__", None)
    path = Path(file or "definition.py").absolute()
    problems = [*ports.problems, *wrong_modes, *options[1], *(parallel[1] if parallel else ())]
    if file is None:
        problems.append(Problem(name, "it is not defined in a file", "steps find their files beside their definition"))
    if not isinstance(allow_reuse, bool):
        problems.append(Problem(f"{name}.allow_reuse", f"neither True nor False: {allow_reuse!r}"))
    for argument, value in (("script", script), ("command", command), ("code", "." if code is None else code)):
        if not isinstance(value, str):
            problems.append(Problem(f"{name}.{argument}", f"not a text: {value!r}"))
    if environment is not None and not isinstance(environment, get_args(EnvironmentSource)):
        hint = 'write `Conda("environment.yaml")`, `Requirements("…")`, `Image("…")` or `Curated("…")`'
        problems.append(Problem(f"{name}.environment", f"not an environment: {environment!r}", hint))
        environment = None
    cls._definition = StepDefinition(
        name=name,
        description=" ".join((cls.__dict__.get("__doc__") or "").split()),
        folder=path.parent,
        source=path.name,
        script=script if isinstance(script, str) else "",
        environment=environment or Conda(""),
        inputs=ports.inputs,
        outputs=ports.outputs,
        allow_reuse=allow_reuse is not False,
        problems=tuple(problems),
        kind=kind,
        command=command if isinstance(command, str) else "",
        code=code if isinstance(code, str) or code is None else ".",
        hash_paths=paths_of(hash_paths, f"{name}.hash_paths", problems),
        includes=paths_of(includes, f"{name}.additional_includes", problems),
        options=options[0],
        parallel=parallel[0] if parallel else None,
    )
    cls._definition = replace(cls._definition, problems=tuple(problems))


def paths_of(value: Any, where: str, problems: list[Problem]) -> tuple[str, ...]:
    """A list of paths; a lone text, which would be a list of letters, is a problem."""
    if isinstance(value, str) or not isinstance(value, Sequence) or not all(isinstance(item, str) for item in value):
        problems.append(Problem(where, f"not a list of paths: {value!r}", 'write `["a", "b"]`'))
        return ()
    return tuple(value)


def with_modes(ports: Ports, modes: Any, where: str) -> tuple[Ports, tuple[Problem, ...]]:
    """The ports with the modes of the class argument, and what is wrong with any mode."""
    if not isinstance(modes, Mapping):
        return ports, (Problem(f"{where}.modes", f"not a mapping of ports to modes: {modes!r}"),)
    known = {port.name for port in ports.inputs} | {port.name for port in ports.outputs}
    problems = [
        Problem(f"{where}.modes", f"no port is called `{name}`", did_you_mean(name, known))
        for name in sorted(modes, key=str)
        if name not in known
    ]
    inputs = tuple(replace(port, mode=modes.get(port.name, port.mode)) for port in ports.inputs)
    outputs = tuple(replace(port, mode=modes.get(port.name, port.mode)) for port in ports.outputs)
    for port in inputs:
        problems += _mode_problems(
            f"{where}.{port.name}", port.mode, input_modes(port.type), f"an input of type {port.type}"
        )
    for out in outputs:
        problems += _mode_problems(f"{where}.{out.name}", out.mode, OUTPUT_MODES, "an output")
    for before in ports.outputs:
        if before.mode and modes.get(before.name, before.mode) != before.mode:
            problems.append(Problem(f"{where}.{before.name}", "it has two modes", "say it once"))
    return replace(ports, inputs=inputs, outputs=outputs), tuple(problems)


def _mode_problems(where: str, mode: Any, legal: tuple[str, ...], what: str) -> list[Problem]:
    if not mode or mode in legal:
        return []
    hint = f"use {', '.join(legal)}" if legal else "only data has a mode"
    return [Problem(where, f"{what} has no mode `{mode}`", hint)]


def told(initialiser: Callable[..., None]) -> Callable[..., None]:
    """`__init_subclass__` that makes a problem, not a traceback, of a class argument that its kind does not take."""
    known = [name for name, item in inspect.signature(initialiser).parameters.items() if item.kind is item.KEYWORD_ONLY]

    @functools.wraps(initialiser)
    def initialise(cls: type[Step], **given: Any) -> None:
        initialiser(cls, **{name: value for name, value in given.items() if name in known})
        definition = cls._definition
        unknown = [name for name in given if name not in known]
        if definition is None or not unknown:
            return
        kind = next(base.__name__ for base in cls.__mro__ if initialiser.__qualname__.startswith(f"{base.__name__}."))
        problems = tuple(
            Problem(
                f"{definition.name}.{name}",
                f"a {kind} takes no argument `{name}`",
                did_you_mean(name, known) or f"it takes {', '.join(known)}",
            )
            for name in unknown
        )
        cls._definition = replace(definition, problems=(*definition.problems, *problems))

    return initialise
