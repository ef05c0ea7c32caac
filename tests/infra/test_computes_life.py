"""Computes as a user declares them, brought up, changed and taken away on a local Azure ML by both engines."""

import json

import pytest

from amlkit.home import SUBSCRIPTION

from .stack import GROUP, ROOT, WORKSPACE, living
from .test_publishing import changes

EVERYTHING = """
gpu = Cluster("gpu", ClusterArgs(vm_size="Standard_NC6s_v3", max_nodes=2, priority="low-priority",
    ssh=SshArgs(user="jo", public_key="ssh-ed25519 AAAA jo")), workspace=workspace)
box = ComputeInstance("jo-box", ComputeInstanceArgs(vm_size="Standard_DS3_v2"), workspace=workspace)
dbx = DatabricksWorkspace("dbx", DatabricksWorkspaceArgs(resource_group_name="small"))
bricks = DatabricksCompute("bricks", DatabricksArgs(databricks=dbx, identity="system"), workspace=workspace)
account = DataLakeAnalyticsAccount("lake", DataLakeAnalyticsAccountArgs(resource_group_name="small"))
lake = DataLakeAnalyticsCompute("lake", DataLakeAnalyticsArgs(account=account, store=account.store),
    workspace=workspace)
factory = DataFactory("mover", DataFactoryAccountArgs(resource_group_name="small"))
mover = DataFactoryCompute("mover", DataFactoryArgs(factory=factory), workspace=workspace)
theirs = Cluster.existing("cpu", workspace=workspace)
for each in (gpu, box, bricks, lake, mover, theirs):
    pulumi.export(f"{each._name}-id", each.id)
pulumi.export("state", bricks.state)
pulumi.export("nodes", gpu.nodes)
"""
CLUSTER = """
Cluster("own", ClusterArgs(vm_size={size!r}, max_nodes={most}, min_nodes={least}), workspace=workspace)
"""


@pytest.fixture(scope="module", params=["embedded", "official"])
def module_stack(request, tmp_path_factory, azure_forks):
    folder = tmp_path_factory.mktemp(request.param)
    with living(request, folder, azure_forks, main=ROOT / "tests/infra/declared") as stack:
        stack.ok("config", "set", "azure-native:location", "westeurope")
        yield stack


@pytest.fixture
def stack(module_stack):
    """With nothing of ours in it, before and after."""
    yield module_stack
    module_stack.ok("destroy", "--yes")
    assert computes(module_stack) == {"cpu": "AmlCompute"}


def declare(stack, text):
    (stack.home.root / "declared.py").write_text(text)


def up(stack, text):
    declare(stack, text)
    return stack.ok("up", "--yes", "--skip-preview").text


def compute(stack, name):
    return stack.arm("GET", f"{WORKSPACE}/computes/{name}")


def computes(stack):
    return {
        each["name"]: each["properties"]["computeType"] for each in stack.arm("GET", f"{WORKSPACE}/computes")["value"]
    }


def test_all_kinds_come_up_stay_as_they_are_and_go(stack):
    up(stack, EVERYTHING)
    assert computes(stack) == {
        "cpu": "AmlCompute",
        "gpu": "AmlCompute",
        "jo-box": "ComputeInstance",
        "bricks": "Databricks",
        "lake": "DataLakeAnalytics",
        "mover": "DataFactory",
    }
    outputs = stack.outputs()
    assert (outputs["state"], outputs["nodes"]) == ("Succeeded", 0)
    assert outputs["cpu-id"] == f"{WORKSPACE}/computes/cpu"
    inner = compute(stack, "gpu")["properties"]["properties"]
    assert (inner["vmPriority"], inner["userAccountCredentials"]["adminUserName"]) == ("LowPriority", "jo")
    attached = compute(stack, "bricks")["properties"]["resourceId"]
    assert stack.arm("GET", attached)["properties"]["workspaceUrl"]
    stack.ok("preview", "--expect-no-changes")
    stack.ok("refresh", "--yes", "--expect-no-changes")
    stack.ok("destroy", "--yes")
    assert computes(stack) == {"cpu": "AmlCompute"}
    assert stack.arm("GET", attached) is None
    assert stack.arm("GET", WORKSPACE)["name"] == "small"


