"""A step on the wire is what azure-ai-ml sends for the same component, as `load_component` reads it."""

from __future__ import annotations

import pytest
import yaml

from amlkit.components import nodes
from amlkit.components.kinds import sweep as sweeping
from amlkit.components.options import Mpi, PyTorch, TensorFlow
from amlkit.components.render import assets, distribution, specification
from amlkit.components.step import call_of, definition_of
from tests.components.written import complete

CLASSES = '''
class Train(
    PythonScriptStep,
    script="train.py",
    environment=Curated("azureml://registries/azureml/environments/known/versions/1"),
    timeout=timedelta(minutes=2),
    instances=2,
    shm_size="3g",
    environment_variables={"LEVEL": "2"},
    distribution=distribution.PyTorch(processes_per_instance=2),
    modes={"features": "download", "table": "eval_mount", "model": "upload"},
    tags={"team": "vision"},
    allow_reuse=False,
):
    """Fit."""

    features: Input[Folder]
    text: Input[File]
    table: Input[MLTable] | None = None
    start: Input[MLflowModel]
    kind: Input[Kind] = Kind.LINEAR
    solver: Input[Literal["x", "y"]]
    rounds: Input[int] | None = None
    rate: Input[float] = 0.1
    shuffle: Input[bool] = False
    label: Input[str] | None
    model: Output[MLflowModel] = output(register="digits", version="7")
    other: Output[CustomModel]


class Score(
    ParallelRunStep,
    script="score.py",
    environment=Curated("azureml://registries/azureml/environments/known/versions/1"),
    input_data="batches",
    mini_batch_size="10kb",
    error_threshold=4,
    mini_batch_error_threshold=5,
    append_row_to="rows",
    max_tries=2,
    invocation_timeout=30,
    processes=3,
    instances=2,
    logging_level="DEBUG",
    environment_variables={"LEVEL": "2"},
):
    batches: Input[MLTable]
    side: Input[Folder]
    rate: Input[float] | None = None
    rows: Output[File]
    more: Output[Folder]
'''
TRAIN = """
type: command
name: train
version: "1"
is_deterministic: false
tags: {team: vision}
environment: azureml://registries/azureml/environments/known/versions/1
code: .
command: >-
  python train.py --features ${{inputs.features}} --text ${{inputs.text}} $[[--table ${{inputs.table}}]]
  --start ${{inputs.start}} --kind '${{inputs.kind}}' --solver '${{inputs.solver}}' $[[--rounds ${{inputs.rounds}}]]
  --rate ${{inputs.rate}} --shuffle ${{inputs.shuffle}} $[[--label '${{inputs.label}}']]
  --model ${{outputs.model}} --other ${{outputs.other}}
inputs:
  features: {type: uri_folder, mode: download}
  text: {type: uri_file}
  table: {type: mltable, optional: true, mode: eval_mount}
  start: {type: mlflow_model}
  kind: {type: string, enum: [linear, deep], default: linear}
  solver: {type: string, enum: [x, "y"]}
  rounds: {type: integer, optional: true}
  rate: {type: number, default: 0.1}
  shuffle: {type: boolean, default: false}
  label: {type: string, optional: true}
outputs:
  model: {type: mlflow_model, mode: upload}
  other: {type: custom_model}
resources: {instance_count: 2, shm_size: 3g}
distribution: {type: pytorch, process_count_per_instance: 2}
"""
SCORE = """
type: parallel
name: score
version: "1"
inputs:
  batches: {type: mltable}
  side: {type: uri_folder}
  rate: {type: number, optional: true}
outputs:
  rows: {type: uri_file}
  more: {type: uri_folder}
input_data: ${{inputs.batches}}
mini_batch_size: 10kb
error_threshold: 4
mini_batch_error_threshold: 5
max_concurrency_per_instance: 3
logging_level: DEBUG
retry_settings: {max_retries: 2, timeout: 30}
resources: {instance_count: 2}
task:
  type: run_function
  code: .
  entry_script: score.py
  environment: azureml://registries/azureml/environments/known/versions/1
  program_arguments: --side ${{inputs.side}} $[[--rate ${{inputs.rate}}]] --more ${{outputs.more}}
  append_row_to: ${{outputs.rows}}
"""
OF_A_VERSION = ("version", "_source")


