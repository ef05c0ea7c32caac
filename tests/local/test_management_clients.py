"""The official management clients, unmodified: what they make, list, get, update and delete, and what they are refused.

They are no dependency of ours: where they are not installed, these tests are skipped.
"""

import json
import uuid
from typing import Any

import pytest

from amlkit.home import SUBSCRIPTION

from .conftest import StandIn, Workspace

BEGIN = """
import json, sys
from azure.core.exceptions import HttpResponseError
from azure.identity import DefaultAzureCredential

subscription, url, group, name = sys.argv[1:5]
facts = {}

def of(Client, **more):
    return Client(DefaultAzureCredential(), subscription, base_url=url, credential_scopes=[url + "/.default"], **more)

def refused(call):
    try:
        call()
    except HttpResponseError as error:
        return [error.status_code, error.error.code]

"""
END = '\nprint("FACTS" + json.dumps(facts))'


def facts_of(stand_in: StandIn, group: str, script: str, name: str = "") -> dict[str, Any]:
    """What a script found out in a group."""
    arguments = (SUBSCRIPTION, stand_in.address.url, group.rpartition("/")[2], name)
    return dict(json.loads(stand_in.script(BEGIN + script + END, *arguments).rpartition("FACTS")[2]))


STORAGE = """
from azure.mgmt.storage import StorageManagementClient
client = of(StorageManagementClient)
accounts, containers, shares = client.storage_accounts, client.blob_containers, client.file_shares
facts["free"] = accounts.check_name_availability({"name": name}).name_available
body = {"location": "westeurope", "kind": "StorageV2", "sku": {"name": "Standard_LRS"}}
body["properties"] = {"isHnsEnabled": True, "allowSharedKeyAccess": False}
made = accounts.begin_create(group, name, body).result()
facts["made"] = [made.name, made.location, made.kind, made.sku.name, made.sku.tier, made.properties.is_hns_enabled,
    made.properties.allow_shared_key_access, made.properties.provisioning_state, bool(made.properties.creation_time),
    made.properties.primary_endpoints.dfs.startswith(f"https://{name}.dfs."), bool(made.system_data)]
facts["taken"] = accounts.check_name_availability({"name": name}).reason
facts["updated"] = accounts.update(group, name, {"tags": {"a": "b"}, "properties": {"accessTier": "Cool"}}).tags
got = accounts.get_properties(group, name)
facts["got"] = [got.tags, got.properties.access_tier, got.properties.is_hns_enabled]
facts["fixed"] = refused(lambda: accounts.update(group, name, {"properties": {"isHnsEnabled": False}}))
facts["lists"] = [name in [each.name for each in found]
    for found in (accounts.list(), accounts.list_by_resource_group(group))]
keys = accounts.list_keys(group, name).keys_property
fresh = accounts.regenerate_key(group, name, {"keyName": "key1"}).keys_property
facts["keys"] = [keys[0].value == fresh[0].value, keys[1].value == fresh[1].value]
facts["sas"] = "sig=" in accounts.list_account_sas(group, name, {"signedServices": "b", "signedResourceTypes": "sco",
    "signedPermission": "rl", "signedExpiry": "2030-01-01T00:00:00Z"}).account_sas_token

facts["container"] = containers.create(group, name, "corpora", {"properties": {"metadata": {"a": "b"}}}).name
containers.update(group, name, "corpora", {"properties": {"metadata": {"c": "d"}}})
found = containers.get(group, name, "corpora")
facts["metadata"] = found.container_properties.metadata if hasattr(found, "container_properties") else None
facts["containers"] = [each.name for each in containers.list(group, name)]
containers.delete(group, name, "corpora")
left = len(list(containers.list(group, name)))
facts["no containers"] = [refused(lambda: containers.get(group, name, "corpora")), left]

shares.create(group, name, "files", {"properties": {"shareQuota": 10}})
shares.update(group, name, "files", {"properties": {"shareQuota": 20}})
share = shares.get(group, name, "files")
facts["share"] = [share.name, share.file_share_properties.share_quota, share.file_share_properties.enabled_protocols]
facts["shares"] = [each.name for each in shares.list(group, name)]
shares.delete(group, name, "files")
facts["no shares"] = [refused(lambda: shares.get(group, name, "files")), len(list(shares.list(group, name)))]
facts["bad share"] = refused(lambda: shares.create(group, name, "Bad_Name", {}))

facts["services"] = [client.blob_services.get_service_properties(group, name).name,
    client.file_services.get_service_properties(group, name).name]
client.blob_services.set_service_properties(group, name, {"properties": {"isVersioningEnabled": True}})
rule = {"name": "r", "type": "Lifecycle", "enabled": True, "definition": {"actions": {}}}
client.management_policies.create_or_update(group, name, "default", {"properties": {"policy": {"rules": [rule]}}})
facts["policy"] = client.management_policies.get(group, name, "default").name
client.management_policies.delete(group, name, "default")
accounts.delete(group, name)
facts["gone"] = refused(lambda: accounts.get_properties(group, name))
"""


