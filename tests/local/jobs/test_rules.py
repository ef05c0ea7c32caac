"""The two rule sets: what counts under each, `hash_paths`, resuming, and what is told before and after a run."""

from __future__ import annotations

import json

import pytest

from amlkit.errors import SetupError
from amlkit.local.jobs import Jobs
from amlkit.local.jobs.records import Status
from amlkit.local.tokens import Tokens
from amlkit.local.web import AzureError

from .lab import ADDRESS, WORKSPACE, literal, open_lab, output_of

FOLDER = {"type": "uri_folder"}
OUT = {"o": FOLDER}
UPPER = "tr a-z A-Z < ${{inputs.i}}/x > ${{outputs.o}}/x # ${{inputs.n}}"


@pytest.fixture
def azure(tmp_path, monkeypatch, tmp_path_factory):
    monkeypatch.setenv("AMLKIT_CACHE", str(tmp_path_factory.getbasetemp() / "environment-cache"))
    made = open_lab(tmp_path)
    tokens = Tokens(made.home.ca / "tokens.pem", ADDRESS.url)
    made.jobs = Jobs(made.home, ADDRESS, made.database, made.documents, made.blobs, tokens, "azure")
    made.jobs.start()
    yield made
    made.jobs.stop()
    made.database.close()


def upper(lab, version="1", **spec):
    inputs = {"i": FOLDER, "n": {"type": "integer", "default": "1"}}
    return lab.component("upper", UPPER, version, inputs=inputs, outputs=OUT, **spec)


def pair(component, **more):
    data = {"job_input_type": "uri_folder", "uri": "azureml://datastores/workspaceblobstore/paths/raw"}
    first = {"type": "command", "componentId": component, "inputs": {"i": data, **more}}
    second = {"type": "command", "componentId": component, "inputs": {"i": output_of("a", "o")}}
    return {"a": first, "b": second}


def run(lab, jobs, **properties):
    job = lab.run(jobs, **properties)
    assert job.status is Status.COMPLETED, job.error
    return lab.reasons(job.name)


def forecast(lab, jobs, **properties):
    body = {"jobType": "Pipeline", "experimentName": "tests", "jobs": jobs, **properties}
    found = lab.jobs.forecaster.of_body(WORKSPACE, body)
    return {step["step"]: (step["outcome"], step["reason"]) for step in found["steps"]}


def test_azure_does_not_look_at_bytes(azure):
    azure.data("raw", x="text")
    component = upper(azure)
    run(azure, pair(component))
    azure.data("raw", x="other")
    assert run(azure, pair(component)) == {"a": "reused", "b": "reused"}


def test_azure_has_no_early_cutoff_and_counts_versions_and_references(azure):
    azure.data("raw", x="text")
    component = upper(azure)
    run(azure, pair(component))
    again = run(azure, pair(component, n=literal(2)))
    assert again == {"a": "parameters changed: n changed", "b": "inputs changed: i changed"}
    assert forecast(azure, pair(component, n=literal(3))) == {
        "a": ("runs", "parameters changed: n changed"),
        "b": ("runs", "inputs changed: i comes from step `a`, which runs"),
    }
    newer = upper(azure, "2")
    assert run(azure, pair(newer))["a"] == "component changed: definition changed"
    moved = {"job_input_type": "uri_folder", "uri": azure.data("moved", x="text")}
    assert run(azure, pair(newer, i=moved))["a"] == "inputs changed: i changed"


def test_azure_never_reuses_what_was_forced(azure):
    azure.data("raw", x="text")
    component = upper(azure)
    forced = {"settings": {"force_rerun": True}}
    assert run(azure, pair(component), **forced) == {"a": "forced", "b": "forced"}
    assert run(azure, pair(component))["a"] == "force_rerun changed: " + run_digests(azure, "force_rerun")
    assert run(azure, pair(component)) == {"a": "reused", "b": "reused"}
    assert run(azure, pair(component), **forced) == {"a": "forced", "b": "forced"}
    assert run(azure, pair(component)) == {"a": "reused", "b": "reused"}


def run_digests(lab, name):
    """`old → new` of an ingredient of the step `a` of the newest run, as a reason shows it."""
    newest = lab.jobs.list(WORKSPACE)[0]
    step = next(step for step in lab.jobs.explainer.of(newest)["steps"] if step["step"] == "a")
    found = next(item for item in step["ingredients"] if item["name"] == name)
    assert found["parts"][0]["old_value"] == "true"
    return f"{found['old'][:6]} → {found['new'][:6]}"


