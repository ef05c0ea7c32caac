"""Jobs through the unmodified azure-ai-ml client, in a process that only the printed environment points at us."""

import json
import os
import select
import signal
import time
import uuid
from pathlib import Path

from amlkit.home import ML_AUDIENCE, SUBSCRIPTION, Home
from amlkit.local import process

from .conftest import StandIn, Workspace, error_of, make_workspace

CLIENT = """if True:
    import json, pathlib, sys, time
    from azure.ai.ml import Input, MLClient, Output, command, dsl
    from azure.ai.ml.entities import AmlCompute, BatchEndpoint, Environment, PipelineComponentBatchDeployment
    from azure.core.exceptions import HttpResponseError
    from azure.identity import DefaultAzureCredential

    subscription, group, workspace, endpoint, folder = sys.argv[1:]
    folder = pathlib.Path(folder)
    ml = MLClient(DefaultAzureCredential(), subscription, group, workspace)
    ml.compute.begin_create_or_update(AmlCompute(name="cpu", size="Standard_DS3_v2", max_instances=2)).result()
    bare = ml.environments.create_or_update(Environment(name="bare", version="1", image="ubuntu"))
    (folder / "code").mkdir(parents=True)
    write = "import sys, pathlib, time; time.sleep(float(sys.argv[3])); "
    write += "pathlib.Path(sys.argv[2], 'v').write_text(sys.argv[1]); print('wrote', sys.argv[1])"
    (folder / "code" / "main.py").write_text(write)
    one = command(name="one", code=folder / "code", environment=bare,
        command="python main.py ${{inputs.rate}} ${{outputs.o}} ${{inputs.pause}}",
        inputs={"rate": Input(type="number"), "pause": Input(type="number", default=0)},
        outputs={"o": Output(type="uri_folder")})
    two = command(name="two", environment=bare, command="cat ${{inputs.i}}/v > ${{outputs.o}}/w",
        inputs={"i": Input(type="uri_folder")}, outputs={"o": Output(type="uri_folder")})
    one, two = (ml.components.create_or_update(each.component) for each in (one, two))

    @dsl.pipeline(name="pair", default_compute="cpu")
    def pair(rate: float = 0.25, pause: float = 0):
        return {"report": two(i=one(rate=rate, pause=pause).outputs.o).outputs.o}

    found = {}
    job = ml.jobs.create_or_update(pair(rate=0.5, pause=1.5), experiment_name="pairs")
    ml.jobs.stream(job.name)
    found["children"] = [
        [child.display_name, child.status, child.properties["amlkit.reason"], ml.jobs.get(child.name).status]
        for child in ml.jobs.list(parent_job_name=job.name)
    ]
    ml.jobs.download(job.name, download_path=folder / "all", all=True)
    ml.jobs.download(job.name, download_path=folder / "named", output_name="report")
    again = ml.jobs.create_or_update(pair(rate=0.5, pause=1.5), experiment_name="pairs")
    ml.jobs.stream(again.name)
    found["again"] = [[child.status, child.properties["azureml.isreused"]] for child in
                      ml.jobs.list(parent_job_name=again.name)]
    found["jobs"] = sorted(each.name for each in ml.jobs.list()) == sorted([job.name, again.name])

    ml.batch_endpoints.begin_create_or_update(BatchEndpoint(name=endpoint)).result()
    component = ml.components.create_or_update(pair().component)
    ml.batch_deployments.begin_create_or_update(PipelineComponentBatchDeployment(
        name="first", endpoint_name=endpoint, component=component, settings={"default_compute": "cpu"})).result()
    served = ml.batch_endpoints.get(endpoint)
    served.defaults = {"deployment_name": "first"}
    ml.batch_endpoints.begin_create_or_update(served).result()
    invoked = ml.batch_endpoints.invoke(endpoint, inputs={"rate": Input(type="number", default=0.75)})
    ml.jobs.stream(invoked.name)
    ml.jobs.download(invoked.name, download_path=folder / "invoked", output_name="report")
    found["invoked"] = [[each.name == invoked.name, each.status] for each in ml.batch_endpoints.list_jobs(endpoint)]
    try:
        ml.batch_endpoints.invoke(endpoint, inputs={"rat": Input(type="number", default=1)})
    except HttpResponseError as error:
        found["refused"] = [error.status_code, error.error.message]

    single = ml.jobs.create_or_update(command(command="echo the reason; exit 4", environment=bare, compute="cpu"))
    try:
        ml.jobs.stream(single.name)
    except Exception as error:
        found["failed"] = "exit code 4" in str(error) and "the reason" in str(error)
    slow = ml.jobs.create_or_update(command(command="sleep 100", environment=bare, compute="cpu"))
    ml.jobs.begin_cancel(slow.name).result()
    while (status := ml.jobs.get(slow.name).status) not in ("Canceled", "Completed", "Failed"):
        time.sleep(0.1)
    found["cancelled"] = status
    print("FOUND", json.dumps(found))
"""


