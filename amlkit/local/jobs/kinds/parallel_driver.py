"""Runs a parallel step: cuts the input into mini-batches, gives them to processes, gathers their rows in order.

A script of the step's own Python, started with the path of a plan (JSON, see `parallel.command`); it uses the standard
library only, and pandas where the input is a table. Each process is `parallel_worker.py`. A mini-batch that fails, or
takes too long, or whose process dies, is tried again; rows come in the order of mini-batches, whoever made them.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import selectors
import shutil
import signal
import subprocess
import sys
import time
from collections import deque
from pathlib import Path
from typing import Any

_WORKER = Path(__file__).with_name("parallel_worker.py")
_SAY_SECONDS = 2.0
_STARTS = 3  # of processes in a row that end before they are ready
_FAREWELL_SECONDS = 60.0


class FailedError(Exception):
    """The step fails; the message says why."""


class Batch:
    """One mini-batch: what is sent of it, how many items it has, and how often it was tried."""

    def __init__(self, number: int, what: dict[str, Any], items: int) -> None:
        self.number = number
        self.what = what
        self.items = items
        self.tries = 0
        self.rows = ""  # the file that holds its rows


class Worker:
    """One process of the entry script, with a pipe to it and one back."""

    def __init__(self, plan: dict[str, Any], plan_file: str, index: int) -> None:
        self.name = f"process{index % plan['processes']:03}"
        self.node = f"node-{index // plan['processes']}"
        self.index = index
        self.batch: Batch | None = None
        self.deadline = 0.0
        self.is_ready = False
        self._heard = b""
        to_read, self._to_write = os.pipe()
        self.reads, to_write = os.pipe()
        with self._log(plan, "stdout") as out, self._log(plan, "stderr") as err:
            self.process = subprocess.Popen(
                [sys.executable, str(_WORKER), plan_file, self.node, self.name, str(to_read), str(to_write)],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                pass_fds=(to_read, to_write),
                start_new_session=True,
            )
        os.close(to_read)
        os.close(to_write)

    def send(self, message: dict[str, Any]) -> None:
        """Nothing happens if it is dead: that is heard as the end of what it says."""
        with contextlib.suppress(OSError):
            os.write(self._to_write, json.dumps(message).encode() + b"\n")

    def hear(self) -> list[dict[str, Any]] | None:
        """What it has said; None: it is dead."""
        piece = os.read(self.reads, 65536)
        if not piece:
            return None
        *lines, self._heard = (self._heard + piece).split(b"\n")
        return [json.loads(line) for line in lines]

    def end(self) -> int:
        """Kill it with all it started; its exit code."""
        with contextlib.suppress(OSError):
            os.killpg(self.process.pid, signal.SIGKILL)
        os.close(self.reads)
        os.close(self._to_write)
        return self.process.wait()

    def _log(self, plan: dict[str, Any], kind: str) -> Any:
        folder = Path(plan["logs"]) / "user" / kind / self.node
        folder.mkdir(parents=True, exist_ok=True)
        return (folder / f"{self.name}.{kind}.txt").open("ab")


class Driver:
    """The whole: `run` returns when all mini-batches are done."""

    def __init__(self, plan: dict[str, Any], plan_file: str) -> None:
        self.plan = plan
        self.plan_file = plan_file
        self.own = _own_arguments(plan["arguments"])
        self.selector = selectors.DefaultSelector()
        self.workers: dict[int, Worker] = {}
        self.batches: list[Batch] = []
        self.waiting: deque[Batch] = deque()
        self.done = self.failed_batches = self.items = self.failed_items = self.bad_starts = 0
        self.said = 0.0

    def run(self) -> None:
        """Raises FailedError."""
        self.batches = list(_batches(self.plan))
        if not self.batches:
            raise FailedError("there is nothing in the input")
        self.waiting = deque(self.batches)
        count = min(self.plan["processes"] * self.plan["nodes"], len(self.batches))
        total = sum(batch.items for batch in self.batches)
        self._say(f"{total} items in {len(self.batches)} mini-batches, {count} processes")
        try:
            for index in range(count):
                self._start(index)
            while self.done + self.failed_batches < len(self.batches):
                self._turn()
            self._judge(total)
            self._farewell()
        finally:
            for worker in list(self.workers.values()):
                self._forget(worker)
        self._gather()
        self._progress(force=True)

    def _start(self, index: int) -> None:
        worker = self.workers[index] = Worker(self.plan, self.plan_file, index)
        self.selector.register(worker.reads, selectors.EVENT_READ, worker)

    def _turn(self) -> None:
        """Wait for the next thing that happens, and do what follows from it."""
        now = time.monotonic()
        limits = [worker.deadline for worker in self.workers.values() if worker.batch]
        for key, _ in self.selector.select(max(0.0, min(limits) - now) if limits else None):
            worker = key.data
            said = worker.hear()
            if said is None:
                self._died(worker)
            for message in said or []:
                self._heard(worker, message)
        now = time.monotonic()
        for worker in list(self.workers.values()):
            if worker.batch and worker.deadline <= now:
                limit = self.plan["timeout_seconds"]
                self._replace(worker, f"run() took longer than {limit:g} s in {worker.name} of {worker.node}")

    def _heard(self, worker: Worker, message: dict[str, Any]) -> None:
        kind = message["kind"]
        if kind == "fatal":
            raise FailedError(message["text"])
        if kind == "ready":
            worker.is_ready = True
            self.bad_starts = 0
        elif worker.batch:
            batch, worker.batch = worker.batch, None
            if kind == "done":
                batch.rows = message["rows"]
                self._succeeded(batch, int(message["count"]), worker)
            else:
                self._failed(batch, message["text"])
        self._give(worker)

    def _give(self, worker: Worker) -> None:
        if worker.is_ready and not worker.batch and self.waiting:
            batch = worker.batch = self.waiting.popleft()
            batch.tries += 1
            worker.deadline = time.monotonic() + self.plan["timeout_seconds"]
            worker.send({"kind": "run", "batch": batch.number, "try": batch.tries, **batch.what})

    def _died(self, worker: Worker) -> None:
        if not worker.is_ready:
            self.bad_starts += 1
            if self.bad_starts >= _STARTS:
                raise FailedError(f"the processes of the entry script end before init() is done, see {_where(worker)}")
        self._replace(worker, f"{worker.name} of {worker.node} ended while it ran, see {_where(worker)}")

    def _replace(self, worker: Worker, why: str) -> None:
        batch = worker.batch
        code = self._forget(worker)
        if batch:
            self._failed(batch, f"{why} (exit code {code})" if code != -signal.SIGKILL else why)
        self._start(worker.index)

    def _forget(self, worker: Worker) -> int:
        self.selector.unregister(worker.reads)
        self.workers.pop(worker.index, None)
        return worker.end()

    def _succeeded(self, batch: Batch, count: int, worker: Worker) -> None:
        self.done += 1
        self.items += batch.items
        missing = max(0, batch.items - count)
        if self.plan["logging_level"] == "DEBUG":
            self._say(f"mini-batch {batch.number}: {count} rows of {batch.items} items, {worker.name} of {worker.node}")
        if missing:
            self._say(f"mini-batch {batch.number}: {missing} of {batch.items} items have no result")
            self._lost(missing)
        self._progress()

    def _failed(self, batch: Batch, why: str) -> None:
        most = self.plan["max_tries"]
        self._say(f"mini-batch {batch.number} failed, try {batch.tries} of {most}: {why}")
        self._note(f"mini-batch {batch.number}, try {batch.tries} of {most}: {why}")
        if batch.tries < most:
            self.waiting.append(batch)
            for worker in self.workers.values():
                self._give(worker)
            return
        self.failed_batches += 1
        self.items += batch.items
        self._lost(batch.items)
        limit = self.plan["mini_batch_error_threshold"]
        if 0 <= limit < self.failed_batches:
            what = f"{self.failed_batches} mini-batches failed, more than the mini_batch_error_threshold of {limit}"
            raise FailedError(what)

    def _lost(self, items: int) -> None:
        self.failed_items += items
        for name in ("error_threshold", "allowed_failed_count"):
            limit = int(self.own.get(name, self.plan.get(name, -1)))
            if 0 <= limit < self.failed_items:
                raise FailedError(f"{self.failed_items} items failed, more than the {name} of {limit}")

    def _judge(self, total: int) -> None:
        limit = float(self.own.get("allowed_failed_percent", -1))
        share = 100.0 * self.failed_items / total
        if 0 <= limit < share:
            raise FailedError(f"{share:.1f} % of the items failed, more than the allowed_failed_percent of {limit:g}")

    def _farewell(self) -> None:
        """Let every process call `shutdown()`; one that does not end is killed."""
        until = time.monotonic() + _FAREWELL_SECONDS
        for worker in self.workers.values():
            worker.send({"kind": "stop"})
        for worker in self.workers.values():
            try:
                worker.process.wait(max(0.0, until - time.monotonic()))
            except subprocess.TimeoutExpired:
                self._say(f"shutdown() took too long in {worker.name} of {worker.node}")

    def _gather(self) -> None:
        """The rows of all mini-batches, in their order, to the one file."""
        place = self.plan["append_row_to"]
        if place:
            name = self.own.get("append_row_file_name") or "parallel_run_step.txt"
            file = Path(place) if self.plan["append_is_file"] else Path(place) / name
            with file.open("wb") as out:
                for batch in self.batches:
                    if batch.rows:
                        with open(batch.rows, "rb") as rows:  # noqa: PTH123
                            shutil.copyfileobj(rows, out)

    def _progress(self, force: bool = False) -> None:
        now = time.monotonic()
        if not force and now - self.said < _SAY_SECONDS:
            return
        self.said = now
        text = f"{self.done + self.failed_batches} of {len(self.batches)} mini-batches done, "
        text += f"{self.failed_batches} failed; {self.items} items, {self.failed_items} failed"
        self._say(text)
        overview = Path(self.plan["logs"]) / "job_progress_overview.txt"
        overview.write_text(text + "\n")

    def _note(self, text: str) -> None:
        with (Path(self.plan["logs"]) / "user" / "error.txt").open("a") as file:
            file.write(text + "\n")

    def _say(self, text: str) -> None:
        print(text, flush=True)


def _where(worker: Worker) -> str:
    return f"logs/user/stderr/{worker.node}/{worker.name}.stderr.txt"


def _own_arguments(arguments: list[str]) -> dict[str, str]:
    """Those of the program arguments that are Azure ML's own: `--allowed_failed_percent 30`."""
    names = ("error_threshold", "allowed_failed_count", "allowed_failed_percent", "append_row_file_name")
    found = {}
    for index, word in enumerate(arguments):
        name, sign, value = word.partition("=")
        if name.startswith("--") and name[2:] in names:
            found[name[2:]] = value if sign else (arguments[index + 1] if index + 1 < len(arguments) else "")
    return found


