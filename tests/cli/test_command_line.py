"""The command line itself: help is instant, wrong lines are one clear line and exit 1."""

from __future__ import annotations

import subprocess
import sys

import pytest

from amlkit.cli import COMMANDS


def amlkit(*arguments, cwd=None):
    return subprocess.run([sys.executable, "-m", "amlkit", *arguments], capture_output=True, text=True, cwd=cwd)


def test_help_names_every_command():
    shown = amlkit("--help")
    assert shown.returncode == 0
    for name in COMMANDS:
        assert f"\n  {name} " in shown.stdout


@pytest.mark.parametrize("name", [name for name in COMMANDS if name not in ("local", "stack", "cancel")])
def test_every_command_has_help(name):
    shown = amlkit(name, "--help")
    assert shown.returncode == 0
    assert "Usage" in shown.stdout or "usage" in shown.stdout


@pytest.mark.parametrize("line", [["nonsense"], ["invoke"], ["runs", "--nonsense"], ["up", "--stack"]])
def test_a_wrong_command_line_is_one_line_and_exits_1(line):
    shown = amlkit(*line)
    assert shown.returncode == 1
    assert shown.stderr.startswith("error: ")
    assert "Traceback" not in shown.stderr


def test_outside_a_project_it_says_so(tmp_path):
    shown = amlkit("runs", cwd=tmp_path)
    assert shown.returncode == 1
    assert "no Pulumi.yaml here" in shown.stderr
    assert "hint: " in shown.stderr


def test_a_local_stack_needs_the_local_azure_ml(tmp_path):
    (tmp_path / "Pulumi.yaml").write_text("name: p\nruntime: python\n")
    (tmp_path / "Pulumi.local.yaml").write_text("config:\n  amlkit:target: local\n")
    shown = amlkit("up", "--yes", cwd=tmp_path)
    assert (shown.returncode, "amlkit local start" in shown.stderr) == (1, True)


def test_a_damaged_stack_file_is_named(tmp_path):
    (tmp_path / "Pulumi.yaml").write_text("name: p\nruntime: python\n")
    (tmp_path / "Pulumi.local.yaml").write_text("config: [\n")
    shown = amlkit("preview", cwd=tmp_path)
    assert shown.returncode == 1
    assert "Pulumi.local.yaml: not YAML: line 2: " in shown.stderr


def test_what_the_system_refuses_is_one_line(tmp_path):
    (tmp_path / ".amlkit" / "address.json").mkdir(parents=True)
    (tmp_path / "Pulumi.yaml").write_text("name: p\nruntime: python\n")
    shown = amlkit("runs", cwd=tmp_path)
    assert shown.returncode == 1
    assert shown.stderr.startswith("error: ")
    assert "address.json: Is a directory" in shown.stderr
    assert "Traceback" not in shown.stderr


@pytest.mark.parametrize(
    "text", ["raise SystemExit(0)", "import os\nos._exit(0)", "@pipeline\ndef p() -> None:\n    raise SystemExit(0)"]
)
def test_a_definition_that_ends_the_process_is_not_right(tmp_path, text):
    (tmp_path / "leaving.py").write_text(f"from amlkit import pipeline\n{text}\n")
    shown = amlkit("check", "leaving.py:p", cwd=tmp_path)
    assert shown.returncode == 1
    assert "SystemExit: 0" in shown.stderr


@pytest.mark.parametrize("verb", ["check", "lock"])
def test_outside_of_a_project_it_is_said_what_to_give(tmp_path, verb):
    shown = amlkit(verb, cwd=tmp_path)
    assert shown.returncode == 1
    assert (
        "no Pulumi.yaml here or in a folder above\n  hint: name a file (`job.yml`, `train.py`), or go" in shown.stderr
    )
