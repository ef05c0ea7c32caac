"""Check, diff, ids and drift, without any process: the rules as the official provider has them."""

import pytest

from amlkit.errors import EngineError
from amlkit.propertyvalues import UNKNOWN
from amlkit.provider.azure_native import body, outputs
from amlkit.provider.azure_native.check import Request, check
from amlkit.provider.azure_native.diff import diff
from amlkit.provider.azure_native.names import Autonaming
from amlkit.provider.azure_native.types import TYPES

ML = "machinelearningservices"
ACCOUNT = TYPES["storage:StorageAccount"]
ACCOUNT_NEWS = {"resourceGroupName": "rg", "location": "westeurope", "kind": "StorageV2", "sku": {"name": "x"}}


def checked(name, news, olds=None, *, location=None, groups=None, logical="it", autonaming=Autonaming(), seed=b"s"):  # noqa: B008
    request = Request(news, olds or {}, logical, seed, autonaming)
    return check(TYPES[name], request, location, (groups or {}).get)


def changes(row, old, new, outputs_=None):
    found = diff(row, old, new, outputs_ or {})
    return {change.path: (change.kind, change.replaces) for change in found.changes}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("storage:BlobContainer", "it"),
        (f"{ML}:Datastore", "it"),
        (f"{ML}:BatchDeployment", "it"),
        (f"{ML}:CodeVersion", "it"),
    ],
)
def test_a_child_is_named_after_its_logical_name(name, expected):
    inputs, _ = checked(name, {})
    assert inputs[TYPES[name].name_input] == expected
    assert "__createBeforeDelete" not in inputs


@pytest.mark.parametrize(
    "name", ["storage:StorageAccount", "resources:ResourceGroup", f"{ML}:BatchEndpoint", f"{ML}:Registry"]
)
def test_a_top_level_name_gets_eight_hex_digits_and_may_be_created_first(name):
    inputs, _ = checked(name, {})
    made = inputs[TYPES[name].name_input]
    assert made.startswith("it")
    assert len(made) == len("it") + 8
    int(made[2:], 16)
    assert inputs["__createBeforeDelete"] is True
    assert checked(name, {})[0] == inputs  # of one seed
    assert checked(name, {}, seed=b"other")[0] != inputs


def test_a_role_assignment_is_named_by_a_uuid():
    inputs, _ = checked("authorization:RoleAssignment", {})
    assert [len(part) for part in inputs["roleAssignmentName"].split("-")] == [8, 4, 4, 4, 12]


def test_a_name_stays_and_so_does_its_mark():
    olds = {"accountName": "it12345678", "__createBeforeDelete": True}
    inputs, _ = checked("storage:StorageAccount", ACCOUNT_NEWS, olds)
    assert inputs["accountName"] == "it12345678"
    assert inputs["__createBeforeDelete"] is True


def test_a_given_name_has_no_mark():
    inputs, problems = checked("storage:StorageAccount", {**ACCOUNT_NEWS, "accountName": "mine"})
    assert "__createBeforeDelete" not in inputs
    assert problems == ()


def test_the_engine_may_propose_and_forbid_names():
    proposed = checked("storage:BlobContainer", {}, autonaming=Autonaming("propose", "p"))[0]
    assert proposed["containerName"] == "p"
    assert proposed["__createBeforeDelete"] is True
    _, problems = checked("storage:StorageAccount", ACCOUNT_NEWS, autonaming=Autonaming("disable"))
    assert "missing required property 'accountName'" in problems


def test_a_long_logical_name_fails_instead_of_being_cut():
    _, problems = checked("storage:StorageAccount", ACCOUNT_NEWS, logical="averylongnameforanaccount")
    assert problems == ("'accountName' is too long (33): at most 24 characters allowed",)


@pytest.mark.parametrize(
    ("olds", "configured", "expected"),
    [({"location": "a"}, "b", "a"), ({}, "b", "b"), ({}, None, "c")],
)
def test_an_omitted_location_is_the_states_then_the_configs_then_the_groups(olds, configured, expected):
    news = {"resourceGroupName": "rg"}
    inputs, _ = checked(f"{ML}:Workspace", news, olds, location=configured, groups={"rg": "c"})
    assert inputs["location"] == expected


def test_an_unknown_group_means_an_unknown_location():
    inputs, problems = checked(
        "storage:StorageAccount", {**ACCOUNT_NEWS, "resourceGroupName": UNKNOWN, "location": None}
    )
    assert inputs["location"] == UNKNOWN
    assert problems == ()


def test_a_group_without_a_location_says_how_to_give_one():
    _, problems = checked("resources:ResourceGroup", {})
    expected = "Either set it explicitly or configure it with 'pulumi config set azure-native:location <value>'."
    assert problems == (f"missing required property 'location'. {expected}",)