def test_storage(stand_in: StandIn, group: str) -> None:
    pytest.importorskip("azure.mgmt.storage")
    name = f"st{uuid.uuid4().hex[:12]}"
    assert facts_of(stand_in, group, STORAGE, name) == {
        "free": True,
        "made": [
            *(name, "westeurope", "StorageV2", "Standard_LRS", "Standard", True, False),
            *("Succeeded", True, True, True),
        ],
        "taken": "AlreadyExists",
        "updated": {"a": "b"},
        "got": [{"a": "b"}, "Cool", True],
        "fixed": [409, "AccountPropertyCannotBeUpdated"],
        "lists": [True, True],
        "keys": [False, True],
        "sas": True,
        "container": "corpora",
        "metadata": {"c": "d"},
        "containers": ["corpora"],
        "no containers": [[404, "ContainerNotFound"], 0],
        "share": ["files", 20, "SMB"],
        "shares": ["files"],
        "no shares": [[404, "ShareNotFound"], 0],
        "bad share": [400, "InvalidResourceName"],
        "services": ["default", "default"],
        "policy": "default",
        "gone": [404, "ResourceNotFound"],
    }


RESOURCES = """
from azure.mgmt.resource.resources import ResourceManagementClient
client = of(ResourceManagementClient)
groups, other = client.resource_groups, f"{group}-b"
facts["there"] = [groups.check_existence(group), groups.check_existence(other)]
made = groups.create_or_update(other, {"location": "westeurope", "tags": {"a": "b"}})
facts["made"] = [made.name, made.location, made.tags, made.properties.provisioning_state, made.type]
facts["updated"] = groups.update(other, {"tags": {"c": "d"}}).tags
facts["listed"] = [other in [each.name for each in groups.list()],
    [each.name for each in groups.list(filter="tagName eq 'c' and tagValue eq 'd'")]]
base = f"/subscriptions/{subscription}/resourceGroups/{other}/providers/Microsoft.ManagedIdentity"
id_ = f"{base}/userAssignedIdentities/me-1"
resources, version = client.resources, {"api_version": "2023-01-31"}
made = resources.begin_create_or_update_by_id(id_, {"location": "westeurope", "tags": {}}, **version).result()
facts["identity"] = [made.name, bool(made.properties["principalId"])]
facts["exists"] = [resources.check_existence_by_id(each, **version) for each in (id_, id_ + "x")]
facts["patched"] = resources.begin_update_by_id(id_, {"tags": {"e": "f"}}, **version).result().tags
facts["in group"] = [each.id for each in resources.list_by_resource_group(other)] == [id_]
facts["by type"] = id_ in [each.id for each in resources.list(
    filter="resourceType eq 'Microsoft.ManagedIdentity/userAssignedIdentities'")]
tags = {"operation": "Merge", "properties": {"tags": {"g": "h"}}}
facts["tags"] = client.tags.begin_update_at_scope(id_, tags).result().properties.tags
facts["tags got"] = resources.get_by_id(id_, **version).tags
facts["provider"] = client.providers.get("Microsoft.MachineLearningServices").registration_state
facts["registered"] = client.providers.register("Microsoft.Storage").registration_state
facts["no provider"] = refused(lambda: client.providers.get("Microsoft.Bogus"))
resources.begin_delete_by_id(id_, **version).result()
groups.begin_delete(other).result()
facts["gone"] = groups.check_existence(other)
facts["bad name"] = refused(lambda: groups.create_or_update("ends.", {"location": "westeurope"}))
"""


