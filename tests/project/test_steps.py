"""This project's steps, each by itself and in its own environment, as a user of the fixtures tests them."""

from __future__ import annotations

import json

import pytest

from amlkit import Folder
from amlkit.testing import RunPipeline, RunStep
from components.compare.step import Compare
from components.extract.step import Extract
from components.train.step import Train
from pipelines.training import training


@pytest.fixture(scope="session", autouse=True)
def environment_cache(request: pytest.FixtureRequest):
    """Environments lie in pytest's own cache, never in the user's."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AMLKIT_CACHE", str(request.config.cache.mkdir("amlkit")))
        yield


def test_extract_sets_every_fifth_image_aside(run_step: RunStep):
    step = Extract(raw=Folder("data/digits"))
    run = run_step(step)
    lines = {file.name: len(file.read_text().splitlines()) for file in run[step.features].iterdir()}
    assert lines["train.csv"] > 3.9 * lines["test.csv"]


def test_a_trained_model_is_good_and_better_than_a_bad_one(run_step: RunStep):
    features = Folder(str(run_step(Extract(raw=Folder("data/digits")))["features"]))
    good, bad = (Train(features=features, learning_rate=rate) for rate in (0.5, 0.0001))
    trained = [(step, run_step(step)) for step in (good, bad)]
    assert trained[0][1].metrics["accuracy"] > 0.9 > trained[1][1].metrics["accuracy"]
    first, second = (Folder(str(run[step.model])) for step, run in trained)
    compared = run_step(Compare(first=first, second=second))
    assert json.loads((compared["report"] / "report.json").read_text())["best"] == "first"


def test_a_step_that_lacks_its_data_fails_with_its_own_words(run_step: RunStep, tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "nothing.txt").write_text("")
    run = run_step(Train(features=Folder(str(tmp_path / "empty"))), check=False)
    assert run.status == "Failed"
    assert "train.csv" in run.log


def test_the_pipeline_reports_both_models(run_pipeline: RunPipeline):
    run = run_pipeline(training, learning_rate=0.2, files={"digits/": "data/digits"})
    assert {"extract", "slow", "fast", "compare"} == set(run.steps)
    assert (run.outputs["report"] / "report.json").exists()
