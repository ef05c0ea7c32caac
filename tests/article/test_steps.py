"""The article's steps and pipeline with amlkit's pytest fixtures, and its set-up with the official clients alone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from amlkit import File, compile
from amlkit.delivery.submission import Choices, submit

from .conftest import MESSAGES, news
from .project.news.pipelines import compare_models
from .project.news.source.steps import Train


@pytest.fixture
def messages(tmp_path: Path) -> Path:
    file = tmp_path / "20news.pkl"
    file.write_bytes(news())
    return file


def test_a_python_script_step_runs_with_its_arguments(run_step, messages):
    step = Train(input=File(str(messages)))
    run = run_step(step)
    assert run.log.endswith(f"trained on {len(MESSAGES)} messages\n")
    assert run.metrics == {"accuracy": 1.0}
    assert json.loads((run[step.output] / "model.json").read_text())["rec.autos"]["car"] == 2


def test_a_pipeline_runs_with_a_parameter(run_pipeline, messages):
    run = run_pipeline(compare_models, pipeline_arg=3, files={"20newsgroups/20news.pkl": messages})
    assert list(run.steps)[-1] == "compare"
    assert json.loads((run.outputs["output_data"] / "comparison.json").read_text())["words"] == 3


def test_the_steps_of_a_pipeline_are_those_that_it_calls():
    jobs = compile(compare_models).pipeline.body["componentSpec"]["jobs"]
    assert sorted(jobs) == ["compare", "extract", "train"]
    fed = {name: value["value"] for name, value in jobs["compare"]["inputs"].items()}
    assert fed == {
        "comp_data1": "${{parent.jobs.train.outputs.output}}",
        "comp_data2": "${{parent.jobs.extract.outputs.output}}",
        "param1": "${{parent.inputs.pipeline_arg}}",
    }


@pytest.mark.filterwarnings("ignore")  # those of the official client about itself
def test_the_set_up_without_pulumi_by_the_official_clients(local_workspace, messages):
    """Default datastore, `upload_files`, and a compute that is looked for before it is made; then the run."""
    from azure.ai.ml.entities import AmlCompute
    from azure.core.exceptions import ResourceNotFoundError
    from azure.identity import DefaultAzureCredential
    from azure.storage.blob import ContainerClient

    client = local_workspace.client()
    store = client.datastores.get_default()
    assert store.name == "workspaceblobstore"
    url = f"https://{store.account_name}.blob.{store.endpoint}"
    with ContainerClient(url, store.container_name, DefaultAzureCredential()) as container:
        for _ in range(2):
            container.upload_blob("20newsgroups/20news.pkl", messages.read_bytes(), overwrite=True)

    with pytest.raises(ResourceNotFoundError):
        client.compute.get("aml-compute")
    size = AmlCompute(name="aml-compute", size="Standard_NC6", min_instances=1, max_instances=4)
    assert client.compute.begin_create_or_update(size).result().provisioning_state == "Succeeded"
    assert client.compute.get("aml-compute").max_instances == 4

    choices = Choices(experiment="Compare_Models_Exp")
    stores = {"corpora": store.name}
    run = submit(compare_models, workspace=local_workspace.workspace, datastores=stores, choices=choices).wait()
    assert (run.status, run.experiment) == ("Completed", "Compare_Models_Exp")
    assert client.jobs.get(run.id).status == "Completed"