def test_all_problems_are_told_at_once_with_their_places():
    news = {"resourceGroupName": "rg", "location": "x", "properties": {"sku": ["standard"], "tags": {"a": 1}}}
    _, problems = checked("keyvault:Vault", news)
    assert problems == (
        "'properties.sku' should be of type 'object' but got an array",
        "missing required property 'properties.tenantId'",
    )


def test_a_fraction_is_no_integer():
    news = {"resourceGroupName": "rg", "accountName": "a", "shareQuota": 1.5}
    _, problems = checked("storage:FileShare", {**news, "shareName": "abc"})
    assert problems == ("'shareQuota' must be an integer but got 1.500000",)


def test_the_api_version_is_an_input_and_nulls_are_not():
    inputs, _ = checked("storage:StorageAccount", {**ACCOUNT_NEWS, "tags": None})
    assert inputs["azureApiVersion"] == "2024-01-01"
    assert "tags" not in inputs


def test_equal_inputs_are_no_change_whatever_the_outputs_say():
    assert changes(ACCOUNT, ACCOUNT_NEWS, dict(ACCOUNT_NEWS), {"kind": "other", "tags": {"a": "b"}}) == {}


def test_case_and_spaces_of_a_location_and_case_of_a_group_are_the_same():
    old = {"location": "West Europe", "resourceGroupName": "RG"}
    assert changes(ACCOUNT, old, {"location": "westeurope", "resourceGroupName": "rg"}) == {}


def test_path_parameters_and_create_only_inputs_replace_and_others_do_not():
    old = {"accountName": "a", "isHnsEnabled": False, "tags": {"x": "1"}, "sku": {"name": "a"}}
    new = {"accountName": "b", "isHnsEnabled": True, "tags": {"x": "2", "y": "1"}, "sku": {"name": "b"}}
    assert changes(ACCOUNT, old, new) == {
        "accountName": ("update", True),
        "isHnsEnabled": ("update", True),
        "tags.x": ("update", False),
        "tags.y": ("add", False),
        "sku.name": ("update", False),
    }


@pytest.mark.parametrize("key", ["version", "name"])
def test_a_registered_version_is_replaced_by_its_names_only(key):
    row = TYPES[f"{ML}:ComponentVersion"]
    old = {"name": "n", "version": "1", "properties": {"componentSpec": {"command": "a"}}}
    assert changes(row, old, {**old, key: "2"}) == {key: ("update", True)}
    new = {**old, "properties": {"componentSpec": {"command": "b"}}}
    assert changes(row, old, new) == {"properties.componentSpec.command": ("update", False)}


def test_a_workspace_changes_its_dependencies_in_place():
    row = TYPES[f"{ML}:Workspace"]
    old = {"storageAccount": "a", "keyVault": "b", "location": "westeurope"}
    found = changes(row, old, {"storageAccount": "c", "keyVault": "d", "location": "northeurope"})
    assert {replaces for _, replaces in found.values()} == {False}


def test_an_added_create_only_input_that_is_so_already_does_not_replace():
    assert changes(ACCOUNT, {}, {"isHnsEnabled": True}, {"isHnsEnabled": True}) == {"isHnsEnabled": ("add", False)}
    assert changes(ACCOUNT, {}, {"isHnsEnabled": True}, {}) == {"isHnsEnabled": ("add", True)}


def test_an_unknown_counts_as_changed():
    assert changes(ACCOUNT, {"accountName": "a"}, {"accountName": UNKNOWN}) == {"accountName": ("update", True)}


def test_odd_keys_are_quoted_and_items_are_numbered():
    old = {"tags": {"a.b": "1"}, "networkRuleSet": {"ipRules": [{"iPAddressOrRange": "1"}]}}
    new = {"tags": {"a.b": "2"}, "networkRuleSet": {"ipRules": [{"iPAddressOrRange": "2"}, {}]}}
    assert set(changes(ACCOUNT, old, new)) == {
        'tags["a.b"]',
        "networkRuleSet.ipRules[0].iPAddressOrRange",
        "networkRuleSet.ipRules[1]",
    }


@pytest.mark.parametrize(("marks", "delete_first"), [({}, True), ({"__createBeforeDelete": True}, False)])
def test_random_names_are_created_first_and_given_ones_deleted_first(marks, delete_first):
    old = {"accountName": "a", "isHnsEnabled": False, **marks}
    found = diff(ACCOUNT, old, {"accountName": "a", "isHnsEnabled": True}, {})
    assert found.replaces == ("isHnsEnabled",)
    assert found.delete_first is delete_first


