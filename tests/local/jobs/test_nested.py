"""Pipelines in pipelines: their steps run in one graph, and each nested one is a job of its own."""

import signal
from pathlib import Path

import pytest

from amlkit.local.jobs.records import Status
from amlkit.local.web import AzureError

from .lab import WORKSPACE, literal, open_lab, output_of, parent
from .test_recovery import life, world  # noqa: F401  a fixture
from .test_runs import parent_output, step

FOLDER = {"type": "uri_folder"}
TEXT = {"type": "string"}
OUT = {"o": FOLDER}


def node(component, outputs=None, **inputs):
    return {**step(component, outputs, **inputs), "type": "pipeline"}


def write(lab, command="echo ${{inputs.t}} > ${{outputs.o}}/x", **port):
    return lab.component("write", command, inputs={"t": {**TEXT, **port}}, outputs=OUT)


def copy(lab):
    return lab.component("copy", "cp ${{inputs.i}}/x ${{outputs.o}}/x", inputs={"i": FOLDER}, outputs=OUT)


def two_levels(lab):
    """`outer.inner.write` writes, `outer.copy` copies, `last` copies what comes out."""
    steps = {"write": step(write(lab), {"o": parent_output("r")}, t=literal("<${{parent.inputs.t}}>"))}
    inner = lab.pipeline("inner", steps, inputs={"t": {**TEXT, "default": "dflt"}}, outputs={"r": FOLDER})
    outer = {
        "inner": node(inner, {"o": parent_output("raw"), "r": parent_output("raw")}, t=parent("text")),
        "copy": step(copy(lab), {"o": parent_output("copied")}, i=output_of("inner", "r")),
    }
    del outer["inner"]["outputs"]["o"]
    ports = {"text": {**TEXT, "optional": True}}
    component = lab.pipeline("outer", outer, inputs=ports, outputs={"raw": FOLDER, "copied": FOLDER})
    return component, step(copy(lab), {"o": parent_output("final")}, i=output_of("outer", "copied"))


def test_data_literals_and_outputs_pass_through_all_levels(lab):
    outer, last = two_levels(lab)
    job = lab.run(
        {"outer": node(outer, {"raw": parent_output("raw")}, text=parent("name")), "last": last},
        inputs={"name": {"jobInputType": "literal", "value": "me"}},
        outputs={"raw": {"jobOutputType": "uri_folder"}, "final": {"jobOutputType": "uri_folder"}},
    )
    assert (job.status, job.error) == (Status.COMPLETED, "")
    assert (lab.text(job, "final", "x"), lab.text(job, "raw", "x")) == ("<me>\n", "<me>\n")
    top = lab.steps(job.name)
    assert {name: child.kind for name, child in top.items()} == {"outer": "Pipeline", "last": "Command"}
    assert lab.text(top["outer"], "copied", "x") == "<me>\n"
    assert list(lab.steps(top["outer"].name)) == ["outer.inner", "outer.copy"]
    inner = lab.steps(top["outer"].name)["outer.inner"]
    assert (inner.kind, inner.status, list(inner.produced)) == ("Pipeline", Status.COMPLETED, ["r"])
    assert list(lab.steps(inner.name)) == ["outer.inner.write"]
    assert lab.jobs.document(inner)["properties"]["inputs"]["t"]["value"] == "me"
    assert "outer.inner.write  completed" in lab.log(inner, "logs/azureml/executionlogs.txt")
    assert "outer.copy" not in lab.log(inner, "logs/azureml/executionlogs.txt")


def test_an_input_left_out_has_the_default_of_the_level_that_has_one(lab):
    outer, last = two_levels(lab)
    job = lab.run({"outer": node(outer), "last": last}, outputs={"final": {"jobOutputType": "uri_folder"}})
    assert lab.text(job, "final", "x") == "<dflt>\n"


def test_an_input_that_no_level_gives_a_value_is_said_where_it_is_needed(lab):
    steps = {"write": step(write(lab), t=parent("t"))}
    inner = lab.pipeline("inner", steps, inputs={"t": {**TEXT, "optional": True}})
    outer = lab.pipeline("outer", {"inner": node(inner)})
    with pytest.raises(AzureError, match=r"jobs\.outer\.jobs\.inner\.jobs\.write\.inputs\.t: no value for it"):
        lab.start({"outer": node(outer)})


def test_mistakes_inside_a_nested_pipeline_are_said_with_their_place(lab):
    steps = {"write": step(write(lab, enum=["a", "b"]), t=parent("t")), "copy": step(copy(lab))}
    inner = lab.pipeline("inner", steps, inputs={"t": TEXT}, outputs={"r": FOLDER})
    with pytest.raises(AzureError) as refused:
        lab.start({"one": node(inner, t=literal("c"), x=literal("1"))})
    said = {item["target"]: item["message"] for item in refused.value.details}
    assert said == {
        "jobs.one.inputs.x": "the component has no such input",
        "jobs.one.jobs.copy.inputs.i": "no value for it",
        "jobs.one.outputs.r": "no step writes it",
        "jobs.one.jobs.write.inputs.t": "not one of a, b: 'c'",
    }


def test_a_pipeline_that_contains_itself_is_refused(lab):
    own = f"{WORKSPACE}/components/loop/versions/1"
    lab.pipeline("loop", {"again": node(own)})
    with pytest.raises(AzureError, match="it contains itself"):
        lab.start({"loop": node(own)})