def test_the_official_client_submits_streams_lists_downloads_invokes_and_cancels(workspace: Workspace, tmp_path: Path):
    subscription, group = workspace.id.split("/")[2], workspace.group
    endpoint = f"pair-{uuid.uuid4().hex[:8]}"
    names = (subscription, group, workspace.name, endpoint, str(tmp_path / "client"))
    output = workspace.stand_in.script(CLIENT, *names, AZUREML_RUN_POLLING_INTERVAL_MIN="1")
    log, _, text = output.partition("FOUND ")
    found = json.loads(text)
    assert "one  runs: first run" in log
    assert found["children"] == [
        ["one", "Completed", "first run", "Completed"],
        ["two", "Completed", "first run", "Completed"],
    ]
    assert found["again"] == [["Completed", "true"], ["Completed", "true"]]
    assert found["jobs"] is True
    assert found["invoked"] == [[True, "Completed"]]
    assert found["refused"] == [400, "inputs.rat: there is no such input; there is: rate, pause"]
    assert (found["failed"], found["cancelled"]) == (True, "Canceled")
    client = tmp_path / "client"
    assert (client / "all" / "named-outputs" / "report" / "w").read_text() == "0.5"
    assert (client / "all" / "artifacts" / "logs" / "azureml" / "executionlogs.txt").exists()
    assert (client / "named" / "named-outputs" / "report" / "w").read_text() == "0.5"
    assert (client / "invoked" / "named-outputs" / "report" / "w").read_text() == "0.75"


def test_an_invocation_needs_a_token_for_machine_learning(stand_in: StandIn, workspace: Workspace):
    url = f"/batch{workspace.id}/batchEndpoints/none/jobs"
    assert error_of(stand_in.http.post(url, json={}))[0] == 401
    arm = {"Authorization": f"Bearer {stand_in.token()}"}
    assert error_of(stand_in.http.post(url, json={}, headers=arm)) == (401, "InvalidAuthenticationTokenAudience")
    good = {"Authorization": f"Bearer {stand_in.token(ML_AUDIENCE)}"}
    assert error_of(stand_in.http.post(url, json={}, headers=good)) == (404, "NotFound")


def test_a_log_is_read_with_its_own_address_only(stand_in: StandIn, workspace: Workspace):
    environment = {"properties": {"image": "ubuntu"}}
    made = workspace.made("environments/bare/versions/1", environment)
    body = {"properties": {"jobType": "Command", "command": "sleep 0.2; echo said", "environmentId": made["id"]}}
    assert workspace.call("PUT", "jobs/mine", body).status_code == 201
    headers = {"Authorization": f"Bearer {stand_in.token()}"}
    run = f"/history/v1.0{workspace.id}/runs/mine"
    while (record := stand_in.http.get(f"{run}/details", headers=headers).json())["status"] not in (
        "Completed",
        "Failed",
    ):
        time.sleep(0.05)
    address = record["logFiles"]["user_logs/std_log.txt"]
    assert stand_in.http.get(address).text.endswith("said\n")
    assert error_of(stand_in.http.get(address.partition("?")[0]))[0] == 401
    assert error_of(stand_in.http.get(address.replace("/runs/mine/", "/runs/other/")))[0] == 401
    assert error_of(workspace.call("GET", "jobs/none")) == (404, "NotFound")


def test_kill_9_of_the_stand_in_in_the_middle_of_a_run(home: Home, tmp_path: Path):
    running, _ = process.start(home)
    stand_in = StandIn(home, running.address)
    group = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg"
    stand_in.made(group, {"location": "westeurope"})
    workspace = make_workspace(stand_in, group)
    bare = workspace.made("environments/bare/versions/1", {"properties": {"image": "ubuntu"}})["id"]
    gate = tmp_path / "gate"
    commands = {
        "first": f"echo first >> {gate}.count",
        "second": f"setsid sleep 300 & echo $$ $! > {gate}.pids; echo second >> {gate}.count; "
        f"while [ ! -e {gate} ]; do sleep 0.02; done; ls ${{{{inputs.i}}}}",
    }
    graph = {}
    for name, line in commands.items():
        spec = {"name": name, "version": "1", "type": "command", "command": line, "environment": bare}
        spec["inputs"] = {"i": {"type": "uri_folder"}} if name == "second" else {}
        spec["outputs"] = {"o": {"type": "uri_folder"}} if name == "first" else {}
        made = workspace.made(f"components/{name}/versions/1", {"properties": {"componentSpec": spec}})
        graph[name] = {"type": "command", "componentId": made["id"]}
    graph["second"]["inputs"] = {"i": {"job_input_type": "literal", "value": "${{parent.jobs.first.outputs.o}}"}}
    assert workspace.call("PUT", "jobs/mine", {"properties": {"jobType": "Pipeline", "jobs": graph}}).status_code == 201
    count = Path(f"{gate}.count")
    while not (count.exists() and "second" in count.read_text()):
        time.sleep(0.02)
    left = [os.pidfd_open(int(number)) for number in Path(f"{gate}.pids").read_text().split()]
    os.kill(running.pid, signal.SIGKILL)
    for each in left:
        assert select.select([each], [], [], 20)[0], "a process of the step outlives the stand-in"
        os.close(each)
    gate.touch()
    process.start(home)
    while workspace.call("GET", "jobs/mine").json()["properties"]["status"] not in ("Completed", "Failed"):
        time.sleep(0.05)
    assert workspace.call("GET", "jobs/mine").json()["properties"]["status"] == "Completed"
    assert count.read_text().split() == ["first", "second", "second"]
