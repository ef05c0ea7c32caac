"""A deleted workspace takes its jobs with it: one made anew under the same name starts empty."""

import time
from pathlib import Path
from typing import Any

import pytest

from amlkit.home import SUBSCRIPTION, Home
from amlkit.local import process

from .conftest import ML, StandIn, Workspace, error_of, make_workspace
from .jobs.lab import is_alive


def submit(workspace: Workspace, name: str, command: str) -> None:
    """A pipeline of one step of this command."""
    environment = workspace.call("PUT", "environments/bare/versions/1", {"properties": {"image": "ubuntu"}}).json()
    spec = {"name": "c", "version": "1", "type": "command", "command": command, "environment": environment["id"]}
    spec["outputs"] = {"o": {"type": "uri_folder"}}
    component = workspace.call("PUT", "components/c/versions/1", {"properties": {"componentSpec": spec}}).json()
    graph = {"s": {"type": "command", "componentId": component["id"]}}
    body = {"properties": {"jobType": "Pipeline", "experimentName": "tries", "jobs": graph}}
    answer = workspace.call("PUT", f"jobs/{name}", body)
    assert answer.status_code == 201, answer.text


def until_over(workspace: Workspace, name: str) -> dict[str, Any]:
    """The record of a job that is over."""
    record = {"status": ""}
    while record["status"] not in ("Completed", "Failed", "Canceled"):
        time.sleep(0.02)
        record = mlflow_and_history(workspace, "GET", f"/history/v1.0{workspace.id}/runs/{name}")
    return record


def mlflow_and_history(workspace: Workspace, method: str, path: str, body: Any = None, **query: str) -> Any:
    headers = {"Authorization": f"Bearer {workspace.stand_in.token()}"}
    return workspace.stand_in.http.request(method, path, json=body, params=query, headers=headers).json()


def made_again(workspace: Workspace) -> None:
    """The same workspace: in a group that may be gone, with storage that may be gone."""
    group = workspace.id.partition("/providers/")[0]
    workspace.stand_in.arm("PUT", group, {"location": "westeurope"})
    before = make_workspace(workspace.stand_in, group)
    document = workspace.stand_in.arm("GET", before.id).json()
    kept = {name: document["properties"][name] for name in ("storageAccount", "keyVault")}
    workspace.stand_in.made(workspace.id, {"location": "westeurope", "identity": {"type": "None"}, "properties": kept})


@pytest.mark.parametrize("what", ["workspace", "group"])
def test_its_jobs_end_and_are_forgotten(workspace: Workspace, tmp_path: Path, what: str) -> None:
    told = tmp_path / "pid"
    submit(workspace, "slow", f"echo $$ > {told}; sleep 100")
    while not (told.exists() and told.read_text().strip()):
        time.sleep(0.02)
    metric = {"run_id": "slow", "key": "m", "value": 1.5, "timestamp": 1, "step": 0}
    mlflow = f"/mlflow/v1.0{workspace.id}/api/2.0/mlflow"
    assert mlflow_and_history(workspace, "POST", f"{mlflow}/runs/log-metric", metric) == {}
    deleted = workspace.id if what == "workspace" else workspace.id.partition("/providers/")[0]
    assert workspace.stand_in.arm("DELETE", deleted, query={"forceToPurge": "true"}).status_code in (200, 204)
    assert not is_alive(told.read_text().strip())
    assert error_of(workspace.call("GET", "jobs"))[0] == 404
    made_again(workspace)
    assert workspace.call("GET", "jobs").json()["value"] == []
    assert error_of(workspace.call("GET", "jobs/slow")) == (404, "NotFound")
    named = mlflow_and_history(workspace, "GET", f"{mlflow}/experiments/get-by-name", experiment_name="tries")
    assert named["error_code"] == "RESOURCE_DOES_NOT_EXIST"
    submit(workspace, "slow", "true")
    until_over(workspace, "slow")
    found = mlflow_and_history(workspace, "GET", f"{mlflow}/runs/get", run_id="slow")
    assert found["run"]["data"]["metrics"] == []


def test_nothing_is_reused_from_a_workspace_of_the_same_name_before(workspace: Workspace) -> None:
    submit(workspace, "first", "echo 1 > ${{outputs.o}}/x")
    assert until_over(workspace, "first")["status"] == "Completed"
    workspace.stand_in.arm("DELETE", workspace.id, query={"forceToPurge": "true"})
    made_again(workspace)
    submit(workspace, "second", "echo 1 > ${{outputs.o}}/x")
    assert until_over(workspace, "second")["status"] == "Completed"
    assert until_over(workspace, "second-s")["properties"]["amlkit.reason"] == "first run"


def test_other_workspaces_keep_their_jobs_and_a_start_after_it_resumes_nothing(home: Home, tmp_path: Path) -> None:
    stand_in = StandIn(home, process.start(home)[0].address)
    group = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg"
    stand_in.made(group, {"location": "westeurope"})
    kept, lost = make_workspace(stand_in, group), make_workspace(stand_in, group)
    gate, count = tmp_path / "gate", tmp_path / "count"
    for workspace, name in ((kept, "kept"), (lost, "lost")):
        submit(workspace, name, f"echo {name} >> {count}; while [ ! -e {gate} ]; do sleep 0.02; done")
    while not (count.exists() and len(count.read_text().split()) == 2):
        time.sleep(0.02)
    stand_in.arm("DELETE", lost.id)
    process.stop(home)
    process.start(home)
    gate.touch()
    assert until_over(kept, "kept")["status"] == "Completed"
    assert sorted(count.read_text().split()) == ["kept", "kept", "lost"]
    left = [each["name"] for each in stand_in.arm("GET", f"{group}/{ML}").json()["value"]]
    assert left == [kept.name]