def _batches(plan: dict[str, Any]) -> Any:
    source = plan["source"]
    if source.get("reader"):
        yield from _frames(plan)
        return
    if plan["partition_keys"]:
        raise FailedError("partition_keys need a table as input, with a transformation that reads it")
    files = source["files"] if "files" in source else _files(source["path"])
    size = plan["mini_batch_size"]
    for number, first in enumerate(range(0, len(files), size)):
        part = files[first : first + size]
        yield Batch(number, {"files": part}, len(part))


def _files(path: str) -> list[str]:
    """All files below a folder, sorted by path; a file is itself."""
    if os.path.isfile(path):  # noqa: PTH113
        return [path]
    found = [os.path.join(folder, name) for folder, _, names in os.walk(path, followlinks=True) for name in names]  # noqa: PTH118
    return sorted(found)


def _frames(plan: dict[str, Any]) -> Any:
    """Batches of a table: each a pickled pandas frame of about the size in bytes, or the rows that share their keys."""
    try:
        pandas = importlib.import_module("pandas")
    except ImportError:
        raise FailedError("a table as input needs pandas in the environment of the step") from None
    folder = Path(plan["folder"]) / "batches"
    folder.mkdir(parents=True, exist_ok=True)
    for number, frame in enumerate(_parts(pandas, plan)):
        file = folder / f"{number:08}.pkl"
        frame.to_pickle(str(file))
        yield Batch(number, {"frame": str(file)}, len(frame))


