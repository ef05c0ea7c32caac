"""Azure Resource Manager as the stand-in answers it: shapes, refusals, and what is not there."""

import uuid
from typing import Any

import pytest

from amlkit.home import SUBSCRIPTION

from .conftest import ML, VERSION, StandIn, Workspace, error_of, make_account

KINDS: list[tuple[str, dict[str, Any], str]] = [
    ("Microsoft.KeyVault/vaults", {"properties": {"tenantId": "t", "sku": {"name": "standard"}}}, "vaultUri"),
    ("Microsoft.Insights/components", {"kind": "web", "properties": {"Application_Type": "web"}}, "InstrumentationKey"),
    ("Microsoft.OperationalInsights/workspaces", {}, "customerId"),
    ("Microsoft.ContainerRegistry/registries", {"sku": {"name": "Basic"}}, "loginServer"),
    ("Microsoft.ManagedIdentity/userAssignedIdentities", {}, "principalId"),
]


def test_an_unknown_route_is_501_and_names_what_exists(stand_in: StandIn, group: str) -> None:
    answer = stand_in.arm("GET", f"{group}/providers/Microsoft.Network/virtualNetworks/v")
    assert error_of(answer) == (501, "NotImplemented")
    assert "Microsoft.Network/virtualNetworks/v does not exist" in answer.json()["error"]["message"]
    assert any("storageAccounts" in each["message"] for each in answer.json()["error"]["details"])


def test_an_unknown_method_is_501_and_names_the_methods_that_exist(stand_in: StandIn, group: str) -> None:
    answer = stand_in.arm("POST", group, {})
    assert error_of(answer) == (501, "NotImplemented")
    assert "PUT /subscriptions/{subscription}/resourceGroups/{group}" in answer.json()["error"]["message"]


def test_the_api_version_is_required(stand_in: StandIn) -> None:
    path = f"/subscriptions/{SUBSCRIPTION}/resourceGroups"
    answer = stand_in.http.get(path, headers={"Authorization": f"Bearer {stand_in.token()}"})
    assert error_of(answer) == (400, "MissingApiVersionParameter")


def test_another_subscription_is_404(stand_in: StandIn) -> None:
    answer = stand_in.arm("GET", f"/subscriptions/{uuid.uuid4()}/resourceGroups")
    assert error_of(answer) == (404, "SubscriptionNotFound")


def test_paths_match_in_any_case_and_ids_keep_the_first_spelling(stand_in: StandIn, group: str) -> None:
    other = group.replace("resourceGroups", "resourcegroups").upper().replace("/SUBSCRIPTIONS", "/subscriptions")
    assert stand_in.arm("GET", other).json()["id"] == group
    assert stand_in.arm("PUT", other, {"location": "West Europe"}).json()["id"] == group


def test_a_body_that_is_not_json_or_no_object_is_400(stand_in: StandIn, group: str) -> None:
    headers = {"Authorization": f"Bearer {stand_in.token()}", "Content-Type": "application/json"}
    for content in (b"{", b"[]", b""):
        answer = stand_in.http.put(group, params={"api-version": VERSION}, content=content, headers=headers)
        assert error_of(answer) == (400, "InvalidRequestContent")


WRONG: list[Any] = [
    {"location": 1},
    {"location": "x", "properties": "x"},
    {"location": "x", "properties": {"properties": "x", "sku": "x", "credentials": "x", "defaults": "x"}},
    {"location": "x", "sku": "x"},
    {"location": "x", "identity": {"type": 1}},
    {"properties": {"componentSpec": "x", "deploymentConfiguration": "x", "computeType": ["x"]}},
]


@pytest.mark.parametrize("body", WRONG, ids=str)
def test_members_of_another_type_are_refused_and_break_nothing(workspace: Workspace, body: Any) -> None:
    group = workspace.id.partition("/providers/")[0]
    types = [type_ for type_, _, _ in KINDS] + ["Microsoft.MachineLearningServices/workspaces"]
    paths = [f"{group}/providers/{type_}/x12345" for type_ in types]
    paths += [f"{workspace.id}/{kind}/x123" for kind in ("datastores", "computes", "batchEndpoints")]
    paths += [f"{workspace.id}/{kind}/x123/versions/1" for kind in ("codes", "environments", "components", "data")]
    answers = {path: workspace.stand_in.arm("PUT", path, body) for path in paths}
    assert {path: answer.text for path, answer in answers.items() if answer.status_code >= 500} == {}


def test_a_resource_in_a_missing_group_is_404(stand_in: StandIn) -> None:
    path = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/nowhere/providers/Microsoft.KeyVault/vaults/kv-1"
    assert error_of(stand_in.arm("GET", path)) == (404, "ResourceGroupNotFound")
    assert error_of(stand_in.arm("PUT", path, {"location": "x"})) == (404, "ResourceGroupNotFound")


def test_a_location_is_needed_and_does_not_change(stand_in: StandIn, group: str) -> None:
    assert error_of(stand_in.arm("PUT", f"{group}-b", {})) == (400, "LocationRequired")
    assert stand_in.arm("PUT", group, {"location": "West Europe"}).status_code == 200
    assert error_of(stand_in.arm("PUT", group, {"location": "northeurope"})) == (409, "InvalidResourceLocation")