def test_resources_and_groups(stand_in: StandIn, group: str) -> None:
    pytest.importorskip("azure.mgmt.resource.resources")
    other = f"{group.rpartition('/')[2]}-b"
    assert facts_of(stand_in, group, RESOURCES) == {
        "there": [True, False],
        "made": [other, "westeurope", {"a": "b"}, "Succeeded", "Microsoft.Resources/resourceGroups"],
        "updated": {"c": "d"},
        "listed": [True, [other]],
        "identity": ["me-1", True],
        "exists": [True, False],
        "patched": {"e": "f"},
        "in group": True,
        "by type": True,
        "tags": {"e": "f", "g": "h"},
        "tags got": {"e": "f", "g": "h"},
        "provider": "Registered",
        "registered": "Registered",
        "no provider": [404, "InvalidResourceNamespace"],
        "gone": False,
        "bad name": [400, "InvalidResourceName"],
    }


VAULTS = """
from azure.mgmt.keyvault import KeyVaultManagementClient
vaults = of(KeyVaultManagementClient).vaults
properties = {"tenantId": "00000000-0000-0000-0000-000000000002", "sku": {"family": "A", "name": "standard"}}
body = {"location": "westeurope", "properties": properties}
made = vaults.begin_create_or_update(group, name, body).result()
facts["made"] = [made.name, made.properties.enable_soft_delete, made.properties.soft_delete_retention_in_days,
    made.properties.provisioning_state, bool(made.properties.vault_uri)]
facts["patched"] = vaults.update(group, name, {"tags": {"a": "b"}}).tags
policy = {"tenantId": properties["tenantId"], "objectId": "me", "permissions": {"secrets": ["get"]}}
added = vaults.update_access_policy(group, name, "add", {"properties": {"accessPolicies": [policy]}})
facts["policies"] = [each.object_id for each in vaults.get(group, name).properties.access_policies]
vaults.delete(group, name)
facts["gone"] = refused(lambda: vaults.get(group, name))
facts["deleted"] = [name in [each.name for each in vaults.list_deleted()],
    vaults.get_deleted(name, "westeurope").properties.vault_id.endswith(name)]
facts["free"] = vaults.check_name_availability({"name": name, "type": "Microsoft.KeyVault/vaults"}).name_available
facts["reused"] = refused(lambda: vaults.begin_create_or_update(group, name, body).result())
recovered = vaults.begin_create_or_update(group, name, {"location": "westeurope",
    "properties": {**properties, "createMode": "recover"}}).result()
facts["recovered"] = [recovered.tags, [each.object_id for each in recovered.properties.access_policies]]
vaults.delete(group, name)
vaults.begin_purge_deleted(name, "westeurope").result()
facts["purged"] = refused(lambda: vaults.get_deleted(name, "westeurope"))
again = vaults.begin_create_or_update(group, name, {"location": "westeurope",
    "properties": {**properties, "enablePurgeProtection": True}}).result()
facts["again"] = again.tags
vaults.delete(group, name)
facts["protected"] = refused(lambda: vaults.begin_purge_deleted(name, "westeurope").result())
"""


def test_vaults_and_their_soft_deletion(stand_in: StandIn, group: str) -> None:
    pytest.importorskip("azure.mgmt.keyvault")
    name = f"kv-{uuid.uuid4().hex[:12]}"
    assert facts_of(stand_in, group, VAULTS, name) == {
        "made": [name, True, 90, "Succeeded", True],
        "patched": {"a": "b"},
        "policies": ["me"],
        "gone": [404, "ResourceNotFound"],
        "deleted": [True, True],
        "free": False,
        "reused": [409, "ConflictError"],
        "recovered": [{"a": "b"}, ["me"]],
        "purged": [404, "DeletedVaultNotFound"],
        "again": {},
        "protected": [405, "MethodNotAllowed"],
    }