def test_the_official_client_reads_what_was_declared(stack):
    up(stack, EVERYTHING)
    code = """
import json
from azure.ai.ml import MLClient
from azure.identity import DefaultAzureCredential
client = MLClient(DefaultAzureCredential(), {subscription!r}, "small", "small")
found = {{each.name: [type(each).__name__, each.provisioning_state] for each in client.compute.list()}}
gpu, box = client.compute.get("gpu"), client.compute.get("jo-box")
print(json.dumps([found, gpu.size, gpu.max_instances, gpu.tier, gpu.idle_time_before_scale_down, box.size]))
"""
    script = stack.home.root / "client.py"
    script.write_text(code.format(subscription=SUBSCRIPTION))
    found, *facts = json.loads(stack.python(script))
    assert facts == ["Standard_NC6s_v3", 2, "low_priority", 120, "Standard_DS3_v2"]
    assert found["gpu"] == ["AmlCompute", "Succeeded"]
    assert found["jo-box"] == ["ComputeInstance", "Succeeded"]
    assert {name for name, (kind, _) in found.items() if kind == "UnsupportedCompute"} == {"bricks", "lake", "mover"}


def test_scale_changes_in_place_and_size_by_another_cluster(stack):
    up(stack, CLUSTER.format(size="Standard_DS3_v2", most=2, least=0))
    made = compute(stack, "own")["properties"]["createdOn"]
    declare(stack, CLUSTER.format(size="Standard_DS3_v2", most=5, least=0))
    assert changes(stack.preview()).get("update") == 1
    assert "updated" in stack.ok("up", "--yes", "--skip-preview").text
    assert compute(stack, "own")["properties"]["properties"]["scaleSettings"]["maxNodeCount"] == 5
    declare(stack, CLUSTER.format(size="Standard_D4s_v3", most=5, least=0))
    assert changes(stack.preview()).get("replace") == 1
    stack.ok("up", "--yes", "--skip-preview")
    after = compute(stack, "own")["properties"]
    assert (after["properties"]["vmSize"], after["createdOn"] > made) == ("Standard_D4s_v3", True)
    stack.ok("preview", "--expect-no-changes")


def test_a_change_behind_pulumis_back_is_shown_and_healed(stack):
    up(stack, CLUSTER.format(size="Standard_DS3_v2", most=2, least=0))
    body = compute(stack, "own")
    scale = {**body["properties"]["properties"]["scaleSettings"], "maxNodeCount": 9}
    stack.arm("PATCH", f"{WORKSPACE}/computes/own", {"properties": {"properties": {"scaleSettings": scale}}})
    stack.ok("refresh", "--yes")
    assert "maxNodeCount" in stack.ok("preview", "--diff").text
    stack.ok("up", "--yes", "--skip-preview")
    assert compute(stack, "own")["properties"]["properties"]["scaleSettings"]["maxNodeCount"] == 2


def test_the_plan_warns_at_the_cluster_of_nodes_that_stay_and_of_cores_that_are_not_there(stack):
    location = f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.MachineLearningServices/locations/westeurope"
    quota = {"id": f"{location}/quotas/standardDSv2Family", "limit": 8, "unit": "Count"}
    stack.arm("POST", f"{location}/updateQuotas", {"value": [quota]})
    try:
        declare(stack, CLUSTER.format(size="Standard_DS3_v2", most=3, least=1))
        text = stack.preview()
        assert "Compute (own):" in text
        assert "min_nodes is 1: 1 node of Standard_DS3_v2 (4 cores) runs, and costs, day and night" in text
        assert "max_nodes is 3: that many Standard_DS3_v2 need 12 cores, and the quota in westeurope is 8" in text
        assert "2 of them fit" in text
    finally:
        stack.arm("POST", f"{location}/updateQuotas", {"value": [{**quota, "limit": -1}]})


