"""Pipelines as processes: order, data between steps, failures, cancel, timeouts, limits."""

import sqlite3
import time
from pathlib import Path

import pytest

from amlkit.local.jobs.records import Status
from amlkit.local.web import AzureError

from .lab import WORKSPACE, is_alive, literal, output_of, parent

FOLDER = {"type": "uri_folder"}
OUT = {"o": FOLDER}


def step(component, outputs=None, **inputs):
    return {"type": "command", "componentId": component, "inputs": inputs, "outputs": outputs or {}}


def test_a_step_reads_what_the_one_before_wrote(lab):
    code = lab.code("writer", main__py="import sys; open(sys.argv[2] + '/v', 'w').write(sys.argv[1])")
    write = lab.component(
        "write", "python main.py ${{inputs.v}} ${{outputs.o}}", code=code, inputs={"v": {"type": "number"}}, outputs=OUT
    )
    read = lab.component("read", "cat ${{inputs.i}}/v > ${{outputs.o}}/w", inputs={"i": FOLDER}, outputs=OUT)
    job = lab.run(
        {
            "one": step(write, v=parent("rate")),
            "two": step(read, {"o": parent_output("report")}, i=output_of("one", "o")),
        },
        inputs={"rate": {"jobInputType": "literal", "value": "0.25"}},
        outputs={"report": {"jobOutputType": "uri_folder"}},
    )
    assert (job.status, job.error) == (Status.COMPLETED, "")
    assert lab.text(job, "report", "w") == "0.25"
    assert job.produced["report"]["uri"] == f"azureml://datastores/workspaceblobstore/paths/azureml/{job.name}/report/"
    assert list(lab.steps(job.name)) == ["one", "two"]


def test_a_failed_step_stops_downstream_and_says_why(lab):
    bad = lab.component("bad", "echo before; echo the reason >&2; exit 3", outputs=OUT)
    after = lab.component("after", "cat ${{inputs.i}}/x", inputs={"i": FOLDER})
    job = lab.run({"bad": step(bad), "after": step(after, i=output_of("bad", "o"))})
    assert job.status is Status.FAILED
    assert job.error.splitlines() == ["step `bad` failed with exit code 3", "before", "the reason"]
    steps = lab.steps(job.name)
    assert (steps["after"].status, steps["after"].error) == (Status.CANCELED, "not run: step `bad` failed")
    assert "the reason" in lab.log(job, "logs/azureml/executionlogs.txt")


def test_a_failure_ends_the_other_branch_unless_told_to_continue(lab):
    bad = lab.component("bad", "exit 1")
    slow = lab.component("slow", "sleep 0.3; echo done > ${{outputs.o}}/x", outputs=OUT)
    graph = {"bad": step(bad), "slow": step(slow)}
    stopped = lab.run(graph)
    assert lab.states(stopped.name) == {"bad": "Failed", "slow": "Canceled"}
    went_on = lab.run(graph, settings={"continue_on_step_failure": True})
    assert (went_on.status, lab.states(went_on.name)) == (Status.FAILED, {"bad": "Failed", "slow": "Completed"})


def test_a_failure_ends_a_thousand_queued_steps(lab):
    lab.compute("one", nodes=1)
    on_one = {"computeId": f"{WORKSPACE}/computes/one"}
    component = lab.component("c", "exit ${{inputs.n}}", inputs={"n": {"type": "integer"}})
    graph = {f"s{n}": {**step(component, n=literal(n + 1)), **on_one} for n in range(1000)}
    job = lab.run(graph)
    assert job.error == "step `s0` failed with exit code 1"
    assert sorted(set(lab.states(job.name).values())) == ["Canceled", "Failed"]


def test_cancel_ends_the_whole_process_group(lab, tmp_path):
    mark = tmp_path / "pids"
    command = f"sleep 60 & echo $! >> {mark}; echo $$ >> {mark}; sleep 60; wait"
    name = lab.start({"slow": step(lab.component("slow", command)), "next": step(lab.component("n", "true"))})
    lab.until(name, lambda _: mark.exists() and len(mark.read_text().split()) == 2)
    lab.jobs.cancel(WORKSPACE, name)
    assert lab.wait(name).status is Status.CANCELED
    lab.until(name, lambda _: not any(is_alive(pid) for pid in mark.read_text().split()), 5)


