"""azure-ai-ml, unmodified, over datastores, computes, workspaces, connections: made, listed, got, updated, deleted."""

import json

from amlkit.home import SUBSCRIPTION

from .conftest import StandIn, Workspace, make_workspace

BEGIN = """
import json, sys
from azure.ai.ml import MLClient
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from azure.identity import DefaultAzureCredential

subscription, group, name, account = sys.argv[1:5]
client = MLClient(DefaultAzureCredential(), subscription, group, name)
facts = {}

def refused(call):
    try:
        call()
    except HttpResponseError as error:
        return [error.status_code, error.error.code]
"""
END = '\nprint("FACTS" + json.dumps(facts))'


def facts_of(workspace: Workspace, script: str) -> dict:
    """What a script of azure-ai-ml found out about a workspace."""
    arguments = (SUBSCRIPTION, workspace.group, workspace.name, workspace.account)
    return json.loads(workspace.stand_in.script(BEGIN + script + END, *arguments).rpartition("FACTS")[2])


COMPUTES = """
from azure.ai.ml.entities import (
    AmlCompute, AmlComputeSshSettings, ComputeInstance, IdentityConfiguration, KubernetesCompute, VirtualMachineCompute,
    VirtualMachineSshSettings,
)
def clusters():
    named = {each.name["value"]: vars(each)["currentValue"] for each in client.compute.list_usage()}
    return named["TotalClusters"]
before = clusters()
base = f"/subscriptions/{subscription}/resourceGroups/{group}/providers"
ssh = AmlComputeSshSettings(admin_username="me", admin_password="a-Secret-1", ssh_key_value="ssh-rsa AAAA")
client.compute.begin_create_or_update(AmlCompute(
    name="cpu", size="STANDARD_DS3_V2", min_instances=1, max_instances=3, idle_time_before_scale_down=600,
    tier="low_priority", ssh_settings=ssh, ssh_public_access_enabled=True, description="d", tags={"a": "b"},
    identity=IdentityConfiguration(type="SystemAssigned"))).result()
cpu = client.compute.get("cpu")
facts["cpu"] = [cpu.type, cpu.size, cpu.tier, cpu.min_instances, cpu.max_instances, cpu.idle_time_before_scale_down,
    cpu.ssh_settings.admin_username, cpu.ssh_settings.admin_password, cpu.ssh_public_access_enabled, cpu.tags,
    cpu.description, cpu.provisioning_state, bool(cpu.identity.principal_id), cpu.location]
facts["nodes"] = [vars(each)["nodeState"] for each in client.compute.list_nodes("cpu")]  # 1.35 keeps the wire's names
cpu.max_instances = 5
facts["updated"] = client.compute.begin_update(cpu).result().max_instances
other = AmlCompute(name="cpu", size="STANDARD_D4S_V3", max_instances=5, tier="low_priority", ssh_settings=ssh)
facts["resized"] = refused(lambda: client.compute.begin_create_or_update(other).result())
bad = AmlCompute(name="bad", size="STANDARD_BOGUS", max_instances=1)
facts["no size"] = refused(lambda: client.compute.begin_create_or_update(bad).result())

client.compute.begin_create_or_update(ComputeInstance(
    name="desk", size="STANDARD_DS3_V2", idle_time_before_shutdown_minutes=30)).result()
states = []
for act in (client.compute.begin_stop, client.compute.begin_start, client.compute.begin_restart):
    act("desk").result()
    desk = client.compute.get("desk")
    states.append([desk.state, desk.last_operation["operationName"]])
facts["desk"] = states
facts["idle"] = desk.idle_time_before_shutdown

client.compute.begin_attach(KubernetesCompute(name="k8s", namespace="ml", properties={},
    resource_id=f"{base}/Microsoft.ContainerService/managedClusters/c")).result()
facts["k8s"] = client.compute.get("k8s").namespace
client.compute.begin_attach(VirtualMachineCompute(name="vm",
    resource_id=f"{base}/Microsoft.Compute/virtualMachines/v",
    ssh_settings=VirtualMachineSshSettings(admin_username="root", admin_password="pw-Secret-1"))).result()
vm = client.compute.get("vm")
facts["vm"] = [vm.ssh_settings.admin_username, vm.ssh_settings.admin_password]
facts["listed"] = sorted((each.name, each.type) for each in client.compute.list())
facts["clusters"] = [each.name for each in client.compute.list(compute_type="amlcompute")]
sizes = client.compute.list_sizes(compute_type="amlcompute")
facts["size"] = [(vars(each)["vCPUs"], each.family) for each in sizes if each.name == "Standard_DS3_v2"]
facts["usage"] = clusters() - before
client.compute.begin_delete("vm", action="Detach").result()
client.compute.begin_delete("cpu").result()
facts["left"] = sorted(each.name for each in client.compute.list())
try:
    client.compute.get("cpu")
except ResourceNotFoundError as error:
    facts["gone"] = error.error.code
"""


