"""What the datastores ask azure-native for, with every kind of credentials and storage, and what they refuse."""

import json

import pulumi
import pytest
from pulumi.runtime import set_mocks
from pulumi.runtime.config import set_all_config
from pulumi.runtime.mocks import Mocks

from amlkit.errors import DefinitionError
from amlkit.infra import (
    BlobDatastore,
    BlobDatastoreArgs,
    DataFolder,
    FileDatastore,
    FileDatastoreArgs,
    Gen1Datastore,
    Gen1DatastoreArgs,
    LakeDatastore,
    LakeDatastoreArgs,
    Sas,
    ServicePrincipal,
    Storage,
    StorageArgs,
    Workspace,
)
from amlkit.propertyvalues import is_secret, unsecret

GROUP = "/subscriptions/s1/resourceGroups/g1"
ACCOUNT = f"{GROUP}/providers/Microsoft.Storage/storageAccounts"
WORKSPACE = f"{GROUP}/providers/Microsoft.MachineLearningServices/workspaces/ws1"
SECRET = "very-secret"
SAS = f"sv=2021-12-02&sig={SECRET}"
PRINCIPAL = {"tenant_id": "t", "client_id": "c", "client_secret": SECRET}
NONE = {"credentialsType": "None"}


class Recorder(Mocks):
    """Answers as ARM would, and remembers what was asked."""

    def __init__(self):
        self.made, self.calls = {}, []

    def new_resource(self, args):
        self.made[f"{args.typ.rpartition(':')[2]} {args.name}"] = args
        outputs = {"location": "westeurope", "name": args.name, **args.inputs}
        if args.typ.endswith(":StorageAccount"):
            outputs |= {"name": "digits1", "primaryEndpoints": {"blob": "https://digits1.blob.core.amlkit.test/"}}
            return [f"{ACCOUNT}/digits1", outputs]
        if args.typ.endswith(":Workspace") and args.typ.startswith("azure-native"):
            return [WORKSPACE, outputs | {"name": "ws1"}]
        return [f"{GROUP}/{args.name}", outputs]

    def call(self, args):
        self.calls.append(args)
        return {"keys": [{"keyName": "key1", "value": SECRET}]}

    def datastore(self, name="store"):
        """The properties of a datastore, without secrecy, and whether it had any."""
        properties = self.made[f"Datastore {name}"].inputs["properties"]
        return unsecret(properties), is_secret(properties)


@pytest.fixture
def recorder(mocker, tmp_path, monkeypatch):
    monkeypatch.delenv("ARM_METADATA_HOSTNAME", raising=False)
    recorder = Recorder()
    set_mocks(recorder, project="digits", stack="prod")
    mocker.patch("pulumi.get_root_directory", return_value=str(tmp_path))
    mocker.patch("pulumi.ResourceHook")
    mocker.patch("pulumi.ResourceHookBinding", return_value=None)
    yield recorder
    set_all_config({})


def run(program):
    pulumi.runtime.test(program)()


def workspace():
    return Workspace.existing("ws", resource_id=WORKSPACE, snapshots="https://digits1.blob.core.amlkit.test/snapshots")


def storage(**rest):
    args = StorageArgs(resource_group_name="g1", containers=("corpora",), shares=("drive",), **rest)
    return Storage("digits", args)


def made(recorder, kind, args, where=storage):
    run(lambda: kind("store", args, workspace=workspace(), storage=where() if callable(where) else where))
    return recorder.datastore()


KINDS = [
    (BlobDatastore, BlobDatastoreArgs, {"container": "corpora"}),
    (FileDatastore, FileDatastoreArgs, {"share": "drive"}),
    (LakeDatastore, LakeDatastoreArgs, {"filesystem": "corpora"}),
]
PLACED = {
    BlobDatastore: {"datastoreType": "AzureBlob", "containerName": "corpora"},
    FileDatastore: {"datastoreType": "AzureFile", "fileShareName": "drive"},
    LakeDatastore: {"datastoreType": "AzureDataLakeGen2", "filesystem": "corpora"},
}


@pytest.mark.parametrize(("kind", "args", "place"), KINDS)
def test_a_datastore_on_a_storage_of_the_program_stores_no_secret_unless_asked(recorder, kind, args, place):
    properties, had_secrets = made(recorder, kind, args(**place))
    assert properties == {
        **PLACED[kind],
        "accountName": "digits1",
        "endpoint": "core.amlkit.test",
        "protocol": "https",
        "credentials": NONE,
        "serviceDataAccessAuthIdentity": "None",
    }
    assert not had_secrets
    assert recorder.calls == []
    datastore = recorder.made["Datastore store"].inputs
    assert {name: datastore[name] for name in ("name", "resourceGroupName", "workspaceName", "skipValidation")} == {
        "name": "store",
        "resourceGroupName": "g1",
        "workspaceName": "ws1",
        "skipValidation": True,
    }