@pytest.fixture
def steps(tmp_path, load):
    (tmp_path / "train.py").write_text("")
    (tmp_path / "score.py").write_text("def init(): ...\ndef run(mini_batch): return mini_batch\n")
    return load(CLASSES)


def theirs(folder, text: str):
    """The entity of azure-ai-ml."""
    from azure.ai.ml import load_component

    (folder / "theirs.yml").write_text(text)
    return load_component(folder / "theirs.yml")


def spec_of(entity) -> dict:
    found = entity._to_rest_object().properties.component_spec
    return {name: value for name, value in found.items() if name not in OF_A_VERSION}


def body_of(component) -> dict:
    return assets(component, "p")[-1].body


def test_a_script_step(steps, tmp_path):
    component = complete(definition_of(steps.Train))
    body = body_of(component)
    expected = spec_of(theirs(tmp_path, TRAIN)) | {"code": "azureml:${amlkit:code:train}"}
    assert body["componentSpec"] == expected
    assert body["tags"] == {"team": "vision"}


def test_a_parallel_step(steps, tmp_path):
    expected = spec_of(theirs(tmp_path, SCORE))
    expected["task"] = dict(expected["task"]) | {"code": "azureml:${amlkit:code:score}"}
    assert body_of(complete(definition_of(steps.Score)))["componentSpec"] == expected


def test_a_step_made_of_yaml_is_what_azure_ai_ml_makes_of_it(steps, tmp_path, load):
    theirs(tmp_path, TRAIN)
    module = load('Made = Step.from_yaml("theirs.yml")')
    ours = body_of(complete(definition_of(module.Made)))["componentSpec"]
    expected = spec_of(theirs(tmp_path, TRAIN)) | {"code": "azureml:${amlkit:code:train}"}
    expected.pop("tags")  # words, as a description
    assert ours == expected


def node_of(entity, **inputs) -> dict:
    """What azure-ai-ml sends for a use of a component in a pipeline, without what the pipeline decides."""
    node = entity(**inputs)
    node.name = "node"
    node.environment_variables = {"LEVEL": "2"}
    if node.type == "command":
        node.set_limits(timeout=120)
    found = node._to_rest_object()
    return {k: v for k, v in found.items() if k not in ("name", "inputs", "outputs", "_source", "componentId")}


def test_the_nodes_of_a_script_step(steps, tmp_path):
    from azure.ai.ml import Input

    data, table = Input(type="uri_folder", path="azureml:d:1"), Input(type="mltable", path="azureml:t:1")
    model = Input(type="mlflow_model", path="azureml:m:1")
    expected = node_of(theirs(tmp_path, TRAIN), features=data, text=data, table=table, start=model, solver="x")
    ours = nodes.body(complete(definition_of(steps.Train)))
    assert ours.pop("componentId") == "${amlkit:component:train}"
    assert ours == expected


def test_the_nodes_of_a_parallel_step(steps, tmp_path):
    from azure.ai.ml import Input

    data, table = Input(type="uri_folder", path="azureml:d:1"), Input(type="mltable", path="azureml:t:1")
    expected = node_of(theirs(tmp_path, SCORE), batches=table, side=data)
    expected["task"] = dict(expected["task"]) | {"code": "azureml:${amlkit:code:score}"}
    ours = nodes.body(complete(definition_of(steps.Score)))
    assert ours.pop("componentId") == "${amlkit:component:score}"
    assert ours == expected


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (PyTorch(2), "{type: pytorch, process_count_per_instance: 2}"),
        (Mpi(4), "{type: mpi, process_count_per_instance: 4}"),
        (TensorFlow(3, 1), "{type: tensorflow, worker_count: 3, parameter_server_count: 1}"),
    ],
)
def test_distributions(tmp_path, ours, theirs):
    from azure.ai.ml import load_component

    text = f"type: command\nname: x\ncommand: ls\nenvironment: azureml:known:1\ndistribution: {theirs}\n"
    (tmp_path / "theirs.yml").write_text(text)
    assert (
        distribution(ours)
        == load_component(tmp_path / "theirs.yml")._to_rest_object().properties.component_spec["distribution"]
    )


