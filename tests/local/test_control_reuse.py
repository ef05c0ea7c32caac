"""The control routes of reuse over HTTP, and `amlkit local gc`, against running stand-ins."""

from __future__ import annotations

import os
import time

import pytest

from amlkit.local import process

from .conftest import StandIn, command_line, error_of, make_workspace

COMMAND = "echo ${{inputs.n}} > ${{outputs.o}}/x"


@pytest.fixture
def prepared(workspace):
    return prepare(workspace)


def prepare(workspace):
    workspace.made("environments/bare/versions/1", {"properties": {"image": "ubuntu"}})
    ports = {"inputs": {"n": {"type": "integer", "default": "1"}}, "outputs": {"o": {"type": "uri_folder"}}}
    spec = {"name": "write", "version": "1", "type": "command", "command": COMMAND, "environment": "azureml:bare:1"}
    workspace.made("components/write/versions/1", {"properties": {"componentSpec": spec | ports}})
    return workspace


def body(n=1):
    node = {"type": "command", "componentId": "azureml:write:1"}
    node["inputs"] = {"n": {"job_input_type": "literal", "value": str(n)}}
    return {"properties": {"jobType": "Pipeline", "experimentName": "control", "jobs": {"write": node}}}


def finished(workspace, name, n=1):
    workspace.made(f"jobs/{name}", body(n))
    until = time.monotonic() + 60
    while (status := workspace.call("GET", f"jobs/{name}").json()["properties"]["status"]) != "Completed":
        assert status not in ("Failed", "Canceled")
        assert time.monotonic() < until
        time.sleep(0.05)
    return name


def test_a_forecast_and_an_explanation_over_http(prepared):
    http = prepared.stand_in
    foreseen = http.arm("POST", f"/control/forecast{prepared.id}", body()).json()
    step = {"step": "write", "outcome": "runs", "reason": "first run", "details": [], "seconds": None}
    assert foreseen == {"rules": "content", "steps": [step]}
    name = finished(prepared, f"{prepared.name}-one")
    foreseen = http.arm("POST", f"/control/forecast{prepared.id}", body()).json()["steps"][0]
    assert (foreseen["outcome"], foreseen["details"]) == ("reused", [f"from {name}-write"])
    again = finished(prepared, f"{prepared.name}-two", 2)
    told = http.arm("GET", f"/control/explain{prepared.id}/jobs/{again}", query={"diff": "true"}).json()
    assert told["rules"] == "content"
    assert [(step["step"], step["outcome"], step["reason"]) for step in told["steps"]] == [
        ("write", "changed", "parameters changed: n changed")
    ]
    parameters = next(item for item in told["steps"][0]["ingredients"] if item["name"] == "parameters")
    assert [(part["name"], part["old_value"], part["new_value"]) for part in parameters["parts"]] == [("n", "1", "2")]
    step = http.arm("GET", f"/control/explain{prepared.id}/jobs/{again}-write").json()
    assert [each["step"] for each in step["steps"]] == ["write"]


def test_bad_requests_are_refused_in_azures_shape(prepared):
    http = prepared.stand_in
    assert error_of(http.arm("POST", f"/control/forecast{prepared.id}", {"properties": []})) == (
        400,
        "InvalidRequestContent",
    )
    wrong = {"properties": {"jobType": "Pipeline", "jobs": {"a": {"componentId": "azureml:none:1"}}}}
    assert error_of(http.arm("POST", f"/control/forecast{prepared.id}", wrong)) == (400, "UserError")
    assert error_of(http.arm("POST", f"/control/forecast{prepared.id}none", body()))[0] == 404
    assert error_of(http.arm("GET", f"/control/explain{prepared.id}/jobs/none")) == (404, "NotFound")
    for bad in ({}, {"maxSize": -1}, {"maxSize": "10GB"}, {"maxSize": 1, "dryRun": "yes"}):
        assert error_of(http.arm("POST", "/control/gc", bad)) == (400, "InvalidRequestContent")
    assert http.http.post("/control/gc", json={"maxSize": 0}).status_code == 401
    assert prepared.call("GET", "jobs").json()["value"] == []


def test_garbage_collection_from_the_command_line(home, tmp_path):
    environment = {"AMLKIT_CACHE": str(tmp_path / "cache")}
    stopped = command_line(home, "local", "gc")
    assert (stopped.returncode, "not running" in stopped.stderr) == (1, True)
    running, _ = process.start(home, "azure", os.environ | environment)
    stand_in = StandIn(home, running.address)
    group = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/gc"
    stand_in.made(group, {"location": "westeurope"})
    workspace = prepare(make_workspace(stand_in, group))
    name = finished(workspace, "first")
    wrong = command_line(home, "local", "gc", "--max-size", "lots")
    assert (wrong.returncode, "not a size: lots" in wrong.stderr) == (1, True)
    foreseen = command_line(home, "local", "gc", "--max-size", "0", "--dry-run")
    assert foreseen.stdout.split() == ["2", "B", "outputs", f"{name}-write"]
    assert "2 B would go" in foreseen.stderr
    assert "removed" in command_line(home, "local", "gc", "--max-size", "0.5 GB", "--keep").stderr
    assert process.Settings.read(home).limit_bytes == 500_000_000
    done = command_line(home, "local", "gc", "--max-size", "0")
    assert "2 B removed" in done.stderr
    again = finished(workspace, "second")
    step = workspace.call("GET", f"jobs/{again}-write").json()["properties"]
    lost = f"cached output is gone or damaged: o of {name}-write"
    assert step["properties"]["amlkit.reason"] == lost
    told = stand_in.arm("GET", f"/control/explain{workspace.id}/jobs/{again}").json()
    assert (told["rules"], told["steps"][0]["outcome"]) == ("azure", "lost")
