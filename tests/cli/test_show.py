"""What is printed of a run, and how commands and paths are named so that they can be pasted."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from amlkit.cli import here
from amlkit.cli.show import Progress, explain_lines, metric_line
from amlkit.delivery.runs import Run, StepRun

EXTRACT = StepRun("1", "extract", "Completed", 0.0, reused=True, reason="nothing changed since run r0")
SLOW = StepRun("2", "slow", "Completed", 7.25, reason="code changed: train.py changed")
COMPARE = StepRun("3", "compare", "Canceled", error="not run: step `slow` failed")
RUN = Run("r1", "training", "Failed", (EXTRACT, SLOW, COMPARE))


def test_every_step_has_a_line_with_its_reason():
    assert explain_lines(RUN) == [
        "extract  reused             nothing changed since run r0",
        "slow     ran         7.2 s  code changed: train.py changed",
        "compare  canceled           not run: step `slow` failed",
    ]
    assert explain_lines(RUN, "slow") == [explain_lines(RUN)[1]]


def test_the_metrics_of_a_step_are_one_line():
    line = metric_line(RUN, SLOW, {"log_loss": 0.18066, "accuracy": 0.96338})
    assert line == "slow     accuracy 0.9634  log_loss 0.1807"


def test_progress_in_a_log_is_a_line_a_change(capsys):
    looks = ["NotStarted", "Preparing", "Preparing", "Running", "Completed"]
    with Progress() as progress:
        for status in looks:
            progress.show(Run("r1", "training", "Running", (StepRun("2", "slow", status),)))
    assert capsys.readouterr().err.splitlines() == [
        "  slow  preparing its environment",
        "  slow  running",
        "  slow  ran",
    ]


@pytest.fixture
def environment(tmp_path, monkeypatch) -> Path:
    """An environment's folder of programs, below the working directory; not on PATH."""
    programs = tmp_path / ".venv" / "bin"
    programs.mkdir(parents=True)
    (programs / "amlkit").touch(mode=0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "executable", str(programs / "python"))
    monkeypatch.setenv("PATH", os.defpath)
    return programs


def test_a_command_is_named_by_its_path_until_it_is_on_path(environment, monkeypatch):
    assert here.command() == ".venv/bin/amlkit"
    hint = 'start it with `amlkit local start`, or eval "$(amlkit local env)"'
    assert here.pasteable(hint).count(".venv/bin/amlkit local") == 2
    monkeypatch.setenv("PATH", str(environment))
    assert here.command() == "amlkit"
    assert here.pasteable(hint) == hint


def test_a_path_is_relative_below_the_working_directory_only(environment, monkeypatch):
    assert here.near(environment / "amlkit") == ".venv/bin/amlkit"
    monkeypatch.chdir(environment)
    assert here.near(environment.parent.parent / "data") == str(environment.parent.parent / "data")
