"""Names that Azure takes, whatever pipelines and stacks are called."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amlkit.errors import DefinitionError
from amlkit.infra.names import RULES, azure_name, deployment_name, endpoint_name

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


LEGAL = {
    "resource-group": r"[-\w._()]{0,89}[-\w_()]",
    "storage-account": r"[a-z0-9]{3,24}",
    "key-vault": r"(?!.*--)[A-Za-z][A-Za-z0-9-]{1,22}[A-Za-z0-9]",
    "container-registry": r"[A-Za-z0-9]{5,50}",
    "insights": r"[-\w.()]{1,255}",
    "log-analytics": r"[A-Za-z0-9][A-Za-z0-9-]{2,61}[A-Za-z0-9]",
    "identity": r"[A-Za-z0-9][A-Za-z0-9_-]{2,127}",
    "workspace": r"[a-zA-Z0-9][a-zA-Z0-9_-]{2,32}",
    "endpoint": ENDPOINT.pattern,
    "data-factory": r"[A-Za-z0-9](?!.*--)[A-Za-z0-9-]{1,61}[A-Za-z0-9]",
    "databricks": r"[A-Za-z0-9_-]{3,64}",
}
"""What Azure takes, said once more in another way."""


@given(kind=st.sampled_from(sorted(LEGAL)), name=st.text(max_size=70), stack=st.text(max_size=70))
def test_a_name_of_any_kind_is_legal_whatever_it_is_made_of(kind, name, stack):
    assert re.fullmatch(LEGAL[kind], azure_name(kind, name, stack))


def test_every_kind_has_its_rule():
    assert LEGAL.keys() == RULES.keys()


@pytest.mark.parametrize("kind", ["storage-account", "key-vault", "container-registry", "data-factory", "endpoint"])
def test_names_that_the_world_shares_differ_by_subscription_and_others_need_not(kind):
    assert azure_name(kind, "digits", "dev", salt=("a",)) != azure_name(kind, "digits", "dev", salt=("b",))
    assert azure_name("workspace", "digits", "dev", salt=("a",)) == "digits-dev"


def test_an_unknown_kind_is_refused_with_those_there_are():
    with pytest.raises(DefinitionError, match="no such kind: cluster\n  hint: there are: resource-group, "):
        azure_name("cluster", "digits")