def test_what_content_forced_is_reused_later(lab):
    lab.data("raw", x="text")
    component = upper(lab)
    run(lab, pair(component), settings={"force_rerun": True})
    assert run(lab, pair(component)) == {"a": "reused", "b": "reused"}


def test_rules_that_do_not_exist_are_refused(lab):
    tokens = Tokens(lab.home.ca / "tokens.pem", ADDRESS.url)
    with pytest.raises(SetupError, match="no reuse rules of that name"):
        Jobs(lab.home, ADDRESS, lab.database, lab.documents, lab.blobs, tokens, "magic")


def narrowed(lab, properties, **files):
    code = lab.code("many", **files)
    name = lab.component("many", "python main.py ${{outputs.o}}", code=code, outputs=OUT)
    document = lab.documents.get(name)
    document["properties"]["properties"] = properties
    lab.documents.put(name, document)
    return {"a": {"type": "command", "componentId": name}}


MAIN = "import sys, pathlib; pathlib.Path(sys.argv[1], 'x').write_text('1')"


def test_hash_paths_narrow_what_counts_to_them_and_the_script(lab):
    paths = {"amlkit.hash_paths": json.dumps(["lib.txt"])}
    run(lab, narrowed(lab, paths, main__py=MAIN, lib__txt="1", notes__md="1"))
    assert run(lab, narrowed(lab, paths, main__py=MAIN, lib__txt="1", notes__md="2")) == {"a": "reused"}
    assert run(lab, narrowed(lab, paths, main__py=MAIN, lib__txt="2", notes__md="2")) == {
        "a": "code changed: lib.txt changed"
    }
    assert run(lab, narrowed(lab, paths, main__py=MAIN + "\n", lib__txt="2", notes__md="2")) == {
        "a": "code changed: main.py changed"
    }


def test_hash_extra_extends_what_counts(lab):
    files = {"main__py": MAIN}
    run(lab, narrowed(lab, {"amlkit.hash_extra": "aa"}, **files))
    assert run(lab, narrowed(lab, {"amlkit.hash_extra": "aa"}, **files)) == {"a": "reused"}
    changed = run(lab, narrowed(lab, {"amlkit.hash_extra": "bb"}, **files))
    assert changed == {"a": "code changed: outside of the snapshot changed"}


def test_a_resumed_run_takes_finished_steps_as_they_are(lab, tmp_path):
    lab.data("raw", x="text")
    component = upper(lab, is_deterministic=False)
    gate = tmp_path / "gate"
    bad = lab.component("bad", f"[ -e {gate} ] # ${{{{inputs.i}}}}", inputs={"i": FOLDER}, is_deterministic=False)
    jobs = pair(component)
    jobs["c"] = {"type": "command", "componentId": bad, "inputs": {"i": output_of("b", "o")}}
    first = lab.run(jobs)
    assert first.status is Status.FAILED
    gate.touch()
    resume = {"properties": {"amlkit.resume": first.name}}
    assert forecast(lab, jobs, **resume)["a"] == ("reused", f"resumed: {first.name}-a")
    assert run(lab, jobs, **resume) == {
        "a": f"resumed: {first.name}-a",
        "b": f"resumed: {first.name}-b",
        "c": "reuse is off",
    }
    assert run(lab, jobs)["a"] == "reuse is off"
    jobs["a"]["inputs"]["n"] = literal(5)
    assert run(lab, jobs, **resume) == {
        "a": "reuse is off",
        "b": f"resumed: {first.name}-b",  # its input has the same bytes
        "c": "reuse is off",
    }
    with pytest.raises(AzureError, match="no run 'nothing'"):
        lab.start(jobs, properties={"amlkit.resume": "nothing"})


def test_a_forecast_says_what_runs_why_and_how_long_it_took(lab):
    lab.data("raw", x="text")
    component = upper(lab)
    assert forecast(lab, pair(component)) == {"a": ("runs", "first run"), "b": ("runs", "first run")}
    run(lab, pair(component))
    found = lab.jobs.forecaster.of_body(
        WORKSPACE, {"jobType": "Pipeline", "experimentName": "tests", "jobs": pair(component)}
    )
    assert [step["outcome"] for step in found["steps"]] == ["reused", "reused"]
    assert found["rules"] == "content"
    assert all(0 < step["seconds"] < 30 for step in found["steps"])
    assert forecast(lab, pair(component, n=literal(2))) == {
        "a": ("runs", "parameters changed: n changed"),
        "b": ("depends", "i comes from step `a`, which runs"),
    }
    assert run(lab, pair(component, n=literal(2)))["b"] == "reused"
    missing = {"job_input_type": "uri_folder", "uri": "azureml://datastores/workspaceblobstore/paths/none"}
    outcome, reason = forecast(lab, pair(component, i=missing))["a"]
    assert (outcome, reason.partition(": ")[0]) == ("runs", "cannot start")
    assert lab.jobs.list(WORKSPACE)[0].name != "forecast"
    with pytest.raises(AzureError, match="no such compute"):
        forecast(lab, {"a": {**pair(component)["a"], "computeId": "azureml:none"}})


