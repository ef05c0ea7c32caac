"""The same definitions with azure-ai-ml, run as a script: prints what the SDK sends for each, `<what>` → body.

Arguments: subscription, resource group, workspace, folder of the code, conda file.
"""

import io
import json
import sys
from typing import Any

import requests

sent: dict[str, Any] = {}
_send = requests.Session.request


def _recording(session: requests.Session, method: str, url: str, *args: Any, **options: Any) -> requests.Response:
    path = url.split("?")[0].split("/workspaces/")[-1].partition("/")[2]
    body = options.get("data")
    if method == "PUT" and body and path.split("/")[0] in ("components", "jobs", "environments", "computes"):
        sent[path] = json.loads(body)
    return _send(session, method, url, *args, **options)


requests.Session.request = _recording  # type: ignore[method-assign]

from azure.ai.ml import Input, MLClient, Output, PyTorchDistribution, command, dsl, load_job  # noqa: E402
from azure.ai.ml.entities import AmlCompute, Environment  # noqa: E402
from azure.ai.ml.parallel import RunFunction, parallel_run_function  # noqa: E402
from azure.ai.ml.sweep import BanditPolicy, Uniform  # noqa: E402
from azure.identity import DefaultAzureCredential  # noqa: E402

subscription, group, workspace, code, conda = sys.argv[1:]
client = MLClient(DefaultAzureCredential(), subscription, group, workspace)
client.compute.begin_create_or_update(AmlCompute(name="cpu", size="STANDARD_DS3_V2", max_instances=4)).result()
image = "example.azurecr.io/base:1"
environment = client.environments.create_or_update(
    Environment(name="sample", version="1", image=image, conda_file=conda, properties={})
)

LINE = (
    "python train.py --features ${{inputs.features}} --learning_rate ${{inputs.learning_rate}}"
    " --rounds ${{inputs.rounds}} --solver '${{inputs.solver}}' --shuffle ${{inputs.shuffle}}"
    " $[[--extra ${{inputs.extra}}]] --model ${{outputs.model}}"
)
train = command(
    name="train",
    version="1",
    code=code,
    command=LINE,
    environment=environment,
    inputs={
        "features": Input(type="uri_folder"),
        "learning_rate": Input(type="number", default=0.1),
        "rounds": Input(type="integer", default=10),
        "solver": Input(type="string", enum=["lbfgs", "sag"], default="lbfgs"),
        "shuffle": Input(type="boolean", default=True),
        "extra": Input(type="uri_folder", optional=True),
    },
    outputs={"model": Output(type="uri_folder", mode="upload")},
).component
shell = command(
    name="shell",
    version="1",
    code=code,
    command="python -c 'print(1)' ${{inputs.source}} > ${{outputs.echoed}}",
    environment=environment,
    inputs={"source": Input(type="uri_file", mode="download")},
    outputs={"echoed": Output(type="uri_file")},
    environment_variables={"LEVEL": "2"},
    instance_count=2,
    shm_size="2g",
    distribution=PyTorchDistribution(process_count_per_instance=2),
    timeout=120,
    is_deterministic=False,
)
score = parallel_run_function(
    name="score",
    version="1",
    inputs={"data": Input(type="uri_folder")},
    outputs={"rows": Output(type="uri_file")},
    input_data="${{inputs.data}}",
    mini_batch_size="5",
    instance_count=1,
    max_concurrency_per_instance=2,
    error_threshold=3,
    mini_batch_error_threshold=2,
    retry_settings={"max_retries": 4, "timeout": 30},
    logging_level="INFO",
    task=RunFunction(code=code, entry_script="score.py", environment=environment, append_row_to="${{outputs.rows}}"),
).component
train, shell_component, score = (client.components.create_or_update(each) for each in (train, shell.component, score))


@dsl.pipeline()
def inner(features: Input(type="uri_folder"), learning_rate: float = 0.3):
    one = train(features=features, learning_rate=learning_rate)
    one.compute = "cpu"
    return {"model": one.outputs.model}


nested_component = inner(features=Input(type="uri_folder", path="x")).component
nested_component.name, nested_component.version = "inner", "1"
nested_component = client.components.create_or_update(nested_component)


@dsl.pipeline(name="outer", experiment_name="wire", continue_on_step_failure=True, tags={"team": "vision"})
def outer(features: Input(type="uri_folder"), rate: float = 0.2):
    """Everything that a graph can hold."""
    nested = nested_component(features=features, learning_rate=rate)
    nested.name = "inner"
    best = train(features=features, learning_rate=Uniform(0.1, 0.5)).sweep(
        primary_metric="accuracy",
        goal="maximize",
        sampling_algorithm="random",
        compute="cpu",
        early_termination_policy=BanditPolicy(slack_factor=0.1, evaluation_interval=1),
    )
    best.set_limits(max_total_trials=4, max_concurrent_trials=2, timeout=600)
    best.name = "best"
    shelled = shell(source=Input(type="uri_file", path="azureml://datastores/corpora/paths/a/b.txt"))
    shelled.name, shelled.compute = "shell", "cpu"
    scored = score(data=nested.outputs.model)
    scored.name, scored.compute = "scored", "cpu"
    return {"rows": scored.outputs.rows, "best": best.outputs.model, "echoed": shelled.outputs.echoed}


features = Input(type="uri_folder", path="azureml://datastores/corpora/paths/digits/")
component = outer(features=features).component
component.name, component.version = "outer", "1"
client.components.create_or_update(component)
text = """
type: pipeline
name: wire-job
display_name: outer
description: Everything that a graph can hold.
experiment_name: wire
component: azureml:outer:1
tags: {team: vision}
settings: {continue_on_step_failure: true}
inputs:
  features: {type: uri_folder, path: "azureml://datastores/corpora/paths/digits/"}
  rate: 0.4
"""
job = load_job(io.StringIO(text))
client.jobs.create_or_update(job)
print("SENT" + json.dumps(sent))