def _parts(pandas: Any, plan: dict[str, Any]) -> Any:
    keys, source = plan["partition_keys"], plan["source"]
    frames = ((path, _read(pandas, path, source["reader"])) for path in source["files"])
    if keys:
        whole = pandas.concat([frame for _, frame in frames], ignore_index=True)
        missing = [key for key in keys if key not in whole.columns]
        if missing:
            raise FailedError(f"the table has no column for the partition key: {missing[0]}")
        for _, part in whole.groupby(keys, sort=True, dropna=False):
            yield part.reset_index(drop=True)
        return
    for path, frame in frames:
        rows = max(1, int(len(frame) * plan["mini_batch_size"] / max(1, os.path.getsize(path))))  # noqa: PTH202
        for first in range(0, len(frame), rows):
            yield frame.iloc[first : first + rows].reset_index(drop=True)


def _read(pandas: Any, path: str, reader: dict[str, Any]) -> Any:
    if reader["kind"] == "parquet":
        frame = pandas.read_parquet(path)
    elif reader["kind"] == "json lines":
        frame = pandas.read_json(path, lines=True)
    else:
        header, kind = (0 if reader["header"] else None), (str if reader["text"] else None)
        frame = pandas.read_csv(path, sep=reader["delimiter"], encoding=reader["encoding"], header=header, dtype=kind)
        if header is None:
            frame.columns = [f"Column{number + 1}" for number in range(len(frame.columns))]
    if "keep" in reader:
        frame = frame[reader["keep"]]
    return frame.drop(columns=reader["drop"]) if "drop" in reader else frame


def main() -> int:
    """The exit code of the step."""
    plan_file = sys.argv[1]
    del sys.path[0]  # what lies beside this script is not for the step
    plan = json.loads(Path(plan_file).read_text())
    (Path(plan["folder"]) / "rows").mkdir(parents=True, exist_ok=True)
    (Path(plan["logs"]) / "user").mkdir(parents=True, exist_ok=True)
    try:
        Driver(plan, plan_file).run()
    except FailedError as error:
        print(f"failed: {error}", flush=True)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