def test_somebody_elses_compute_that_is_missing_or_of_another_kind_fails_the_plan_and_says_so(stack):
    declare(stack, 'Cluster.existing("gone", workspace=workspace)')
    ended = stack.run("preview")
    assert ended.code != 0
    assert "gone" in ended.text + ended.errors
    declare(stack, 'pulumi.export("id", DatabricksCompute.existing("cpu", workspace=workspace).id)')
    ended = stack.run("preview")
    assert ended.code != 0
    assert "cpu: it exists, but is no `Databricks`: AmlCompute" in ended.text + ended.errors
    assert "Traceback" not in ended.text + ended.errors


def test_detaching_leaves_what_was_attached(stack):
    account = f"{GROUP}/providers/Microsoft.Databricks/workspaces/theirs"
    managed = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/theirs-managed"
    stack.arm("PUT", account, {"location": "westeurope", "properties": {"managedResourceGroupId": managed}})
    args = f"DatabricksArgs(databricks={account!r}, identity='system')"
    up(stack, f"DatabricksCompute('bricks', {args}, workspace=workspace)")
    assert compute(stack, "bricks")["properties"]["resourceId"] == account
    up(stack, "")
    assert compute(stack, "bricks") is None
    assert stack.arm("GET", account)["name"] == "theirs"
    stack.arm("DELETE", account)


def test_a_cluster_that_the_official_client_made_is_used_and_then_adopted(stack):
    code = """
from azure.ai.ml import MLClient
from azure.ai.ml.entities import AmlCompute
from azure.identity import DefaultAzureCredential
client = MLClient(DefaultAzureCredential(), {subscription!r}, "small", "small")
client.compute.begin_create_or_update(AmlCompute(name="own", size="Standard_DS3_v2", max_instances=3)).result()
"""
    script = stack.home.root / "client.py"
    script.write_text(code.format(subscription=SUBSCRIPTION))
    stack.python(script)
    up(stack, 'pulumi.export("id", Cluster.existing("own", workspace=workspace).id)')
    assert stack.outputs()["id"] == f"{WORKSPACE}/computes/own"
    up(stack, "")
    assert "own" in computes(stack)
    adopted = """
ours = Conventions(adopt={adopt!r}).transformation()
args = ClusterArgs(vm_size="Standard_DS3_v2", max_nodes={most}, identity="none", local_auth={local_auth},
    priority="dedicated")
Cluster("own", args, workspace=workspace, opts=pulumi.ResourceOptions(transformations=[ours]))
"""
    made = compute(stack, "own")["properties"]
    local_auth = not made["disableLocalAuth"]
    adopt = {"Compute.own": f"{WORKSPACE}/computes/own"}
    text = up(stack, adopted.format(most=3, local_auth=local_auth, adopt=adopt))
    assert "imported" in text
    assert compute(stack, "own")["properties"]["createdOn"] == made["createdOn"]
    up(stack, adopted.format(most=4, local_auth=local_auth, adopt={}))
    after = compute(stack, "own")["properties"]
    assert after["createdOn"] == made["createdOn"]
    assert after["properties"]["scaleSettings"]["maxNodeCount"] == 4


@pytest.mark.parametrize(
    "fault",
    [
        {"status": 429, "retryAfter": 1, "when": "before"},
        {"status": 500, "when": "after"},
        {"drop": True, "when": "before"},
        {"drop": True, "when": "after"},
    ],
    ids=["busy", "broken", "dropped", "dropped when it was done"],
)
def test_what_fails_on_its_way_is_there_once_after_the_next_up(stack, fault):
    stack.arm("POST", "/control/faults", {"path": "computes/own", "method": "PUT", **fault})
    declare(stack, CLUSTER.format(size="Standard_DS3_v2", most=2, least=0))
    ended = stack.run("up", "--yes", "--skip-preview")
    assert "Traceback" not in ended.text + ended.errors
    stack.ok("up", "--yes", "--skip-preview")
    stack.ok("preview", "--expect-no-changes")
    assert sorted(computes(stack)) == ["cpu", "own"]
