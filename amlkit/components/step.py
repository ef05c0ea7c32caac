"""What all kinds of step have in common. A class defines a step; calling it makes a node of it in a pipeline.

    class Train(PythonScriptStep, script="train.py", environment=Conda("environment.yaml")):
        \"\"\"Fit one classifier.\"\"\"
        features: Input[Folder]
        learning_rate: Input[float] = 0.1
        model: Output[Folder] = output()

Type checkers see a frozen dataclass with keyword-only fields whose outputs are no arguments. When it runs, every
argument is recorded as it came, and `amlkit.pipelines.check` judges it. The kinds are in `kinds`.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, dataclass_transform

from ..errors import AmlkitError
from .definition import StepDefinition
from .needs import Compute
from .ports import Output, output, plain
from .sweeps import Sweep

recording: ContextVar[list[Step] | None] = ContextVar("recording", default=None)
"""The steps made so far in the pipeline function that runs in this context; None outside of one."""


@dataclass(frozen=True)
class Call:
    """How a step was called: its name in the pipeline, and every other argument as it came.

    An optional input that was given None is left out, a member of an enum stands as its value. `after`: the steps
    that it waits for without taking data of theirs. `sweep`: how it is swept, if it is; then a `Space` in `given`
    stands for the values to search.
    """

    definition: StepDefinition
    name: str
    compute: Any
    given: Mapping[str, Any]
    positional: int
    after: tuple[Any, ...] = ()
    sweep: Sweep | None = None


@dataclass_transform(kw_only_default=True, frozen_default=True, eq_default=False, field_specifiers=(output,))
class _Fields:
    """Tells type checkers that the annotations of a step's class are its arguments."""


class Step(_Fields):
    """Base of all kinds.

    Args:
        name: its name in the pipeline; without one, the class's name in snake case. Two steps may not share one.
        compute: where it runs.
        after: steps that must be done before it starts, though it takes no data of theirs.
    """

    name: str = ""
    compute: Compute | None = None
    after: Sequence[Step | tuple[Any, ...]] = ()

    _definition: ClassVar[StepDefinition | None] = None

    if not TYPE_CHECKING:  # type checkers see the constructor and the attributes that the annotations make

        def __init__(
            self, *positional: Any, name: str = "", compute: Any = None, after: Any = (), **given: Any
        ) -> None:
            definition = definition_of(type(self))
            call = Call(
                definition,
                str(definition.name if name is None or name == "" else name),
                compute,
                _as_recorded(definition, given),
                len(positional),
                tuple(after) if isinstance(after, list | tuple) else (after,),
            )
            outputs = {port.name: Output(self, call.name, port.name, port.type) for port in definition.outputs}
            self.__dict__.update({**given, **outputs}, name=call.name, compute=compute, after=call.after, _call=call)
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

    @staticmethod
    def from_yaml(path: str) -> type[YamlStep]:
        """A step made of an existing component: `Prepare = Step.from_yaml("prepare.yml")`.

        The file, by its path beside the file that calls this, is read by azure-ai-ml when the step is first used.
        """
        caller = sys._getframe(1).f_globals
        return type("YamlStep", (YamlStep,), {"_path": path, "__module__": caller.get("__name__", __name__)})


class YamlStep(Step):
    """A step made of an Azure ML component's YAML. Its ports are those of the file; type checkers do not know them."""

    _path: ClassVar[str] = ""

    if TYPE_CHECKING:

        def __init__(
            self,
            *,
            name: str = "",
            compute: Compute | None = None,
            after: Sequence[Step | tuple[Any, ...]] = (),
            **given: Any,
        ) -> None: ...

        def __getattr__(self, name: str) -> Any: ...


def definition_of(cls: type[Step]) -> StepDefinition:
    """What a step is; a YAML component is read now, once.

    Raises:
        AmlkitError: the class is a kind of step.
    """
    found = cls.__dict__.get("_definition")
    if isinstance(found, StepDefinition):
        return found
    if issubclass(cls, YamlStep) and cls._path:
        from .kinds import yaml

        file = getattr(sys.modules.get(cls.__module__), "__file__", None)
        cls._definition = definition = yaml.read(Path(file).parent if file else Path.cwd(), cls._path)
        return definition
    raise AmlkitError(f"`{cls.__name__}` is a kind of step, not a step", hint="derive a class from it")


def _as_recorded(definition: StepDefinition, given: Mapping[str, Any]) -> dict[str, Any]:
    optional = {port.name for port in definition.inputs if port.optional}
    return {name: plain(value) for name, value in given.items() if value is not None or name not in optional}


def call_of(step: Step) -> Call:
    """How a step was called."""
    call: Call = step.__dict__["_call"]
    return call


def wait_for(step: Step, others: Sequence[Step]) -> None:
    """Let a step wait for others too, as `after=` does."""
    call = call_of(step)
    new = tuple(other for other in others if all(other is not known for known in call.after))
    step.__dict__["_call"] = replace(call, after=(*call.after, *new))


def set_sweep(step: Step, how: Sweep) -> None:
    """Let a step be swept."""
    step.__dict__["_call"] = replace(call_of(step), sweep=how)
