"""`amlkit runs`: listing, showing, logs, canceling and comparing real runs of a real local Azure ML."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.testing.sample import steps

from .conftest import COMMAND


@pytest.fixture(scope="module")
def talks(place):
    """Two runs: the second with another word."""
    return place.run(steps.talk, {"word": "first"}), place.run(steps.talk, {"word": "second"})


@pytest.fixture(scope="module")
def meeting(place):
    """One with a nested pipeline and a sweep."""
    return place.run(steps.meeting)


def test_runs_are_listed_newest_first_and_as_many_as_asked(place, talks):
    listed = place.ok("runs").splitlines()
    ids = [line.split()[0] for line in listed]
    assert ids.index(talks[1].id) < ids.index(talks[0].id)
    one = place.amlkit("runs", "-n", "1")
    assert len(one.stdout.splitlines()) == 1
    assert "older ones: `-n 5`" in one.stderr
    assert [run["id"] for run in json.loads(place.ok("runs", "-o", "json"))] == ids


def test_runs_are_listed_by_status(place, talks):
    assert talks[0].id in place.ok("runs", "--status", "completed")
    none = place.amlkit("runs", "--status", "notresponding")
    assert (none.returncode, none.stdout, none.stderr) == (0, "", "no runs of status notresponding\n")
    assert "no such status: faild\n  hint: did you mean `failed`?" in place.refused("runs", "--status", "faild")
    assert "hint: one of notstarted, " in place.refused("runs", "--status", "zzz")


def test_a_run_is_shown_with_all_that_is_known(place, talks):
    shown = place.ok("runs", "show", talks[1].id)
    assert "word  second" in shown
    assert "say   ran" in shown
    output = next(line.split()[1] for line in shown.splitlines() if line.startswith("  said "))
    assert (place.folder / output / "word.txt").read_text() == "second\n"
    document = json.loads(place.ok("runs", "show", talks[1].id, "-o", "json"))
    assert (document["parameters"], document["status"]) == ({"word": "second"}, "Completed")
    assert [step["name"] for step in document["steps"]] == ["say", "tell"]
    assert "parameters changed: word changed" in document["steps"][0]["reason"]


def test_nested_pipelines_are_indented_and_the_best_trial_is_marked(place, meeting):
    lines = place.ok("runs", "show", meeting.id).splitlines()
    assert any(line.startswith("  talk ") for line in lines)
    assert any(line.startswith("    say ") for line in lines)
    trials = [line for line in lines if line.startswith("    guess_")]
    assert len(trials) == 3
    assert all("guess 0." in line for line in trials)
    scores = {line.split()[0]: line for line in lines if " score " in line and "guess_" in line}
    best = max(scores, key=lambda name: float(scores[name].split()[2]))
    assert [name for name, line in scores.items() if line.endswith("(best)")] == [best]


def test_a_run_is_named_by_its_start_or_as_the_last(place, talks):
    newest = place.ok("runs", "-n", "1").split()[0]
    assert newest in place.ok("runs", "show", "last")
    assert newest in place.ok("runs", "show", "@latest")
    assert talks[0].id in place.ok("runs", "show", talks[0].id[:-2])
    assert "runs begin with `talk_`" in place.refused("runs", "show", "talk_")


def test_what_is_not_there_is_refused_with_close_names(place, talks):
    wrong = talks[0].id[:-1] + ("0" if talks[0].id[-1] != "0" else "1")
    assert f"did you mean `{talks[0].id}`" in place.refused("runs", "show", wrong)
    assert "has no step `tel`\n  hint: did you mean `tell`?" in place.refused("runs", "logs", talks[0].id, "tel")
    refused = place.refused("runs", "show", talks[0].steps[0].id)
    assert f"is step `say` of run {talks[0].id}" in refused


def test_logs_of_several_steps_are_told_apart_and_those_of_one_are_plain(place, talks):
    several = place.ok("runs", "logs", talks[1].id)
    assert "say  | saying second\n" in several
    assert "tell | second\n" in several
    one = place.ok("runs", "logs", talks[1].id, "tell")
    assert one.endswith("telling\nsecond\n")
    assert place.ok("runs", "logs", talks[1].id, "tell", "--tail", "1") == "second\n"
    hint = "hint: its logs are: user_logs/std_log.txt"
    assert hint in place.refused("runs", "logs", talks[1].id, "tell", "--file", "nothing.txt")


def test_logs_of_a_nested_step_are_found_by_its_path(place, meeting):
    assert "saying hello\n" in place.ok("runs", "logs", meeting.id, "talk.say")
    assert "talk.say  | saying hello\n" in place.ok("runs", "logs", meeting.id, "talk")


def test_a_log_of_any_bytes_and_without_an_end_goes_out_as_it_is(place):
    noisy = place.run(steps.noises)
    done = subprocess.run([*COMMAND, "runs", "logs", noisy.id, "noise"], cwd=place.folder, capture_output=True)
    assert done.stdout.endswith(b"\x00\xff\x1b[2J" + b"a" * 3_000_000)


def test_following_ends_with_the_run_and_shows_what_comes(place, tmp_path: Path):
    flag = tmp_path / "flag"
    run = place.start(steps.waiting, {"flag": str(flag)}, force=True)
    command = [*COMMAND, "runs", "logs", run, "wait", "--follow"]
    following = subprocess.Popen(command, cwd=place.folder, stdout=subprocess.PIPE, text=True, env={**os.environ})
    assert following.stdout is not None
    while following.stdout.readline() != "waiting\n":
        assert following.poll() is None
    flag.touch()
    assert following.stdout.read() == "waited\n"
    assert following.wait(60) == 0


def test_a_run_is_canceled_once(place, tmp_path):
    run = place.start(steps.waiting, {"flag": str(tmp_path / "never")}, force=True)
    place.until(run, "wait  running")
    assert f"Canceling run {run}" in place.amlkit("runs", "cancel", run).stderr
    place.until(run, "canceled")
    assert "is over: Canceled" in place.amlkit("runs", "cancel", run).stderr


def test_one_step_is_canceled(place, tmp_path):
    run = place.start(steps.waiting, {"flag": str(tmp_path / "never")}, force=True)
    place.until(run, "wait  running")
    assert f"Canceling step `wait` of run {run}" in place.amlkit("runs", "cancel", run, "wait").stderr
    place.until(run, "wait  canceled")
    assert "say   ran" in place.ok("runs", "show", run)


def test_two_runs_are_compared_by_what_differs(place, talks):
    first, second = (run.id for run in talks)
    told = place.ok("runs", "compare", first, second)
    assert [line.split() for line in told.splitlines() if "say.word" in line] == [["say.word", "first", "→", "second"]]
    assert "command" not in told
    everything = place.ok("runs", "compare", first, second, "--all")
    assert "say.command" in everything
    facts = json.loads(place.ok("runs", "compare", first, second, "-o", "json"))["facts"]
    word = {"topic": "parameters", "step": "", "name": "word", "first": "first", "second": "second", "differs": True}
    assert word in facts
    assert {fact["topic"] for fact in facts} <= {"parameters", "duration", "outcome"}


def test_the_workspace_of_another_stack_is_not_taken(place, talks, tmp_path):
    (tmp_path / "Pulumi.yaml").write_text("name: p\nruntime: python\n")
    (tmp_path / "Pulumi.dev.yaml").write_text("config: {'amlkit:target': azure, 'azure-native:subscriptionId': s}\n")
    (tmp_path / ".azureml").mkdir()
    config = {"subscription_id": "s", "resource_group": "g", "workspace_name": "w", "amlkit_stack": "local"}
    (tmp_path / ".azureml" / "config.json").write_text(json.dumps(config))
    command = [*COMMAND, "runs", "--stack", "dev"]
    told = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, env={**os.environ, "PATH": "/none"})
    assert told.returncode == 1
    assert "no workspace of stack `dev` is known yet: " in told.stderr
    assert "amlkit up --stack dev`" in told.stderr


@pytest.mark.parametrize("name", ["", "x y", "../..", "a/b", "%2e%2e", "?"])
def test_what_cannot_be_the_name_of_a_run_meets_none(place, talks, name):
    for command in ("show", "logs", "cancel"):
        assert f"no such run: {name!r}" in place.refused("runs", command, name)
