"""`python -m tests.engine.cases record|compare|check|table [--jobs N] [NAME …]`, a name being `topic` or `topic/name`.

record   write what the Pulumi CLI on PATH does; of cases without an expectation only, unless named or `--all`
compare  both engines live: the CLI against the recording, and each engine going on from the state of the other
check    the embedded engine against the recordings (what the tests do)
table    write the table of docs/engine.md
"""

from __future__ import annotations

import argparse
import shutil
import sys
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

from . import story, table, work
from .story import Case


def main(words: list[str]) -> int:
    """Carry out a command; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.engine.cases", description=__doc__)
    parser.add_argument("command", choices=("record", "compare", "check", "table"))
    parser.add_argument("names", nargs="*")
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--jobs", type=int, default=2)
    given = parser.parse_intermixed_args(words)
    if given.command == "table":
        table.write()
        return 0
    if given.command != "check" and shutil.which("pulumi") is None:
        parser.error("there is no `pulumi` on PATH")
    cases = [case for case in story.every() if _chosen(case, given.names)]
    if given.command == "record" and not given.names and not given.all:
        cases = [case for case in cases if not case.expectation.exists() and not case.refused]
    task = {"record": work.record, "compare": work.compare, "check": work.check_warm}[given.command]
    failed = 0
    with ProcessPoolExecutor(given.jobs, get_context("fork")) as pool:
        for case, lines in zip(cases, pool.map(work.guarded, [task] * len(cases), cases), strict=True):
            failed += bool(lines)
            print(f"{'DIFFERS' if lines else 'ok     '} {case.name}", *lines, sep="\n  ", flush=True)
    print(f"{len(cases)} cases, {failed} of them not as wanted")
    return 1 if failed else 0


def _chosen(case: Case, names: list[str]) -> bool:
    return not names or case.name in names or case.topic in names


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
