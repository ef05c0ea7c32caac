"""This project's own pipelines: they compile offline, as they are, and their locks are complete."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from amlkit import check, compile
from examples.smallest import counting
from pipelines import PIPELINES

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("pipeline", [*PIPELINES, counting], ids=lambda each: each.name)
def test_every_pipeline_is_right(pipeline):
    assert check(pipeline) == ()
    assert compile(pipeline).pipeline.name == pipeline.name


def test_a_step_takes_its_script_alone_as_code():
    manifest = compile(PIPELINES[0])
    code = {asset.name: [file.path for file in asset.files] for asset in manifest.assets if asset.kind == "code"}
    assert code == {"extract": ["extract.py"], "train": ["train.py"], "compare": ["compare.py"]}


def test_another_folder_and_another_hash_seed_give_the_same_digests(tmp_path):
    code = (
        "from amlkit import compile; from pipelines import PIPELINES; print(*[a for a in compile(PIPELINES[0]).assets])"
    )
    environment = {"PYTHONPATH": str(ROOT), "PYTHONHASHSEED": "7", "LC_ALL": "C", "TZ": "Asia/Tokyo"}
    run = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert run.stdout.strip() == " ".join(map(str, compile(PIPELINES[0]).assets)), run.stderr
