"""`amlkit explain`: a line a step, what changed of one step, line by line with `--diff`; likely reasons on Azure."""

from __future__ import annotations

import json

import pytest

from amlkit.delivery.explanation import likely
from tests.testing.sample import steps


@pytest.fixture(scope="module")
def runs(place):
    """Three: a first one, one with another word, one with nothing changed."""
    return [place.run(steps.talk, {"word": word}, experiment="explain") for word in ("one", "two", "two")]


def test_each_step_has_a_line_with_its_reason(place, runs):
    assert [line.split()[:2] for line in place.ok("explain", runs[0].id).splitlines()] == [
        ["say", "ran"],
        ["tell", "ran"],
    ]
    say, tell = place.ok("explain", runs[1].id).splitlines()
    assert say.endswith("parameters changed: word changed")
    assert tell.endswith("inputs changed: heard changed")
    for line in place.ok("explain", runs[2].id).splitlines():
        assert line.endswith(f"nothing changed since run {runs[1].id}")


def test_of_one_step_the_values_are_told(place, runs):
    assert "  parameters.word: one → two\n" in place.ok("explain", runs[1].id, "say")
    assert len(place.ok("explain", runs[2].id, "say").splitlines()) == 1


def test_a_diff_names_the_files_of_data_that_differ(place, runs):
    told = place.ok("explain", runs[1].id, "--diff")
    assert "parameters.word: one → two" in told
    assert "    word.txt changed\n" in told


def test_as_json_it_holds_the_ingredients(place, runs):
    (step,) = json.loads(place.ok("explain", runs[1].id, "say", "-o", "json"))["steps"]
    assert (step["step"], step["outcome"], step["likely"]) == ("say", "ran", False)
    assert step["ingredients"][0]["name"] == "parameters"
    assert step["ingredients"][0]["changes"][0]["new"] == "two"


def test_a_step_that_is_not_there_is_refused(place, runs):
    assert "did you mean `say`?" in place.refused("explain", runs[0].id, "sey")


def test_where_a_service_gives_no_reason_it_is_inferred_and_says_so():
    was = {("code", "slow", "code"): "train:1", ("parameters", "slow", "rate"): "0.1"}
    now = {("code", "slow", "code"): "train:2", ("parameters", "slow", "rate"): "0.2"}
    assert likely("slow", was, now) == "likely code changed: code train:1 → train:2"
    assert likely("slow", was, {**was, ("parameters", "slow", "rate"): "0.2"}) == (
        "likely parameters changed: rate 0.1 → 0.2"
    )
    assert likely("slow", None, now) == "likely first run"
    assert likely("slow", was, was).startswith("likely what a step before it wrote is new")
