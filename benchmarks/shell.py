"""A pipeline in Python run again from the shell when nothing changed, beside doit and a click hello world.

    python benchmarks/shell.py [--steps 100] [--runs 9] [--doit PATH]

It writes a chain of steps that copy a file into a temporary folder, as a pipeline and as a `dodo.py`, runs both once,
and then each in turn, so that a machine that slows down slows all. `amlkit run` compiles, registers what is new,
submits to the local Azure ML, which is warm, over HTTPS, and follows the run to its end. doit (`--doit`: its command,
from an environment of its own) decides in its own process. The ratios are those of the medians.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from subprocess import DEVNULL, run

from amlkit.home import Home
from amlkit.local import process

PIPELINE = '''
"""A chain of steps, each of which copies a file."""
from typing import NamedTuple

from amlkit import CommandStep, Compute, Folder, Image, Input, Output, output, pipeline

bare = Image("ubuntu")


class First(CommandStep, command="echo ${{inputs.n}} > ${{outputs.o}}/x", environment=bare, code=None):
    """It makes a file."""

    n: Input[int]
    o: Output[Folder] = output()


class Copy(CommandStep, command="cat ${{inputs.i}}/x > ${{outputs.o}}/x; echo ${{inputs.n}} >> ${{outputs.o}}/x",
           environment=bare, code=None):
    """It copies the file and adds a line."""

    i: Input[Folder]
    n: Input[int]
    o: Output[Folder] = output()


class Made(NamedTuple):
    """What the last one wrote."""

    o: Output[Folder]


@pipeline(default_compute=Compute("cpu"))
def chain() -> Made:
    """All of them."""
    last = First(n=0).o
    for number in range(1, STEPS):
        last = Copy(name=f"s{number}", i=last, n=number).o
    return Made(last)
'''
DODO = """
def task_step():
    yield {"name": "0", "actions": ["mkdir -p o0; echo 0 > o0/x"], "targets": ["o0/x"]}
    for n in range(1, STEPS):
        copy = f"mkdir -p o{n}; cat o{n - 1}/x > o{n}/x; echo {n} >> o{n}/x"
        yield {"name": str(n), "actions": [copy], "file_dep": [f"o{n - 1}/x"], "targets": [f"o{n}/x"]}
"""
HELLO = "import click\n@click.command()\ndef hello(): click.echo('hello')\nhello()"


def seconds(command: list[str], folder: Path, environment: Mapping[str, str]) -> float:
    """Wall time of one run, which must succeed."""
    began = time.perf_counter()
    run(command, check=True, cwd=folder, env=dict(environment), stdout=DEVNULL, stderr=DEVNULL)
    return time.perf_counter() - began


def measure(folder: Path, options: argparse.Namespace) -> None:
    """Print the medians, and the ratio of ours to each of the others."""
    (folder / "chain.py").write_text(PIPELINE.replace("STEPS", str(options.steps)))
    (folder / "dodo.py").write_text(DODO.replace("STEPS", str(options.steps)))
    ways = {
        "amlkit run": [sys.executable, "-m", "amlkit", "run", "chain.py:chain"],
        "click hello": [sys.executable, "-c", HELLO],
        **({"doit": [options.doit]} if options.doit else {}),
    }
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PULUMI", "AMLKIT"))}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # an installed command is compiled, and so is an installed doit
    for command in ways.values():
        seconds(command, folder, environment)
    times: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(options.runs):
        for name, command in ways.items():
            times[name].append(seconds(command, folder, environment))
    found = {name: statistics.median(values) for name, values in times.items()}
    print(f"no-op, chain of {options.steps}, from the shell")
    for name, value in found.items():
        print(f"{name:12} {value:7.3f} s   ours / it: {found['amlkit run'] / value:5.2f}")


def main() -> None:
    """Measure what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=100, help="length of the chain")
    parser.add_argument("--runs", type=int, default=9, help="timed runs of each")
    parser.add_argument("--doit", help="the command `doit` of an environment that has it")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        try:
            measure(folder, options)
        finally:
            process.stop(Home(folder))


if __name__ == "__main__":
    main()
