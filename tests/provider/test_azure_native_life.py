"""The plugin's process against an ARM: what is called, in which order, and what comes back."""

import pytest

from amlkit.propertyvalues import UNKNOWN

from .arm_server import SUBSCRIPTION
from .conftest import GROUP
from .plugin_process import RefusedError

ML = "azure-native:machinelearningservices"
ACCOUNT = "azure-native:storage:StorageAccount"
ACCOUNT_INPUTS = {
    "resourceGroupName": "rg",
    "accountName": "data",
    "location": "westeurope",
    "kind": "StorageV2",
    "sku": {"name": "Standard_LRS"},
    "enableHttpsTrafficOnly": True,
    "azureApiVersion": "2024-01-01",
}
ACCOUNT_ID = f"{GROUP}/providers/Microsoft.Storage/storageAccounts/data"
WORKSPACE = f"{GROUP}/providers/Microsoft.MachineLearningServices/workspaces/ws"


def test_create_looks_first_puts_the_flat_inputs_under_properties_and_reads_after(plugin, arm):
    id_, outputs = plugin.create(ACCOUNT, ACCOUNT_INPUTS)
    assert id_ == ACCOUNT_ID
    assert [call.method for call in arm.calls] == ["GET", "PUT", "GET"]
    put = arm.calls[1]
    assert put.version == "2024-01-01"
    assert put.body == {
        "kind": "StorageV2",
        "location": "westeurope",
        "sku": {"name": "Standard_LRS"},
        "properties": {"supportsHttpsTrafficOnly": True},
    }
    assert outputs["enableHttpsTrafficOnly"] is True
    assert outputs["primaryEndpoints"]["blob"] == "https://data.blob.core.amlkit.test/"
    assert outputs["sku"] == {"name": "Standard_LRS", "tier": "Standard"}
    assert outputs["azureApiVersion"] == "2024-01-01"
    assert "accountName" not in outputs
    assert "resourceGroupName" not in outputs


def test_create_refuses_what_exists_and_writes_nothing(plugin, arm):
    arm.seed(ACCOUNT_ID, properties={})
    with pytest.raises(RefusedError) as refused:
        plugin.create(ACCOUNT, ACCOUNT_INPUTS)
    assert refused.value.text == f"cannot create already existing resource '{ACCOUNT_ID}'"
    assert arm.made("PUT") == []


def test_a_refusal_reads_as_the_official_one(plugin, arm):
    arm.faults.append(("PUT", "storageAccounts", 409, "StorageAccountAlreadyTaken"))
    with pytest.raises(RefusedError) as refused:
        plugin.create(ACCOUNT, ACCOUNT_INPUTS)
    assert refused.value.text == 'Status=409 Code="StorageAccountAlreadyTaken" Message="as asked"'


def test_a_refusal_for_want_of_a_role_names_it(plugin, arm):
    arm.faults.append(("PUT", "storageAccounts", 403, "AuthorizationFailed"))
    with pytest.raises(RefusedError) as refused:
        plugin.create(ACCOUNT, ACCOUNT_INPUTS)
    said, hint = refused.value.text.split("\n  hint: ")
    assert said == 'Status=403 Code="AuthorizationFailed" Message="as asked"'
    assert hint.startswith(
        "`Microsoft.Storage/storageAccounts/write` needs the role `Contributor` on the storage account"
    )


def test_a_resource_group_keeps_the_id_that_arm_answers(plugin, arm):
    inputs = {"resourceGroupName": "other", "location": "westeurope"}
    id_, outputs = plugin.create("azure-native:resources:ResourceGroup", inputs)
    assert id_ == f"/subscriptions/{SUBSCRIPTION}/resourceGroups/other"
    assert outputs["name"] == "other"


def test_a_long_running_create_is_waited_for(plugin, arm):
    arm.slow.add("workspaces/ws")
    plugin.create(f"{ML}:Workspace", {"resourceGroupName": "rg", "workspaceName": "ws", "location": "westeurope"})
    assert [call.path for call in arm.calls if "operations" in call.path] == ["/operations/0"] * 2
    assert arm.at(WORKSPACE)["properties"]["provisioningState"] == "Succeeded"


