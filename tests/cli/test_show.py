"""What is printed of a run, and how commands and paths are named so that they can be pasted."""

from __future__ import annotations

import io
import os
import re
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


SAY = StepRun("5", "say", "Running", kind="step")
TALK = StepRun("4", "talk", "Running", kind="pipeline", steps=(SAY,))
TRIALS = tuple(StepRun(f"t{n}", f"tune_{n}", "Completed" if n < 2 else "Running", kind="trial") for n in range(3))
TUNE = StepRun("6", "tune", "Running", kind="sweep", best="t1", steps=TRIALS)


def test_what_is_in_a_nested_pipeline_or_a_sweep_is_indented():
    lines = explain_lines(Run("r2", "meeting", "Running", (TALK, TUNE)))
    assert [line.split("  r")[0].rstrip() for line in lines[:3]] == ["talk", "  say", "tune"]
    assert lines[2].endswith("2 of 3 trials done, best tune_1")
    assert lines[3].startswith("  tune_0  ran")


def test_progress_in_a_log_names_nested_steps_by_their_paths(capsys):
    with Progress() as progress:
        progress.show(Run("r2", "meeting", "Running", (TALK,)))
    assert capsys.readouterr().err.splitlines() == ["  talk      running", "  talk.say  running"]


class Terminal(io.StringIO):
    """A terminal that keeps what is written."""

    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


def shown_on_a_terminal(monkeypatch, run: Run, columns: int, lines: int, **variables: str) -> str:
    terminal = Terminal()
    for name, value in {"COLUMNS": columns, "LINES": lines, "TERM": "xterm", **variables}.items():
        monkeypatch.setenv(name, str(value))
    monkeypatch.setattr(sys, "stderr", terminal)
    with Progress() as progress:
        progress.show(run)
    return terminal.getvalue()


def plain(text: str) -> list[str]:
    """The lines that were drawn, without colours; a movement of the cursor begins a new one."""
    uncoloured = re.sub(r"\x1b\[[0-9;]*m", "", text)
    return [line for line in re.sub(r"\x1b\[[0-9;?]*[A-Za-z]|\r", "\n", uncoloured).split("\n") if line.strip()]


def many(count: int) -> Run:
    states = {0: "Failed", 1: "Running"}
    steps = tuple(StepRun(str(n), f"step_{n}", states.get(n, "Completed"), 1.0) for n in range(count))
    return Run("r3", "many", "Running", steps)


def test_a_thousand_steps_are_counted_and_those_under_way_are_shown(monkeypatch):
    shown = plain(shown_on_a_terminal(monkeypatch, many(1000), 80, 12))
    assert "1000 steps: 1 failed, 1 running, 998 ran" in shown[0]
    assert any(line.split()[1:3] == ["step_1", "running"] for line in shown)
    assert len(shown) <= 12


def test_lines_do_not_leave_a_narrow_terminal(monkeypatch):
    shown = plain(shown_on_a_terminal(monkeypatch, RUN, 30, 20))
    assert len(shown) == 3
    assert max(map(len, shown)) <= 30


def test_colours_are_left_out_on_request(monkeypatch):
    assert "\x1b[36m" in shown_on_a_terminal(monkeypatch, many(3), 80, 20)
    assert "\x1b[36m" not in shown_on_a_terminal(monkeypatch, many(3), 80, 20, NO_COLOR="1")


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
