"""The life of computes: nodes follow what runs and idle by a clock that is moved; instances, attachments, quotas."""

import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from amlkit.home import SUBSCRIPTION, Home
from amlkit.local import process

from .conftest import StandIn, Workspace, error_of, make_workspace
from .test_control_door import control
from .test_deleted_workspaces import until_over

QUOTAS = f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.MachineLearningServices/locations"


def compute(kind: str, inner: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    properties = {"computeType": kind, **more} | ({"properties": inner} if inner is not None else {})
    return {"location": "westeurope", "properties": properties}


def cluster(low: int = 0, high: int = 2, **more: Any) -> dict[str, Any]:
    scale = {"minNodeCount": low, "maxNodeCount": high, "nodeIdleTimeBeforeScaleDown": "PT10M"}
    return compute("AmlCompute", {"vmSize": "Standard_DS3_v2", "scaleSettings": scale} | more)


def nodes(workspace: Workspace, name: str = "cpu") -> list[tuple[str, str | None]]:
    found = workspace.call("POST", f"computes/{name}/listNodes").json()["nodes"]
    return [(each["nodeState"], each["runId"]) for each in found]


def shown(workspace: Workspace, name: str = "cpu") -> dict[str, Any]:
    return dict(workspace.call("GET", f"computes/{name}").json()["properties"]["properties"])


def until(what: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not what():
        assert time.monotonic() < end
        time.sleep(0.02)


@pytest.fixture
def moved(stand_in: StandIn) -> Iterator[Callable[[float], Any]]:
    """Moves the time on; it is put back."""
    yield lambda seconds: control(stand_in, "PUT", "time", {"advance": seconds})
    control(stand_in, "PUT", "time", {"ahead": 0})


def test_nodes_follow_what_runs_and_go_after_the_idle_time(
    workspace: Workspace, moved: Callable[[float], Any], tmp_path: Path
) -> None:
    workspace.made("computes/cpu", cluster())
    assert nodes(workspace) == []
    environment = workspace.call("PUT", "environments/bare/versions/1", {"properties": {"image": "ubuntu"}}).json()
    gate = tmp_path / "gate"
    command = {"jobType": "Command", "command": f"while [ ! -e {gate} ]; do sleep 0.02; done"}
    place = {"computeId": f"{workspace.id}/computes/cpu", "environmentId": environment["id"]}
    for name in ("one", "two", "three"):
        answer = workspace.call("PUT", f"jobs/{name}", {"properties": command | place})
        assert answer.status_code == 201, answer.text
    until(lambda: len(nodes(workspace)) == 2 and all(state == "running" for state, _ in nodes(workspace)))
    assert shown(workspace)["nodeStateCounts"]["runningNodeCount"] == 2
    usages = workspace.stand_in.arm("GET", f"{QUOTAS}/westeurope/usages").json()["value"]
    used = {each["name"]["value"]: each["currentValue"] for each in usages}
    assert used["standardDSv2Family"] >= 8
    gate.touch()
    for name in ("one", "two", "three"):
        until_over(workspace, name)
    until(lambda: [state for state, _ in nodes(workspace)] == ["idle", "idle"])
    assert shown(workspace)["currentNodeCount"] == 2
    moved(599)
    assert len(nodes(workspace)) == 2
    moved(2)
    assert nodes(workspace) == []
    assert shown(workspace)["nodeStateCounts"]["idleNodeCount"] == 0


def test_the_least_number_of_nodes_stays(workspace: Workspace, moved: Callable[[float], Any]) -> None:
    workspace.made("computes/cpu", cluster(low=1))
    moved(86400)
    assert nodes(workspace) == [("idle", None)]
    scale = {"properties": {"properties": {"scaleSettings": {"minNodeCount": 2}}}}
    assert workspace.call("PATCH", "computes/cpu", scale).json()["properties"]["properties"]["currentNodeCount"] == 2


REFUSED: list[tuple[dict[str, Any], str]] = [
    (cluster(low=3), "ValidationError"),
    (cluster(scaleSettings={"maxNodeCount": 1, "nodeIdleTimeBeforeScaleDown": "soon"}), "ValidationError"),
    (cluster(vmSize="Standard_DS3v2x!"), "InvalidVmSize"),
    (cluster(userAccountCredentials={"adminUserPassword": "x"}), "ValidationError"),
    (compute("AmlCompute", {}), "ValidationError"),
    (compute("ComputeInstance", {}), "ValidationError"),
    (compute("ComputeInstance", {"vmSize": "Standard_DS3_v2", "idleTimeBeforeShutdown": "1h"}), "ValidationError"),
    (compute("Databricks", {"databricksAccessToken": "t"}), "ValidationError"),
    (compute("Bogus", {}), "ValidationError"),
]


@pytest.mark.parametrize(("body", "code"), REFUSED, ids=str)
def test_what_azure_refuses_is_refused(workspace: Workspace, body: dict[str, Any], code: str) -> None:
    assert error_of(workspace.call("PUT", "computes/x1", body)) == (400, code)
    assert workspace.call("GET", "computes").json()["value"] == []


@pytest.mark.parametrize("name", ["x", "1x", "a_b", "node-1", "x" * 25])
def test_an_illegal_name_is_refused(workspace: Workspace, name: str) -> None:
    assert error_of(workspace.call("PUT", f"computes/{name}", cluster())) == (400, "InvalidResourceName")


def test_an_unknown_size_is_answered_with_close_ones(workspace: Workspace) -> None:
    answer = workspace.call("PUT", "computes/cpu", cluster(vmSize="Standard_DS3_v2 "))
    assert "Standard_DS3_v2" in answer.json()["error"]["message"]
    newer = cluster(vmSize="Standard_D4s_v99")  # not in the table, but Azure adds sizes all the time
    assert workspace.call("PUT", "computes/cpu", newer).status_code == 201


CHANGED = [
    {"vmSize": "Standard_D4s_v3"},
    {"vmPriority": "LowPriority"},
    {"remoteLoginPortPublicAccess": "Enabled"},
    {"userAccountCredentials": {"adminUserName": "other"}},
]


@pytest.mark.parametrize("change", CHANGED, ids=str)
def test_what_is_fixed_does_not_change(workspace: Workspace, change: dict[str, Any]) -> None:
    account = {"adminUserName": "me", "adminUserPassword": "a-Secret-1"}
    workspace.made("computes/cpu", cluster(userAccountCredentials=account))
    assert "a-Secret-1" not in workspace.call("GET", "computes/cpu").text
    assert workspace.call("PUT", "computes/cpu", cluster(userAccountCredentials=account, high=5)).status_code == 200
    assert error_of(workspace.call("PUT", "computes/cpu", cluster(**change))) == (400, "UserError")


def test_an_instance_stops_when_it_idles_and_is_resized(workspace: Workspace, moved: Callable[[float], Any]) -> None:
    inner = {"vmSize": "Standard_DS3_v2", "idleTimeBeforeShutdown": "PT30M"}
    made = workspace.made("computes/desk", compute("ComputeInstance", inner))
    assert made["properties"]["properties"]["state"] == "Running"
    resize = {"targetVMSize": "Standard_D4s_v3"}
    assert error_of(workspace.call("POST", "computes/desk/resize", resize)) == (400, "UserError")
    moved(1801)
    idle = shown(workspace, "desk")
    assert (idle["state"], idle["lastOperation"]["operationTrigger"]) == ("Stopped", "IdleShutdown")
    answer = workspace.call("POST", "computes/desk/resize", resize)
    assert answer.status_code == 202
    place = answer.headers["Azure-AsyncOperation"].removeprefix(workspace.stand_in.address.url).partition("?")[0]
    assert workspace.stand_in.arm("GET", place).json()["status"] == "Succeeded"
    assert workspace.call("POST", "computes/desk/start").status_code == 202
    again = shown(workspace, "desk")
    assert (again["state"], again["vmSize"]) == ("Running", "Standard_D4s_v3")
    assert error_of(workspace.call("POST", "computes/desk/listNodes")) == (400, "UserError")
    workspace.made("computes/cpu", cluster())
    assert error_of(workspace.call("POST", "computes/cpu/start")) == (400, "UserError")


def attached_to(workspace: Workspace) -> dict[str, str]:
    """A Databricks workspace, a Data Lake Analytics account and a data factory; their ids."""
    group, made = workspace.id.partition("/providers/")[0], workspace.stand_in.made
    tail = uuid.uuid4().hex[:8]
    where = {"location": "westeurope"}
    ids = {
        "Databricks": f"{group}/providers/Microsoft.Databricks/workspaces/dbx-{tail}",
        "DataLakeAnalytics": f"{group}/providers/Microsoft.DataLakeAnalytics/accounts/adla{tail}",
        "DataFactory": f"{group}/providers/Microsoft.DataFactory/factories/adf-{tail}",
    }
    made(ids["Databricks"], where | {"properties": {"managedResourceGroupId": f"{group}-managed"}})
    made(f"{group}/providers/Microsoft.DataLakeStore/accounts/adls{tail}", where | {"properties": {}})
    stores = {"defaultDataLakeStoreAccount": f"adls{tail}", "dataLakeStoreAccounts": [{"name": f"adls{tail}"}]}
    made(ids["DataLakeAnalytics"], where | {"properties": stores})
    made(ids["DataFactory"], where)
    return ids


def test_attachments_have_what_the_clients_need_and_keep_their_secrets(workspace: Workspace) -> None:
    ids = attached_to(workspace)
    inner = {"databricksAccessToken": "dapi-first", "workspaceUrl": "https://adb-1.test"}
    made = workspace.made("computes/dbx", compute("Databricks", inner, resourceId=ids["Databricks"]))
    assert made["properties"]["isAttachedCompute"] is True
    rotated = compute("Databricks", inner | {"databricksAccessToken": "dapi-next"}, resourceId=ids["Databricks"])
    assert workspace.call("PUT", "computes/dbx", rotated).status_code == 200
    assert "dapi" not in workspace.call("GET", "computes").text
    keys = workspace.call("POST", "computes/dbx/listKeys").json()
    assert keys == {"computeType": "Databricks", "databricksAccessToken": "dapi-next"}
    workspace.made("computes/adla", compute("DataLakeAnalytics", {}, resourceId=ids["DataLakeAnalytics"]))
    workspace.made("computes/adf", compute("DataFactory", resourceId=ids["DataFactory"]))
    workspace.made("computes/adf2", compute("DataFactory"))
    found = workspace.call("GET", "computes").json()["value"]
    listed = {each["name"]: each["properties"]["computeType"] for each in found}
    assert listed == {"dbx": "Databricks", "adla": "DataLakeAnalytics", "adf": "DataFactory", "adf2": "DataFactory"}
    assert error_of(workspace.call("POST", "computes/adf/listKeys")) == (400, "UserError")
    assert workspace.call("DELETE", "computes/dbx", query={"underlyingResourceAction": "Detach"}).status_code == 200
    assert workspace.stand_in.arm("GET", ids["Databricks"]).status_code == 200


def test_an_attachment_wants_its_resource(workspace: Workspace) -> None:
    ids = attached_to(workspace)
    for wrong in (f"{ids['Databricks']}x", ids["DataFactory"]):
        answer = workspace.call("PUT", "computes/dbx", compute("Databricks", {}, resourceId=wrong))
        assert error_of(answer) == (400, "ValidationError")
    elsewhere = ids["Databricks"].replace(SUBSCRIPTION, str(uuid.uuid4()))
    assert workspace.call("PUT", "computes/dbx", compute("Databricks", {}, resourceId=elsewhere)).status_code == 201
    workspace.made("computes/adf", compute("DataFactory"))
    changed = workspace.call("PUT", "computes/adf", cluster())
    assert error_of(changed) == (400, "UserError")


def test_a_quota_keeps_a_cluster_from_its_least_number_of_nodes(home: Home) -> None:
    stand_in = StandIn(home, process.start(home)[0].address)
    group = stand_in.made(f"/subscriptions/{SUBSCRIPTION}/resourceGroups/q", {"location": "westeurope"})["id"]
    workspace = make_workspace(stand_in, group)
    limit = {"value": [{"id": f"{workspace.id}/quotas/standardDSv2Family", "limit": 8}]}
    assert stand_in.arm("POST", f"{QUOTAS}/westeurope/updateQuotas", limit).json()["value"][0]["status"] == "Success"
    assert error_of(stand_in.arm("POST", f"{QUOTAS}/westeurope/updateQuotas", {"value": [{"id": "x"}]}))[0] == 400
    made = workspace.made("computes/cpu", cluster(low=3, high=4))  # it is made whatever its quota is
    inner = made["properties"]["properties"]
    assert (inner["currentNodeCount"], inner["errors"][0]["error"]["code"]) == (2, "ClusterMinNodesExceedCoreQuota")
    usages = stand_in.arm("GET", f"{QUOTAS}/westeurope/usages").json()["value"]
    found = {each["name"]["value"]: (each["currentValue"], each["limit"]) for each in usages}
    assert found["standardDSv2Family"] == (8, 8)
    assert (found["TotalDedicatedCores"], found["TotalClusters"]) == ((8, -1), (1, 500))