def test_a_create_that_ends_badly_keeps_the_id_and_the_inputs(plugin, arm):
    arm.slow.add("workspaces/ws")
    arm.broken.add("workspaces/ws")
    inputs = {"resourceGroupName": "rg", "workspaceName": "ws", "location": "westeurope"}
    with pytest.raises(RefusedError) as refused:
        plugin.create(f"{ML}:Workspace", inputs)
    partial = refused.value.partial
    assert partial.id == WORKSPACE
    assert list(partial.reasons) == ['Status=200 Code="QuotaExceeded" Message="no cores left"']
    assert partial.inputs.fields["workspaceName"].string_value == "ws"
    assert partial.properties.fields["provisioningState"].string_value == "Failed"
    assert "azureApiVersion" not in partial.properties.fields


def test_an_operation_in_progress_is_tried_again(plugin, arm):
    arm.faults.append(("PUT", "storageAccounts", 409, "AnotherOperationInProgress"))
    plugin.create(ACCOUNT, ACCOUNT_INPUTS)
    assert len(arm.made("PUT")) == 2


def test_secrets_of_a_datastore_go_out_and_never_come_back(plugin, arm):
    arm.seed(WORKSPACE)
    inputs = {
        "resourceGroupName": "rg",
        "workspaceName": "ws",
        "name": "corpora",
        "skipValidation": True,
        "properties": {
            "datastoreType": "AzureBlob",
            "accountName": "data",
            "containerName": "corpora",
            "credentials": {
                "credentialsType": "AccountKey",
                "secrets": {"secretsType": "AccountKey", "key": "hunter2"},
            },
        },
    }
    _, outputs = plugin.create(f"{ML}:Datastore", inputs)
    put = arm.calls[1]
    assert put.query == {"skipValidation": "true"}
    assert put.body["properties"]["credentials"]["secrets"]["key"] == "hunter2"
    assert "skipValidation" not in put.body
    assert outputs["properties"]["credentials"] == {"credentialsType": "AccountKey"}


def test_user_assigned_identities_are_a_list_here_and_a_map_there(plugin, arm):
    identity = f"{GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/me"
    inputs = {
        "resourceGroupName": "rg",
        "workspaceName": "ws",
        "identity": {"type": "UserAssigned", "userAssignedIdentities": [identity]},
    }
    plugin.create(f"{ML}:Workspace", inputs)
    assert arm.calls[1].body["identity"]["userAssignedIdentities"] == {identity: {}}


def test_application_insights_has_its_own_names_on_the_wire(plugin, arm):
    inputs = {
        "resourceGroupName": "rg",
        "resourceName": "ai",
        "kind": "web",
        "location": "westeurope",
        "applicationType": "web",
    }
    _, outputs = plugin.create("azure-native:applicationinsights:Component", inputs)
    assert arm.calls[1].path == f"{GROUP}/providers/Microsoft.Insights/components/ai"
    assert arm.calls[1].body["properties"] == {"Application_Type": "web"}
    assert outputs["applicationType"] == "web"


def test_a_role_assignment_lies_below_its_scope(plugin, arm):
    inputs = {
        "scope": ACCOUNT_ID,
        "roleAssignmentName": "11111111-1111-1111-1111-111111111111",
        "principalId": "p-1",
        "principalType": "ServicePrincipal",
        "roleDefinitionId": "/subscriptions/s/providers/Microsoft.Authorization/roleDefinitions/reader",
    }
    id_, _ = plugin.create("azure-native:authorization:RoleAssignment", inputs)
    last = "providers/Microsoft.Authorization/roleAssignments/11111111-1111-1111-1111-111111111111"
    assert id_ == f"{ACCOUNT_ID}/{last}"
    assert arm.calls[1].body == {
        "properties": {key: inputs[key] for key in ("principalId", "principalType", "roleDefinitionId")}
    }


