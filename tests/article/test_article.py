"""The article, from its first example to its last, as its reader lives it: commands in a project. Told in order."""

from __future__ import annotations

import json
import pickle
import re
import urllib.error
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from ..scenarios.rest import arm, call
from .conftest import MESSAGES, news

SOURCE = "news/source"


def ran(steps: dict[str, str]) -> set[str]:
    """The steps that were not reused."""
    return {name for name, words in steps.items() if words.startswith("ran")}


def default_store(article) -> Path:
    """Where the files of the workspace's default datastore lie."""
    properties = arm(article, "/datastores/workspaceblobstore")["properties"]
    return article.root / ".amlkit" / "data" / properties["accountName"] / properties["containerName"]


def test_no_file_or_data_is_uploaded_when_steps_and_pipelines_are_defined(article):
    told = article.ok("check")
    assert re.search(r"^compare_models  [0-9a-f]{6}  3 steps$", told, re.MULTILINE)
    assert not (article.root / ".amlkit").exists(), "there is nowhere to upload to yet"


def test_the_workspace_is_created(article):
    article.ok("local", "start")
    article.ok("up", "--yes", "--skip-preview")
    config = json.loads((article.root / ".azureml" / "config.json").read_text())
    assert config["workspace_name"].startswith("news")
    assert arm(article, "")["properties"]["provisioningState"] == "Succeeded"


def test_the_workspace_has_a_default_datastore(article):
    stores = arm(article, "/datastores")["value"]
    assert [each["name"] for each in stores if each["properties"]["isDefault"]] == ["workspaceblobstore"]
    assert "corpora" in [each["name"] for each in stores], "one that the program registers"


def test_files_are_uploaded_and_what_is_there_is_taken_as_it_is(article):
    """`upload_files(…, overwrite=True)`, and `exist_ok=True` of everything else."""
    (uploaded,) = (article.root / ".amlkit" / "data").glob("*/corpora/20newsgroups/20news.pkl")
    assert uploaded.read_bytes() == news()
    more = news((*MESSAGES, ("sci.med", "the patient needs a doctor")))
    (article.root / "data" / "20news.pkl").write_bytes(more)
    told = article.ok("up", "--yes", "--skip-preview")
    assert uploaded.read_bytes() == more
    assert re.search(r"~ 1 updated\n +\d+ unchanged", told), told


def test_the_compute_says_how_it_is(article):
    cluster = arm(article, "/computes/aml-compute")["properties"]
    assert (cluster["computeType"], cluster["provisioningState"]) == ("AmlCompute", "Succeeded")
    status = cluster["properties"]
    assert (status["vmSize"], status["allocationState"]) == ("Standard_NC6", "Steady")
    assert (status["currentNodeCount"], status["scaleSettings"]["maxNodeCount"]) == (1, 4)


def test_the_pipeline_is_submitted_under_an_experiment_and_waited_for(article):
    run = article.json("run", "compare_models")
    assert (run["status"], run["experiment"]) == ("Completed", "Compare_Models_Exp")
    found = json.loads((article.output(run, "output_data") / "comparison.json").read_text())
    assert (found["param1"], found["words"], sorted(found["known"])) == (10, 10, ["rec.autos", "sci.med", "sci.space"])


def test_a_data_reference_points_at_a_path_of_a_datastore(article):
    (version,) = arm(article, "/components/compare_models/versions")["value"]
    jobs = version["properties"]["componentSpec"]["jobs"]
    uris = {jobs[step]["inputs"]["input"]["uri"] for step in ("train", "extract")}
    assert uris == {"azureml://datastores/corpora/paths/20newsgroups/20news.pkl"}
    assert "trained on 6 messages" in article.ok("runs", "logs", "last", "train")


def test_intermediate_data_makes_the_order(article):
    steps = {step["name"]: step for step in article.json("runs", "show", "last")["steps"]}
    assert steps["compare"]["started"] >= max(steps[name]["ended"] for name in ("train", "extract"))


def test_steps_of_a_list_run_at_the_same_time(article, tmp_path):
    ended = article.amlkit("run", "news.pipelines:meeting", "-p", f"place={tmp_path}")
    assert ended.code == 0, ended.text


