"""What `compile` gives: the same digests for the same definition, and bodies that Azure ML's own client can read."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from amlkit import Compute, Folder, Input, compile, digest, pipeline
from amlkit.errors import DefinitionError
from amlkit.manifest import bind, references
from tests.pipelines.sample.steps import Extract, Results, Train, cpu, digits, sample
from tests.pipelines.wide.steps import fitting, scoring

GOLDEN = Path(__file__).parent / "golden" / "definitions.json"


def definitions(manifest) -> dict[str, str]:
    return {f"{asset.kind} {asset.name}": asset.definition for asset in manifest.assets}


def asset(manifest, kind: str, name: str):
    return next(item for item in manifest.assets if (item.kind, item.name) == (kind, name))


def test_definition_digests_stay_what_they_are_for_ever():
    """Entries are added for new samples. A change of one that is there is a reuse break: the CHANGELOG must say so."""
    found = definitions(compile(sample)) | definitions(compile(fitting)) | definitions(compile(scoring))
    plain = {name.partition("__")[0]: digest for name, digest in found.items()}  # a variant has its component's
    assert plain == json.loads(GOLDEN.read_text())


def test_an_asset_refers_to_earlier_ones_only_and_slots_are_unique():
    manifest = compile(sample)
    known = {f"compute:{name}" for name in manifest.computes} | {f"datastore:{name}" for name in manifest.datastores}
    for item in manifest.assets:
        needed = references(item.body) - ({f"snapshot:{item.name}"} if item.kind == "code" else set())
        assert needed <= known, item.slot
        known.add(item.reference)
    assert manifest.pipeline.slot == "sample"
    assert [item.slot for item in manifest.assets][:3] == [
        "sample-extract-code",
        "sample-extract-environment",
        "sample-extract",
    ]
    assert len({item.slot for item in manifest.assets}) == len(manifest.assets)


def test_needs_are_listed():
    manifest = compile(sample)
    assert manifest.computes == ("cpu",)
    assert manifest.datastores == ("corpora",)


def test_a_component_says_how_its_script_is_called():
    spec = asset(compile(sample), "component", "train").body["componentSpec"]
    assert spec["command"] == (
        "python train.py --features ${{inputs.features}} --learning_rate ${{inputs.learning_rate}}"
        " --depth ${{inputs.depth}} --kind '${{inputs.kind}}' --shuffle ${{inputs.shuffle}}"
        " --model ${{outputs.model}} --metrics ${{outputs.metrics}}"
    )
    assert spec["code"] == "azureml:${amlkit:code:train}"
    assert spec["environment"] == "azureml:${amlkit:environment:train}"
    assert spec["is_deterministic"] is False
    assert spec["inputs"]["learning_rate"] == {"type": "number", "default": "0.1"}
    assert spec["inputs"]["shuffle"] == {"type": "boolean", "default": "True"}
    assert spec["outputs"] == {"model": {"type": "uri_folder"}, "metrics": {"type": "uri_file"}}


def test_jobs_say_what_feeds_each_input():
    jobs = compile(sample).pipeline.body["componentSpec"]["jobs"]
    assert jobs["fast"]["inputs"] == {
        "features": {"job_input_type": "literal", "value": "${{parent.jobs.extract.outputs.features}}"},
        "learning_rate": {"job_input_type": "literal", "value": "1.0"},
    }
    place = "azureml://datastores/${amlkit:datastore:corpora}/paths/digits/"
    assert jobs["fixed"]["inputs"]["features"] == {"job_input_type": "uri_folder", "uri": place}
    assert jobs["train"]["inputs"]["learning_rate"]["value"] == "${{parent.inputs.learning_rate}}"
    assert jobs["train"]["outputs"]["metrics"] == {"type": "literal", "value": "${{parent.outputs.metrics}}"}
    assert jobs["train"]["outputs"]["model"] == {"job_output_type": "uri_folder", "name": "digits"}
    assert "outputs" not in jobs["extract"]
    assert jobs["extract"]["computeId"] == "${amlkit:compute:cpu}"


def test_the_default_of_a_data_parameter_is_a_property_because_the_specification_cannot_hold_it():
    body = compile(sample).pipeline.body
    assert body["componentSpec"]["inputs"]["corpus"] == {"type": "uri_folder"}
    place = "azureml://datastores/${amlkit:datastore:corpora}/paths/digits/"
    assert body["properties"]["amlkit.default.corpus"] == place


def test_the_environment_holds_the_locked_lines_with_hashes():
    body = asset(compile(sample), "environment", "train").body
    assert "python=3.11" in body["condaFile"]
    assert "tiny-package==1.2 --hash=sha256:" in body["condaFile"]
    assert "tiny_package" not in body["condaFile"]


def test_the_order_of_steps_does_not_count():
    @pipeline
    def sample(corpus: Input[Folder] = digits, learning_rate: Input[float] = 0.1) -> Results:
        Train(name="fixed", shuffle=False, features=digits, kind="deep", compute=cpu)
        features = Extract(raw=corpus, compute=cpu).features
        last = Train(learning_rate=learning_rate, features=features, compute=cpu)
        Train(name="fast", features=features, learning_rate=1.0, compute=cpu)
        return Results(last.metrics)

    assert compile(sample).definition == json.loads(GOLDEN.read_text())["component sample"]


def test_compute_place_of_data_default_and_description_do_not_count():
    @pipeline
    def sample(corpus: Input[Folder], learning_rate: Input[float] = 0.7) -> Results:
        """Something else."""
        elsewhere = Compute("gpu")
        features = Extract(raw=corpus, compute=elsewhere).features
        Train(name="fast", features=features, learning_rate=1, compute=cpu)
        Train(name="fixed", features=replace(digits, path="other/"), kind="deep", shuffle=False, compute=cpu)
        return Results(Train(features=features, learning_rate=learning_rate, compute=cpu).metrics)

    manifest = compile(sample)
    assert manifest.definition == json.loads(GOLDEN.read_text())["component sample"]
    assert manifest.computes == ("cpu", "gpu")


@pytest.mark.parametrize(
    "change",
    [
        {"learning_rate": 2},
        {"depth": 4},
        {"kind": "other"},
        {"shuffle": False},
        {"name": "quick"},
        {"features": digits},
    ],
)
def test_values_edges_and_names_count(change):
    @pipeline
    def sample(corpus: Input[Folder] = digits, learning_rate: Input[float] = 0.1) -> Results:
        features = Extract(raw=corpus, compute=cpu).features
        arguments = {"name": "fast", "features": features, "learning_rate": 1, "compute": cpu, **change}
        Train(**arguments)
        Train(name="fixed", features=digits, kind="deep", shuffle=False, compute=cpu)
        return Results(Train(features=features, learning_rate=learning_rate, compute=cpu).metrics)

    assert compile(sample).definition != json.loads(GOLDEN.read_text())["component sample"]


def test_a_version_changes_with_what_is_bound_and_a_definition_does_not():
    body = compile(sample).pipeline.body
    names = references(body)
    here = bind(body, dict.fromkeys(names, "/here"))
    there = bind(body, dict.fromkeys(names, "/there"))
    assert digest.version_of(here) != digest.version_of(there)
    assert here["properties"]["amlkit.definition"] == there["properties"]["amlkit.definition"]


def test_a_wrong_pipeline_gives_all_problems_and_no_manifest():
    @pipeline
    def wrong(corpus: Input[Folder]) -> None:
        Extract(raw=corpus)
        Train(features=corpus, learning_rate="fast", compute=cpu)

    with pytest.raises(DefinitionError) as caught:
        compile(wrong)
    assert [problem.where for problem in caught.value.problems] == ["wrong.extract", "wrong.train.learning_rate"]


ARM = "/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces/w"


def bound(manifest, name: str):
    body = asset(manifest, "component", name).body
    places = {"component": "components/{}/versions/1", "code": "codes/{}/versions/1", "compute": "computes/{}"}
    places["environment"] = "environments/{}/versions/1"
    known = {}
    for item in references(body):
        kind, of = item.split(":")
        known[item] = f"{ARM}/{places[kind].format(of)}" if kind in places else of
    return bind(body, known)


@pytest.fixture(scope="module")
def read_by_the_client():
    from azure.ai.ml._restclient.arm_ml_service.models import ComponentVersion
    from azure.ai.ml.entities import Component

    def read(body, name: str):
        document = {"id": f"{ARM}/components/{name}/versions/1", "name": "1", "properties": body}
        body["componentSpec"].update(version="1")  # the service adds it to what it answers
        return Component._from_rest_object(ComponentVersion(document))

    return read


def test_azure_ai_ml_reads_a_component(read_by_the_client):
    read = read_by_the_client(bound(compile(sample), "train"), "train")
    assert read.type == "command"
    assert read.code == f"{ARM}/codes/train/versions/1"
    assert read.inputs["learning_rate"].default == 0.1
    assert read.inputs["shuffle"].default is True
    assert read.outputs["metrics"].type == "uri_file"
    assert read.is_deterministic is False
    assert read.environment == f"{ARM}/environments/train/versions/1"


def test_azure_ai_ml_reads_a_pipeline_component_and_makes_a_job_of_it(read_by_the_client):
    from azure.ai.ml import Input as ClientInput

    read = read_by_the_client(bound(compile(sample), "sample"), "sample")
    assert sorted(read.jobs) == ["extract", "fast", "fixed", "train"]
    assert read.jobs["extract"].component == f"{ARM}/components/extract/versions/1"
    job = read(corpus=ClientInput(type="uri_folder", path="azureml://datastores/corpora/paths/x/"), learning_rate=0.3)
    assert job.inputs.learning_rate._data == 0.3


@pytest.mark.parametrize("of", [sample, fitting, scoring], ids=lambda of: of.name)
def test_azure_ai_ml_sends_the_same_bindings_back(read_by_the_client, of):
    body = bound(compile(of), of.name)
    sent = json.loads(json.dumps(body["componentSpec"]["jobs"]))
    back = read_by_the_client(body, of.name)._to_rest_object().as_dict()["properties"]["componentSpec"]["jobs"]
    for name, job in sent.items():
        assert back[name].get("inputs", {}) == job["inputs"], name
        assert back[name].get("outputs", {}) == job.get("outputs", {}), name
        assert back[name].get("componentId") == job.get("componentId")
        for word in ("type", "trial", "limits", "resources", "distribution", "search_space", "objective"):
            assert back[name].get(word) == job.get(word), (name, word)


@pytest.mark.parametrize("of", [fitting, scoring], ids=lambda of: of.name)
def test_azure_ai_ml_reads_every_component_and_makes_a_job_of_the_whole(read_by_the_client, of):
    from azure.ai.ml import Input as ClientInput

    manifest = compile(of)
    for item in manifest.assets:
        if item.kind == "component":
            read = read_by_the_client(bound(manifest, item.name), item.name)
            assert read.name == item.name
            assert read.type == item.body["componentSpec"]["type"]
            assert sorted(read.inputs) == sorted(item.body["componentSpec"]["inputs"])
            assert sorted(read.outputs) == sorted(item.body["componentSpec"]["outputs"])
    assert sorted(read.jobs) == sorted(manifest.pipeline.body["componentSpec"]["jobs"])
    job = read(corpus=ClientInput(type="mltable", path="azureml://datastores/lake/paths/x/"), share=0.3)
    assert job.inputs.share._data == 0.3
