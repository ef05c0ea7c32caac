"""Names that Azure takes, whatever pipelines and stacks are called."""

import re

import pytest

from amlkit.infra.names import deployment_name, endpoint_name

ENDPOINT = re.compile(r"[A-Za-z](?!.*--)[A-Za-z0-9-]{1,30}[A-Za-z0-9]")
WORKSPACE = "/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces/w"


@pytest.mark.parametrize(
    ("pipeline", "stack"),
    [("training", "local"), ("a" * 80, "dev"), ("under_score", "my.stack"), ("1st", "x"), ("", ""), ("_", "é" * 40)],
)
def test_an_endpoint_name_is_legal_and_keeps_what_can_be_read(pipeline, stack):
    assert ENDPOINT.fullmatch(endpoint_name(pipeline, stack, WORKSPACE))


def test_the_readable_part_comes_first():
    assert re.fullmatch(r"training-local-[0-9a-f]{6}", endpoint_name("training", "local", WORKSPACE))


def test_cut_names_stay_different_and_case_of_an_id_does_not_count():
    one, other = (endpoint_name("a" * 40 + tail, "dev", WORKSPACE) for tail in "xy")
    assert one != other
    assert endpoint_name("t", "dev", WORKSPACE) == endpoint_name("t", "dev", WORKSPACE.upper())


def test_a_deployment_is_named_by_what_is_deployed():
    assert deployment_name("0123456789abcdef") == "v0123456789ab"
