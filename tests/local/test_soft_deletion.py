"""What is deleted softly keeps its name: vaults and workspaces, by hand, with their group, until time has passed."""

import uuid
from collections.abc import Callable
from typing import Any

from amlkit.home import SUBSCRIPTION, TENANT

from .conftest import StandIn, Workspace, error_of, make_workspace
from .test_computes import moved  # noqa: F401  a fixture
from .test_control_door import control

DELETED = f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.KeyVault/deletedVaults"
VAULT = {
    "location": "westeurope",
    "properties": {"tenantId": TENANT, "sku": {"family": "A", "name": "standard"}, "softDeleteRetentionInDays": 7},
}
DAY = 86400


def deleted_names(stand_in: StandIn) -> list[str]:
    return [each["name"] for each in stand_in.arm("GET", DELETED).json()["value"]]


def test_a_vault_goes_softly_with_its_group_and_its_name_stays_taken(stand_in: StandIn, group: str) -> None:
    name = f"kv-{uuid.uuid4().hex[:10]}"
    lost = f"{group}-lost"
    stand_in.made(lost, {"location": "westeurope"})
    stand_in.made(f"{lost}/providers/Microsoft.KeyVault/vaults/{name}", VAULT)
    other = f"{group}/providers/Microsoft.KeyVault/vaults/{name}"
    assert error_of(stand_in.arm("PUT", other, VAULT)) == (409, "VaultAlreadyExists")
    stand_in.arm("DELETE", lost)
    assert name in deleted_names(stand_in)
    assert error_of(stand_in.arm("PUT", other, VAULT)) == (409, "ConflictError")
    recover = {**VAULT, "properties": {**VAULT["properties"], "createMode": "recover"}}  # type: ignore[dict-item]
    assert error_of(stand_in.arm("PUT", other, recover)) == (404, "DeletedVaultNotFound")


def test_a_deleted_vault_is_purged_when_its_time_is_over(
    stand_in: StandIn,
    group: str,
    moved: Callable[[float], Any],  # noqa: F811
) -> None:
    path = f"{group}/providers/Microsoft.KeyVault/vaults/kv-{uuid.uuid4().hex[:10]}"
    stand_in.made(path, VAULT)
    stand_in.arm("DELETE", path)
    moved(7 * DAY - 60)
    assert error_of(stand_in.arm("PUT", path, VAULT)) == (409, "ConflictError")
    moved(120)
    assert path.rpartition("/")[2] not in deleted_names(stand_in)
    assert stand_in.arm("PUT", path, VAULT).status_code == 201


def test_the_control_door_purges_a_scope(stand_in: StandIn, group: str) -> None:
    protected = {**VAULT, "properties": {**VAULT["properties"], "enablePurgeProtection": True}}  # type: ignore[dict-item]
    paths = [f"{group}/providers/Microsoft.KeyVault/vaults/kv-{uuid.uuid4().hex[:10]}" for _ in range(2)]
    for path in paths:
        stand_in.made(path, protected)
        stand_in.arm("DELETE", path)
    assert control(stand_in, "POST", "purge", {"scope": f"{group}x"}).status_code == 204
    assert {path.rpartition("/")[2] for path in paths} <= set(deleted_names(stand_in))
    assert control(stand_in, "POST", "purge", {"scope": group}).status_code == 204
    assert not {path.rpartition("/")[2] for path in paths} & set(deleted_names(stand_in))
    assert error_of(control(stand_in, "POST", "purge", {"scope": ""})) == (400, "InvalidRequestContent")


def test_what_a_vault_has_once_it_keeps(stand_in: StandIn, group: str) -> None:
    path = f"{group}/providers/Microsoft.KeyVault/vaults/kv-{uuid.uuid4().hex[:10]}"
    for days in (6, 91):
        body = {**VAULT, "properties": {**VAULT["properties"], "softDeleteRetentionInDays": days}}  # type: ignore[dict-item]
        assert error_of(stand_in.arm("PUT", path, body)) == (400, "BadRequest")
    stand_in.made(path, VAULT)
    for change in ({"softDeleteRetentionInDays": 8}, {"enableSoftDelete": False}):
        assert error_of(stand_in.arm("PATCH", path, {"properties": change})) == (400, "BadRequest")


def again(workspace: Workspace, properties: dict[str, Any]) -> Any:
    kept = {name: properties[name] for name in ("storageAccount", "keyVault")}
    body = {"location": "westeurope", "identity": {"type": "SystemAssigned"}, "properties": kept}
    return workspace.stand_in.arm("PUT", workspace.id, body)


def test_a_workspace_keeps_its_name_until_it_is_purged(workspace: Workspace) -> None:
    properties = workspace.stand_in.arm("GET", workspace.id).json()["properties"]
    workspace.stand_in.arm("DELETE", workspace.id)
    assert error_of(workspace.stand_in.arm("GET", workspace.id)) == (404, "ResourceNotFound")
    refused = again(workspace, properties)
    assert error_of(refused) == (400, "BadRequest")
    assert "Soft-deleted workspace exists" in refused.text
    assert workspace.stand_in.arm("DELETE", workspace.id, query={"forceToPurge": "true"}).status_code == 204
    made = again(workspace, properties)
    assert made.status_code == 200
    assert made.json()["properties"]["workspaceId"] != properties["workspaceId"]


def test_a_deleted_workspace_is_purged_after_14_days(workspace: Workspace, moved: Callable[[float], Any]) -> None:  # noqa: F811
    properties = workspace.stand_in.arm("GET", workspace.id).json()["properties"]
    workspace.stand_in.arm("DELETE", workspace.id)
    moved(14 * DAY - 60)
    assert again(workspace, properties).status_code == 400
    moved(120)
    assert again(workspace, properties).status_code == 200


def test_a_workspaces_storage_and_isolation_do_not_change(stand_in: StandIn, workspace: Workspace) -> None:
    group = workspace.id.partition("/providers/")[0]
    other = stand_in.arm("GET", make_workspace(stand_in, group).id).json()["properties"]
    for name in ("storageAccount", "keyVault"):
        change = {"properties": {name: other[name]}}
        assert error_of(stand_in.arm("PATCH", workspace.id, change)) == (400, "UpdateNotSupported")
    isolated = {"properties": {"managedNetwork": {"isolationMode": "AllowInternetOutbound"}}}
    assert stand_in.arm("PATCH", workspace.id, isolated).status_code == 200
    open_again = {"properties": {"managedNetwork": {"isolationMode": "Disabled"}}}
    assert error_of(stand_in.arm("PATCH", workspace.id, open_again)) == (400, "ValidationError")
