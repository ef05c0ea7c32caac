"""YAML that cannot run: refused by `amlkit run` and to the client, each with a place and what is wrong."""

from __future__ import annotations

from typing import Any

import pytest

FILES = "refused"
SAID = {
    "automl_job": "automl_job.yml: not a type of job that runs here: automl\n  hint: ",
    "automl_node": "jobs.guess: a step of type automl does not run in the local Azure ML, only command, parallel, ",
    "bad_parallel": "jobs.p.input_data: there is no such input: g",
    "bad_sweep": "search_space.x: its smallest value is over its largest: 2, 1",
    "circle": "jobs: these steps wait for each other: a, b",
    "data_transfer": "jobs.copy: a step of type data_transfer does not run in the local Azure ML",
    "docker_build": "environment: an environment with a Docker build context does not run in the local Azure ML",
    "empty_step": "empty_step.yml: jobs.first: a step must be a mapping, with its `type`",
    "finetuning_job": "not a type of job that runs here: fine_tuning",
    "if_else": "jobs.branch.type: value 'if_else' passed is not in set",
    "import_job": "not a type of job that runs here: import",
    "missing_code": "missing_code.yml: code: can't find directory or file in resolved absolute path",
    "misspelt_input": "jobs.a.inputs.word: the pipeline has no such input: wrod\n  hint: did you mean `word`?",
    "missing_input": "jobs.a.inputs.other: required input 'other' for component 'a' not provided",
    "no_compute": "jobs.a.compute: (ResourceNotFound)",
    "no_datastore": "settings.default_datastore: Could not find datastore with name: 'nowhere'",
    "no_environment": "jobs.b.environment: no such environment in the workspace: azureml:bare:77\n  hint: ",
    "no_such_output": "jobs.p.task.append_row_to: no such port: outputs.rowz",
    "not_a_job": "not_a_job.yml: not an Azure ML job or component: it holds no mapping",
    "nothing_there": "inputs.data: no such data asset in the workspace: azureml:unheard_of:7\n  hint: ",
    "number_as_name": "jobs: a name must be a text, YAML reads it as True\n  hint: put it in quotes",
    "out_of_range": "jobs.a.inputs.share: more than 1.0: 7",
    "parallel_for": "jobs.each.type: value 'parallel_for' passed is not in set",
    "ray": "distribution: a distribution of type Ray does not run in the local Azure ML, only: pytorch, mpi, ",
    "registry": "jobs.a.componentId: components of registries are not in the local Azure ML: azureml://registries/",
    "schedule": "neither a job nor a component of Azure ML: it has no `type`\n  hint: it holds: name, trigger, ",
    "spark_job": "not a type of job that runs here: spark",
    "spark_node": "jobs.big: a step of type spark does not run in the local Azure ML",
    "strange_placeholder": "outputs.made: an output can be bound to an output of the pipeline only: azureml://",
    "too_many_nodes": "resources: `instance_count` is 9, but its compute has at most 4 nodes",
    "torn": "torn.yml:3: not YAML: found unexpected end of stream",
    "unknown_curated": "environment: the environment is not in the local Azure ML: azureml://registries/azureml/",
    "unknown_key": "unknown_key.yml: environmint: unknown field",
    "unknown_placeholder": "command: there is no such input: nothing",
    "wrong_shape": "wrong_shape.yml: azure-ai-ml cannot read it: ",
}
SAID_BY_THE_SERVICE = {
    "bad_parallel": "jobs.p.input_data: `input_data` must name an input with data: g"
}  # ours is earlier
BY_THE_SERVICE = [name for name, said in SAID.items() if "local Azure ML" in said] + [
    "bad_parallel",
    "bad_sweep",
    "circle",
    "no_datastore",
    "no_such_output",
    "out_of_range",
    "strange_placeholder",
    "too_many_nodes",
]


@pytest.mark.parametrize("name", SAID)
def test_amlkit_says_where_and_what(facts: dict[str, Any], name: str) -> None:
    found = facts["amlkit"][name]
    assert isinstance(found, dict), found
    assert (found["code"], found["out"]) == (1, "")
    assert f"error: {name}" in found["err"] or f"error: refused/{name}.yml" in found["err"]
    assert SAID[name] in found["err"]


@pytest.mark.parametrize("name", BY_THE_SERVICE)
def test_the_service_says_the_same_to_the_client(facts: dict[str, Any], name: str) -> None:
    said = SAID_BY_THE_SERVICE.get(name, SAID[name])
    assert said.partition("\n")[0] in facts["client"][name]


def test_nothing_is_accepted(facts: dict[str, Any]) -> None:
    assert [name for name, said in facts["client"].items() if said == "accepted"] == []
    assert facts["amlkit"].keys() == SAID.keys()
