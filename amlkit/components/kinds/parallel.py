"""A step that goes over its data in mini batches, in many processes."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from ...errors import Problem
from ..definition import StepDefinition, did_you_mean, snake_case
from ..environment import EnvironmentSource
from ..options import Parallel
from ..ports import PortType
from ..step import Step
from .arguments import NOTHING, options, whole
from .define import define, told

BATCHED = (PortType.FOLDER, PortType.FILE, PortType.MLTABLE)
_BYTES = re.compile(r"[1-9][0-9]*(kb|mb|gb)", re.IGNORECASE)
_COUNT = re.compile(r"[1-9][0-9]*")


class ParallelRunStep(Step):
    """Python functions `init()` and `run(mini_batch)`, called with the files of an input, batch by batch.

    `run` gets a list of paths (of a table: a data frame) and returns a list with one entry for each that succeeded.
    The other ports reach the script as options, which it reads with `parse_known_args` in `init`.

    Class arguments: `script`, `environment`, `allow_reuse`, `hash_paths`, `additional_includes`,
    `environment_variables`, `instances`, `shm_size`, `modes` and `tags` as for `PythonScriptStep`, and
        input_data: the input port that is cut into batches; not needed where only one can be.
        mini_batch_size: files in a batch, or, of a table, its size: `"10kb"`.
        error_threshold: how many failed entries are borne; -1: any number.
        mini_batch_error_threshold: how many failed batches are borne; -1: any number.
        append_row_to: the output port, a File, that gets a line for each entry that `run` returns.
        max_tries: how often a batch is tried before it has failed.
        invocation_timeout: seconds that one call of `run` may take.
        processes: how many on every instance.
        logging_level: of the log of the workers.
    """

    def __init_subclass__(
        cls,
        *,
        script: str = "",
        environment: EnvironmentSource | None = None,
        input_data: str = "",
        mini_batch_size: int | str = 10,
        error_threshold: int = -1,
        mini_batch_error_threshold: int = -1,
        append_row_to: str = "",
        max_tries: int = 3,
        invocation_timeout: int = 60,
        processes: int = 1,
        logging_level: Literal["DEBUG", "INFO", "WARNING"] = "INFO",
        allow_reuse: bool = True,
        hash_paths: Sequence[str] = (),
        additional_includes: Sequence[str] = (),
        environment_variables: Mapping[str, str] = NOTHING,
        instances: int = 1,
        shm_size: str = "",
        modes: Mapping[str, str] = NOTHING,
        tags: Mapping[str, str] = NOTHING,
    ) -> None:
        super().__init_subclass__()
        where, wrong = snake_case(cls.__name__), list[Problem]()
        parallel = Parallel(
            input=str(input_data),
            mini_batch_size=_batch_size(mini_batch_size, f"{where}.mini_batch_size", wrong),
            error_threshold=whole(error_threshold, -1, f"{where}.error_threshold", wrong),
            mini_batch_error_threshold=whole(
                mini_batch_error_threshold, -1, f"{where}.mini_batch_error_threshold", wrong
            ),
            append_row_to=str(append_row_to),
            max_tries=whole(max_tries, 1, f"{where}.max_tries", wrong),
            invocation_timeout=whole(invocation_timeout, 1, f"{where}.invocation_timeout", wrong),
            processes=whole(processes, 1, f"{where}.processes", wrong),
            logging_level=logging_level,
        )
        if logging_level not in ("DEBUG", "INFO", "WARNING"):
            hint = "use DEBUG, INFO or WARNING"
            wrong.append(Problem(f"{where}.logging_level", f"no such level: {logging_level!r}", hint))
        define(
            cls,
            "parallel",
            script=script,
            environment=environment,
            parallel=(parallel, tuple(wrong)),
            allow_reuse=allow_reuse,
            hash_paths=hash_paths,
            includes=additional_includes,
            modes=modes,
            options=options(
                cls,
                environment_variables=environment_variables,
                instances=instances,
                shm_size=shm_size,
                tags=tags,
            ),
        )

    if not TYPE_CHECKING:
        __init_subclass__ = told(__init_subclass__)


def _batch_size(value: Any, where: str, problems: list[Problem]) -> str:
    text = str(value)
    if isinstance(value, bool) or not (_COUNT.fullmatch(text) or _BYTES.fullmatch(text)):
        problems.append(Problem(where, f"not a size of a mini batch: {value!r}", 'write 10 (files) or `"10kb"`'))
        return "10"
    return text


def batched(step: StepDefinition) -> str:
    """The name of the input port that is cut into batches: the one that is named, or the only one that can be."""
    assert step.parallel is not None  # noqa: S101  of a parallel step
    able = [port.name for port in step.inputs if port.type in BATCHED and not port.optional]
    return step.parallel.input or (able[0] if len(able) == 1 else "")


def options_of(step: StepDefinition) -> tuple[str, ...]:
    """The ports that reach the script as options: all but what is cut into batches and what gets the rows."""
    assert step.parallel is not None  # noqa: S101  of a parallel step
    others = (batched(step), step.parallel.append_row_to)
    names = [port.name for port in step.inputs] + [port.name for port in step.outputs]
    return tuple(name for name in names if name not in others)


def parallel_problems(step: StepDefinition) -> Iterator[Problem]:
    """What is wrong with the ports of a parallel step."""
    parallel = step.parallel
    assert parallel is not None  # noqa: S101  of a parallel step
    able = [port.name for port in step.inputs if port.type in BATCHED and not port.optional]
    where = f"{step.name}.input_data"
    if not parallel.input and len(able) != 1:
        what = "several inputs could be cut into batches" if able else "no input can be cut into batches"
        hint = f'say which: `input_data="{able[0]}"`' if able else "declare an `Input[Folder]`"
        yield Problem(where, what, hint)
    elif parallel.input and parallel.input not in able:
        port = step.input(parallel.input)
        what = f"no input is called `{parallel.input}`" if port is None else f"`{port.name}` cannot be cut into batches"
        why = "" if port is None else "it is optional" if port.optional else f"it is of type {port.type}"
        yield Problem(where, what, why or did_you_mean(parallel.input, able))
    by_count = _COUNT.fullmatch(parallel.mini_batch_size) is not None
    cut = step.input(batched(step))
    if cut is not None and not by_count and cut.type is not PortType.MLTABLE:
        hint = "give a number of files"
        yield Problem(f"{step.name}.mini_batch_size", f"files are counted: {parallel.mini_batch_size}", hint)
    yield from _row_problems(step, parallel)


def _row_problems(step: StepDefinition, parallel: Parallel) -> Iterator[Problem]:
    if not parallel.append_row_to:
        return
    where = f"{step.name}.append_row_to"
    port = step.output(parallel.append_row_to)
    if port is None:
        near = did_you_mean(parallel.append_row_to, [item.name for item in step.outputs])
        yield Problem(where, f"no output is called `{parallel.append_row_to}`", near)
    elif port.type is not PortType.FILE:
        yield Problem(where, f"`{port.name}` is of type {port.type}", "rows go to a File: declare it `Output[File]`")


def entry_problems(step: StepDefinition, source: str) -> Iterator[Problem]:
    """Functions that an entry script must have and has not."""
    functions = {
        node.name: node for node in ast.parse(source).body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    for name, parameters in (("init", 0), ("run", 1)):
        function = functions.get(name)
        signature = f"{name}({'mini_batch' if parameters else ''})"
        if function is None:
            near = did_you_mean(name, functions)
            yield Problem(f"{step.name}.script", f"`{step.script}` has no function `{signature}`", near)
        elif isinstance(function, ast.AsyncFunctionDef) or not _takes(function.args, parameters):
            yield Problem(f"{step.name}.script", f"`{name}` of `{step.script}` is not called as `{signature}`")


def _takes(arguments: ast.arguments, count: int) -> bool:
    positional = len(arguments.posonlyargs) + len(arguments.args)
    needed = positional - len(arguments.defaults)
    bare = any(default is None for default in arguments.kw_defaults)
    return not bare and needed <= count and (positional >= count or arguments.vararg is not None)
