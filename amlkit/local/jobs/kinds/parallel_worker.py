"""One process of a parallel step: imports the entry script, calls `init()`, then `run()` for each mini-batch it gets.

Started by `parallel_driver.py` with the plan, its own names, and two pipes on which lines of JSON go. What `run()`
returns becomes rows: a pandas frame as in Azure ML (blanks between columns, no header), else one line an element.
"""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import json
import logging
import os
import sys
import traceback
import types
from pathlib import Path
from typing import Any


class Context:
    """What a `run` with a second argument gets: Azure ML's mini-batch context."""

    def __init__(self, number: int, dataset: Any) -> None:
        self.minibatch_index = number
        self.dataset = dataset
        self.partition_key_value: dict[str, Any] = {}


def main() -> None:
    """Until the driver says `stop`, or is gone."""
    plan = json.loads(Path(sys.argv[1]).read_text())
    node, name = sys.argv[2:4]
    source, sink = int(sys.argv[4]), int(sys.argv[5])

    def say(kind: str, **more: Any) -> None:
        os.write(sink, json.dumps({"kind": kind, **more}).encode() + b"\n")

    try:
        script = _load(plan, node, name)
        run = script.run
        getattr(script, "init", lambda: None)()
        takes_context = _takes_two(run)
    except BaseException:  # also SystemExit: the driver must know
        traceback.print_exc()
        say("fatal", text=f"the entry script cannot be started:\n{traceback.format_exc()}")
        return
    say("ready")
    with os.fdopen(source) as orders:
        for line in orders:
            order = json.loads(line)
            if order["kind"] == "stop":
                break
            _once(plan, run, order, takes_context, say)
    getattr(script, "shutdown", lambda: None)()


def _once(plan: dict[str, Any], run: Any, order: dict[str, Any], takes_context: bool, say: Any) -> None:
    batch = _frame(order["frame"]) if "frame" in order else order["files"]
    try:
        result = run(batch, Context(order["batch"], batch)) if takes_context else run(batch)
    except Exception:  # whatever the user's code raises is the mini-batch's failure
        traceback.print_exc()
        sys.stderr.flush()
        say("failed", text=traceback.format_exc())
        return
    finally:
        sys.stdout.flush()
    try:
        text, count = _rows(result)
    except TypeError as error:
        say("fatal", text=str(error))
        return
    file = Path(plan["folder"]) / "rows" / f"{order['batch']:08}-{order['try']}"
    file.write_text(text, encoding="utf-8")
    say("done", rows=str(file), count=count)


def _rows(result: Any) -> tuple[str, int]:
    if hasattr(result, "to_csv") and hasattr(result, "columns"):
        return str(result.to_csv(sep=" ", header=False, index=False)), len(result)
    if not isinstance(result, (list, tuple)) and not hasattr(result, "__array__"):
        kind = type(result).__name__
        raise TypeError(f"run() must return a list, a tuple, an array or a pandas DataFrame, not {kind}")
    return "".join(f"{item}\n" for item in result), len(result)


def _load(plan: dict[str, Any], node: str, name: str) -> Any:
    folder = os.getcwd()  # noqa: PTH109
    path = os.path.join(folder, plan["entry_script"])  # noqa: PTH118
    sys.path[0] = os.path.dirname(path)  # noqa: PTH120  ours is not the user's
    if folder not in sys.path:
        sys.path.insert(1, folder)
    sys.argv = [plan["entry_script"], *plan["arguments"]]
    _offer_entry_script(plan, node, name)
    spec = importlib.util.spec_from_file_location("entry_script", path)
    if spec is None or spec.loader is None:
        raise ImportError(f"not a Python script: {plan['entry_script']}")
    module = importlib.util.module_from_spec(spec)
    sys.modules["entry_script"] = module
    spec.loader.exec_module(module)
    return module


def _takes_two(run: Any) -> bool:
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    taken = [item for item in inspect.signature(run).parameters.values() if item.kind in kinds]
    return len(taken) > 1


def _frame(file: str) -> Any:
    return importlib.import_module("pandas").read_pickle(file)


def _offer_entry_script(plan: dict[str, Any], node: str, name: str) -> None:
    """`from azureml_user.parallel_run import EntryScript`, as scripts written for Azure ML do for its logger."""
    folder = Path(plan["logs"]) / "user" / "entry_script_log" / node
    folder.mkdir(parents=True, exist_ok=True)
    logger = logging.getLogger("EntryScript")
    logger.setLevel(plan["logging_level"])
    handler = logging.FileHandler(str(folder / f"{name}.log.txt"))
    handler.setFormatter(logging.Formatter("%(asctime)s|%(levelname)s|%(process)d|%(message)s"))
    logger.addHandler(handler)
    place = plan["append_row_to"]
    output = str(Path(place).parent if plan["append_is_file"] else place)

    class EntryScript:
        """The members that scripts use."""

        def __init__(self) -> None:
            self.logger = logger
            self.output_dir = output
            self.working_dir = os.getcwd()  # noqa: PTH109
            self.log_dir = str(folder)

    package, module = types.ModuleType("azureml_user"), types.ModuleType("azureml_user.parallel_run")
    module.EntryScript = EntryScript  # type: ignore[attr-defined]
    package.parallel_run = module  # type: ignore[attr-defined]
    sys.modules.update({"azureml_user": package, "azureml_user.parallel_run": module})


if __name__ == "__main__":
    main()
