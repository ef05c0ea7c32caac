"""The fixtures for users' tests: `run_step`, `run_pipeline`, `local_workspace`, and what a session leaves behind."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
from pathlib import Path


def test_a_step_runs_with_its_outputs_log_and_metrics(project):
    project.write(
        """
def test_count(run_step):
    step = steps.Count(text=File("words.txt"))
    run = run_step(step)
    assert run.status == "Completed" and run.succeeded and not run.reused
    assert (run[step.words] / "count.txt").read_text() == "3"
    assert run["words"] == run[step.words] == run.outputs["words"]
    assert "3 words\\n" in run.log

def test_guess(run_step):
    assert run_step(steps.Guess(guess=0.25)).metrics == {"score": 0.25}
"""
    )
    assert "2 passed" in project.pytest()
    assert project.left_running() == []


def test_a_failing_step_is_told_with_the_end_of_its_log_or_returned(project):
    project.write(
        """
def test_raises(run_step):
    run_step(steps.Count(text=File("words.txt"), at_least=5))

def test_returns(run_step):
    run = run_step(steps.Count(text=File("words.txt"), at_least=5), check=False)
    assert run.status == "Failed" and "too few: 3 < 5" in run.log
"""
    )
    told = project.pytest()
    assert "1 failed, 1 passed" in told
    assert "amlkit.errors.RunError: step `count` failed" in told
    assert "too few: 3 < 5" in told
    assert "runners.py" not in told


def test_problems_of_a_step_are_told_at_the_line_of_the_test(project):
    project.write(
        """
def test_wrong(run_step):
    run_step(steps.Count(txt=File("nothing.txt")))
"""
    )
    told = project.pytest()
    assert "did you mean `text`?" in told
    assert "nothing feeds this input" in told
    assert "compiler.py" not in told


def test_an_output_that_does_not_exist_is_refused_by_name(project):
    project.write(
        """
import pytest
from amlkit.errors import RunError

def test_typo(run_step):
    run = run_step(steps.Count(text=File("words.txt")))
    with pytest.raises(RunError, match="has no output `word`") as error:
        run["word"]
    assert "words" in str(error.value)
"""
    )
    assert "1 passed" in project.pytest()


def test_results_are_fresh_unless_reuse_is_asked_for(project):
    project.write(
        """
def test_twice(run_step):
    step = steps.Count(text=File("words.txt"))
    assert [run_step(step).reused for _ in range(2)] == [False, False]

def test_reuse(run_step):
    step = steps.Count(text=File("words.txt"), at_least=2)
    assert [run_step(step, reuse=True).reused for _ in range(2)] == [False, True]
"""
    )
    assert "2 passed" in project.pytest()


def test_a_pipeline_runs_with_parameters_and_gives_its_steps_and_outputs(project):
    project.write(
        """
def test_talk(run_pipeline):
    run = run_pipeline(steps.talk, word="hi")
    assert list(run.steps) == ["say", "tell"] and run.steps["tell"].log.endswith("telling\\nhi\\n")
    assert (run.outputs["said"] / "word.txt").read_text() == "hi\\n"

def test_meeting(run_pipeline):
    run = run_pipeline(steps.meeting, {"word": "ho"})
    assert run.steps["talk.say"].succeeded and run.steps["guess"].metrics["score"] > 0
    assert len([path for path in run.steps if path.startswith("guess.")]) == 3
    assert (run.outputs["said"] / "guess.txt").exists()
"""
    )
    assert "2 passed" in project.pytest()


def test_a_step_reads_files_that_are_laid_into_a_datastore(project):
    project.write(
        """
from amlkit import Datastore

def test_count(run_step):
    text = Datastore("corpora").file("texts/words.txt")
    run = run_step(steps.Count(text=text), files={"texts/words.txt": "words.txt"})
    assert (run["words"] / "count.txt").read_text() == "3"
"""
    )
    assert "1 passed" in project.pytest()


def test_a_run_that_takes_too_long_is_canceled(project):
    project.write(
        """
import pytest
from amlkit.errors import RunError

def test_slow(run_step):
    with pytest.raises(RunError, match="longer than 0.5 s; still under way: `wait`"):
        run_step(steps.Wait(flag="/nothing"), timeout=0.5)
"""
    )
    assert "1 passed" in project.pytest()


def test_a_workspace_of_its_own_serves_the_official_client_and_is_deleted(project):
    project.write(
        """
import os

NAMES = []

def test_client(local_workspace):
    NAMES.append(local_workspace.name)
    assert local_workspace.client().workspaces.get(local_workspace.name).name == local_workspace.name
    assert os.environ["ARM_METADATA_HOSTNAME"] == local_workspace.environment["ARM_METADATA_HOSTNAME"]

def test_it_is_gone(local_workspace):
    assert "ARM_METADATA_HOSTNAME" in os.environ and NAMES != [local_workspace.name]
    listed = local_workspace.workspace.service.arm(
        "GET",
        f"/subscriptions/{local_workspace.subscription_id}/providers/Microsoft.MachineLearningServices/workspaces",
        "2024-10-01",
    ).json()["value"]
    assert [each["name"] for each in listed] == [local_workspace.name]

def test_the_process_is_left_as_it_was():
    assert "ARM_METADATA_HOSTNAME" not in os.environ
"""
    )
    assert "3 passed" in project.pytest()


def test_workers_have_a_local_azure_ml_each(project):
    body = "\ndef test_{0}(run_step):\n    assert run_step(steps.Say(word='{0}')).log.endswith('saying {0}\\n')\n"
    for name in "ab":
        project.write(body.format(name), f"test_{name}.py")
    assert "2 passed" in project.pytest("-n", "2", "--dist", "loadfile")
    assert project.left_running() == []


def test_nothing_runs_after_an_interrupt_or_a_kill(project):
    project.write(
        """
def test_slow(run_step):
    print("running", flush=True)
    run_step(steps.Wait(flag="/nothing"))
"""
    )
    for number in (signal.SIGINT, signal.SIGKILL):
        session = project.start("-s")
        assert session.stdout is not None
        while "running" not in session.stdout.readline():
            assert session.poll() is None
        session.send_signal(number)
        session.wait(60)
        _wait_for_the_end(project.temporary)
        assert project.left_running() == []


def _wait_for_the_end(folder: Path) -> None:
    """Until the guard is gone: it outlives the session for as long as it stops what the session left."""
    for process in Path("/proc").glob("[0-9]*"):
        try:
            line = (process / "cmdline").read_bytes()
            if b"amlkit.testing.guard" in line and bytes(folder) in line:
                descriptor = os.pidfd_open(int(process.name))
                select.select([descriptor], [], [], 60)
                os.close(descriptor)
        except OSError:
            continue


def test_the_plugin_costs_a_session_that_does_not_use_it_next_to_nothing():
    code = """
import sys, pytest
before = set(sys.modules)
import amlkit.testing.plugin
print(*sorted(set(sys.modules) - before))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert set(done.stdout.split()) <= {"amlkit", "amlkit.testing", "amlkit.testing.plugin"}
