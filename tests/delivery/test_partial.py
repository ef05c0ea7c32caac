"""A part of a pipeline, as a pure function of a job's body."""

from __future__ import annotations

import pytest

from amlkit.delivery import partial
from amlkit.errors import DefinitionError


def node(out: str = "", **inputs: str):
    return {
        "type": "command",
        "inputs": {name: {"job_input_type": "literal", "value": value} for name, value in inputs.items()},
        "outputs": {"out": {"type": "literal", "value": f"${{{{parent.outputs.{out}}}}}"}} if out else {},
    }


def of(step: str) -> str:
    return f"${{{{parent.jobs.{step}.outputs.out}}}}"


BODY = {
    "jobType": "Pipeline",
    "jobs": {
        "load": node(raw="${{parent.inputs.raw}}"),
        "left": node(data=of("load")),
        "right": node(data=of("load"), rate="0.1"),
        "join": node("report", a=of("left"), b=of("right")),
        "aside": node("other", data=of("left")),
    },
    "outputs": {"report": {"jobOutputType": "uri_folder"}, "other": {"jobOutputType": "uri_folder"}},
}


def test_until_keeps_what_a_step_needs_and_the_outputs_that_are_still_written():
    part = partial.until(BODY, "join")
    assert part["jobs"].keys() == {"load", "left", "right", "join"}
    assert part["outputs"].keys() == {"report"}
    assert partial.until(BODY, "left")["outputs"] == {}


def test_from_takes_everything_else_from_what_was_made():
    wanted = partial.wanted_by(BODY, "left")
    assert wanted == {("load", "out"), ("right", "out")}
    made = {name: {"uri": f"azureml://{name[0]}", "type": "uri_folder"} for name in wanted}
    part = partial.since(BODY, "left", made)
    assert part["jobs"].keys() == {"left", "join", "aside"}
    assert part["jobs"]["left"]["inputs"]["data"] == {"job_input_type": "uri_folder", "uri": "azureml://load"}
    join = part["jobs"]["join"]["inputs"]
    assert join["a"]["value"] == of("left")
    assert join["b"] == {"job_input_type": "uri_folder", "uri": "azureml://right"}
    assert BODY["jobs"]["left"]["inputs"]["data"]["value"] == of("load"), "the body itself is left as it is"


def test_literals_and_parameters_of_the_steps_that_stay_are_untouched():
    part = partial.since(BODY, "right", {("load", "out"): {"uri": "u"}, ("left", "out"): {"uri": "v"}})
    assert part["jobs"]["right"]["inputs"]["rate"] == {"job_input_type": "literal", "value": "0.1"}


def test_from_the_first_step_needs_nothing():
    assert partial.wanted_by({**BODY, "jobs": {"load": BODY["jobs"]["load"]}}, "load") == frozenset()


@pytest.mark.parametrize("call", [partial.until, partial.wanted_by, lambda body, step: partial.since(body, step, {})])
def test_an_unknown_step_is_refused_with_the_close_one(call):
    with pytest.raises(DefinitionError, match="did you mean `join`"):
        call(BODY, "joint")


def test_every_output_that_is_missing_is_said():
    with pytest.raises(DefinitionError) as caught:
        partial.since(BODY, "join", {})
    assert [problem.where for problem in caught.value.problems] == ["left.out", "right.out"]


def test_an_input_that_no_step_of_the_part_reads_is_refused():
    partial.refuse_unread(partial.until(BODY, "left"), ["raw"])
    part = partial.since(BODY, "right", {("load", "out"): {"uri": "u"}, ("left", "out"): {"uri": "v"}})
    with pytest.raises(DefinitionError, match="raw: no step of this part reads it"):
        partial.refuse_unread(part, ["raw"])