def test_an_omitted_list_of_access_policies_is_sent_empty_at_create_and_kept_by_an_update(plugin, arm):
    vault = "azure-native:keyvault:Vault"
    inputs = {
        "resourceGroupName": "rg",
        "vaultName": "secrets",
        "location": "westeurope",
        "properties": {"sku": {"family": "A", "name": "standard"}, "tenantId": "t"},
    }
    id_, outputs = plugin.create(vault, inputs)
    assert arm.calls[1].body["properties"]["accessPolicies"] == []
    policy = {"tenantId": "t", "objectId": "o", "permissions": {"secrets": ["get"]}}
    arm.at(id_)["properties"]["accessPolicies"] = [policy]
    plugin.update(vault, id_, outputs, inputs, {**inputs, "tags": {"a": "b"}})
    assert arm.at(id_)["properties"]["accessPolicies"] == [policy]


def test_an_update_sends_the_new_inputs_alone(plugin, arm):
    given = {**ACCOUNT_INPUTS, "tags": {"team": "a"}, "accessTier": "Cool"}
    id_, outputs = plugin.create(ACCOUNT, given)
    news = {**ACCOUNT_INPUTS, "tags": {"team": "b"}}
    plugin.update(ACCOUNT, id_, outputs, given, news)
    put = [call for call in arm.calls if call.method == "PUT"][-1]
    assert put.body["tags"] == {"team": "b"}
    assert "accessTier" not in put.body["properties"]


def test_a_removed_network_rule_set_is_opened_again(plugin, arm):
    given = {
        **ACCOUNT_INPUTS,
        "networkRuleSet": {"defaultAction": "Deny", "ipRules": [{"iPAddressOrRange": "1.2.3.4"}]},
    }
    id_, outputs = plugin.create(ACCOUNT, given)
    first = arm.at(id_)["properties"]["networkAcls"]
    assert first == {"defaultAction": "Deny", "ipRules": [{"value": "1.2.3.4"}]}
    plugin.update(ACCOUNT, id_, outputs, given, ACCOUNT_INPUTS)
    assert arm.at(id_)["properties"]["networkAcls"]["defaultAction"] == "Allow"


def test_delete_takes_what_is_gone_for_deleted(plugin, arm):
    plugin.create(ACCOUNT, ACCOUNT_INPUTS)
    plugin.delete(ACCOUNT, ACCOUNT_ID)
    assert arm.at(ACCOUNT_ID) is None
    plugin.delete(ACCOUNT, ACCOUNT_ID)


def test_a_read_of_what_is_gone_has_no_id(plugin):
    assert plugin.read(ACCOUNT, ACCOUNT_ID, ACCOUNT_INPUTS, {"kind": "StorageV2"})[0] == ""


def test_a_create_that_was_cut_off_is_found_by_its_inputs(plugin, arm):
    assert plugin.read(ACCOUNT, "", ACCOUNT_INPUTS)[0] == ""
    plugin.create(ACCOUNT, ACCOUNT_INPUTS)
    id_, outputs, inputs = plugin.read(ACCOUNT, "", ACCOUNT_INPUTS)
    assert id_ == ACCOUNT_ID
    assert outputs["kind"] == "StorageV2"
    assert inputs == ACCOUNT_INPUTS


def test_an_import_takes_its_inputs_from_the_id_and_the_answer(plugin, arm):
    plugin.create(ACCOUNT, {**ACCOUNT_INPUTS, "tags": {}, "allowBlobPublicAccess": False})
    id_, _, inputs = plugin.read(ACCOUNT, ACCOUNT_ID)
    assert id_ == ACCOUNT_ID
    assert inputs == {
        "resourceGroupName": "rg",
        "accountName": "data",
        "kind": "StorageV2",
        "location": "westeurope",
        "sku": {"name": "Standard_LRS"},
        "enableHttpsTrafficOnly": True,
        "allowBlobPublicAccess": False,
    }


def test_refresh_moves_drift_into_the_inputs_and_nothing_else(plugin, arm):
    type_ = f"{ML}:Workspace"
    given = {"resourceGroupName": "rg", "workspaceName": "ws", "location": "westeurope", "friendlyName": "ours"}
    id_, outputs = plugin.create(type_, given)
    assert plugin.read(type_, id_, given, outputs)[2] == given
    arm.at(id_)["properties"]["friendlyName"] = "theirs"
    arm.at(id_)["tags"] = {"by": "hand"}
    _, now, inputs = plugin.read(type_, id_, given, outputs)
    assert inputs == {**given, "friendlyName": "theirs", "tags": {"by": "hand"}}
    assert now["publicNetworkAccess"] == "Enabled"


