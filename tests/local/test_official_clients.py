"""azure-ai-ml and azure-identity, unmodified, pointed at the stand-in by the printed environment alone."""

import json
import uuid
from pathlib import Path

import pytest

from amlkit.home import SUBSCRIPTION

from .conftest import StandIn, Workspace, make_workspace

DEFAULT_DATASTORES = ("workspaceartifactstore", "workspaceblobstore", "workspacefilestore", "workspaceworkingdirectory")

SCRIPT = '''
import json, sys
from azure.ai.ml import Input, MLClient, Output, command, dsl
from azure.ai.ml.constants import AssetTypes
from azure.ai.ml.entities import (
    AmlCompute, AzureBlobDatastore, BatchEndpoint, Data, Environment, Model, PipelineComponentBatchDeployment,
)
from azure.core.exceptions import HttpResponseError
from azure.identity import DefaultAzureCredential

subscription, group, name, account, code, endpoint = sys.argv[1:]
client = MLClient(DefaultAzureCredential(), subscription, group, name)
facts = {"host": client._base_url, "workspace": client.workspaces.get(name).name}

client.compute.begin_create_or_update(AmlCompute(name="cpu", size="STANDARD_DS3_V2", max_instances=2)).result()
facts["computes"] = [each.name for each in client.compute.list()]
client.datastores.create_or_update(
    AzureBlobDatastore(name="corpora", account_name=account, container_name="corpora"))
facts["datastores"] = sorted(each.name for each in client.datastores.list())
facts["default"] = client.datastores.get_default().name

environment = client.environments.create_or_update(Environment(
    name="train", image="mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu22.04",
    conda_file={"name": "train", "dependencies": ["python=3.11"]}))
def step(line):
    return command(name="train", version="1", code=code, command=line, environment=environment,
                   inputs={"learning_rate": Input(type="number", default=0.1)},
                   outputs={"model": Output(type="uri_folder")}).component
line = "python train.py ${{inputs.learning_rate}} ${{outputs.model}}"
train = client.components.create_or_update(step(line))
again = client.components.create_or_update(step(line))
facts["same code"] = train.code == again.code
try:
    client.components.create_or_update(step(line + " --changed"))
except HttpResponseError as error:
    facts["changed"] = error.status_code

@dsl.pipeline()
def training(learning_rate: float = 0.2):
    """Train."""
    one = train(learning_rate=learning_rate)
    one.compute = "cpu"
    return {"model": one.outputs.model}
component = training().component
component.name, component.version = "training", "1"
component = client.components.create_or_update(component)
facts["components"] = sorted(each.name for each in client.components.list())
facts["labelled"] = client.components.get("train", label="latest").version

made = client.batch_endpoints.begin_create_or_update(BatchEndpoint(name=endpoint)).result()
client.batch_deployments.begin_create_or_update(PipelineComponentBatchDeployment(
    name="v1a", endpoint_name=endpoint, component=component, settings={"default_compute": "cpu"})).result()
made.defaults.deployment_name = "v1a"
made = client.batch_endpoints.begin_create_or_update(made).result()
facts["serves"] = made.defaults.deployment_name
facts["deployments"] = [each.name for each in client.batch_deployments.list(endpoint)]

facts["data"] = client.data.create_or_update(Data(name="d", version="1", type=AssetTypes.URI_FOLDER, path=code)).path
client.models.create_or_update(Model(name="m", version="1", path=code, type="custom_model"))
facts["model"] = client.models.get("m", "1").version
client.batch_endpoints.begin_delete(endpoint).result()
facts["endpoints"] = [each.name for each in client.batch_endpoints.list()]
print("FACTS" + json.dumps(facts))
'''


@pytest.fixture
def code(tmp_path: Path) -> Path:
    """A folder of code with names that are hard to carry."""
    folder = tmp_path / "src"
    (folder / "sub").mkdir(parents=True)
    (folder / "train.py").write_text("print('hi')\n")
    (folder / "sub" / "a b#ü%20.py").write_text("x = 1\n")
    return folder


def test_the_sdk_publishes_a_pipeline(stand_in: StandIn, group: str, code: Path) -> None:
    workspace = make_workspace(stand_in, group)
    name = f"ep-{uuid.uuid4().hex[:8]}"
    arguments = (SUBSCRIPTION, workspace.group, workspace.name, workspace.account, str(code), name)
    facts = json.loads(stand_in.script(SCRIPT, *arguments).rpartition("FACTS")[2])
    data = facts.pop("data")
    assert facts == {
        "host": stand_in.address.url,
        "workspace": workspace.name,
        "computes": ["cpu"],
        "datastores": ["corpora", *DEFAULT_DATASTORES],
        "default": "workspaceblobstore",
        "same code": True,
        "changed": 409,
        "components": ["train", "training"],
        "labelled": "1",
        "serves": "v1a",
        "deployments": ["v1a"],
        "model": "1",
        "endpoints": [],
    }
    assert uploaded(workspace, data) == {"train.py": "print('hi')\n", "sub/a b#ü%20.py": "x = 1\n"}


def uploaded(workspace: Workspace, uri: str) -> dict[str, str]:
    """The files below a URI of the default datastore, by path."""
    datastore = workspace.call("GET", "datastores/workspaceblobstore").json()["properties"]
    container = workspace.stand_in.home.data / workspace.account / datastore["containerName"]
    folder = container / uri.partition("/paths/")[2]
    return {path.relative_to(folder).as_posix(): path.read_text() for path in folder.rglob("*") if path.is_file()}
