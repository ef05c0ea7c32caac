"""The step kinds. A class defines a step; calling it, inside a pipeline's function or a test, makes a node of it.

    class Train(PythonScriptStep, script="train.py", environment=Conda("environment.yaml")):
        \"\"\"Fit one classifier.\"\"\"
        features: Input[Folder]
        learning_rate: Input[float] = 0.1
        model: Output[Folder] = output()

Type checkers see a frozen dataclass with keyword-only fields whose outputs are no arguments. When it runs, every
argument is recorded as it came, and `amlkit.pipelines.check` judges it.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, dataclass_transform

from ..errors import AmlkitError, DefinitionError, Problem
from .definition import StepDefinition, read_ports, snake_case
from .environment import Conda
from .needs import Compute
from .ports import Output, output

RESERVED = frozenset(("name", "compute"))

recording: ContextVar[list[Step] | None] = ContextVar("recording", default=None)
"""The steps made so far in the pipeline function that runs in this context; None outside of one."""


@dataclass(frozen=True)
class Call:
    """How a step was called: its name in the pipeline, and every other argument as it came."""

    definition: StepDefinition
    name: str
    compute: Any
    given: Mapping[str, Any]
    positional: int


@dataclass_transform(kw_only_default=True, frozen_default=True, eq_default=False, field_specifiers=(output,))
class _Fields:
    """Tells type checkers that the annotations of a step's class are its arguments."""


class Step(_Fields):
    """Base of all kinds.

    Args:
        name: its name in the pipeline; without one, the class's name in snake case. Two steps may not share one.
        compute: where it runs.
    """

    name: str = ""
    compute: Compute | None = None

    _definition: ClassVar[StepDefinition | None] = None

    if not TYPE_CHECKING:  # type checkers see the constructor and the attributes that the annotations make

        def __init__(self, *positional: Any, name: str = "", compute: Any = None, **given: Any) -> None:
            if self._definition is None:
                raise AmlkitError(
                    f"`{type(self).__name__}` is a kind of step, not a step", hint="derive a class from it"
                )
            definition = self._definition
            call = Call(definition, name or definition.name, compute, given, len(positional))
            outputs = {port.name: Output(self, call.name, port.name, port.type) for port in definition.outputs}
            self.__dict__.update(given, name=call.name, compute=compute, _call=call, **outputs)
            steps = recording.get()
            if steps is not None:
                steps.append(self)

        def __getattr__(self, name: str) -> Any:
            """An output that does not exist, while a pipeline is defined: `check` reports where it is used."""
            if name.startswith("_"):
                raise AttributeError(name)
            if recording.get() is None:
                raise AttributeError(f"step `{self._call.name}` has no port `{name}`", name=name, obj=self)
            return Output(self, self._call.name, name, None)

        def __setattr__(self, name: str, value: Any) -> None:
            raise AttributeError(f"a step cannot be changed: `{name}`")

        def __repr__(self) -> str:
            return f"<{type(self).__name__} {self._call.name}>"


class PythonScriptStep(Step):
    """`python <script> --port value …` in an environment of its own.

    Class arguments:
        script: the file to run, by its path beside the file that defines the step; its folder is the step's code.
        environment: what it runs in.
        allow_reuse: may a former result be taken where nothing that counts has changed?
    """

    def __init_subclass__(cls, *, script: str = "", environment: Conda | None = None, allow_reuse: bool = True) -> None:
        super().__init_subclass__()
        name = snake_case(cls.__name__)
        if cls._definition is not None:
            what, hint = "a step cannot be derived from another step", "derive it from PythonScriptStep"
            raise DefinitionError([Problem(name, what, hint)])
        ports = read_ports(cls, name, RESERVED)
        file = getattr(sys.modules.get(cls.__module__), "__file__", None)
        problems = list(ports.problems)
        if not script:
            problems.append(Problem(name, "it has no script", 'say `script="train.py"`'))
        if file is None:
            problems.append(
                Problem(name, "it is not defined in a file", "steps find their files beside their definition")
            )
        path = Path(file or "definition.py").absolute()
        cls._definition = StepDefinition(
            name=name,
            description=" ".join((cls.__dict__.get("__doc__") or "").split()),
            folder=path.parent,
            source=path.name,
            script=script,
            environment=environment or Conda(""),
            inputs=ports.inputs,
            outputs=ports.outputs,
            allow_reuse=allow_reuse,
            problems=tuple(problems),
        )


def call_of(step: Step) -> Call:
    """How a step was called."""
    call: Call = step.__dict__["_call"]
    return call