def test_a_preview_of_a_create_calls_nobody(plugin, arm):
    id_, outputs = plugin.create(ACCOUNT, ACCOUNT_INPUTS, preview=True)
    assert id_ == ""
    assert arm.calls == []
    assert outputs["kind"] == "StorageV2"
    assert outputs["location"] == "westeurope"
    assert outputs["sku"] == {"name": "Standard_LRS", "tier": UNKNOWN}
    for name in ("name", "primaryEndpoints", "provisioningState", "azureApiVersion"):
        assert outputs[name] == UNKNOWN


def test_a_preview_of_an_update_knows_name_and_location_only(plugin, arm):
    id_, outputs = plugin.create(ACCOUNT, ACCOUNT_INPUTS)
    news = {**ACCOUNT_INPUTS, "tags": {"a": "b"}}
    foreseen = plugin.update(ACCOUNT, id_, outputs, ACCOUNT_INPUTS, news, preview=True)
    assert foreseen["name"] == "data"
    assert foreseen["location"] == "westeurope"
    assert foreseen["primaryEndpoints"] == UNKNOWN
    assert foreseen["tags"] == {"a": "b"}


def test_keys_are_listed_by_a_post(plugin, arm):
    arm.secrets["listKeys"] = {"keys": [{"keyName": "key1", "value": "abc"}]}
    plugin.create(ACCOUNT, ACCOUNT_INPUTS)
    found = plugin.invoke("azure-native:storage:listStorageAccountKeys", resourceGroupName="rg", accountName="data")
    assert found["keys"][0]["value"] == "abc"


def test_a_getter_gives_outputs_and_id(plugin):
    plugin.create(ACCOUNT, ACCOUNT_INPUTS)
    found = plugin.invoke("azure-native:storage:getStorageAccount", resourceGroupName="rg", accountName="data")
    assert found["id"] == ACCOUNT_ID
    assert found["kind"] == "StorageV2"
    assert found["azureApiVersion"] == "2024-01-01"


def test_a_getter_of_nothing_says_what_was_asked(plugin):
    with pytest.raises(RefusedError, match=f"request failed {ACCOUNT_ID}: Status=404"):
        plugin.invoke("azure-native:storage:getStorageAccount", resourceGroupName="rg", accountName="data")


def test_the_client_config_comes_from_the_token(plugin):
    found = plugin.invoke("azure-native:authorization:getClientConfig")
    assert found["objectId"] == "object"
    assert found["subscriptionId"] == SUBSCRIPTION


@pytest.mark.parametrize("token", ["azure-native:network:Nothing", "azure-native:storage/v20230101:StorageAccount"])
def test_an_unknown_type_is_refused_with_what_there_is(plugin, token):
    with pytest.raises(RefusedError) as refused:
        plugin.check(token, {})
    assert refused.value.text.startswith(f"Resource type {token} not found")
    assert "storage:StorageAccount" in refused.value.text


def test_an_unknown_function_is_refused(plugin):
    with pytest.raises(RefusedError, match="Invoke type azure-native:network:getSubnet not found"):
        plugin.invoke("azure-native:network:getSubnet")


def test_a_default_location_is_the_groups(plugin):
    inputs, problems = plugin.check(ACCOUNT, {"resourceGroupName": "rg", "kind": "StorageV2", "sku": {"name": "x"}})
    assert problems == []
    assert inputs["location"] == "westeurope"


def test_a_group_that_does_not_exist_is_a_named_failure(plugin):
    _, problems = plugin.check(ACCOUNT, {"resourceGroupName": "nope", "kind": "StorageV2", "sku": {"name": "x"}})
    assert [text for text in problems if text.startswith("missing required property 'location'")]


def test_the_location_of_a_group_made_in_the_meantime_is_found(plugin, arm):
    news = {"resourceGroupName": "late", "kind": "StorageV2", "sku": {"name": "x"}}
    assert "location" not in plugin.check(ACCOUNT, news)[0]
    plugin.create("azure-native:resources:ResourceGroup", {"resourceGroupName": "late", "location": "northeurope"})
    assert plugin.check(ACCOUNT, news)[0]["location"] == "northeurope"
