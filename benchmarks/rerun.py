"""Running a pipeline again when nothing changed, and what a step costs beyond its process; beside floors, in one run.

    python benchmarks/rerun.py [--chains 100 1000] [--fan 100] [--rounds 5]

It starts a stand-in of its own in a temporary folder and runs chains of steps, each of which copies a file. Floors: a
Python process that hashes every file of the chain (no-op), and the same commands one after another as bare
subprocesses (cold). `in process` is the same stand-in without HTTP. Every figure is the median of the rounds, and each
round measures the floors and ours one after the other, because seconds of distant minutes do not compare.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from submits import VERSION, WORKSPACE, Workspace

from amlkit.home import Home
from amlkit.local import process
from amlkit.local.server import build_world

_HASH = """
import hashlib, os, sys
for folder, _, files in os.walk(sys.argv[1]):
    for name in files:
        hashlib.sha256(open(os.path.join(folder, name), 'rb').read()).hexdigest()
"""
COPY = "cat ${{inputs.i}}/x > ${{outputs.o}}/x; echo ${{inputs.n}} >> ${{outputs.o}}/x"
FIRST = "echo ${{inputs.n}} > ${{outputs.o}}/x"
BURN = "for i in {1..60000}; do :; done; echo ${{inputs.n}} > ${{outputs.o}}/x"
OUT = {"o": {"type": "uri_folder"}}
ENDS = ("Completed", "Failed", "Canceled")
NUMBER = {"n": {"type": "integer"}}


def literal(value: Any) -> dict[str, Any]:
    """An input as a pipeline's node gives it."""
    return {"job_input_type": "literal", "value": str(value)}


def chain(length: int) -> dict[str, Any]:
    """The body of a job: each step reads the one before it."""
    jobs = {"s0": {"type": "command", "componentId": "azureml:first:1", "inputs": {"n": literal(0)}}}
    for number in range(1, length):
        inputs = {"n": literal(number), "i": literal(f"${{{{parent.jobs.s{number - 1}.outputs.o}}}}")}
        jobs[f"s{number}"] = {"type": "command", "componentId": "azureml:copy:1", "inputs": inputs}
    return {"properties": {"jobType": "Pipeline", "experimentName": "rerun", "jobs": jobs}}


def fan(width: int) -> dict[str, Any]:
    """The body of a job: steps that need nothing and use a core for a while."""
    jobs = {
        f"s{number}": {"type": "command", "componentId": "azureml:burn:1", "inputs": {"n": literal(number)}}
        for number in range(width)
    }
    return {"properties": {"jobType": "Pipeline", "experimentName": "rerun", "jobs": jobs}}


def register(workspace: Workspace) -> None:
    """The three components of the chains and fans."""
    for name, command, inputs in (
        ("first", FIRST, NUMBER),
        ("copy", COPY, {"i": {"type": "uri_folder"}, **NUMBER}),
        ("burn", BURN, NUMBER),
    ):
        spec = {"name": name, "version": "1", "type": "command", "command": command, "inputs": inputs, "outputs": OUT}
        body = {"properties": {"componentSpec": {**spec, "environment": "azureml:bare:1"}}}
        workspace.call("PUT", f"{WORKSPACE}/components/{name}/versions/1{VERSION}", body)


def over_http(workspace: Workspace, body: dict[str, Any]) -> float:
    """Seconds from the submit to the answer that the run is over; the run history is asked, as clients do."""
    name = str(uuid.uuid4())
    workspace.reconnect()
    began = time.perf_counter()
    workspace.call("PUT", f"{WORKSPACE}/jobs/{name}{VERSION}", body)
    while (status := workspace.call("GET", f"/history/v1.0{WORKSPACE}/runs/{name}")["status"]) not in ENDS:
        time.sleep(max(0.002, (time.perf_counter() - began) / 20))
    if status != "Completed":
        raise RuntimeError(f"the run is {status}")
    return time.perf_counter() - began


class InProcess:
    """The stand-in of a folder without HTTP, while no other one runs there."""

    def __init__(self, home: Home) -> None:
        address = home.address()
        if address is None:
            raise RuntimeError("it was never started")
        self._world = build_world(home, address)
        self._world.jobs.start()

    def run(self, body: dict[str, Any]) -> float:
        """Seconds from the submit to the end of the run."""
        began = time.perf_counter()
        name = self._world.jobs.submit(WORKSPACE, None, body)["name"]
        sql = "SELECT status, error FROM jobs WHERE name = ?"
        while (row := self._world.database.one(sql, (name,))) and row["status"] not in ENDS:
            time.sleep(0.001)
        if row is None or row["status"] != "Completed":
            raise RuntimeError(row["error"] if row else "the run is gone")
        return time.perf_counter() - began

    def close(self) -> None:
        """Give the folder free again."""
        self._world.jobs.stop()
        self._world.database.close()