def test_a_put_replaces_tags_and_keeps_who_made_it(stand_in: StandIn, group: str) -> None:
    first = stand_in.arm("PUT", group, {"location": "westeurope", "tags": {"a": "1"}}).json()
    second = stand_in.arm("PUT", group, {"location": "westeurope"}).json()
    assert (first["tags"], second["tags"]) == ({"a": "1"}, {})
    assert first["systemData"]["createdAt"] == second["systemData"]["createdAt"]


def test_storage_account_names_are_unique_everywhere(stand_in: StandIn, account: str) -> None:
    other = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/other-{uuid.uuid4().hex[:6]}"
    stand_in.made(other, {"location": "westeurope"})
    body = {"location": "westeurope", "kind": "StorageV2", "sku": {"name": "Standard_LRS"}}
    path = f"{other}/providers/Microsoft.Storage/storageAccounts/{account.rpartition('/')[2]}"
    assert error_of(stand_in.arm("PUT", path, body)) == (409, "StorageAccountAlreadyTaken")
    stand_in.arm("DELETE", other)


def test_a_storage_account_has_endpoints_and_keys_that_stay(stand_in: StandIn, account: str) -> None:
    document = stand_in.arm("GET", account).json()
    blob = document["properties"]["primaryEndpoints"]["blob"]
    assert blob == f"https://{document['name']}.blob.core.amlkit.test/"
    keys = [stand_in.arm("POST", f"{account}/listKeys").json()["keys"] for _ in range(2)]
    assert keys[0] == keys[1]
    assert [key["keyName"] for key in keys[0]] == ["key1", "key2"]


@pytest.mark.parametrize("name", ["UPPER", "st", "a-b-c", "x" * 25])
def test_an_illegal_account_name_is_refused(stand_in: StandIn, group: str, name: str) -> None:
    body = {"location": "westeurope", "kind": "StorageV2", "sku": {"name": "Standard_LRS"}}
    answer = stand_in.arm("PUT", f"{group}/providers/Microsoft.Storage/storageAccounts/{name}", body)
    assert error_of(answer) == (400, "InvalidResourceName")


def test_a_container_is_a_folder(stand_in: StandIn, account: str) -> None:
    path = f"{account}/blobServices/default/containers/corpora"
    assert error_of(stand_in.arm("GET", path)) == (404, "ContainerNotFound")
    assert stand_in.made(path, {"properties": {}})["name"] == "corpora"
    assert stand_in.arm("PUT", path, {}).status_code == 200
    folder = stand_in.home.data / account.rpartition("/")[2] / "corpora"
    assert folder.is_dir()
    assert stand_in.arm("DELETE", path).status_code == 200
    assert not folder.exists()
    missing = stand_in.arm("PUT", path.replace(account, f"{account}x"), {})
    assert error_of(missing) == (404, "ParentResourceNotFound")


def test_deleting_a_group_removes_everything_below_and_its_data(stand_in: StandIn, group: str) -> None:
    account = make_account(stand_in, group)
    assert stand_in.arm("DELETE", group).status_code == 200
    assert error_of(stand_in.arm("GET", account)) == (404, "ResourceGroupNotFound")
    assert not (stand_in.home.data / account.rpartition("/")[2]).exists()
    assert stand_in.arm("DELETE", group).status_code == 204


@pytest.mark.parametrize(("type_", "body", "computed"), KINDS)
def test_the_platforms_resources_are_kept_with_what_azure_adds(
    stand_in: StandIn, group: str, type_: str, body: dict[str, Any], computed: str
) -> None:
    path = f"{group}/providers/{type_}/x{uuid.uuid4().hex[:10]}"
    made = stand_in.made(path, {"location": "westeurope", "tags": {"a": "b"}} | body)
    assert made["properties"][computed]
    assert (made["id"], made["type"], made["tags"]) == (path, type_, {"a": "b"})
    assert stand_in.arm("GET", path).json() == made
    assert [each["id"] for each in stand_in.arm("GET", f"{group}/providers/{type_}").json()["value"]] == [path]
    assert stand_in.arm("DELETE", path).status_code == 200
    assert error_of(stand_in.arm("GET", path)) == (404, "ResourceNotFound")


def test_a_role_is_assigned_once_and_its_principal_does_not_change(stand_in: StandIn, account: str) -> None:
    body = {"properties": {"principalId": str(uuid.uuid4()), "roleDefinitionId": "/role", "principalType": "User"}}
    path = f"{account}/providers/Microsoft.Authorization/roleAssignments/{uuid.uuid4()}"
    assert stand_in.made(path, body)["properties"]["scope"] == account
    twice = f"{account}/providers/Microsoft.Authorization/roleAssignments/{uuid.uuid4()}"
    assert error_of(stand_in.arm("PUT", twice, body)) == (409, "RoleAssignmentExists")
    other = {"properties": body["properties"] | {"principalId": str(uuid.uuid4())}}
    assert error_of(stand_in.arm("PUT", path, other)) == (400, "RoleAssignmentUpdateNotPermitted")


