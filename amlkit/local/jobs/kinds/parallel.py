"""Parallel steps: a folder or a table cut into mini-batches, each given to the `run` of an entry script.

`read` is called by `definition`, `command` by the runner. What is done with the batches is `parallel_driver.py`, which
runs in the step's own Python. Semantics and defaults are those of Azure ML's parallel jobs (task `run_function`).
"""

from __future__ import annotations

import json
import os
import re
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..command import render
from ..records import FILE_TYPES, Component
from ..values import Problems
from . import mltable
from .reading import Options

_INPUT = re.compile(r"\$\{\{\s*inputs\.([\w.-]+)\s*\}\}")
_OUTPUT = re.compile(r"\$\{\{\s*outputs\.([\w.-]+)\s*\}\}")
_SIZE = re.compile(r"(\d+)\s*([kmg]b)?", re.IGNORECASE)
_UNITS = {"kb": 1024, "mb": 1024**2, "gb": 1024**3}
_DRIVER = Path(__file__).with_name("parallel_driver.py")
_FILES, _TABLE_BYTES = 10, 1024**2  # of a mini-batch, where nothing is said
_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")


def read(spec: Mapping[str, Any], node: Mapping[str, Any], place: str, problems: Problems) -> dict[str, Any]:
    """What a parallel component's `spec` and its `node` say, as plain JSON.

    Members: `entry_script`, `arguments`, `input` and `append_row_to` (names of ports, the latter may be empty),
    `mini_batch_size` (files, or bytes of a table; 0: not said), `partition_keys`, `error_threshold` and
    `mini_batch_error_threshold` (-1: ignore all), `max_tries`, `timeout_seconds`, `processes` (per node; 0: one a
    core), `logging_level`, and `instances` where it is not 1.
    """
    options = Options(spec, node, place, problems)
    task = options.below("task")
    kind = task.text("type", "run_function")
    if kind != "run_function":
        problems.add(task.place, f"a task of type {kind} does not run in the local Azure ML, only run_function")
    if not task.text("entry_script"):
        problems.add(f"{task.place}.entry_script", "no entry script")
    level = options.text("logging_level", "INFO").upper()
    if level not in _LEVELS:
        problems.add(f"{place}.logging_level", f"it must be one of {', '.join(_LEVELS)}, not {level}")
    retry = options.below("retry_settings")
    instances = options.below("resources").integer("instance_count", 1, 1)
    return {
        "entry_script": task.text("entry_script"),
        "arguments": task.text("program_arguments"),
        "append_row_to": _appended(spec, task),
        "input": _input(spec, options),
        "mini_batch_size": _size(options.get("mini_batch_size"), f"{place}.mini_batch_size", problems),
        "partition_keys": _keys(options.get("partition_keys"), f"{place}.partition_keys", problems),
        "error_threshold": options.integer("error_threshold", -1, -1),
        "mini_batch_error_threshold": options.integer("mini_batch_error_threshold", -1, -1),
        "max_tries": retry.integer("max_retries", 2) + 1,
        "timeout_seconds": retry.seconds("timeout", 60.0),
        "processes": options.integer("max_concurrency_per_instance", 0),
        "logging_level": level,
        **({"instances": instances} if instances != 1 else {}),
    }


def command(
    component: Component, inputs: Mapping[str, str], outputs: Mapping[str, str], folder: Path, logs: Path, scripts: Path
) -> list[str]:
    """The command that runs a parallel step, after writing what the driver reads to `folder`; logs go to `logs`.

    Raises:
        mltable.BadTableError: the input is a table that cannot be read here.
    """
    options = component.options
    table = next(port.type == "mltable" for port in component.inputs if port.name == options["input"])
    source = mltable.read(Path(inputs[options["input"]])) if table else {"path": inputs[options["input"]]}
    is_frame = bool(source.get("reader"))
    append = options["append_row_to"]
    is_file = any(port.name == append and port.type in FILE_TYPES for port in component.outputs)
    plan = {
        **{name: value for name, value in options.items() if name not in ("input", "append_row_to", "instances")},
        "source": source,
        "mini_batch_size": options["mini_batch_size"] or (_TABLE_BYTES if is_frame else _FILES),
        "arguments": shlex.split(render(options["arguments"], inputs, outputs)),
        "append_row_to": outputs[append] if append else "",
        "append_is_file": is_file,
        "nodes": int(options.get("instances") or 1),
        "processes": options["processes"] or os.cpu_count() or 1,
        "folder": str(folder / "parallel"),
        "logs": str(logs / "logs"),
    }
    file = folder / "parallel.json"
    file.write_text(json.dumps(plan))
    return [str(scripts / "python"), str(_DRIVER), str(file)]


def _input(spec: Mapping[str, Any], options: Options) -> str:
    name = _port(_INPUT, options.text("input_data"), f"{options.place}.input_data", options.problems)
    declared = spec.get("inputs") or {}
    data = [key for key, port in declared.items() if isinstance(port, Mapping) and "_" in str(port.get("type", ""))]
    data += [key for key, port in declared.items() if isinstance(port, Mapping) and port.get("type") == "mltable"]
    if not name and len(data) == 1:
        return str(data[0])
    if name not in data:
        what = f"`input_data` must name an input with data: {name or 'it names none'}"
        options.problems.add(f"{options.place}.input_data", what)
    return name


def _appended(spec: Mapping[str, Any], task: Options) -> str:
    place = f"{task.place}.append_row_to"
    name = _port(_OUTPUT, task.text("append_row_to"), place, task.problems)
    if name and name not in (spec.get("outputs") or {}):
        task.problems.add(place, f"no such port: outputs.{name}")
    return name


def _port(pattern: re.Pattern[str], text: str, place: str, problems: Problems) -> str:
    match = pattern.fullmatch(text.strip())
    if text and match is None:
        problems.add(place, f"it must be a binding to a port: {text}")
    return match[1] if match else ""


def _size(value: Any, place: str, problems: Problems) -> int:
    match = _SIZE.fullmatch(str(value).strip()) if value is not None else None
    if value is not None and match is None:
        problems.add(place, f"neither a number of files nor a size like 10kb: {value!r}")
    return int(match[1]) * _UNITS.get((match[2] or "").lower(), 1) if match else 0


def _keys(value: Any, place: str, problems: Problems) -> list[str]:
    """Clients send the list as its JSON."""
    try:
        found = json.loads(value) if isinstance(value, str) and value else value or []
    except ValueError:
        found = None
    if not isinstance(found, list) or not all(isinstance(item, str) for item in found):
        problems.add(place, f"not a list of names: {value!r}")
        return []
    return found
