"""YAML of many shapes: run by azure-ai-ml itself and by `amlkit run`, read back, streamed, listed, downloaded."""

from __future__ import annotations

from typing import Any

import pytest

TEXTS = {
    "anchors": "one\ntwo\nthree\nzürich é\n",
    "command_full": "ONE TWO THREE TRUE 3 0.25 NAÏVE GRÜSSE 007 []!",
    "components": "ALPHA SECOND THIRD=4 HIGH TRUEB SECOND LOW FALSEW_ALPHA_W-X 1.0alone\n",
    "crlf": "second\n",
    "data": "three\none\ntwo\nx,y\nk\nk\none\ntwo\none\ntwo\nflavors: {}\nflavors: {}\npage\nthree\nazureml://\n",
    "distributed": "0 of 4\n1 of 4\n2 of 4\n3 of 4\n",
    "left_out": "here\n",
    "nested": "top_2\nagain_5\ntop_2\nmid_2\n",
    "outputs": "placed\n",
    "parallel": "A.TXT\nA.TXT+\nB.TXT\nB.TXT+\n",
    "registered": "one\ntwo\nthree\n",
    "sweep_job": "0.7849750535589872\nthree\n",
    "sweep_node": "2.5\nthree\n",
}
FILES = "shapes"
STEPS: dict[str, Any] = {
    "components": ["from_file", "from_file_with_prefix", "inline", "one_file", "last"],
    "nested": ["a group", "defaults", "collect"],
    "parallel": ["by_component", "inline", "collect"],
    "registered": ["by_version", "by_label", "by_default"],
    "sweep_node": ["search", "use"],
}


@pytest.mark.parametrize("shape", TEXTS)
def test_the_client_submits_streams_and_downloads(facts: dict[str, Any], shape: str) -> None:
    found = facts["client"][shape]
    assert isinstance(found, dict), found
    assert (found["state"], found["text"], found["named"]) == ("Completed", TEXTS[shape], TEXTS[shape])
    assert "Execution Summary" in found["said"]
    assert "named-outputs/result/text" in found["files"]
    assert any(name.startswith("artifacts/") for name in found["files"])


@pytest.mark.parametrize("shape", TEXTS)
def test_amlkit_runs_the_same_file(facts: dict[str, Any], shape: str) -> None:
    found = facts["amlkit"][shape]
    assert isinstance(found, dict), found
    assert (found["code"], found["text"]) == (0, TEXTS[shape]), found["out"] + found["err"]


@pytest.mark.parametrize("shape", STEPS)
def test_the_client_lists_the_children(facts: dict[str, Any], shape: str) -> None:
    assert sorted(facts["client"][shape]["tree"]) == sorted(STEPS[shape])


def test_children_of_children_are_listed(facts: dict[str, Any]) -> None:
    inside: dict[str, Any] = {"deep": {"say": {}}, "deeper": {"say": {}}}
    assert facts["client"]["nested"]["tree"] == {"a group": inside, "defaults": inside, "collect": {}}
    trials = facts["client"]["sweep_node"]["tree"]["search"]
    assert sorted(trials) == ["search_0", "search_1", "search_2"]


def test_names_tags_and_descriptions_come_back(facts: dict[str, Any]) -> None:
    named = ["pipeline", "Wörter zählen 数える", {"größe": "klein", "a b": "c=d"}, "Ω ≈ ∑"]
    assert facts["client"]["anchors"]["read"] == named
    full = ["command", "a full command", {"team": "letters", "level": "3"}, "Words over two lines."]
    assert facts["client"]["command_full"]["read"] == full


def test_a_failed_step_fails_the_run_and_others_go_on(facts: dict[str, Any]) -> None:
    found, ran = facts["client"]["failing"], facts["amlkit"]["failing"]
    assert (found["state"], found["text"]) == ("Failed", "still\n")
    assert "step `breaks` failed with exit code 3" in found["said"]
    assert ran["code"] == 1
    assert "step `breaks` failed with exit code 3" in ran["err"]
    assert "  before\n" in ran["err"]


def test_the_log_says_which_settings_mean_nothing_here(facts: dict[str, Any]) -> None:
    named = "services lab, shell; identity; queue_settings; instance_type; docker_args"
    assert f"settings that mean nothing on this machine: {named}\n" in facts["client"]["left_out"]["log"]


def test_what_azure_ai_ml_drops_from_a_step_is_said(facts: dict[str, Any]) -> None:
    found = facts["amlkit"]["typo"]
    assert found["code"] == 0
    assert "Warning: shapes/typo.yml: jobs.a.display_nam: Unknown field\n" in found["err"]


def test_a_pipeline_of_python_runs_reads_back_and_runs_again(facts: dict[str, Any]) -> None:
    assert facts["in_python"] == {
        "state": "Completed",
        "text": "WORT 3!",
        "said": "0\n1\n2\n",
        "read": ["shown", "shapes", {"a": "b"}, "Many", ["say_0", "say_1", "say_2", "last"]],
        "mode": "upload",
        "again": "Completed",
    }


def test_a_place_with_placeholders_is_filled(facts: dict[str, Any]) -> None:
    assert facts["placed"] == ["p\n", "azureml://datastores/workspaceblobstore/paths/c/NAME/result/"]


def test_a_long_run_is_cancelled_down_to_nested_steps(facts: dict[str, Any]) -> None:
    assert facts["cancelled"] == ["Canceled", {"waits": "Canceled", "group": "Canceled"}]


def test_a_job_is_archived_and_restored(facts: dict[str, Any]) -> None:
    assert facts["archived"] == [True, True, True]