MACHINE_LEARNING = """
from azure.mgmt.machinelearningservices import MachineLearningServicesMgmtClient as First
client = of(First)
got = client.workspaces.get(group, name)
facts["workspace"] = [got.name, got.location, bool(got.workspace_id), got.provisioning_state, got.identity.type]
facts["listed"] = [[each.name for each in client.workspaces.list_by_resource_group(group)],
    name in [each.name for each in client.workspaces.list_by_subscription()]]
facts["updated"] = client.workspaces.update(group, name, {"tags": {"a": "b"}}).tags
facts["keys"] = bool(client.workspaces.list_keys(group, name).user_storage_key)
client.workspaces.resync_keys(group, name)
compute = client.machine_learning_compute
body = {"location": "westeurope", "properties": {"computeType": "AmlCompute", "properties": {
    "vmSize": "STANDARD_DS3_V2", "scaleSettings": {"minNodeCount": 0, "maxNodeCount": 2}}}}
made = compute.begin_create_or_update(group, name, "cpu", body).result()
facts["cpu"] = [made.name, made.properties.compute_type, made.properties.provisioning_state,
    made.properties.properties.vm_size, made.properties.properties.node_state_counts.idle_node_count]
compute.begin_update(group, name, "cpu", {"properties": {"scaleSettings": {"maxNodeCount": 4}}}).result()
facts["computes"] = [each.name for each in compute.list_by_workspace(group, name)]
facts["nodes"] = len(list(compute.list_nodes(group, name, "cpu")))
facts["no keys"] = refused(lambda: compute.list_keys(group, name, "cpu"))
sizes = client.virtual_machine_sizes.list("westeurope").aml_compute
facts["sizes"] = "Standard_DS3_v2" in [each.name for each in sizes]
facts["usages"] = "TotalClusters" in [each.name.value for each in client.usages.list("westeurope")]
facts["quotas"] = "standardDSv2Family" in [each.name.value for each in client.quotas.list("westeurope")]
compute.begin_delete(group, name, "cpu", "Delete").result()
facts["gone"] = refused(lambda: compute.get(group, name, "cpu"))
"""


def test_machine_learning_with_the_oldest_client(workspace: Workspace) -> None:
    pytest.importorskip("azure.mgmt.machinelearningservices")
    group = workspace.id.partition("/providers/")[0]
    assert facts_of(workspace.stand_in, group, MACHINE_LEARNING, workspace.name) == {
        "workspace": [workspace.name, "westeurope", True, "Succeeded", "SystemAssigned"],
        "listed": [[workspace.name], True],
        "updated": {"a": "b"},
        "keys": True,
        "cpu": ["cpu", "AmlCompute", "Succeeded", "STANDARD_DS3_V2", 0],
        "computes": ["cpu"],
        "nodes": 0,
        "no keys": [400, "UserError"],
        "sizes": True,
        "usages": True,
        "quotas": True,
        "gone": [404, "ResourceNotFound"],
    }


BUNDLED = """
from azure.ai.ml._restclient.arm_ml_service import MachineLearningServicesMgmtClient as Client
client = of(Client)
workspaces, compute, connections = client.workspaces, client.compute, client.workspace_connections
here = workspaces.get(group, name)
kept = {each: here.properties[each] for each in ("storageAccount", "keyVault")}
other = name + "-b"
body = {"location": "westeurope", "identity": {"type": "SystemAssigned"},
    "properties": {**kept, "managedNetwork": {"isolationMode": "AllowOnlyApprovedOutbound"}}}
made = workspaces.begin_create_or_update(group, other, body).result()
facts["made"] = [made.name, made.properties.provisioning_state, made.properties.managed_network.isolation_mode]
rule = {"properties": {"type": "FQDN", "destination": "pypi.org"}}
client.managed_network_settings_rule.begin_create_or_update(group, other, "pypi", rule).result()
facts["rules"] = [each.name for each in client.managed_network_settings_rule.list(group, other)]
facts["open"] = refused(lambda: client.managed_network_settings_rule.begin_create_or_update(
    group, name, "pypi", rule).result())
facts["network"] = client.managed_network_provisions.begin_provision_managed_network(group, other).result().status
client.managed_network_settings_rule.begin_delete(group, other, "pypi").result()
storage = kept["storageAccount"] + "x"
facts["storage"] = refused(lambda: workspaces.begin_create_or_update(group, other,
    {**body, "properties": {**kept, "storageAccount": storage}}).result())
workspaces.begin_delete(group, other).result()
facts["reused"] = refused(lambda: workspaces.begin_create_or_update(group, other, body).result())
workspaces.begin_delete(group, other, force_to_purge=True).result()
facts["again"] = workspaces.begin_create_or_update(group, other, body).result().name
facts["purge of a live one"] = workspaces.begin_delete(group, other, force_to_purge=True).result() or "done"
facts["diagnosed"] = workspaces.begin_diagnose(group, name, {"value": {}}).result().value.key_vault_results
facts["storage keys"] = bool(workspaces.list_storage_account_keys(group, name).user_storage_key)
facts["no notebooks"] = refused(lambda: workspaces.list_notebook_keys(group, name))

properties = {"category": "Git", "target": "https://git.test", "authType": "PAT", "credentials": {"pat": "s3cret"}}
facts["connection"] = connections.create(group, name, "git", {"properties": properties}).properties.credentials
connections.update(group, name, "git", {"properties": {"target": "https://git2.test", "authType": "PAT"}})
found = connections.list_secrets(group, name, "git").properties
facts["secrets"] = [found.target, found.credentials.pat]
connections.delete(group, name, "git")

limit = {"id": "/x/quotas/standardDSv2Family", "type": "t", "limit": 8, "unit": "Count"}
facts["limit"] = client.quotas.update("northeurope", {"value": [limit]}).value[0].status
found = {each.name.value: each.limit for each in client.usages.list("northeurope")}
facts["limits"] = [found["standardDSv2Family"], found["TotalDedicatedCores"]]
"""