def test_a_workspace_comes_with_datastores_and_their_containers(workspace: Workspace) -> None:
    document = workspace.stand_in.arm("GET", workspace.id).json()
    assert document["identity"]["principalId"]
    found = workspace.call("GET", "datastores").json()["value"]
    guid = document["properties"]["workspaceId"]
    places = {each["name"]: _place(each["properties"]) for each in found}
    assert places == {
        "workspaceblobstore": ("AzureBlob", f"{workspace.account}/azureml-blobstore-{guid}"),
        "workspaceartifactstore": ("AzureBlob", f"{workspace.account}/azureml"),
        "workspacefilestore": ("AzureFile", f"{workspace.account}.file/azureml-filestore-{guid}"),
        "workspaceworkingdirectory": (
            "AzureFile",
            f"{workspace.account}.file/code-391ff5ac-6576-460f-ba4d-7e03433c68b6",
        ),
    }
    assert all((workspace.stand_in.home.data / folder).is_dir() for _, folder in places.values())
    assert {each["properties"]["credentials"]["credentialsType"] for each in found} == {"AccountKey"}
    default = workspace.call("GET", "datastores", query={"isDefault": "true"}).json()["value"]
    assert [each["name"] for each in default] == ["workspaceblobstore"]


def _place(properties: dict[str, Any]) -> tuple[str, str]:
    kind, account = properties["datastoreType"], properties["accountName"]
    share = properties.get("fileShareName")
    return kind, f"{account}.file/{share}" if share else f"{account}/{properties['containerName']}"


def test_a_workspace_that_wants_no_keys_has_default_datastores_without_credentials(workspace: Workspace) -> None:
    document = workspace.stand_in.arm("GET", workspace.id).json()
    for mode, wanted in (("Identity", "None"), ("AccessKey", "AccountKey")):
        properties = document["properties"] | {"systemDatastoresAuthMode": mode}
        assert workspace.stand_in.arm("PUT", workspace.id, document | {"properties": properties}).status_code == 200
        found = workspace.call("GET", "datastores").json()["value"]
        default = {each["name"]: each for each in found}["workspacefilestore"]["properties"]
        assert default["credentials"] == {"credentialsType": wanted}


def test_a_workspace_on_storage_that_does_not_exist_is_refused(stand_in: StandIn, group: str) -> None:
    properties = {"storageAccount": f"{group}/providers/Microsoft.Storage/storageAccounts/none", "keyVault": "/kv"}
    body = {"location": "westeurope", "identity": {"type": "SystemAssigned"}, "properties": properties}
    assert error_of(stand_in.arm("PUT", f"{group}/{ML}/ws-1", body)) == (400, "ValidationError")


def test_datastore_secrets_are_given_out_on_request_only(workspace: Workspace) -> None:
    secrets = {"secretsType": "AccountKey", "key": "a2V5"}
    credentials = {"credentialsType": "AccountKey", "secrets": secrets}
    kind = {"datastoreType": "AzureBlob", "accountName": workspace.account, "containerName": "corpora"}
    made = workspace.made("datastores/corpora", {"properties": kind | {"credentials": credentials}})
    assert "secrets" not in made["properties"]["credentials"]
    assert "a2V5" not in workspace.call("GET", "datastores").text
    assert workspace.call("POST", "datastores/corpora/listSecrets", {}).json() == secrets


def test_a_clusters_vm_size_cannot_change(workspace: Workspace) -> None:
    def body(size: str, nodes: int) -> dict[str, Any]:
        inner = {"vmSize": size, "scaleSettings": {"minNodeCount": 0, "maxNodeCount": nodes}}
        return {"location": "westeurope", "properties": {"computeType": "AmlCompute", "properties": inner}}

    made = workspace.made("computes/cpu", body("STANDARD_DS3_V2", 2))
    assert made["properties"]["provisioningState"] == "Succeeded"
    scaled = workspace.call("PUT", "computes/cpu", body("standard_ds3_v2", 4))
    assert scaled.json()["properties"]["properties"]["scaleSettings"]["maxNodeCount"] == 4
    answer = workspace.call("PUT", "computes/cpu", body("STANDARD_NC6", 4))
    assert error_of(answer) == (400, "UserError")
    assert "vmSize" in answer.text


@pytest.mark.parametrize(("type_", "body", "computed"), KINDS)
def test_a_patch_changes_what_it_names(
    stand_in: StandIn, group: str, type_: str, body: dict[str, Any], computed: str
) -> None:
    path = f"{group}/providers/{type_}/x{uuid.uuid4().hex[:10]}"
    made = stand_in.made(path, {"location": "westeurope", "tags": {"a": "b"}} | body)
    changed = stand_in.arm("PATCH", path, {"tags": {"c": "d"}}).json()
    assert changed["tags"] == {"c": "d"}
    assert changed["properties"][computed] == made["properties"][computed]
    everywhere = stand_in.arm("GET", f"/subscriptions/{SUBSCRIPTION}/providers/{type_}").json()["value"]
    assert path in [each["id"] for each in everywhere]