SWEPT = """
swept = sweep(
    Train(features=Folder("azureml:d:1"), text=File("azureml:f:1"), start=MLflowModel("azureml:m:1"),
          solver=search.choice(["x", "y"]), rate=search.loguniform(-6, -1), rounds=search.randint(9)),
    metric="accuracy", goal="minimize", max_total_trials=8, max_concurrent_trials=2, timeout=600, trial_timeout=60,
    seed=3, early_termination=POLICY)
"""


@pytest.mark.parametrize(
    ("policy", "arguments"),
    [
        ("search.Bandit(slack_factor=0.1, delay_evaluation=2)", {"slack_factor": 0.1, "delay_evaluation": 2}),
        ("search.Bandit(slack_amount=0.5)", {"slack_amount": 0.5}),
        ("search.MedianStopping(delay_evaluation=3)", {"delay_evaluation": 3}),
        ("search.TruncationSelection(20, evaluation_interval=2)", {"truncation_percentage": 20}),
    ],
)
def test_sweeps(tmp_path, load, policy, arguments):
    from azure.ai.ml import sweep as sdk

    (tmp_path / "train.py").write_text("")
    call = call_of(load(CLASSES.replace("    environment_variables", "    # ") + SWEPT.replace("POLICY", policy)).swept)
    spaces = {name: value for name, value in call.given.items() if hasattr(value, "body")}
    kind = getattr(sdk, policy.split(".")[1].split("(")[0] + "Policy")
    interval = 2 if "interval" in policy else 1
    entity = theirs(tmp_path, TRAIN)(solver=sdk.Choice(["x", "y"]), rate=sdk.LogUniform(-6, -1), rounds=sdk.Randint(9))
    node = entity.sweep(
        primary_metric="accuracy",
        goal="minimize",
        sampling_algorithm=sdk.RandomSamplingAlgorithm(seed=3),
        early_termination_policy=kind(**{"evaluation_interval": interval, **arguments}),
    )
    node.set_limits(max_total_trials=8, max_concurrent_trials=2, timeout=600, trial_timeout=60)
    expected = node._to_rest_object()
    ours = sweeping.body(call.sweep, spaces)
    assert ours == {name: expected[name] for name in ours}
    assert {"limits", "sampling_algorithm", "objective", "search_space", "early_termination"} == ours.keys()


def test_a_step_without_code_in_a_curated_environment_registers_its_component_alone(load):
    module = load(
        'class Hello(CommandStep, command="echo ${{inputs.who}}", code=None, environment=Curated("azureml://registries/azureml/environments/known/versions/1")):\n'
        "    who: Input[str]\n"
    )
    found = assets(complete(definition_of(module.Hello)), "p")
    assert [asset.kind for asset in found] == ["component"]
    assert "code" not in specification(complete(definition_of(module.Hello)))


def test_retries_are_a_loop_in_the_command_that_ends_with_the_last_exit_code(tmp_path, load):
    import subprocess

    module = load(
        'class Flaky(CommandStep, command="echo x >> tries; [ $(wc -l < tries) -gt 2 ] || exit 7", retries=RETRIES,'
        ' environment=Curated("azureml://registries/azureml/environments/known/versions/1")):\n    pass\n'.replace(
            "RETRIES", "2"
        )
        + 'class Never(CommandStep, command="echo x >> never\\nexit 5  # always", retries=2,'
        ' environment=Curated("azureml://registries/azureml/environments/known/versions/1")):\n    pass\n'
    )
    line = specification(complete(definition_of(module.Flaky)))["command"]
    assert subprocess.run(["bash", "-c", line], cwd=tmp_path, check=False).returncode == 0
    assert (tmp_path / "tries").read_text() == "x\n" * 3
    line = specification(complete(definition_of(module.Never)))["command"]
    assert subprocess.run(["bash", "-c", line], cwd=tmp_path, check=False).returncode == 5
    assert (tmp_path / "never").read_text() == "x\n" * 3


def test_what_is_registered_is_read_by_azure_ai_ml(steps):
    from azure.ai.ml.entities import Component

    for step in (steps.Train, steps.Score):
        component = complete(definition_of(step))
        spec = yaml.safe_load(yaml.safe_dump(specification(component)))
        spec["version"] = "1"
        read = Component._load(data=spec)
        assert read.inputs.keys() == spec["inputs"].keys()
        assert read.outputs.keys() == spec["outputs"].keys()