def test_a_failure_inside_fails_the_nested_pipeline_and_what_follows_it(lab):
    inner = lab.pipeline(
        "inner",
        {"bad": step(lab.component("bad", "echo no; exit 3", outputs=OUT), {"o": parent_output("r")})},
        outputs={"r": FOLDER},
    )
    job = lab.run(
        {
            "first": node(inner),
            "after": step(copy(lab), i=output_of("first", "r")),
            "other": step(write(lab), t=literal("x")),
        },
        settings={"continue_on_step_failure": True},
    )
    assert lab.states(job.name) == {"first": "Failed", "after": "Canceled", "other": "Completed"}
    assert job.error.splitlines() == ["step `first.bad` failed with exit code 3", "no"]
    assert lab.steps(job.name)["first"].error == job.error


def test_cancel_of_a_nested_pipeline_ends_what_is_inside_only(lab):
    slow = lab.component("slow", "echo on; sleep 60")
    inner = lab.pipeline("inner", {"a": step(slow), "b": step(slow)})
    gate = "while [ ! -e ${{inputs.t}} ]; do sleep 0.02; done; echo 1 > ${{outputs.o}}/x"
    go = lab.home.root / "go"
    graph = {"inner": node(inner), "other": step(write(lab, gate), t=literal(str(go)))}
    name = lab.start(graph, settings={"continue_on_step_failure": True})
    nested = lab.steps(name)["inner"].name
    lab.until(name, lambda _: lab.states(nested)["inner.a"] == "Running")
    lab.jobs.cancel(WORKSPACE, nested)
    lab.until(nested, lambda job: job.status is Status.CANCELED)
    assert lab.states(nested) == {"inner.a": "Canceled", "inner.b": "Canceled"}
    go.touch()
    assert lab.wait(name).status is Status.CANCELED
    assert lab.states(name)["other"] == "Completed"


def test_steps_of_a_nested_pipeline_are_reused_one_by_one(lab):
    outer, last = two_levels(lab)
    lab.run({"outer": node(outer, text=literal("a")), "last": last}, outputs={"final": {}})
    again = lab.run({"outer": node(outer, text=literal("a")), "last": last}, outputs={"final": {}})
    nested = lab.steps(again.name)["outer"]
    assert nested.status is Status.COMPLETED
    assert lab.reasons(lab.steps(nested.name)["outer.inner"].name) == {"outer.inner.write": "reused"}


def test_the_cluster_of_a_nested_pipeline_is_that_of_its_steps(lab):
    lab.compute("own", nodes=1)
    inner = lab.pipeline("inner", {"w": step(write(lab), t=literal("1"))})
    name = lab.start({"inner": {**node(inner), "computeId": "own"}}, computeId=lab.compute("other"))
    child = lab.steps(lab.steps(name)["inner"].name)["inner.w"]
    assert lab.jobs.document(child)["properties"]["computeId"] == f"{WORKSPACE}/computes/own"
    lab.wait(name)


@pytest.mark.usefixtures("environment_cache")
def test_kill_9_in_a_nested_pipeline_loses_nothing_and_a_cancel_of_it_is_kept(world, tmp_path):  # noqa: F811
    lab = open_lab(world)
    lab.jobs.stop()  # what is submitted here is run by another process
    gate, count = tmp_path / "gate", tmp_path / "count"
    wait = f"echo run >> {count}; while [ ! -e {gate} ]; do sleep 0.02; done; echo 1 > ${{{{outputs.o}}}}/x"
    inner = lab.pipeline(
        "inner", {"w": step(write(lab, wait), {"o": parent_output("r")}, t=literal("1"))}, outputs={"r": FOLDER}
    )
    doomed = lab.pipeline("doomed", {"s": step(lab.component("s", "sleep 60"))})
    graph = {"in": node(inner), "out": step(copy(lab), i=output_of("in", "r")), "doomed": node(doomed)}
    name = lab.start(graph, settings={"continue_on_step_failure": True})
    first = life(world)
    lab.until(name, lambda _: count.exists() and lab.steps(name)["in"].status is Status.RUNNING)
    first.send_signal(signal.SIGKILL)
    first.wait()
    lab.jobs.cancel(WORKSPACE, f"{name}-doomed")
    second = life(world)
    lab.until(name, lambda _: len(Path(count).read_text().split()) == 2)
    gate.touch()
    assert lab.wait(name).status is Status.CANCELED
    assert lab.states(name) == {"in": "Completed", "out": "Completed", "doomed": "Canceled"}
    second.stdin.close()
    assert second.wait(20) == 0


def test_settings_of_a_node_may_be_bound_to_inputs_at_any_level(lab):
    lab.compute("own", nodes=1)
    slow = {**step(lab.component("slow", "sleep 60")), "computeId": "${{parent.inputs.where}}"}
    slow["limits"] = {"timeout": "${{parent.inputs.most}}"}
    ports = {"where": TEXT, "most": {"type": "integer", "default": "1"}}
    inner = lab.pipeline("inner", {"slow": slow}, inputs=ports)
    job = lab.run({"in": node(inner, where=parent("cluster"))}, inputs={"cluster": literal("own")})
    assert job.error.startswith("step `in.slow` ran longer than its limit of 1 s")
    child = lab.steps(lab.steps(job.name)["in"].name)["in.slow"]
    assert lab.jobs.document(child)["properties"]["computeId"] == f"{WORKSPACE}/computes/own"
    with pytest.raises(AzureError, match="bound to an input that has no value"):
        lab.start({"s": {**step(lab.component("c", "true")), "computeId": "${{parent.inputs.none}}"}})