@pytest.mark.parametrize(("kind", "args", "place"), KINDS)
@pytest.mark.parametrize(
    ("credentials", "wire"),
    [
        ("account-key", {"credentialsType": "AccountKey", "secrets": {"secretsType": "AccountKey", "key": SECRET}}),
        (Sas(token=SAS), {"credentialsType": "Sas", "secrets": {"secretsType": "Sas", "sasToken": SAS}}),
        (
            ServicePrincipal(**PRINCIPAL),
            {
                "credentialsType": "ServicePrincipal",
                "tenantId": "t",
                "clientId": "c",
                "secrets": {"secretsType": "ServicePrincipal", "clientSecret": SECRET},
            },
        ),
    ],
)
def test_credentials_are_sent_as_secrets(recorder, kind, args, place, credentials, wire):
    properties, had_secrets = made(recorder, kind, args(**place, credentials=credentials))
    assert properties["credentials"] == wire
    assert had_secrets
    assert SECRET not in repr(args(**place, credentials=credentials))


@pytest.mark.parametrize(("kind", "args", "place"), KINDS)
def test_an_account_elsewhere_is_named_by_its_id(recorder, kind, args, place):
    other = "/subscriptions/s2/resourceGroups/g2/providers/Microsoft.Storage/storageAccounts/lake2"
    properties, _ = made(recorder, kind, args(**place, credentials="account-key"), other)
    assert {name: properties[name] for name in ("accountName", "endpoint", "subscriptionId", "resourceGroup")} == {
        "accountName": "lake2",
        "endpoint": "core.windows.net",
        "subscriptionId": "s2",
        "resourceGroup": "g2",
    }
    assert [call.args for call in recorder.calls] == [{"accountName": "lake2", "resourceGroupName": "g2"}]


def test_an_account_in_the_resource_group_is_named_by_its_name(recorder):
    properties, _ = made(recorder, *_blob("account-key"), "lake2")
    assert properties["accountName"] == "lake2"
    assert "subscriptionId" not in properties
    assert [call.args for call in recorder.calls] == [{"accountName": "lake2", "resourceGroupName": "g1"}]


def _blob(credentials):
    return BlobDatastore, BlobDatastoreArgs(container="corpora", credentials=credentials)


def test_an_id_may_be_known_later(recorder):
    other = pulumi.Output.from_input(f"{ACCOUNT}/later1")
    assert made(recorder, *_blob("identity"), other)[0]["accountName"] == "later1"


@pytest.mark.parametrize("credentials", ["account-key", Sas(token=SAS)])
def test_what_is_signed_by_a_key_is_refused_on_storage_without_shared_keys(recorder, credentials):
    with pytest.raises(pulumi.RunError, match=r"store\.credentials: the storage account takes no shared keys"):
        made(recorder, *_blob(credentials), lambda: storage(shared_keys=False))


@pytest.mark.parametrize("credentials", ["identity", ServicePrincipal(**PRINCIPAL)])
def test_identities_work_on_storage_without_shared_keys(recorder, credentials):
    assert made(recorder, *_blob(credentials), lambda: storage(shared_keys=False))[0]["accountName"] == "digits1"


def test_tags_a_description_and_who_reads_for_studio(recorder):
    args = LakeDatastoreArgs(filesystem="corpora", tags={"a": "b"}, description="d", service_identity="system")
    properties, _ = made(recorder, LakeDatastore, args)
    assert (properties["tags"], properties["description"]) == ({"a": "b"}, "d")
    assert properties["serviceDataAccessAuthIdentity"] == "WorkspaceSystemAssignedIdentity"


@pytest.mark.parametrize(
    ("kind", "args", "problem"),
    [
        (
            BlobDatastore,
            BlobDatastoreArgs(container="corpra"),
            "store.container: the storage has no such thing",
        ),
        (
            FileDatastore,
            FileDatastoreArgs(share="corpora"),
            "store.share: the storage has no such thing",
        ),
        (LakeDatastore, LakeDatastoreArgs(filesystem="none"), "store.filesystem: the storage has no such"),
    ],
)
def test_a_container_that_the_storage_does_not_have_is_refused_with_those_it_has(recorder, kind, args, problem):
    with pytest.raises(DefinitionError) as caught:
        made(recorder, kind, args)
    assert problem in str(caught.value)
    assert "did you mean `corpora`?" in str(caught.value) or "there are: " in str(caught.value)


def test_what_is_no_account_is_refused(recorder):
    with pytest.raises(DefinitionError, match=r"store\.storage: not a storage account: Not_One"):
        made(recorder, *_blob("identity"), "Not_One")


@pytest.mark.parametrize("name", ["with-dash", "", "a" * 256, "a.b"])
def test_a_name_that_azure_ml_does_not_take_is_refused(recorder, name):
    with pytest.raises(DefinitionError, match=r"datastore\.name"):
        BlobDatastore(name, BlobDatastoreArgs(container="corpora"), workspace=workspace(), storage="lake1")