def test_a_step_that_ignores_the_request_is_killed(lab):
    name = lab.start({"deaf": step(lab.component("deaf", "trap '' TERM; echo on; while true; do sleep 0.1; done"))})
    lab.until(name, lambda _: "on" in "".join(map(str, logs(lab, name, "deaf"))))
    lab.jobs.cancel(WORKSPACE, name)
    assert lab.wait(name).status is Status.CANCELED


def test_a_step_over_its_time_limit_fails(lab):
    node = {**step(lab.component("slow", "echo on; sleep 60")), "limits": {"timeout": "PT1S"}}
    job = lab.run({"slow": node})
    assert job.error.splitlines() == ["step `slow` ran longer than its limit of 1 s and was ended", "on"]


def test_a_process_that_a_step_leaves_behind_is_ended(lab, tmp_path):
    job = lab.run({"leaver": step(lab.component("leaver", f"sleep 60 & echo $! > {tmp_path}/pid"))})
    assert job.status is Status.COMPLETED
    left = (tmp_path / "pid").read_text().strip()
    lab.until(job.name, lambda _: not is_alive(left), 5)


def test_a_cluster_runs_no_more_steps_than_it_has_nodes(lab, tmp_path):
    lab.compute("one", nodes=1)
    command = f"mkdir {tmp_path}/alone && sleep 0.05 && rmdir {tmp_path}/alone # ${{{{inputs.n}}}}"
    each = lab.component("each", command, inputs={"n": {"type": "integer"}})
    graph = {f"s{n}": {**step(each, n=literal(n)), "computeId": f"{WORKSPACE}/computes/one"} for n in range(4)}
    assert lab.run(graph).status is Status.COMPLETED


def test_a_chain_of_a_thousand_steps_does_not_recurse(lab):
    once = lab.component("once", "true", inputs={"i": {**FOLDER, "optional": True}}, outputs=OUT)
    graph = {"s0": step(once)} | {f"s{n}": step(once, i=output_of(f"s{n - 1}", "o")) for n in range(1, 1000)}
    first = lab.wait(lab.start(graph), 120)
    assert (first.status, first.error) == (Status.COMPLETED, "")
    started = time.monotonic()
    second = lab.run(graph)
    assert set(lab.reasons(second.name).values()) == {"reused"}
    assert time.monotonic() - started < 5


def test_a_step_sees_its_own_variables_and_no_others(lab, monkeypatch):
    command = "env -0 > ${{outputs.o}}/env"
    names = {"RATE": "${{inputs.rate}}"}
    component = lab.component(
        "env", command, inputs={"rate": {"type": "number"}}, outputs=OUT, environment_variables=names
    )
    monkeypatch.setenv("SECRET_OF_THE_SHELL", "x")
    job = lab.run({"env": step(component, rate=literal("0.5"))})
    seen = dict(item.split("=", 1) for item in lab.text(lab.steps(job.name)["env"], "o", "env").split("\0") if item)
    assert (seen["RATE"], seen["AML_PARAMETER_rate"], seen["AZUREML_ROOT_RUN_ID"]) == ("0.5", "0.5", job.name)
    assert seen["AZUREML_ARM_WORKSPACE_NAME"] == "ws"
    assert seen["MLFLOW_RUN_ID"] == seen["AZUREML_RUN_ID"] == f"{job.name}-env"
    assert not {"SECRET_OF_THE_SHELL", "HTTPS_PROXY", "IDENTITY_HEADER"} & seen.keys()


def test_inputs_come_as_the_place_itself_or_as_a_copy(lab):
    uri = lab.data("raw", **{"a.csv": "1"})
    command = "echo ${{inputs.m}} ${{inputs.d}} > ${{outputs.o}}/paths; cat ${{inputs.d}}/a.csv"
    ports = {"m": {**FOLDER, "mode": "ro_mount"}, "d": {**FOLDER, "mode": "download"}}
    component = lab.component("paths", command, inputs=ports, outputs=OUT)
    data = {"job_input_type": "uri_folder", "uri": uri}
    job = lab.run({"p": step(component, m=data, d=data)})
    mounted, copied = lab.text(lab.steps(job.name)["p"], "o", "paths").split()
    assert Path(mounted) == lab.blobs.folder_of(uri, WORKSPACE)
    assert "runs" in Path(copied).parts


