"""Metrics through the unmodified MLflow client: in a step, whose environment we build, and read from outside."""

import time
from typing import Any

from .conftest import StandIn, Workspace

STEP = """
import sys, mlflow
mlflow.log_metric("accuracy", 0.5)
for step in range(3):
    mlflow.log_metric("loss", 1 / (step + 1), step=step)
mlflow.log_metrics({"a": 1, "bad": float("nan"), "big": float("inf")})
mlflow.log_param("rate", 0.1)
mlflow.log_params({"depth": 3})
mlflow.set_tag("kind", "tree")
mlflow.log_text("words", "notes/n.txt")
with mlflow.start_run(nested=True, run_name="inner"):
    mlflow.log_metric("inner", 7)
mlflow.end_run()
client = mlflow.MlflowClient()
run = client.get_run(sys.argv[1])
assert run.data.metrics["loss"] == 1 / 3, run
assert [each.value for each in client.get_metric_history(sys.argv[1], "loss")] == [1, 1 / 2, 1 / 3]
assert [each.path for each in client.list_artifacts(sys.argv[1], "notes")] == ["notes/n.txt"]
assert "user_logs" in [each.path for each in client.list_artifacts(sys.argv[1])]
found = client.search_runs([run.info.experiment_id], f"tags.mlflow.parentRunId = '{sys.argv[1]}'")
assert [each.data.metrics for each in found] == [{"inner": 7.0}], found
try:
    client.log_param(sys.argv[1], "rate", 0.2)
except mlflow.exceptions.MlflowException as error:
    assert error.error_code == "INVALID_PARAMETER_VALUE", error
else:
    raise AssertionError("a parameter changed")
print("checked")
"""
CONDA = "dependencies:\n- python>=3.11\n- pip:\n  - mlflow-skinny\n"


def submit(workspace: Workspace, name: str, body: dict[str, Any]) -> dict[str, Any]:
    stand_in = workspace.stand_in
    assert workspace.call("PUT", f"jobs/{name}", {"properties": body}).status_code == 201
    headers = {"Authorization": f"Bearer {stand_in.token()}"}
    run = f"/history/v1.0{workspace.id}/runs/{name}"
    while (record := stand_in.http.get(run, headers=headers).json())["status"] not in ("Completed", "Failed"):
        time.sleep(0.05)
    return record


def read(stand_in: StandIn, workspace: Workspace, run: str) -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {stand_in.token()}"}
    url = f"/mlflow/v1.0{workspace.id}/api/2.0/mlflow/runs/get"
    return stand_in.http.get(url, params={"run_id": run}, headers=headers).json()["run"]["data"]


def test_a_step_logs_with_the_real_client_and_a_reused_one_keeps_its_metrics(stand_in: StandIn, workspace: Workspace):
    environment = workspace.made(
        "environments/mlflow/versions/1", {"properties": {"image": "ubuntu", "condaFile": CONDA}}
    )
    store = workspace.call("GET", "datastores/workspaceblobstore").json()["properties"]
    folder = stand_in.home.data / store["accountName"] / store["containerName"] / "code"
    folder.mkdir(parents=True)
    (folder / "main.py").write_text(STEP)
    uri = "azureml://datastores/workspaceblobstore/paths/code"
    code = workspace.made("codes/main/versions/1", {"properties": {"codeUri": uri}})
    spec = {"name": "logs", "version": "1", "type": "command", "command": "python main.py $AZUREML_RUN_ID"}
    spec |= {"environment": environment["id"], "code": code["id"]}
    component = workspace.made("components/logs/versions/1", {"properties": {"componentSpec": spec}})
    graph = {"jobType": "Pipeline", "jobs": {"log": {"type": "command", "componentId": component["id"]}}}
    first = submit(workspace, "first", graph)
    assert first["status"] == "Completed", first["error"]
    for name in ("first-log", "second-log"):
        if name == "second-log":
            submit(workspace, "second", graph)
        data = read(stand_in, workspace, name)
        metrics = {item["key"]: item["value"] for item in data["metrics"]}
        assert metrics == {"a": 1, "accuracy": 0.5, "bad": "NaN", "big": "Infinity", "loss": 1 / 3}
        assert {item["key"]: item["value"] for item in data["params"]} == {"rate": "0.1", "depth": "3"}
    assert {"key": "kind", "value": "tree"} in read(stand_in, workspace, "first-log")["tags"]


def test_a_repeated_request_changes_nothing(stand_in: StandIn, workspace: Workspace):
    environment = workspace.made("environments/bare/versions/1", {"properties": {"image": "ubuntu"}})
    submit(workspace, "job", {"jobType": "Command", "command": "true", "environmentId": environment["id"]})
    headers = {"Authorization": f"Bearer {stand_in.token()}"}
    url = f"/mlflow/v1.0{workspace.id}/api/2.0/mlflow"
    metric = {"run_id": "job", "key": "m", "value": 1.5, "timestamp": 1, "step": 0}
    for _ in range(2):
        assert stand_in.http.post(f"{url}/runs/log-metric", json=metric, headers=headers).status_code == 200
    history = stand_in.http.get(
        f"{url}/metrics/get-history", params={"run_id": "job", "metric_key": "m"}, headers=headers
    )
    assert [item["value"] for item in history.json()["metrics"]] == [1.5]
    unknown = stand_in.http.get(f"{url}/runs/get", params={"run_id": "none"}, headers=headers)
    assert (unknown.status_code, unknown.json()["error_code"]) == (404, "RESOURCE_DOES_NOT_EXIST")
    other = stand_in.http.post(f"{url}/runs/search", json={"filter": "metrics.m > 1"}, headers=headers)
    assert (other.status_code, other.json()["error_code"]) == (501, "NOT_IMPLEMENTED")