def test_logs_metrics_and_outputs_are_kept(article):
    run = article.json("runs", "show", "compare_models")
    assert article.ok("runs", "logs", run["id"], "compare").endswith("compared 10 words\n")
    train = next(step for step in run["steps"] if step["name"] == "train")
    assert train["metrics"] == {"accuracy": 1.0}
    uri = arm(article, f"/jobs/{train['id']}")["properties"]["outputs"]["output"]["uri"]
    path = uri.removeprefix("azureml://datastores/workspaceblobstore/paths/")
    assert json.loads((default_store(article) / path / "model.json").read_text())["sci.med"]["doctor"] == 2


def test_the_snapshot_leaves_out_what_amlignore_says_and_not_what_gitignore_says(article):
    source = article.root / SOURCE
    for name in ("draft.txt", "notes.txt"):
        (source / name).write_text("left out?")
    (source / ".gitignore").write_text("draft.txt\n")
    taken = {file["path"] for file in article.json("snapshot", "ls", "train")["files"]}
    assert ("draft.txt" in taken, "notes.txt" in taken) == (False, True)
    (source / ".amlignore").write_text("notes.txt\n")
    left_out = article.ok("snapshot", "ls", "train", "--left-out")
    assert re.search(r"^notes.txt  .*amlignore", left_out, re.MULTILINE), left_out
    article.ok("run", "compare_models")
    (latest, *_) = arm(article, "/codes/train/versions")["value"]
    folder = article.root / ".amlkit" / "data" / urlsplit(latest["properties"]["codeUri"]).netloc.partition(".")[0]
    uploaded = {path.name for path in (folder / urlsplit(latest["properties"]["codeUri"]).path.strip("/")).iterdir()}
    assert {"train.py", "draft.txt"} <= uploaded
    assert not {"notes.txt", "steps.py", ".amlignore"} & uploaded
    for name in ("draft.txt", "notes.txt", ".gitignore", ".amlignore"):
        (source / name).unlink()


def test_the_commit_of_a_git_repository_is_kept_with_the_run(article):
    article.git("init", "--quiet", "--initial-branch=main")
    article.git("add", ".")
    article.git("commit", "--quiet", "--message=first")
    properties = article.json("run", "compare_models")["properties"]
    commit = article.git("rev-parse", "HEAD")
    assert properties["azureml.git.commit"] == properties["mlflow.source.git.commit"] == commit
    assert (properties["azureml.git.branch"], properties["azureml.git.dirty"]) == ("main", "False")
    (article.root / SOURCE / "todo.txt").write_text("compare more")
    assert article.json("run", "hello")["properties"]["azureml.git.dirty"] == "True"
    (article.root / SOURCE / "todo.txt").unlink()


def test_a_published_pipeline_has_an_endpoint_and_a_parameter(article):
    (endpoint,) = [each for each in arm(article, "/batchEndpoints")["value"] if "compare" in each["name"]]
    assert endpoint["properties"]["description"] == "My Published Pipeline Description."
    assert endpoint["properties"]["scoringUri"].startswith("https://127.0.0.1:")
    (version, *_) = arm(article, "/components/compare_models/versions")["value"]
    assert version["properties"]["componentSpec"]["inputs"]["pipeline_arg"] == {"type": "integer", "default": "10"}


def test_a_published_pipeline_is_run_by_a_post_with_a_token_and_a_parameter(article):
    """With the standard library alone: what any client of the REST endpoint does."""
    path, headers = endpoint_of(article), {"Authorization": f"Bearer {token(article)}"}
    parameters = {"pipeline_arg": {"jobInputType": "Literal", "value": 20}}
    body = {"properties": {"properties": {"experimentName": "My_Pipeline"}, "inputData": parameters}}
    answer = call(article, path, "POST", body, {**headers, "Content-Type": "application/json"})
    article.ok("runs", "logs", answer["name"], "--follow")
    run = article.json("runs", "show", answer["name"])
    assert (run["status"], run["experiment"]) == ("Completed", "My_Pipeline")
    found = json.loads((article.output(run, "output_data") / "comparison.json").read_text())
    assert (found["param1"], found["words"]) == (20, 20)


