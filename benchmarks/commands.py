"""How long commands take, as ratios against their floor in the same minutes.

    python benchmarks/commands.py [--runs 7]

Run it in a project that is up (`make up`). Each command and its floor are timed in turn, so that a machine that slows
down slows both; the figure that counts is the median of the ratios. Where `pulumi` is on PATH, an update with nothing
to do is compared with the Pulumi CLI's.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import time

CLICK_HELLO = "import click\n@click.command()\ndef hello(): click.echo('hello')\nhello()"
AMLKIT = [sys.executable, "-m", "amlkit"]
HELLO = [sys.executable, "-c", CLICK_HELLO]
UP = [*AMLKIT, "up", "--yes", "--skip-preview"]


def seconds(command: list[str], **environment: str) -> float:
    """Wall time of one run, which must succeed."""
    began = time.perf_counter()
    variables = {**os.environ, **environment}
    subprocess.run(command, check=True, env=variables, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - began


def compare(name: str, command: list[str], floor: list[str], runs: int, **floor_environment: str) -> None:
    """Print the medians of both and of their ratios."""
    pairs = [(seconds(command), seconds(floor, **floor_environment)) for _ in range(runs)]
    ours, theirs = (statistics.median(column) for column in zip(*pairs, strict=True))
    ratio = statistics.median(one / other for one, other in pairs)
    print(f"{name:<44} {ours:7.3f} s  {theirs:7.3f} s  {ratio:5.2f} x")


def main() -> None:
    """Time what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=7, help="timed runs of each")
    runs = parser.parse_args().runs
    print(f"{'':<44} {'ours':>9}  {'floor':>9}  ratio")
    compare("amlkit --help / click hello", [*AMLKIT, "--help"], HELLO, runs)
    compare("amlkit local status / click hello", [*AMLKIT, "local", "status"], HELLO, runs)
    compare("amlkit runs (through the stand-in) / click hello", [*AMLKIT, "runs"], HELLO, runs)
    if shutil.which("pulumi"):
        compare("up, nothing to do / Pulumi CLI", UP, UP, max(3, runs // 2), AMLKIT_ENGINE="official")


if __name__ == "__main__":
    main()
