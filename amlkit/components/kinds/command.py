"""A step that runs a command line."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

from ...errors import Problem
from ..definition import InputPort, OutputPort, StepDefinition, did_you_mean
from ..environment import EnvironmentSource
from ..options import Distribution
from ..step import Step
from .arguments import NOTHING, options
from .define import define, told

_ANY = re.compile(r"\$\{\{(.*?)\}\}", re.DOTALL)
_PORT = re.compile(r"\s*(inputs|outputs)\.([A-Za-z_][A-Za-z0-9_]*)\s*")
_OPTIONAL = re.compile(r"\$\[\[(.*?)\]\]", re.DOTALL)


class CommandStep(Step):
    """A command line, run by a shell: `command="sort ${{inputs.table}} > ${{outputs.sorted}}/table.csv"`.

    A placeholder stands for the path of a port or the value of a literal; values are quoted where it stands. What is in
    `$[[ ]]` is left out when the optional input in it has no value.

    Class arguments: as for `PythonScriptStep`, and
        command: the line, or lines.
        code: the folder that is the step's code and where the command starts; None: it needs none.
    """

    def __init_subclass__(
        cls,
        *,
        command: str = "",
        environment: EnvironmentSource | None = None,
        code: str | None = ".",
        allow_reuse: bool = True,
        hash_paths: Sequence[str] = (),
        additional_includes: Sequence[str] = (),
        environment_variables: Mapping[str, str] = NOTHING,
        timeout: float | timedelta | None = None,
        retries: int = 0,
        instances: int = 1,
        distribution: Distribution | None = None,
        shm_size: str = "",
        modes: Mapping[str, str] = NOTHING,
        tags: Mapping[str, str] = NOTHING,
    ) -> None:
        super().__init_subclass__()
        how = options(
            cls,
            environment_variables=environment_variables,
            timeout=timeout,
            retries=retries,
            instances=instances,
            distribution=distribution,
            shm_size=shm_size,
            tags=tags,
        )
        define(
            cls,
            "command",
            command=command,
            code=code,
            environment=environment,
            allow_reuse=allow_reuse,
            hash_paths=hash_paths,
            includes=additional_includes,
            modes=modes,
            options=how,
        )

    if not TYPE_CHECKING:
        __init_subclass__ = told(__init_subclass__)


def command_problems(step: StepDefinition) -> Iterator[Problem]:
    """Placeholders that name no port, ports that no placeholder names, optional inputs outside of `$[[ ]]`."""
    where = f"{step.name}.command"
    if not step.command.strip():
        yield Problem(step.name, "it has no command", 'say `command="…"`')
        return
    named: set[tuple[str, str]] = set()
    for text in _ANY.findall(step.command):
        found = _PORT.fullmatch(text)
        ports: Sequence[InputPort | OutputPort] = step.inputs if text.strip().startswith("inputs.") else step.outputs
        if found is None:
            hint = "a placeholder is `${{inputs.…}}` or `${{outputs.…}}`"
            yield Problem(where, f"`${{{{{text}}}}}` names no port", hint)
        elif found[2] not in {port.name for port in ports}:
            other = {port.name for port in (step.outputs if found[1] == "inputs" else step.inputs)}
            near = did_you_mean(found[2], {port.name for port in ports})
            turned = "outputs" if found[1] == "inputs" else "inputs"
            hint = f"did you mean `{turned}.{found[2]}`?" if found[2] in other else near
            yield Problem(where, f"`${{{{{text}}}}}`: no {found[1][:-1]} is called `{found[2]}`", hint)
        else:
            named.add((found[1], found[2]))
    yield from _unnamed(step, named)
    yield from _optional_problems(step, where)


def _unnamed(step: StepDefinition, named: set[tuple[str, str]]) -> Iterator[Problem]:
    groups: tuple[tuple[str, Sequence[InputPort | OutputPort]], ...] = (
        ("inputs", step.inputs),
        ("outputs", step.outputs),
    )
    for side, ports in groups:
        for port in ports:
            if (side, port.name) not in named:
                hint = f"use `${{{{{side}.{port.name}}}}}`, or remove the port"
                yield Problem(f"{step.name}.{port.name}", "the command does not use it", hint)


def _optional_problems(step: StepDefinition, where: str) -> Iterator[Problem]:
    outside = _OPTIONAL.sub("", step.command)
    named = {found[2] for text in _ANY.findall(outside) if (found := _PORT.fullmatch(text)) and found[1] == "inputs"}
    for port in step.inputs:
        if port.optional and port.name in named:
            hint = f"write `$[[… ${{{{inputs.{port.name}}}}}]]`: that part is left out when it has no value"
            yield Problem(where, f"the optional input `{port.name}` stands outside of `$[[ ]]`", hint)
    for inside in _OPTIONAL.findall(step.command):
        names = {found[2] for text in _ANY.findall(inside) if (found := _PORT.fullmatch(text)) and found[1] == "inputs"}
        if not any(port.optional and port.name in names for port in step.inputs):
            yield Problem(where, f"`$[[{inside}]]` holds no optional input", "it is always there: drop `$[[ ]]`")