@pytest.mark.parametrize(
    ("parameters", "authorized", "status"),
    [
        ({"pipeline_arg": {"jobInputType": "Literal", "value": 20}}, False, 401),
        ({"pipeline_argument": {"jobInputType": "Literal", "value": 20}}, True, 400),
        ({"pipeline_arg": {"jobInputType": "Literal", "value": "twenty"}}, True, 400),
    ],
    ids=["no token", "unknown parameter", "wrong type"],
)
def test_a_wrong_post_runs_nothing(article, parameters, authorized, status):
    headers = {"Authorization": f"Bearer {token(article)}"} if authorized else {}
    body = {"properties": {"inputData": parameters}}
    with pytest.raises(urllib.error.HTTPError) as refused:
        call(article, endpoint_of(article), "POST", body, {**headers, "Content-Type": "application/json"})
    assert refused.value.code == status


def test_the_first_rest_api_is_refused(article):
    """The article's own request: that API knows nothing of the second one's endpoints, and is not imitated."""
    workspace = endpoint_of(article).removeprefix("/batch").partition("/batchEndpoints")[0]
    body = {"ExperimentName": "My_Pipeline", "ParameterAssignments": {"pipeline_arg": 20}}
    with pytest.raises(urllib.error.HTTPError) as refused:
        call(article, f"/pipelines/v1.0{workspace}/PipelineRuns/PipelineSubmit/1", "POST", body)
    assert refused.value.code == 501


def test_a_published_pipeline_is_run_by_a_command(article):
    run = article.json("invoke", "compare_models", "--param", "pipeline_arg=20")
    assert (run["status"], run["parameters"]) == ("Completed", {"pipeline_arg": "20"})
    assert run["experiment"] == "Compare_Models_Exp"


def test_pipelines_and_their_runs_are_listed_and_shown(article):
    runs = article.json("runs", "-n", "100")
    assert {"Compare_Models_Exp", "My_Pipeline"} <= {run["experiment"] for run in runs}
    shown = article.ok("runs", "show", next(run["id"] for run in runs if run["experiment"] == "My_Pipeline"))
    assert re.search(r"^  pipeline_arg  20$", shown, re.MULTILINE)
    assert re.search(r"^  compare +ran ", shown, re.MULTILINE)


def test_a_step_whose_script_inputs_and_parameters_are_the_same_is_reused(article):
    assert ran(article.steps("run", "compare_models")) == set()
    assert ran(article.steps("run", "compare_models", "--param", "pipeline_arg=5")) == {"compare"}
    (article.root / "data" / "20news.pkl").write_bytes(news(MESSAGES[:3]))
    (uploaded,) = (article.root / ".amlkit" / "data").glob("*/corpora/20newsgroups/20news.pkl")
    assert pickle.loads(uploaded.read_bytes())["target"].count("sci.med") == 2, "nothing is uploaded by a run"
    assert ran(article.steps("run", "compare_models")) == set()


def test_a_step_that_allows_no_reuse_always_runs(article):
    for _ in range(2):
        steps = article.steps("run", "hello")
        assert steps["hello_world"] == "ran: reuse is off"
    assert steps["hashed_world"].startswith("reused")


def test_hash_paths_say_what_counts_besides_the_script(article):
    article.edit(f"{SOURCE}/train.py", "trained on", "learned from")
    assert article.steps("run", "hello")["hashed_world"].startswith("reused")
    article.edit(f"{SOURCE}/hello_world.ipynb", '"cells": []', '"cells": [{}]')
    assert article.steps("run", "hello")["hashed_world"] == "ran: code changed: hello_world.ipynb changed"


def test_without_hash_paths_the_whole_folder_counts(article):
    steps = article.steps("run", "compare_models")
    assert set(steps.values()) == {"ran: code changed: hello_world.ipynb changed, train.py changed"}


def test_outputs_are_regenerated_on_demand(article):
    assert ran(article.steps("run", "compare_models")) == set()
    assert set(article.steps("run", "compare_models", "--force").values()) == {"ran: forced"}


def endpoint_of(article) -> str:
    """The path of the REST endpoint, which `up` prints as a URL."""
    outputs = json.loads(article.amlkit("stack", "output", "--json").stdout)
    return urlsplit(outputs["compare_models-scoring-uri"]).path


def token(article) -> str:
    """A token for Azure ML from the managed identity, as azure-identity gets it."""
    variables = article.local_environment()
    url = urlsplit(f"{variables['IDENTITY_ENDPOINT']}?api-version=2019-08-01&resource=https://ml.azure.com")
    answer = call(article, f"{url.path}?{url.query}", headers={"X-IDENTITY-HEADER": variables["IDENTITY_HEADER"]})
    return answer["access_token"]