def hashing(folder: Path) -> float:
    """Seconds of a Python process that hashes every file below a folder."""
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", _HASH, str(folder)], check=True)
    return time.perf_counter() - began


def bare(folder: Path, length: int) -> float:
    """Seconds of the commands of a chain as subprocesses, one after the other."""
    for number in range(length):
        (folder / str(number)).mkdir(parents=True, exist_ok=True)
    began = time.perf_counter()
    for number in range(length):
        values = {"${{inputs.n}}": str(number), "${{inputs.i}}": str(folder / str(number - 1))}
        command = (COPY if number else FIRST).replace("${{outputs.o}}", str(folder / str(number)))
        for name, value in values.items():
            command = command.replace(name, value)
        subprocess.run(["/bin/bash", "-c", command], check=True)
    return time.perf_counter() - began


def median(measure: Callable[[], float], rounds: int) -> float:
    """The median of so many measurements."""
    return statistics.median(measure() for _ in range(rounds))


def report(what: str, ours: float, floor: float, note: str = "") -> None:
    """One line of the table."""
    print(f"{what:34}  {ours:8.3f} s  {floor:8.3f} s  {ours / floor:6.2f}  {note}", flush=True)


def children_seconds() -> float:
    """CPU time of this process and of the children that it waited for."""
    own, others = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime + others.ru_utime + others.ru_stime


def idle_seconds() -> float:
    """For how long cores of this machine had nothing to do, so far, all together; 0 where that is not told."""
    try:
        words = Path("/proc/stat").read_text().split(maxsplit=6)
    except OSError:
        return 0.0
    return (int(words[4]) + int(words[5])) / os.sysconf("SC_CLK_TCK")


def measure(home: Home, folder: Path, options: argparse.Namespace) -> None:
    """Print the table."""
    running, _ = process.start(home)
    try:
        workspace = Workspace(home, running.address)
        register(workspace)
        print(f"{'':34}  {'ours':>10}  {'floor':>10}  {'ratio':>6}")
        floors = {}
        for length in options.chains:
            floor = bare(folder / f"bare{length}", length)
            cold = over_http(workspace, chain(length))
            extra = (cold - floor) / length * 1000
            report(f"cold, chain of {length}, HTTP", cold, floor, f"{extra:.1f} ms a step more than its process")
            floors[length] = median(partial(hashing, folder / f"bare{length}"), options.rounds)
            warm = median(partial(over_http, workspace, chain(length)), options.rounds)
            report(f"no-op, chain of {length}, HTTP", warm, floors[length], f"{warm / length * 1000:.3f} ms a step")
    finally:
        process.stop(home)
    inside = InProcess(home)
    try:
        for length in options.chains:
            floor = median(partial(hashing, folder / f"bare{length}"), options.rounds)
            warm = median(partial(inside.run, chain(length)), options.rounds)
            report(f"no-op, chain of {length}, in process", warm, floor, f"{warm / length * 1000:.3f} ms a step")
        before, slept, began = children_seconds(), idle_seconds(), time.perf_counter()
        inside.run(fan(options.fan))
        used, idle, wall = children_seconds() - before, idle_seconds() - slept, time.perf_counter() - began
        cores = f"{used / wall:.2f} of {os.cpu_count()} cores used, {idle / wall:.2f} idle"  # others may take the rest
        print(f"cold, fan of {options.fan}, in process: {cores}, in {wall:.2f} s")
    finally:
        inside.close()


def main() -> None:
    """Measure what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--chains", type=int, nargs="+", default=[100, 1000], help="lengths of the chains")
    parser.add_argument("--fan", type=int, default=100, help="width of the fan")
    parser.add_argument("--rounds", type=int, default=5, help="how often each no-op is measured")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        home = Home(folder / "checkout")
        home.root.mkdir()
        (home.root / "Pulumi.yaml").write_text("name: rerun\nruntime: python\n")
        measure(home, folder / "floor", options)


if __name__ == "__main__":
    main()
