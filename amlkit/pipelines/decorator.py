"""`@pipeline`: what it makes of a function, and what calling that in another pipeline's function does.

    @pipeline(tags={"team": "vision"}, default_compute=cpu)
    def training(corpus: Input[Folder] = corpora.folder("digits/"), learning_rate: Input[float] = 0.1) -> Report:
        \"\"\"Train two models and compare them.\"\"\"
        features = Extract(raw=corpus).features
        ...

Nothing runs until `check`, `compile` or another pipeline asks for its graph.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Generic, ParamSpec, TypeVar, cast, overload

from ..components.needs import Compute, Datastore
from ..components.ports import Output
from ..errors import DefinitionError, Problem
from . import trace
from .frame import Frame, Nested, Traced, running
from .graph import Settings

P = ParamSpec("P")
R_co = TypeVar("R_co", covariant=True)

_NO_SETTINGS = Settings()
_NO_TAGS: Mapping[str, str] = MappingProxyType({})
_EXPERIMENT = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,254}")  # azureml-core's rule for `Experiment(name=…)`
_DEEPEST = 100  # pipelines in pipelines, as in azure-ai-ml (`_BUILDER_STACK_MAX_DEPTH`)


class Pipeline(Generic[P, R_co]):
    """What `@pipeline` makes of a function. `problems` are those of the decorator's arguments."""

    def __init__(
        self, function: Callable[P, R_co], settings: Settings = _NO_SETTINGS, problems: tuple[Problem, ...] = ()
    ) -> None:
        self.function = function
        self.name: str = function.__name__
        self.settings = settings
        self.problems = problems
        self.__doc__ = function.__doc__

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R_co:
        """Nest it in the pipeline whose function calls it, as a node of its own name.

        Raises:
            DefinitionError: no pipeline's function runs, it nests itself, or its own function fails.
        """
        return cast(R_co, _nest(self, self.name, (), args, kwargs))

    def named(self, name: str, *, after: Sequence[Any] = ()) -> Callable[P, R_co]:
        """The same as a node of another name, or one that waits: `training.named("nightly", after=[clean])(…)`.

        Args:
            name: its name in the pipeline that nests it.
            after: steps, or what other nested pipelines returned, that must be done before anything of it starts.
        """

        def call(*args: P.args, **kwargs: P.kwargs) -> R_co:
            return cast(R_co, _nest(self, name, after, args, kwargs))

        return call

    def __repr__(self) -> str:
        return f"<pipeline {self.name}>"


@overload
def pipeline(function: Callable[P, R_co], /) -> Pipeline[P, R_co]: ...


@overload
def pipeline(
    *,
    tags: Mapping[str, str] = ...,
    experiment: str = ...,
    continue_on_step_failure: bool = ...,
    force_rerun: bool = ...,
    default_compute: Compute | None = ...,
    default_datastore: Datastore | None = ...,
) -> Callable[[Callable[P, R_co]], Pipeline[P, R_co]]: ...


def pipeline(
    function: Callable[..., Any] | None = None,
    /,
    *,
    tags: Mapping[str, str] = _NO_TAGS,
    experiment: str = "",
    continue_on_step_failure: bool = False,
    force_rerun: bool = False,
    default_compute: Compute | None = None,
    default_datastore: Datastore | None = None,
) -> Any:
    """Make a pipeline of a function with parameters `Input[…]` that returns a NamedTuple of outputs, or None.

    Args:
        function: the function, where the decorator is used without arguments.
        tags: of its component and of its runs.
        experiment: where its runs are recorded; without one, the pipeline's name.
        continue_on_step_failure: let steps that do not depend on a failed one go on.
        force_rerun: reuse no former result.
        default_compute: where steps run that say nothing.
        default_datastore: where outputs are written; without one, the workspace's own.
    """

    def decorate(function: Callable[..., Any]) -> Pipeline[..., Any]:
        settings = Settings(
            tags={str(key): str(value) for key, value in tags.items()} if isinstance(tags, Mapping) else {},
            experiment=experiment if isinstance(experiment, str) else "",
            continue_on_step_failure=continue_on_step_failure is True,
            force_rerun=force_rerun is True,
            default_compute=default_compute.name if isinstance(default_compute, Compute) else "",
            default_datastore=default_datastore.name if isinstance(default_datastore, Datastore) else "",
        )
        needs = (("default_compute", default_compute, Compute), ("default_datastore", default_datastore, Datastore))
        flags = (("continue_on_step_failure", continue_on_step_failure), ("force_rerun", force_rerun))
        problems = _problems_with(function.__name__, tags, experiment, flags, needs)
        return Pipeline(function, settings, tuple(problems))

    return decorate(function) if function is not None else decorate