def test_computes(workspace: Workspace) -> None:
    facts = facts_of(workspace, COMPUTES)
    assert facts.pop("cpu") == [
        *("amlcompute", "STANDARD_DS3_V2", "low_priority", 1, 3, 600.0, "me", None, True, {"a": "b"}),
        *("d", "Succeeded", True, "westeurope"),
    ]
    assert facts == {
        "nodes": ["idle"],
        "updated": 5,
        "resized": [400, "UserError"],
        "no size": [400, "InvalidVmSize"],
        "desk": [["Stopped", "Stop"], ["Running", "Start"], ["Running", "Restart"]],
        "idle": "PT30M",
        "k8s": "ml",
        "vm": ["root", None],
        "listed": [
            ["cpu", "amlcompute"],
            ["desk", "computeinstance"],
            ["k8s", "kubernetes"],
            ["vm", "virtualmachine"],
        ],
        "clusters": ["cpu"],
        "size": [[4, "standardDSv2Family"]],
        "usage": 1,
        "left": ["desk", "k8s"],
        "gone": "ResourceNotFound",
    }


DATASTORES = """
from azure.ai.ml.entities import (
    AccountKeyConfiguration, AzureBlobDatastore, AzureDataLakeGen1Datastore, AzureDataLakeGen2Datastore,
    AzureFileDatastore, SasTokenConfiguration, ServicePrincipalConfiguration,
)
principal = ServicePrincipalConfiguration(tenant_id="t", client_id="c", client_secret="s3cret")
made = [
    AzureBlobDatastore(name="none", account_name=account, container_name="corpora", description="d", tags={"a": "b"}),
    AzureBlobDatastore(name="keyed", account_name=account, container_name="corpora",
        credentials=AccountKeyConfiguration(account_key="a2V5")),
    AzureBlobDatastore(name="signed", account_name=account, container_name="corpora",
        credentials=SasTokenConfiguration(sas_token="?sv=1&sig=x")),
    AzureFileDatastore(name="share", account_name=account, file_share_name="files",
        credentials=AccountKeyConfiguration(account_key="a2V5")),
    AzureDataLakeGen2Datastore(name="lake", account_name=account, filesystem="lake", credentials=principal),
    AzureDataLakeGen1Datastore(name="old", store_name="old", credentials=principal),
]
for each in made:
    client.datastores.create_or_update(each)
facts["kinds"] = {each.name: str(each.type) for each in client.datastores.list() if not each.name.startswith("work")}
got = client.datastores.get("none")
facts["none"] = [got.account_name, got.container_name, got.description, got.tags, got.credentials.type.value]
keyed = {each.name: client.datastores.get(each.name, include_secrets=True) for each in made[1:]}
facts["signed"] = ["sig=" in keyed[each].credentials.sas_token for each in ("keyed", "share")]
facts["secrets"] = [keyed["signed"].credentials.sas_token, keyed["lake"].credentials.client_secret,
    keyed["old"].credentials.client_secret]
facts["hidden"] = client.datastores.get("lake").credentials.client_secret
got.description = "e"
client.datastores.create_or_update(got)
facts["updated"] = client.datastores.get("none").description
for each in made:
    client.datastores.delete(each.name)
facts["left"] = sorted(each.name for each in client.datastores.list())
facts["default"] = client.datastores.get_default().name
"""


def test_datastores(workspace: Workspace) -> None:
    facts = facts_of(workspace, DATASTORES)
    assert {name: kind.rpartition(".")[2] for name, kind in facts.pop("kinds").items()} == {
        **dict.fromkeys(("none", "keyed", "signed"), "AZURE_BLOB"),
        "share": "AZURE_FILE",
        "lake": "AZURE_DATA_LAKE_GEN2",
        "old": "AZURE_DATA_LAKE_GEN1",
    }
    standard = ["workspaceartifactstore", "workspaceblobstore", "workspacefilestore", "workspaceworkingdirectory"]
    assert facts == {
        "none": [workspace.account, "corpora", "d", {"a": "b"}, "None"],
        "signed": [True, True],
        "secrets": ["?sv=1&sig=x", "s3cret", "s3cret"],
        "hidden": None,
        "updated": "e",
        "left": standard,
        "default": "workspaceblobstore",
    }