def test_an_output_that_is_a_file_must_be_written(lab):
    port = {"o": {"type": "uri_file"}}
    good = lab.run({"s": step(lab.component("good", "echo hi > ${{outputs.o}}", outputs=port))})
    assert lab.text(lab.steps(good.name)["s"], "o", "") == "hi\n"
    bad = lab.run({"s": step(lab.component("bad", "true", outputs=port))})
    assert bad.error == "step `s` ended well but did not write its output `o`"


def test_an_output_goes_where_the_caller_wants_it_reused_or_not(lab):
    component = lab.component("w", "echo 1 > ${{outputs.o}}/x", outputs=OUT)
    graph = {"s": step(component, {"o": parent_output("r")})}
    lab.run(graph, outputs={"r": {"jobOutputType": "uri_folder"}})
    uri = "azureml://datastores/workspaceblobstore/paths/mine/"
    job = lab.run(graph, outputs={"r": {"jobOutputType": "uri_folder", "uri": uri}})
    assert lab.reasons(job.name) == {"s": "reused"}
    assert (job.produced["r"]["uri"], lab.text(job, "r", "x")) == (uri, "1\n")


def test_missing_data_fails_the_step_by_name(lab):
    component = lab.component("r", "cat ${{inputs.i}}/x", inputs={"i": FOLDER})
    uri = "azureml://datastores/workspaceblobstore/paths/nothing/here"
    job = lab.run({"s": step(component, i={"job_input_type": "uri_folder", "uri": uri})})
    assert job.error == f"step `s` could not start: input `i`: nothing is there: {uri}"


def test_everything_wrong_with_a_request_is_said_at_once(lab):
    component = lab.component("c", "t ${{inputs.rate}}", inputs={"rate": {"type": "number"}}, outputs=OUT)
    graph = {
        "a": step(component, rat=literal("1")),
        "b": step(component, rate=output_of("aa", "o")),
        "c": {"type": "spark"},
        "d": step(f"{WORKSPACE}/components/none/versions/1"),
        "e": {**step(component, rate=literal("fast")), "computeId": "azureml:gone"},
    }
    with pytest.raises(AzureError) as refused:
        lab.start(graph)
    said = {item["target"]: item["message"] for item in refused.value.details}
    assert said["jobs.a.inputs.rat"] == "the component has no such input (did you mean rate?)"
    assert said["jobs.a.inputs.rate"] == "no value for it"
    assert said["jobs.b.inputs.rate"] == "there is no such step: aa (did you mean a?)"
    assert said["jobs.c"].startswith("a step of type spark does not run")
    assert said["jobs.d.componentId"].startswith("there is no ")
    assert said["jobs.e.inputs.rate"] == "not a number: 'fast'"
    assert said["jobs.e.computeId"] == "no such compute: gone"


def test_steps_in_a_circle_are_refused(lab):
    component = lab.component("c", "t ${{inputs.i}}", inputs={"i": FOLDER}, outputs=OUT)
    with pytest.raises(AzureError, match="these steps wait for each other: a, b"):
        lab.start({"a": step(component, i=output_of("b", "o")), "b": step(component, i=output_of("a", "o"))})


def test_a_run_keeps_its_definition_whatever_is_published_later(lab, tmp_path):
    gate = tmp_path / "gate"
    first = lab.component("first", f"while [ ! -e {gate} ]; do sleep 0.02; done", outputs=OUT)
    second = lab.component("second", "echo old > ${{outputs.o}}/x", inputs={"i": FOLDER}, outputs=OUT)
    name = lab.start({"a": step(first), "b": step(second, i=output_of("a", "o"))})
    lab.component("second", "echo new > ${{outputs.o}}/x", inputs={"i": FOLDER}, outputs=OUT)
    gate.touch()
    lab.wait(name)
    assert lab.text(lab.steps(name)["b"], "o", "x") == "old\n"


