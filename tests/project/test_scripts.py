"""The scripts of this project's steps, run as a step runs them: in a process, by their command line."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from amlkit import digest
from amlkit.components.component import inspect
from amlkit.components.step import Step
from components.compare.step import Compare
from components.extract.step import Extract
from components.train.step import Train
from examples.smallest import Count

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT / "data" / "digits"


def run(
    step: type[Step], python: str = sys.executable, tracking: Path = ROOT, **values: object
) -> subprocess.CompletedProcess[str]:
    """A step's own command line with its values put in; `tracking` is where MLflow keeps its files."""
    component, _ = inspect(step._definition)
    line = component.command
    for name, value in values.items():
        for direction in ("inputs", "outputs"):
            line = line.replace(f"${{{{{direction}.{name}}}}}", shlex.quote(str(value)))
    command = [python, *shlex.split(line)[1:]]
    mlflow = {"MLFLOW_TRACKING_URI": tracking.as_uri(), "MLFLOW_ALLOW_FILE_STORE": "true"}
    environment = {**os.environ, **mlflow}
    return subprocess.run(command, cwd=component.step.folder, env=environment, capture_output=True, text=True)


@pytest.fixture(scope="module")
def features(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("features")
    done = run(Extract, raw=DATA, features=folder)
    assert done.stdout == "1442 images to train with, 355 to test with\n", done.stderr
    return folder


def test_extract_gives_the_same_bytes_each_time(features, tmp_path):
    run(Extract, raw=DATA, features=tmp_path)
    assert digest.of_folder(tmp_path) == digest.of_folder(features)


def test_extract_scales_and_puts_the_digit_first(features):
    rows = [line.split(",") for line in (features / "test.csv").read_text().splitlines()]
    assert {len(row) for row in rows} == {65}
    assert {row[0] for row in rows} == set("0123456789")
    assert all(0 <= float(cell) <= 1 for row in rows for cell in row[1:])


def test_extract_refuses_an_empty_folder_and_a_wrong_table(tmp_path):
    assert "no table (*.csv, *.csv.gz) in" in run(Extract, raw=tmp_path, features=tmp_path / "out").stderr
    (tmp_path / "bad.csv").write_text("1,2,3\n")
    assert "row 1 of" in run(Extract, raw=tmp_path, features=tmp_path / "out").stderr


def test_compare_names_the_better_model(tmp_path):
    for name, accuracy in (("first", 0.9), ("second", 0.95)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "metrics.json").write_text(json.dumps({"accuracy": accuracy, "learning_rate": 0.1}))
    done = run(Compare, first=tmp_path / "first", second=tmp_path / "second", report=tmp_path / "report")
    assert done.stdout.endswith("best: second\n"), done.stderr
    report = json.loads((tmp_path / "report" / "report.json").read_text())
    assert report["best"] == "second"
    assert report["models"]["first"]["accuracy"] == 0.9


def test_compare_says_which_model_has_no_metrics(tmp_path):
    done = run(Compare, first=tmp_path, second=tmp_path, report=tmp_path / "report")
    assert done.returncode == 1
    assert done.stderr == f"no metrics.json in {tmp_path}\n"


def test_the_smallest_step_counts_words(tmp_path):
    (tmp_path / "text").write_text("hello small hello world of words")
    done = run(Count, text=tmp_path / "text", at_least=5, counts=tmp_path / "out" / "counts")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out" / "counts").read_text() == "2 hello\n1 small\n1 world\n1 words\n"


@pytest.fixture(scope="module")
def python_of_train(tmp_path_factory) -> str:
    """The interpreter of an environment built from the lock of `train`; takes a while with cold caches."""
    pytest.importorskip("uv", reason="uv builds environments; it comes with amlkit[local]")
    folder = tmp_path_factory.mktemp("environment")
    uv = [sys.executable, "-m", "uv"]
    lock = ROOT / "components" / "train" / "environment.lock"
    python = str(folder / "bin" / "python")
    subprocess.run([*uv, "venv", "-q", "--python", sys.executable, str(folder)], check=True)
    sync = [*uv, "pip", "sync", "-q", "--require-hashes", "--python", python, str(lock)]
    subprocess.run(sync, check=True)
    return python


def test_train_is_accurate_logs_its_metrics_and_gives_the_same_bytes_each_time(features, tmp_path, python_of_train):
    runs = tmp_path / "runs"
    for name in ("one", "two"):
        done = run(Train, python_of_train, runs, features=features, learning_rate=0.5, model=tmp_path / name)
        assert done.returncode == 0, done.stderr
    metrics = json.loads((tmp_path / "one" / "metrics.json").read_text())
    assert metrics["accuracy"] > 0.9
    assert metrics["learning_rate"] == 0.5
    logged = next(runs.rglob("metrics/accuracy")).read_text().split()[1]
    assert float(logged) == metrics["accuracy"]
    assert (tmp_path / "one" / "model.pkl").stat().st_size > 0
    assert digest.of_folder(tmp_path / "one") == digest.of_folder(tmp_path / "two")
