"""The article's story, cold and again, beside its bare scripts and a look at every file.

    python benchmarks/story.py [--runs 9]

Train, extract and compare of `tests/article/project` run on a warm local Azure ML over HTTPS, with logs, metrics, state
on disk and outputs; then again when nothing changed. The floors: the same three scripts one after the other as bare
subprocesses, and one `os.stat` of every file that decides. All run in turn; the ratios are those of the medians.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from subprocess import DEVNULL, run

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))  # the article's project lies among the tests

from amlkit.testing.runners import RunPipeline  # noqa: E402
from amlkit.testing.standin import StandIn  # noqa: E402
from tests.article.conftest import news  # noqa: E402
from tests.article.project.news.pipelines import compare_models  # noqa: E402

SOURCE = ROOT / "tests" / "article" / "project" / "news" / "source"
BARE = "import runpy, sys, tracking; tracking.log_metric = print; sys.argv = sys.argv[1:]; runpy.run_path(sys.argv[0])"


def bare(data: Path, folder: Path) -> None:
    """The three scripts, without anything around them but where their metric goes."""
    model, features = folder / "model", folder / "features"
    compared = ["--comp_data1", model, "--comp_data2", features, "--output_data", folder / "compared", "--param1", "10"]
    for line in (
        ["train.py", "--input", data, "--output", model],
        ["extract.py", "--input", data, "--output", features],
        ["compare.py", *compared],
    ):
        run([sys.executable, "-c", BARE, *map(str, line)], check=True, cwd=SOURCE, stdout=DEVNULL)


def looked(data: Path) -> None:
    """One look at every file that decides whether anything runs again."""
    for path in (data, *SOURCE.rglob("*")):
        os.stat(path)  # noqa: PTH116  the floor itself


def seconds(work: Callable[[], object]) -> float:
    """Wall time of one call."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def measure(stand_in: StandIn, folder: Path, runs: int) -> None:
    """Print the medians and the ratios."""
    data = folder / "20news.pkl"
    data.write_bytes(news())
    story, files = RunPipeline(stand_in), {"20newsgroups/20news.pkl": data}
    ways: dict[str, Callable[[], object]] = {
        "cold": lambda: story(compare_models, files=files),
        "bare scripts": lambda: bare(data, folder),
        "no-op": lambda: story(compare_models, files=files, reuse=True),
        "stat": lambda: looked(data),
    }
    for work in ways.values():
        work()
    times: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(runs):
        for name, work in ways.items():
            times[name].append(seconds(work))
    found = {name: statistics.median(values) for name, values in times.items()}
    for name, value in found.items():
        print(f"{name:13} {value * 1000:8.1f} ms")
    beyond = (found["cold"] - found["bare scripts"]) / 3 * 1000
    print(f"cold / bare scripts {found['cold'] / found['bare scripts']:.2f}, {beyond:.1f} ms a step beyond them")
    again = (found["no-op"] - found["stat"]) * 1000
    print(f"no-op {again:.1f} ms beyond stat; no-op / cold {found['no-op'] / found['cold']:.2f}")


def main() -> None:
    """Measure what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=9, help="timed runs of each")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        home = Path(name) / "home"
        home.mkdir()
        stand_in = StandIn.start(home)
        try:
            measure(stand_in, Path(name), options.runs)
        finally:
            stand_in.stop()


if __name__ == "__main__":
    main()