def test_a_new_api_version_is_a_plain_update():
    old = {"azureApiVersion": "2020-01-01"}
    assert changes(ACCOUNT, old, {"azureApiVersion": "2024-01-01"}) == {"azureApiVersion": ("update", False)}
    assert changes(ACCOUNT, {}, {"azureApiVersion": "2024-01-01"}, {"azureApiVersion": "2024-01-01"}) == {}


def test_an_id_gives_its_inputs_back_whatever_the_case_of_its_words():
    row = TYPES[f"{ML}:BatchDeployment"]
    inputs = {"resourceGroupName": "rg", "workspaceName": "ws", "endpointName": "e", "deploymentName": "v 1"}
    id_ = body.resource_id(row.path, inputs, "sub")
    assert id_.endswith("/batchEndpoints/e/deployments/v%201")
    assert body.path_inputs(row, id_.replace("batchEndpoints", "batchendpoints")) == inputs
    with pytest.raises(EngineError, match="failed to parse '/nonsense' against the path"):
        body.path_inputs(row, "/nonsense")


def test_a_scope_comes_back_without_its_leading_slash():
    row = TYPES["authorization:RoleAssignment"]
    id_ = body.resource_id(row.path, {"scope": "/subscriptions/s/", "roleAssignmentName": "n"}, "sub")
    assert id_ == "/subscriptions/s/providers/Microsoft.Authorization/roleAssignments/n"
    assert body.path_inputs(row, id_)["scope"] == "subscriptions/s"


def test_a_missing_path_input_is_named():
    with pytest.raises(EngineError, match="expected string value for path parameter 'accountName', got nothing"):
        body.resource_id(ACCOUNT.path, {"resourceGroupName": "rg"}, "sub")


def test_unknown_inputs_are_dropped_from_the_body():
    assert body.wire_body(ACCOUNT, {"kind": "x", "nonsense": 1, "accountName": "a"}, create=True) == {"kind": "x"}


def test_a_union_is_foreseen_as_it_is_given_and_an_object_with_what_arm_fills_unknown():
    row = TYPES[f"{ML}:BatchEndpoint"]
    given = {"location": "x", "properties": {"authMode": "AADToken"}, "identity": {"type": "SystemAssigned"}}
    foreseen = outputs.preview(row, given, {})
    assert foreseen["properties"]["authMode"] == "AADToken"
    assert foreseen["properties"]["scoringUri"] == UNKNOWN
    assert foreseen["identity"]["principalId"] == UNKNOWN
    assert "keys" not in foreseen["properties"]  # write-only
    union = {"datastoreType": "AzureBlob", "accountName": "a"}
    assert outputs.preview(TYPES[f"{ML}:Datastore"], {"properties": union}, {})["properties"] == union


def test_a_version_foresees_the_containers_name():
    row = TYPES[f"{ML}:CodeVersion"]
    assert outputs.preview(row, {"name": "code", "version": "1"}, {})["name"] == "code"


def test_identities_that_the_service_lists_as_a_map_are_unknown_in_a_preview_and_a_list_in_inputs():
    row = TYPES[f"{ML}:Workspace"]
    identity = {"type": "UserAssigned", "userAssignedIdentities": ["/a"]}
    assert outputs.preview(row, {"identity": identity}, {})["identity"]["userAssignedIdentities"] == UNKNOWN
    answered = {"identity": {"type": "UserAssigned", "userAssignedIdentities": {"/a": {"clientId": "c"}}}}
    assert outputs.as_inputs(row, answered) == {"identity": identity}


def test_drift_of_sub_resource_lists_that_the_program_does_not_give_is_not_taken_over():
    row = TYPES["keyvault:Vault"]
    inputs = {"properties": {"tenantId": "t"}}
    before = {"properties": {"tenantId": "t", "accessPolicies": []}}
    after = {"properties": {"tenantId": "t", "accessPolicies": [{"objectId": "o"}]}}
    assert outputs.refreshed(row, inputs, before, after) == inputs
    given = {"properties": {"tenantId": "t", "accessPolicies": []}}
    assert outputs.refreshed(row, given, before, after)["properties"]["accessPolicies"] == [{"objectId": "o"}]


def test_drift_that_removes_a_value_removes_the_input():
    row = TYPES[f"{ML}:Workspace"]
    inputs = {"friendlyName": "a", "tags": {"x": "1", "y": "2"}, "hbiWorkspace": True}
    after = {"tags": {"y": "2"}, "hbiWorkspace": True}
    assert outputs.refreshed(row, inputs, inputs, after) == {"tags": {"y": "2"}, "hbiWorkspace": True}
