"""Reuse by content: what makes a step run again, the reason that is given, and what never does."""

from amlkit.local.jobs.records import Status

from .lab import WORKSPACE, literal, output_of

FOLDER = {"type": "uri_folder"}
OUT = {"o": FOLDER}
COPY = "python main.py ${{inputs.i}} ${{outputs.o}} ${{inputs.n}}"
MAIN = "import sys, pathlib\nsource, target, number = sys.argv[1:]\n"
MAIN += "pathlib.Path(target, 'x').write_text(pathlib.Path(source, 'x').read_text().upper())\n"


def make(lab, main=MAIN, name="copy", **spec):
    code = lab.code(name, main__py=main, other__py="")
    inputs = {"i": FOLDER, "n": {"type": "integer", "default": "1"}}
    return lab.component(name, COPY, code=code, inputs=inputs, outputs=OUT, **spec)


def graph(lab, component, second=None, **more):
    data = {"job_input_type": "uri_folder", "uri": "azureml://datastores/workspaceblobstore/paths/raw"}
    first = {"type": "command", "componentId": component, "inputs": {"i": data, **more}}
    after = {"type": "command", "componentId": second or component, "inputs": {"i": output_of("a", "o")}}
    return {"a": first, "b": after}


def reasons(lab, jobs, **properties):
    job = lab.run(jobs, **properties)
    assert job.status is Status.COMPLETED, job.error
    return lab.reasons(job.name)


def test_nothing_changed_nothing_runs(lab):
    lab.data("raw", x="text")
    component = make(lab)
    assert reasons(lab, graph(lab, component)) == {"a": "first run", "b": "first run"}
    again = lab.run(graph(lab, component))
    steps = lab.steps(again.name)
    assert {step.properties["amlkit.reason"] for step in steps.values()} == {"reused"}
    assert steps["a"].properties["azureml.isreused"] == "true"
    assert lab.jobs.get(WORKSPACE, steps["a"].properties["azureml.reusedrunid"]).status is Status.COMPLETED
    assert lab.text(steps["b"], "o", "x") == "TEXT"


def test_a_change_names_the_ingredient_and_the_part(lab):
    lab.data("raw", x="text")
    component = make(lab)
    reasons(lab, graph(lab, component))
    make(lab, MAIN + "# other\n")
    assert reasons(lab, graph(lab, component))["a"] == "code changed: main.py changed"
    assert reasons(lab, graph(lab, component, n=literal("2")))["a"] == "parameters changed: n changed"
    lab.data("raw", x="texts")
    assert reasons(lab, graph(lab, component, n=literal("2")))["a"] == "inputs changed: i changed"
    lab.documents.put(f"{WORKSPACE}/environments/plain/versions/1", {"name": "1", "properties": {"image": "debian"}})
    found = reasons(lab, graph(lab, component, n=literal("2")))
    assert found["a"] == "environment changed: image changed"


def test_equal_bytes_stop_a_change(lab):
    lab.data("raw", x="text")
    component = make(lab)
    reasons(lab, graph(lab, component, n=literal("2")))
    lab.data("raw", x="TEXT")
    assert reasons(lab, graph(lab, component, n=literal("2"))) == {"a": "inputs changed: i changed", "b": "reused"}


def test_where_a_component_or_its_data_lies_does_not_matter(lab):
    lab.data("raw", x="text")
    reasons(lab, graph(lab, make(lab)))
    other = make(lab, name="renamed")
    moved = {"job_input_type": "uri_folder", "uri": lab.data("elsewhere", x="text")}
    assert reasons(lab, graph(lab, other, i=moved)) == {"a": "reused", "b": "reused"}


def test_reuse_that_is_off_or_forced(lab):
    lab.data("raw", x="text")
    component = make(lab, is_deterministic=False)
    for _ in range(2):
        assert reasons(lab, graph(lab, component)) == {"a": "reuse is off", "b": "reuse is off"}
    component = make(lab)
    reasons(lab, graph(lab, component))
    forced = reasons(lab, graph(lab, component), settings={"force_rerun": True})
    assert forced == {"a": "forced", "b": "forced"}


def test_a_lost_or_damaged_output_is_made_again(lab):
    lab.data("raw", x="text")
    component = make(lab)
    first = lab.run(graph(lab, component))
    made = lab.steps(first.name)["a"]
    file = lab.blobs.folder_of(made.produced["o"]["uri"], WORKSPACE) / "x"
    file.write_text("HURT")
    assert reasons(lab, graph(lab, component))["a"] == f"cached output is gone or damaged: o of {made.name}"
    assert reasons(lab, graph(lab, component)) == {"a": "reused", "b": "reused"}


def test_a_failed_step_is_never_reused(lab):
    bad = lab.component("bad", "echo 1 > ${{outputs.o}}/x; exit 1", outputs=OUT)
    jobs = {"a": {"type": "command", "componentId": bad}}
    for _ in range(2):
        job = lab.run(jobs)
        assert (job.status, lab.reasons(job.name)) == (Status.FAILED, {"a": "first run"})


def test_equal_steps_at_the_same_time_run_once(lab, tmp_path):
    slow = lab.component("slow", f"sleep 0.2; echo x >> {tmp_path}/count; echo 1 > ${{{{outputs.o}}}}/x", outputs=OUT)
    node = {"type": "command", "componentId": slow}
    names = [lab.start({"a": node, "b": node}) for _ in range(2)]
    for name in names:
        assert lab.wait(name).status is Status.COMPLETED
    assert (tmp_path / "count").read_text() == "x\n"


def test_what_waits_for_an_equal_step_runs_itself_when_that_is_cancelled(lab, tmp_path):
    slow = lab.component("slow", f"echo x >> {tmp_path}/count; [ -e {tmp_path}/quick ] || sleep 60", outputs=OUT)
    node = {"type": "command", "componentId": slow}
    first = lab.start({"a": node})
    lab.until(first, lambda _: (tmp_path / "count").exists())
    second = lab.start({"a": node})
    lab.until(second, lambda _: lab.states(second) == {"a": "Queued"})
    (tmp_path / "quick").touch()
    lab.jobs.cancel(WORKSPACE, first)
    assert lab.wait(second).status is Status.COMPLETED
    assert (tmp_path / "count").read_text() == "x\nx\n"