def explained(lab, name, **options):
    found = lab.jobs.explainer.of(lab.jobs.get(WORKSPACE, name), **options)
    return {step["step"]: step for step in found["steps"]}


def parts(step, ingredient):
    found = next(item for item in step["ingredients"] if item["name"] == ingredient)
    assert found["changed"], step
    return {part["name"]: part for part in found["parts"]}


def test_an_explanation_has_old_and_new_values_and_diffs(lab):
    lab.data("raw", x="one\n")
    command = "python main.py ${{inputs.i}} ${{outputs.o}} ${{inputs.n}}"
    inputs = {"i": FOLDER, "n": {"type": "integer", "default": "1"}}

    def job(main, n, conda=""):
        code = lab.code(f"code{len(main)}", main__py=main)
        environment = lab.environment(f"e{len(conda)}", condaFile=conda)
        name = f"c{len(main)}-{len(conda)}"
        made = lab.component(name, command, code=code, inputs=inputs, outputs=OUT, environment=environment)
        data = {"job_input_type": "uri_folder", "uri": "azureml://datastores/workspaceblobstore/paths/raw"}
        return {"a": {"type": "command", "componentId": made, "inputs": {"i": data, "n": literal(n)}}}

    text = "import sys, pathlib\npathlib.Path(sys.argv[2], 'x').write_text(sys.argv[3])\n"
    first = lab.run(job(text, 1))
    again = lab.run(job(text, 1))
    step = explained(lab, again.name)["a"]
    assert (step["outcome"], step["from"]) == ("reused", f"{first.name}-a")
    assert not any(item["changed"] for item in step["ingredients"])
    changed = lab.run(job(text, 2))
    step = explained(lab, changed.name, diff=True)["a"]
    assert (step["outcome"], step["before"]) == ("changed", f"{again.name}-a")
    number = parts(step, "parameters")["n"]
    assert (number["old_value"], number["new_value"]) == ("1", "2")


def test_a_diff_shows_the_lines_of_a_file_or_says_that_they_are_gone(lab):
    old = lab.code("v1", main__py="print(1)\nprint(2)\n")
    name = lab.component("script", "python main.py", "1", code=old)
    first = lab.run({"a": {"type": "command", "componentId": name}})
    new = lab.code("v2", main__py="print(1)\nprint(3)\n", blob__bin="\0")
    name = lab.component("script", "python main.py -u", "2", code=new)
    second = lab.run({"a": {"type": "command", "componentId": name}})
    step = explained(lab, second.name, diff=True)["a"]
    assert step["reason"] == "command changed: " + digests(step, "command")
    assert step["before"] == f"{first.name}-a"
    assert parts(step, "command")[""]["diff"].splitlines()[-2:] == ["-python main.py", "+python main.py -u"]
    code = parts(step, "code")
    assert code["main.py"]["diff"].splitlines()[2:] == ["@@ -1,2 +1,2 @@", " print(1)", "-print(2)", "+print(3)"]
    assert code["blob.bin"]["note"] == "not a text"
    lab.code("v1", main__py="other")
    code = parts(explained(lab, second.name, diff=True)["a"], "code")
    assert code["main.py"]["note"] == "the old version is gone"
    assert "diff" not in parts(explained(lab, second.name)["a"], "code")["main.py"]


def digests(step, name):
    found = next(item for item in step["ingredients"] if item["name"] == name)
    return f"{found['old'][:6]} → {found['new'][:6]}"


def test_a_changed_input_names_its_files(lab):
    lab.data("raw", x="text", y="1")
    component = upper(lab)
    run(lab, pair(component))
    moved = {"job_input_type": "uri_folder", "uri": lab.data("moved", x="texts", z="1")}
    job = lab.run(pair(component, i=moved))
    part = parts(explained(lab, job.name, diff=True)["a"], "inputs")["i"]
    assert part["files"] == ["x changed", "y removed", "z added"]
    assert part["new_value"] == "azureml://datastores/workspaceblobstore/paths/moved"