@pytest.mark.parametrize(
    ("args", "values", "problem"),
    [
        (BlobDatastoreArgs, {"container": "UPPER"}, "store.container: String should match pattern"),
        (BlobDatastoreArgs, {"container": "a--b"}, "store.container: String should match pattern"),
        (FileDatastoreArgs, {"share": "ab"}, "store.share: String should have at least 3 characters"),
        (LakeDatastoreArgs, {"filesystem": "a" * 64}, "store.filesystem: String should have at most 63 characters"),
        (
            LakeDatastoreArgs,
            {"filesystem": "lake", "container": "x"},
            "store.container: Extra inputs are not",
        ),
        (Gen1DatastoreArgs, {"store_name": "a-b"}, "store.store_name: String should match pattern"),
        (Gen1DatastoreArgs, {"store_name": "abc", "credentials": "account-key"}, "store.credentials"),
        (Sas, {"token": SECRET}, "store.token: not a shared access signature\n  hint: it is the query that follows"),
        (Sas, {"token": f"https://x/?sig={SECRET}"}, "store.token: not a shared access signature"),
        (ServicePrincipal, {"tenant_id": "t", "client_id": "c"}, "store.client_secret: Field required"),
    ],
)
def test_wrong_arguments_are_refused_by_name_and_without_what_is_secret(args, values, problem):
    with pytest.raises(DefinitionError) as caught:
        args.of("store", **values)
    assert problem in str(caught.value)
    assert SECRET not in str(caught.value)


def gen1(recorder, **rest):
    args = Gen1DatastoreArgs(store_name="old1", **rest)
    run(lambda: Gen1Datastore("store", args, workspace=workspace()))
    return recorder.datastore()


def test_gen1_is_typed_and_the_plan_of_a_stack_on_azure_says_that_it_is_retired(recorder, mocker):
    warn = mocker.patch("pulumi.log.warn")
    properties, _ = gen1(recorder, resource_group_name="g9", subscription_id="s9")
    assert properties == {
        "datastoreType": "AzureDataLakeGen1",
        "storeName": "old1",
        "resourceGroup": "g9",
        "subscriptionId": "s9",
        "credentials": NONE,
        "serviceDataAccessAuthIdentity": "None",
    }
    said = warn.call_args.args[0]
    assert all(words in said for words in ("retired", "Data Lake Storage Gen1", "29 February 2024"))


def test_gen1_on_a_local_stack_is_no_news(recorder, mocker):
    warn = mocker.patch("pulumi.log.warn")
    set_all_config({"amlkit:target": "local"})
    properties, had_secrets = gen1(recorder, credentials=ServicePrincipal(**PRINCIPAL))
    assert properties["credentials"]["secrets"]["clientSecret"] == SECRET
    assert had_secrets
    warn.assert_not_called()


@pytest.mark.parametrize(
    ("kind", "args", "place", "url"),
    [
        (*KINDS[0], "https://digits1.blob.core.amlkit.test/corpora/table"),
        (*KINDS[1], "https://digits1.file.core.amlkit.test/drive/table"),
        (*KINDS[2], "https://digits1.dfs.core.amlkit.test/corpora/table"),
    ],
)
def test_a_folder_goes_to_any_datastore_that_has_a_place(recorder, tmp_path, kind, args, place, url):
    (tmp_path / "table").mkdir()
    (tmp_path / "table/MLTable").write_text("paths: []\n")

    def program():
        store = kind("store", args(**place), workspace=workspace(), storage=storage())
        DataFolder("table", folder="table", datastore=store, path="table/", type="mltable")

    run(program)
    asset = recorder.made["AssetVersion table"].inputs
    assert asset["uploadedTo"] == url
    assert asset["body"]["dataUri"] == "azureml://datastores/store/paths/table/"
    assert asset["body"]["dataType"] == "mltable"
    assert json.dumps(asset["body"])


def test_a_table_without_its_description_is_refused(recorder, tmp_path):
    (tmp_path / "table").mkdir()
    (tmp_path / "table/a.csv").write_text("1")
    with pytest.raises(DefinitionError, match=r"table\.folder: no file `MLTable`"):
        DataFolder("table", folder="table", datastore=None, path="table/", type="mltable")


def test_a_path_that_is_no_folder_is_refused_with_an_example(recorder, tmp_path):
    with pytest.raises(
        DefinitionError, match=r"table\.path: String should match pattern .*\n  hint: such as `digits/`"
    ):
        DataFolder("table", folder=tmp_path, datastore=None, path="")


def test_a_folder_for_gen1_is_refused(recorder, tmp_path):
    (tmp_path / "a.csv").write_text("1")
    with pytest.raises(DefinitionError, match=r"table\.datastore: nothing can be uploaded"):
        run(
            lambda: DataFolder(
                "table",
                folder=tmp_path,
                datastore=Gen1Datastore("store", Gen1DatastoreArgs(store_name="old1"), workspace=workspace()),
                path="table/",
            )
        )
