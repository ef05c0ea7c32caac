"""Role definitions and assignments: found by name, assigned once, never changed."""

import uuid
from typing import Any

import pytest

from amlkit.home import SUBSCRIPTION

from .conftest import StandIn, error_of

DEFINITIONS = "providers/Microsoft.Authorization/roleDefinitions"
ASSIGNMENTS = "providers/Microsoft.Authorization/roleAssignments"
READER = "acdd72a7-3385-48ef-bd42-f606fba81ae7"
ROOT = f"/subscriptions/{SUBSCRIPTION}"


def assignment(role: str = READER, **more: Any) -> dict[str, Any]:
    role_id = f"{ROOT}/{DEFINITIONS}/{role}"
    properties = {"principalId": str(uuid.uuid4()), "roleDefinitionId": role_id, "principalType": "ServicePrincipal"}
    return {"properties": properties | more}


def test_a_built_in_role_is_found_by_its_name_at_any_scope(stand_in: StandIn, account: str) -> None:
    for scope in (ROOT, account):
        query = {"$filter": "roleName eq 'Reader'"}
        found = stand_in.arm("GET", f"{scope}/{DEFINITIONS}", query=query).json()["value"]
        assert [each["name"] for each in found] == [READER]
    assert stand_in.arm("GET", f"{ROOT}/{DEFINITIONS}/{READER}").json()["properties"]["type"] == "BuiltInRole"
    other = stand_in.arm("GET", f"{ROOT}/{DEFINITIONS}/{uuid.uuid4()}")
    assert error_of(other) == (404, "RoleDefinitionDoesNotExist")
    assert error_of(stand_in.arm("GET", f"{ROOT}/{DEFINITIONS}", query={"$filter": "x"})) == (400, "InvalidFilter")
    body = {"properties": {"roleName": "Reader", "permissions": [{}], "assignableScopes": ["/"]}}
    assert error_of(stand_in.arm("PUT", f"{ROOT}/{DEFINITIONS}/{READER}", body))[0] == 403


def test_a_role_of_ones_own_lives_until_nobody_has_it(stand_in: StandIn, group: str) -> None:
    name = str(uuid.uuid4())
    path = f"{group}/{DEFINITIONS}/{name}"
    properties = {"roleName": f"Trainer {name}", "permissions": [{"actions": ["*/read"]}], "assignableScopes": [group]}
    made = stand_in.made(path, {"properties": properties})
    assert made["properties"]["type"] == "CustomRole"
    twice = stand_in.arm("PUT", f"{group}/{DEFINITIONS}/{uuid.uuid4()}", {"properties": properties})
    assert error_of(twice) == (409, "RoleDefinitionWithSameNameExists")
    given = f"{group}/{ASSIGNMENTS}/{uuid.uuid4()}"
    stand_in.made(given, assignment(roleDefinitionId=path))
    assert error_of(stand_in.arm("DELETE", path)) == (400, "RoleDefinitionHasAssignments")
    stand_in.arm("DELETE", given)
    assert stand_in.arm("DELETE", path).status_code == 200


@pytest.mark.parametrize(
    "change", [{"roleDefinitionId": "/other"}, {"principalId": "other"}, {"principalType": "User"}]
)
def test_an_assignment_is_not_changed(stand_in: StandIn, account: str, change: dict[str, str]) -> None:
    path, body = f"{account}/{ASSIGNMENTS}/{uuid.uuid4()}", assignment()
    stand_in.made(path, body)
    assert stand_in.arm("PUT", path, body).status_code in (200, 201)
    answer = stand_in.arm("PUT", path, {"properties": body["properties"] | change})
    assert error_of(answer) == (400, "RoleAssignmentUpdateNotPermitted")


def test_assignments_are_listed_at_above_and_below_a_scope(stand_in: StandIn, group: str, account: str) -> None:
    me = str(uuid.uuid4())
    above, at = f"{group}/{ASSIGNMENTS}/{uuid.uuid4()}", f"{account}/{ASSIGNMENTS}/{uuid.uuid4()}"
    stand_in.made(above, assignment(principalId=me))
    stand_in.made(at, assignment(principalId=me))

    def listed(scope: str, text: str) -> list[str]:
        query = {"$filter": text}
        return [each["id"] for each in stand_in.arm("GET", f"{scope}/{ASSIGNMENTS}", query=query).json()["value"]]

    mine = f"principalId eq '{me}'"
    assert sorted(listed(account, mine)) == sorted(listed(group, mine)) == sorted([above, at])
    assert listed(group, f"atScope() and assignedTo('{me}')") == [above]
    assert listed(group, f"principalId eq '{uuid.uuid4()}'") == []
    refused = stand_in.arm("GET", f"{group}/{ASSIGNMENTS}", query={"$filter": "x eq 1"})
    assert error_of(refused) == (400, "InvalidFilter")
