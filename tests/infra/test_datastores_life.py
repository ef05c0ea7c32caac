"""Datastores as a user declares them, brought up, filled and taken away on a local Azure ML by both engines."""

import json

import pytest

from amlkit.home import SUBSCRIPTION

from .stack import GROUP, ROOT, WORKSPACE, living

SECRET = "0123456789-very-secret"
EVERYTHING = """
config = pulumi.Config("test")
group = "small"
blobs = Storage("blobs", StorageArgs(resource_group_name=group, containers=("corpora",), shares=("drive",)))
lake = Storage("lake", StorageArgs(
    resource_group_name=group, containers=("raw",), hierarchical=True, shared_keys=False, prefix="lake-"))
principal = ServicePrincipal(tenant_id="t", client_id="c", client_secret=config.require_secret("secret"))
sas = Sas(token=config.require_secret("sas"))
stores = (
    BlobDatastore("corpora", BlobDatastoreArgs(container="corpora", tags={"team": "a"}), workspace=workspace,
        storage=blobs),
    BlobDatastore("keyed", BlobDatastoreArgs(container="corpora", credentials="account-key"), workspace=workspace,
        storage=blobs),
    BlobDatastore("signed", BlobDatastoreArgs(container="snapshots", credentials=sas), workspace=workspace,
        storage="smallstore"),
    FileDatastore("drive", FileDatastoreArgs(share="drive", credentials="account-key"), workspace=workspace,
        storage=blobs),
    LakeDatastore("raw", LakeDatastoreArgs(filesystem="raw"), workspace=workspace, storage=lake),
    LakeDatastore("principal", LakeDatastoreArgs(filesystem="raw", credentials=principal), workspace=workspace,
        storage=lake),
    Gen1Datastore("old", Gen1DatastoreArgs(store_name="old1"), workspace=workspace),
)
for number, store in enumerate((stores[0], stores[3], stores[4])):
    folder = DataFolder(f"table{number}", folder="table", datastore=store, path="table/")
    pulumi.export(f"uri{number}", folder.uri)
for store in stores:
    pulumi.export(store._name, store.datastore.properties)
pulumi.export("account", blobs.account.name)
pulumi.export("lake", lake.account.name)
"""
READS = """
import json, sys
from azure.ai.ml import MLClient
from azure.identity import DefaultAzureCredential

client = MLClient(DefaultAzureCredential(), {subscription!r}, "small", "small")
facts = {{}}
for store in client.datastores.list():
    read = client.datastores.get(store.name)
    secrets = store.name in ("keyed", "drive", "principal", "signed")
    if secrets:
        read = client.datastores.get(store.name, include_secrets=True)
    facts[store.name] = [type(read).__name__, read.credentials.type, secrets and bool(
        getattr(read.credentials, "account_key", None) or getattr(read.credentials, "client_secret", None)
        or getattr(read.credentials, "sas_token", None))]
print("FACTS", json.dumps(facts))
"""


@pytest.fixture(scope="module", params=["embedded", "official"])
def stack(request, tmp_path_factory, azure_forks):
    folder = tmp_path_factory.mktemp(request.param)
    with living(request, folder, azure_forks, main=ROOT / "tests/infra/declared") as stack:
        stack.ok("config", "set", "azure-native:location", "westeurope")
        stack.ok("config", "set", "--secret", "test:secret", SECRET)
        stack.ok("config", "set", "--secret", "test:sas", f"sv=2021-12-02&sig={SECRET}")
        (folder / "declared.py").write_text(EVERYTHING)
        (folder / "table/deep").mkdir(parents=True)
        (folder / "table/a.csv").write_text("1,2\n")
        (folder / "table/deep/b.csv").write_text("3,4\n")
        yield stack


def test_every_kind_comes_up_is_filled_hides_its_secrets_and_goes(stack):
    said = [stack.ok("preview").text, stack.ok("up", "--yes", "--skip-preview").text]
    stack.ok("preview", "--expect-no-changes")
    stack.ok("refresh", "--yes", "--expect-no-changes")
    stack.ok("preview", "--expect-no-changes")

    outputs = stack.outputs()
    data = stack.home.data
    for folder in (f"{outputs['account']}/corpora", f"{outputs['account']}.file/drive", f"{outputs['lake']}/raw"):
        assert (data / folder / "table/deep/b.csv").read_text() == "3,4\n"
    assert outputs["uri1"] == "azureml://datastores/drive/paths/table/"

    account = f"{GROUP}/providers/Microsoft.Storage/storageAccounts/{outputs['account']}"
    key = stack.arm("POST", f"{account}/listKeys", {})["keys"][0]["value"]
    said += [
        stack.ok("stack", "export").text,
        stack.ok("stack", "output", "--json").text,
        stack.home.log_file.read_text(),
    ]
    for text in said:
        assert SECRET not in text
        assert key not in text
    state = json.loads(said[2])["deployment"]["resources"]
    assert [each for each in state if each["type"] == "azure-native:machinelearningservices:Datastore"]

    stored = stack.arm("GET", f"{WORKSPACE}/datastores/principal")["properties"]
    assert stored["credentials"] == {
        "credentialsType": "ServicePrincipal",
        "tenantId": "t",
        "clientId": "c",
        "authorityUrl": "https://login.microsoftonline.com",
    }
    given = stack.arm("POST", f"{WORKSPACE}/datastores/principal/listSecrets", {})
    assert given == {"secretsType": "ServicePrincipal", "clientSecret": SECRET}

    (stack.home.root / "reads.py").write_text(READS.format(subscription=SUBSCRIPTION))
    assert json.loads(stack.python(stack.home.root / "reads.py").partition("FACTS")[2]) == {
        "corpora": ["AzureBlobDatastore", "None", False],
        "keyed": ["AzureBlobDatastore", "sas", True],
        "signed": ["AzureBlobDatastore", "sas", True],
        "drive": ["AzureFileDatastore", "sas", True],
        "raw": ["AzureDataLakeGen2Datastore", "None", False],
        "principal": ["AzureDataLakeGen2Datastore", "service_principal", True],
        "old": ["AzureDataLakeGen1Datastore", "None", False],
        "workspaceartifactstore": ["AzureBlobDatastore", "account_key", False],
        "workspaceblobstore": ["AzureBlobDatastore", "account_key", False],
        "workspacefilestore": ["AzureFileDatastore", "account_key", False],
        "workspaceworkingdirectory": ["AzureFileDatastore", "account_key", False],
    }

    (stack.home.root / "declared.py").write_text(
        EVERYTHING.replace('credentials="account-key"', 'credentials="identity"')
    )
    changed = stack.ok("up", "--yes", "--skip-preview").text
    assert stack.arm("GET", f"{WORKSPACE}/datastores/drive")["properties"]["credentials"] == {"credentialsType": "None"}
    assert SECRET not in changed
    stack.ok("destroy", "--yes")
    left = {each["name"] for each in stack.arm("GET", f"{WORKSPACE}/datastores")["value"]}
    assert left == {
        "workspaceartifactstore",
        "workspaceblobstore",
        "workspacefilestore",
        "workspaceworkingdirectory",
    }