def test_machine_learning_with_the_client_inside_azure_ai_ml(workspace: Workspace) -> None:
    group = workspace.id.partition("/providers/")[0]
    assert facts_of(workspace.stand_in, group, BUNDLED, workspace.name) == {
        "made": [f"{workspace.name}-b", "Succeeded", "AllowOnlyApprovedOutbound"],
        "rules": ["pypi"],
        "open": [400, "ValidationError"],
        "network": "Active",
        "storage": [400, "ValidationError"],
        "reused": [400, "BadRequest"],
        "again": f"{workspace.name}-b",
        "purge of a live one": "done",
        "diagnosed": [],
        "storage keys": True,
        "no notebooks": [501, "NotImplemented"],
        "connection": None,
        "secrets": ["https://git2.test", "s3cret"],
        "limit": "Success",
        "limits": [8, -1],
    }


OTHERS = """
from azure.mgmt.databricks import AzureDatabricksManagementClient
from azure.mgmt.datafactory import DataFactoryManagementClient
client = of(AzureDatabricksManagementClient)
managed = f"/subscriptions/{subscription}/resourceGroups/{group}-managed"
body = {"location": "westeurope", "sku": {"name": "premium"}, "properties": {"managedResourceGroupId": managed,
    "computeMode": "Hybrid"}}
made = client.workspaces.begin_create_or_update(group, "dbx", body).result()
facts["databricks"] = [made.name, made.sku.name, made.properties.provisioning_state,
    bool(made.properties.workspace_url), bool(made.properties.workspace_id)]
facts["patched"] = client.workspaces.begin_update(group, "dbx", {"tags": {"a": "b"}}).result().tags
facts["workspaces"] = [each.name for each in client.workspaces.list_by_resource_group(group)]
identity = {"location": "westeurope", "identity": {"type": "SystemAssigned"}}
facts["connector"] = bool(client.access_connectors.begin_create_or_update(
    group, "link", identity).result().identity.principal_id)
client.workspaces.begin_delete(group, "dbx").result()
facts["gone"] = refused(lambda: client.workspaces.get(group, "dbx"))
client = of(DataFactoryManagementClient)
made = client.factories.create_or_update(group, name, {"location": "westeurope"})
facts["factory"] = [made.name, made.location]
facts["factories"] = [each.name for each in client.factories.list_by_resource_group(group)]
client.factories.delete(group, name)
facts["no factory"] = refused(lambda: client.factories.get(group, name))
"""


def test_databricks_and_data_factories(stand_in: StandIn, group: str) -> None:
    pytest.importorskip("azure.mgmt.databricks")
    pytest.importorskip("azure.mgmt.datafactory")
    name = f"adf-{uuid.uuid4().hex[:8]}"
    assert facts_of(stand_in, group, OTHERS, name) == {
        "databricks": ["dbx", "premium", "Succeeded", True, True],
        "patched": {"a": "b"},
        "workspaces": ["dbx"],
        "connector": True,
        "gone": [404, "ResourceNotFound"],
        "factory": [name, "westeurope"],
        "factories": [name],
        "no factory": [404, "ResourceNotFound"],
    }