def test_an_invocation_is_checked_and_repeatable(lab):
    component = lab.component(
        "c", "echo ${{inputs.rate}} > ${{outputs.o}}/x", inputs={"rate": {"type": "number"}}, outputs=OUT
    )
    pipeline = lab.pipeline(
        "p",
        {"s": step(component, {"o": parent_output("r")}, rate=parent("rate"))},
        inputs={"rate": {"type": "number", "default": "0.1"}},
        outputs={"r": FOLDER},
    )
    lab.endpoint("e", pipeline)
    first = lab.jobs.invoke(WORKSPACE, "e", "", {"properties": {}}, "request-1")
    again = lab.jobs.invoke(WORKSPACE, "e", "", {"properties": {}}, "request-1")
    assert first["name"] == again["name"]
    assert first["properties"]["properties"]["mlflow.source.git.commit"] == "c1"  # the deployment's
    assert lab.text(lab.wait(first["name"]), "r", "x") == "0.1\n"
    given = {"rate": {"jobInputType": "Literal", "value": 3.0}}
    other = lab.jobs.invoke(WORKSPACE, "e", "d1", {"properties": {"inputData": given}}, "request-2")
    assert lab.text(lab.wait(other["name"]), "r", "x") == "3.0\n"
    assert [job.name for job in lab.jobs.list(WORKSPACE, "E", "d1")] == [other["name"], first["name"]]
    wrong = {"inputData": {"rate": {"jobInputType": "Literal", "value": "fast"}, "x": {}}}
    with pytest.raises(
        AzureError, match=r"inputs\.x: there is no such input; there is: rate; inputs\.rate: not a number"
    ):
        lab.jobs.invoke(WORKSPACE, "e", "", {"properties": wrong})
    with pytest.raises(AzureError, match="has no deployment 'd2'"):
        lab.jobs.invoke(WORKSPACE, "e", "d2", {"properties": {}})


def test_an_invocation_may_have_capitals_and_what_is_ignored_in_it_is_said(lab, caplog):
    component = lab.component(
        "c", "echo ${{inputs.rate}} > ${{outputs.o}}/x", inputs={"rate": {"type": "number"}}, outputs=OUT
    )
    graph = {"s": step(component, {"o": parent_output("r")}, rate=parent("rate"))}
    lab.endpoint("e", lab.pipeline("p", graph, inputs={"rate": {"type": "number"}}, outputs={"r": FOLDER}))
    given = {"InputData": {"rate": {"JobInputType": "Literal", "Value": 3.0}}}
    quiet = lab.jobs.invoke(WORKSPACE, "e", "", {"properties": given})
    assert lab.text(lab.wait(quiet["name"]), "r", "x") == "3.0\n"
    assert "ignored" not in caplog.text
    lab.jobs.invoke(WORKSPACE, "e", "", {"properties": {**given, "experimentName": "x"}, "tags": {}})
    assert (
        "endpoint e: ignored in an invocation: tags, properties.experimentName; read are properties.name" in caplog.text
    )


def test_a_job_of_the_same_name_is_the_same_job_or_refused(lab):
    graph = {"s": step(lab.component("c", "true"))}
    name = lab.start(graph, "mine")
    assert lab.start(graph, "mine", tags={"a": "b"}) == name
    assert lab.jobs.get(WORKSPACE, name).tags == {"a": "b"}
    with pytest.raises(AzureError, match="another job of this name"):
        lab.start({"other": graph["s"]}, "mine")


def test_a_log_that_grows_and_grows_stays_on_disk(lab):
    job = lab.run({"s": step(lab.component("c", "yes 0123456789 | head -c 30000000; exit 7"))})
    assert len(job.error) < 1000
    assert lab.jobs.logs(lab.steps(job.name)["s"])["user_logs/std_log.txt"].stat().st_size > 30_000_000


def test_a_submitted_job_is_in_the_file_before_it_is_answered(lab):
    name = lab.start({"s": step(lab.component("c", "true"))})
    with sqlite3.connect(f"file:{lab.home.database}?mode=ro", uri=True) as other:
        kinds = [row[0] for row in other.execute("SELECT kind FROM jobs WHERE root = ?", (name,))]
    assert kinds == ["Pipeline", "Command"]


def logs(lab, name, step_name):
    return [path.read_text() for path in lab.jobs.logs(lab.steps(name)[step_name]).values()]


def parent_output(name):
    return literal(f"${{{{parent.outputs.{name}}}}}")
