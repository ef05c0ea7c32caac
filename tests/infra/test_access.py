"""Grants: named by what they say, with the roles that Azure knows."""

import re

import pytest
from pulumi.runtime import set_mocks

from amlkit.errors import DefinitionError
from amlkit.infra import NEEDS, ROLES, Access, Grant, GrantArgs
from amlkit.infra.access import assignment_name

from .recorder import ACCOUNT, REGISTRY, Recorder, run

READER = "Storage Blob Data Reader"


@pytest.fixture
def recorder():
    recorder = Recorder()
    set_mocks(recorder, project="digits", stack="dev")
    return recorder


def test_a_grant_sends_exactly_this(recorder):
    run(lambda: Grant("read", GrantArgs(principal_id="p", role=READER, scope=ACCOUNT)))
    assert recorder.inputs("RoleAssignment read") == {
        "scope": ACCOUNT.strip("/"),
        "principalId": "p",
        "principalType": "ServicePrincipal",
        "roleDefinitionId": f"/subscriptions/s/providers/Microsoft.Authorization/roleDefinitions/{ROLES[READER]}",
        "roleAssignmentName": assignment_name("p", READER, ACCOUNT),
    }


def test_a_grant_is_named_by_what_it_says_whatever_the_case():
    name = assignment_name("P", READER, ACCOUNT)
    assert name == assignment_name("p", ROLES[READER], ACCOUNT.upper())
    others = [("q", READER, ACCOUNT), ("p", "Reader", ACCOUNT), ("p", READER, REGISTRY)]
    assert len({name, *(assignment_name(*each) for each in others)}) == 4


def test_a_role_of_ones_own_is_given_by_its_guid(recorder):
    own = "0A0A0A0A-0000-1111-2222-333333333333"
    run(lambda: Grant("own", GrantArgs(principal_id="p", role=own, scope=ACCOUNT, principal_type="Group")))
    sent = recorder.inputs("RoleAssignment own")
    assert sent["roleDefinitionId"].endswith(f"/roleDefinitions/{own.lower()}")
    assert sent["principalType"] == "Group"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"role": "Storage Blob Reader"}, "no such role: Storage Blob Reader\n  hint: did you mean `Storage Blob Data"),
        ({"role": "xyz"}, "no such role: xyz\n  hint: a GUID, or one of: AcrPull"),
        ({"scope": "theirs"}, "grant.scope: not an ARM id: theirs"),
        ({"principal_type": "Robot"}, "grant.principal_type: Input should be"),
    ],
)
def test_a_wrong_argument_is_told(arguments, message):
    with pytest.raises(DefinitionError) as caught:
        GrantArgs.of("grant", **{"principal_id": "p", "role": READER, "scope": ACCOUNT, **arguments})
    assert message in str(caught.value)


def test_access_grants_on_the_parts_that_there_are(recorder):
    parts = {"storage": ACCOUNT, "registry": None}
    run(lambda: Access("train", who="cluster", principal_id="p", parts=parts))
    assert recorder.azure() == ["RoleAssignment train-storage-storage-blob-data-contributor"]


def test_every_role_that_is_needed_is_known_and_every_need_has_a_reason():
    for needs in NEEDS.values():
        assert all(need.role in ROLES and need.reason for need in needs)
        assert len({(need.part, need.role) for need in needs}) == len(needs)
    assert all(re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", guid) for guid in ROLES.values())