def _problems_with(
    name: str, tags: Any, experiment: Any, flags: Sequence[tuple[str, Any]], needs: Sequence[tuple[str, Any, type]]
) -> Iterator[Problem]:
    """What is wrong with the arguments of the decorator."""
    pairs = tags.items() if isinstance(tags, Mapping) else ()
    if not isinstance(tags, Mapping) or not all(isinstance(item, str) for pair in pairs for item in pair):
        yield Problem(f"{name}.tags", f"tags are names and texts: {tags!r}", 'write `tags={"team": "vision"}`')
    if experiment and not (isinstance(experiment, str) and _EXPERIMENT.fullmatch(experiment)):
        hint = "letters, digits, `_` and `-`, a letter or digit first"
        yield Problem(f"{name}.experiment", f"not a legal name for an experiment: {experiment!r}", hint)
    for flag, value in flags:
        if not isinstance(value, bool):
            yield Problem(f"{name}.{flag}", f"neither True nor False: {value!r}")
    for argument, value, kind in needs:
        if value is not None and not isinstance(value, kind):
            hint = f'write `{argument}={kind.__name__}("…")`'
            yield Problem(f"{name}.{argument}", f"not a {kind.__name__}: {value!r}", hint)


def _nest(of: Pipeline[..., Any], name: str, after: Sequence[Any], args: tuple[Any, ...], given: dict[str, Any]) -> Any:
    frame = running.get()
    if frame is None:
        what, hint = "a pipeline is not called", "give it to `compile`, or run it by its endpoint"
        raise DefinitionError([Problem(of.name, what, hint)])
    traced = _traced(of, frame)
    if traced.failure is not None or not (traced.returned is None or hasattr(traced.returned, "_fields")):
        raise DefinitionError(traced.graph.problems) from traced.failure
    by_name, positional = _by_name(of, name, args, given, frame)
    nested = Nested(name, traced.graph, by_name, positional, tuple(after))
    frame.add_nested(nested)
    if traced.returned is None:
        return None
    ports = traced.graph.ports_out
    outputs: list[Output[Any]] = [
        Output(cast(Any, nested), name, field, ports[field].type if field in ports else None)
        for field in traced.returned._fields
    ]
    return type(traced.returned)._make(outputs)


def _traced(of: Pipeline[..., Any], frame: Frame) -> Traced:
    """Its graph; the function of a pipeline runs once, however often it is nested."""
    line = (*frame.above, frame.pipeline)
    if any(of is other for other in line):
        names = " → ".join(item.name for item in (*line, of))
        raise DefinitionError([Problem(of.name, f"a pipeline nests itself: {names}", "break the circle")])
    if len(line) >= _DEEPEST:
        raise DefinitionError([Problem(of.name, f"pipelines are nested more than {_DEEPEST} deep")])
    if of not in frame.known:
        frame.known[of] = trace.run(Frame(of, line, frame.known))
    return frame.known[of]


def _by_name(
    of: Pipeline[..., Any], name: str, args: tuple[Any, ...], given: Mapping[str, Any], frame: Frame
) -> tuple[dict[str, Any], int]:
    """Arguments by parameter, and how many positional ones there is no parameter for."""
    names = list(inspect.signature(of.function).parameters)
    found = dict(zip(names, args, strict=False))
    for twice in sorted(found.keys() & given.keys()):
        place = f"{frame.pipeline.name}.{name}.{twice}"
        frame.problems.append(Problem(place, "two values feed this input", "give it once, by name"))
    return {**found, **given}, max(0, len(args) - len(names))