WORKSPACES = """
from azure.ai.ml.entities import ApiKeyConfiguration, WorkspaceConnection
workspace = client.workspaces.get(name)
facts["got"] = [workspace.name, workspace.location, workspace.storage_account.rpartition("/")[2],
    workspace.hbi_workspace, workspace.public_network_access, bool(workspace.discovery_url),
    bool(workspace.mlflow_tracking_uri),
    workspace.identity.type, bool(workspace._workspace_id)]
facts["in group"] = [each.name for each in client.workspaces.list()]
facts["everywhere"] = name in [each.name for each in client.workspaces.list(scope="subscription")]
workspace.description, workspace.display_name, workspace.tags = "about", "Ours", {"a": "b"}
updated = client.workspaces.begin_update(workspace).result()
facts["updated"] = [updated.description, updated.display_name, updated.tags]
facts["keys"] = bool(client.workspaces.get_keys(name).user_storage_key)
facts["healthy"] = client.workspaces.begin_diagnose(name).result().storage_account_results

made = client.connections.create_or_update(WorkspaceConnection(
    name="conn", type="custom", target="https://x.test", credentials=ApiKeyConfiguration(key="s3cret")))
facts["conn"] = [made.name, made.target, client.connections.get("conn").credentials.key]
facts["secret"] = client.connections.get("conn", populate_secrets=True).credentials.key
facts["conns"] = [each.name for each in client.connections.list()]
client.connections.delete("conn")
facts["no conns"] = [each.name for each in client.connections.list()]

client.workspaces.begin_delete(name, delete_dependent_resources=False, permanently_delete=True).result()
facts["left"] = [each.name for each in client.workspaces.list()]
"""


def test_workspaces_and_connections(stand_in: StandIn, group: str) -> None:
    workspace = make_workspace(stand_in, group)
    facts = facts_of(workspace, WORKSPACES)
    name = workspace.name
    assert facts == {
        "got": [name, "westeurope", workspace.account, False, "Enabled", True, True, "system_assigned", True],
        "in group": [name],
        "everywhere": True,
        "updated": ["about", "Ours", {"a": "b"}],
        "keys": True,
        "healthy": [],
        "conn": ["conn", "https://x.test", None],
        "secret": "s3cret",
        "conns": ["conn"],
        "no conns": [],
        "left": [],
    }
    body = {"location": "westeurope", "identity": {"type": "SystemAssigned"}, "properties": {}}
    assert "Soft-deleted" not in stand_in.arm("PUT", workspace.id, body).text


MAKING = """
from azure.ai.ml.entities import IdentityConfiguration, ManagedNetwork, Workspace
other = name + "-made"
made = client.workspaces.begin_create(Workspace(name=other, location="westeurope", description="about",
    tags={"a": "b"}, public_network_access="Enabled")).result()
facts["made"] = [made.name, made.location, made.description, made.tags["a"], made.identity.type]
there = client.workspaces.get(other)
facts["depends"] = [bool(each) for each in (there.storage_account, there.key_vault, there.application_insights)]
kept = client.workspaces.get(name)
shared = client.workspaces.begin_create(Workspace(name=name + "-two", location="westeurope",
    storage_account=kept.storage_account, key_vault=kept.key_vault)).result()
facts["shared"] = [shared.storage_account == kept.storage_account, shared.key_vault == kept.key_vault]
facts["listed"] = len(list(client.workspaces.list()))
try:
    client.workspaces.begin_create(Workspace(name="x", location="westeurope")).result()
except Exception as error:
    facts["refused"] = "InvalidResourceName" in str(error)
"""


def test_workspaces_made_by_the_client(workspace: Workspace) -> None:
    assert facts_of(workspace, MAKING) == {
        "made": [f"{workspace.name}-made", "westeurope", "about", "b", "system_assigned"],
        "depends": [True, True, True],
        "shared": [True, True],
        "listed": 3,
        "refused": True,
    }
