"""`amlkit snapshot ls`: what goes with a step or a folder, what does not, and why."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from amlkit.cli import root
from amlkit.components import snapshot

PROJECT = Path(__file__).resolve().parents[2]


def amlkit(*words: str) -> Result:
    return CliRunner().invoke(root, ["snapshot", "ls", *words])


@pytest.fixture
def code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "data").mkdir()
    (tmp_path / "train.py").write_text("x = 1\n")
    (tmp_path / "data" / "a.csv").write_text("1\n")
    (tmp_path / "key.pem").write_text("")
    (tmp_path / ".amlignore").write_text("data/\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_folder_is_listed_with_sizes_and_its_digest(code: Path) -> None:
    done = amlkit()
    assert done.exit_code == 0
    assert done.stdout.splitlines()[0] == "     6 B  train.py"
    assert done.stdout.splitlines()[1] == f"1 file, 6 B, {snapshot.take(code).digest}"


def test_what_is_left_out_is_listed_with_its_rule(code: Path) -> None:
    assert amlkit(".", "--left-out").stdout.splitlines() == [
        ".amlignore  says what is left out",
        "data/       `data/`, line 1 of `.amlignore`",
        "key.pem     may hold a secret",
    ]


def test_json_has_all_of_it(code: Path) -> None:
    (code / "out").symlink_to("/etc/hostname")
    found = json.loads(amlkit("-o", "json").stdout)
    assert [file["path"] for file in found["files"]] == ["train.py"]
    assert [item["path"] for item in found["left_out"]] == [".amlignore", "data/", "key.pem"]
    assert found["refused"] == [{"path": "out", "why": "the link leads out of the folder"}]


def test_statistics_show_the_biggest_files(code: Path) -> None:
    (code / "big.bin").write_bytes(b"0" * 3000)
    lines = amlkit("--stats").stdout.splitlines()
    assert lines[0] == "2 files, 2.9 KB"
    assert lines[2:4] == ["  2.9 KB  big.bin", "     6 B  train.py"]


def test_a_step_of_the_project_is_found_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(PROJECT)
    done = amlkit("train")
    assert done.stdout.split("\n")[0].endswith("  train.py")
    assert re.search(r"^step\.py +defines the step$", amlkit("train", "--left-out").stdout, re.MULTILINE)


def test_an_unknown_step_is_refused_with_the_names_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(PROJECT)
    done = amlkit("trian")
    assert "neither a folder nor a step" in str(done.exception)
    assert "train" in str(done.exception)
