"""Datastores of every kind through azure-ai-ml, unmodified, and local data that it sends to them by itself."""

import json
import uuid
from pathlib import Path

from amlkit.home import SUBSCRIPTION

from .conftest import StandIn, Workspace

SCRIPT = """
import json, sys
from azure.ai.ml import MLClient
from azure.ai.ml.entities import (
    AccountKeyConfiguration, AzureBlobDatastore, AzureDataLakeGen1Datastore, AzureDataLakeGen2Datastore,
    AzureFileDatastore, CertificateConfiguration, Data, SasTokenConfiguration, ServicePrincipalConfiguration,
)
from azure.identity import DefaultAzureCredential

subscription, group, name, account, lake, folder = sys.argv[1:]
client = MLClient(DefaultAzureCredential(), subscription, group, name)
principal = ServicePrincipalConfiguration(tenant_id="t", client_id="c", client_secret="secret")
certificate = CertificateConfiguration(tenant_id="t", client_id="c", certificate="pem", thumbprint="p")
made = [
    AzureBlobDatastore(name="b_none", account_name=account, container_name="corpora", tags={"a": "b"}),
    AzureBlobDatastore(name="b_sas", account_name=account, container_name="corpora", description="d",
        credentials=SasTokenConfiguration(sas_token="sv=1&sig=2")),
    AzureFileDatastore(name="f_key", account_name=account, file_share_name="drive",
        credentials=AccountKeyConfiguration(account_key="c2VjcmV0")),
    AzureDataLakeGen2Datastore(name="l_none", account_name=lake, filesystem="raw"),
    AzureDataLakeGen2Datastore(name="l_sp", account_name=account, filesystem="raw", credentials=principal),
    AzureDataLakeGen2Datastore(name="l_cert", account_name=account, filesystem="raw", credentials=certificate),
    AzureDataLakeGen1Datastore(name="old", store_name="old1", credentials=principal),
]
facts = {"same": [], "secrets": {}}
for each in made:
    client.datastores.create_or_update(each)
    read = client.datastores.get(each.name)
    facts["same"].append(type(read) is type(each) and read.tags == (each.tags or {}) and
        read.description == each.description)
    with_secrets = each.credentials.type not in (None, "None") and each.name != "f_key"
    if with_secrets:
        secret = client.datastores.get(each.name, include_secrets=True).credentials
        facts["secrets"][each.name] = (getattr(secret, "sas_token", None) or getattr(secret, "client_secret", None)
            or getattr(secret, "certificate", None))
facts["paths"] = {}
for store in ("l_none", "b_none"):
    data = Data(name=store, version="1", type="uri_folder", path=folder, datastore=store)
    facts["paths"][store] = client.data.create_or_update(data).path
client.datastores.delete("old")
facts["left"] = sorted(each.name for each in client.datastores.list() if not each.name.startswith("workspace"))
print("FACTS" + json.dumps(facts))
"""


def test_the_sdk_makes_reads_and_deletes_every_kind_and_sends_data_there(
    stand_in: StandIn, workspace: Workspace, tmp_path: Path
) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub/a.csv").write_text("1,2\n")
    (tmp_path / "b.csv").write_text("3\n")
    accounts = f"{workspace.id.partition('/providers/')[0]}/providers/Microsoft.Storage/storageAccounts"
    lake = f"lake{uuid.uuid4().hex[:12]}"
    body = {"location": "westeurope", "kind": "StorageV2", "sku": {"name": "Standard_LRS"}}
    stand_in.made(f"{accounts}/{lake}", {**body, "properties": {"isHnsEnabled": True}})
    for account, container in ((workspace.account, "corpora"), (lake, "raw")):
        stand_in.made(f"{accounts}/{account}/blobServices/default/containers/{container}", {"properties": {}})
    arguments = (SUBSCRIPTION, workspace.group, workspace.name, workspace.account, lake, str(tmp_path))
    facts = json.loads(stand_in.script(SCRIPT, *arguments).rpartition("FACTS")[2])
    assert all(facts["same"]), facts["same"]
    assert facts["secrets"] == {"b_sas": "sv=1&sig=2", "l_sp": "secret", "l_cert": "pem", "old": "secret"}
    assert facts["left"] == ["b_none", "b_sas", "f_key", "l_cert", "l_none", "l_sp"]
    for store, container in (("l_none", f"{lake}/raw"), ("b_none", f"{workspace.account}/corpora")):
        folder = stand_in.home.data / container / facts["paths"][store].partition("/paths/")[2]
        assert (folder / "sub/a.csv").read_text() == "1,2\n"
        assert (folder / "b.csv").read_text() == "3\n"


def test_a_datastore_that_azure_would_refuse_is_refused_with_what_is_wrong(workspace: Workspace) -> None:
    blob = {"datastoreType": "AzureBlob", "accountName": "a", "containerName": "c"}
    principal = {"credentialsType": "ServicePrincipal", "tenantId": "t"}
    mixed = {"credentialsType": "Sas", "secrets": {"secretsType": "AccountKey", "key": "x"}}
    for properties, said in (
        ({"datastoreType": "Ftp"}, "'Ftp' is not a datastoreType"),
        ({"datastoreType": "AzureFile", "accountName": "a"}, "needs 'fileShareName'"),
        ({**blob}, "needs 'credentials'"),
        ({**blob, "credentials": {"credentialsType": "Password"}}, "'Password' is not a credentialsType"),
        ({**blob, "credentials": principal}, "need 'clientId'"),
        ({**blob, "credentials": mixed}, "Secrets of type AccountKey do not go with credentials of type Sas"),
    ):
        answer = workspace.call("PUT", "datastores/wrong", {"properties": properties})
        assert answer.status_code == 400
        assert said in answer.json()["error"]["message"]
    assert workspace.call("PUT", "datastores/with-dash", {"properties": blob}).status_code == 400
