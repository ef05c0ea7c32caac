"""Storage as a component: what it sends, what of somebody else's it reads, and what it refuses."""

import pytest
from pulumi.runtime import set_mocks

from amlkit.errors import DefinitionError
from amlkit.infra import Storage, StorageArgs, Workspace, WorkspaceArgs

from .recorder import ACCOUNT, INSIGHTS, REGISTRY, VAULT, WORKSPACE, Recorder, run

NEEDED = {"resource_group_name": "g", "storage_account_id": ACCOUNT, "snapshots": "https://a/snapshots"}


@pytest.fixture
def recorder():
    recorder = Recorder()
    set_mocks(recorder, project="digits", stack="dev")
    return recorder


def test_a_data_lake_with_shares_sends_exactly_this(recorder):
    args = StorageArgs(
        resource_group_name="g",
        containers=("raw",),
        shares=("models",),
        sku="Standard_GRS",
        hierarchical=True,
        shared_keys=False,
        public_access=True,
        prefix="lake-",
    )
    run(lambda: Storage("team-data-lake-number-7", args))
    assert recorder.azure() == [
        "BlobContainer lake-raw",
        "FileShare lake-models",
        "StorageAccount teamdatalakenumb",
    ]
    assert recorder.inputs("StorageAccount teamdatalakenumb") == {
        "resourceGroupName": "g",
        "kind": "StorageV2",
        "sku": {"name": "Standard_GRS"},
        "allowBlobPublicAccess": False,
        "minimumTlsVersion": "TLS1_2",
        "isHnsEnabled": True,
        "allowSharedKeyAccess": False,
        "publicNetworkAccess": "Enabled",
    }
    share = {"resourceGroupName": "g", "accountName": "digits1", "shareName": "models"}
    assert recorder.inputs("FileShare lake-models") == share


def test_storage_of_somebody_else_is_only_read(recorder):
    seen = []

    def use():
        there = Storage.existing("theirs", resource_id=ACCOUNT, containers=("raw",), shares=("models",))
        there.url("raw").apply(seen.append)

    run(use)
    assert recorder.made == {}
    assert recorder.read == {
        "StorageAccount theirs": ACCOUNT,
        "BlobContainer theirs-raw": f"{ACCOUNT}/blobServices/default/containers/raw",
        "FileShare theirs-models": f"{ACCOUNT}/fileServices/default/shares/models",
    }
    assert seen == ["https://digits1.blob.core.amlkit.test/theirs-raw"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {"containers": ("Raw", "a--b", "ok1")},
            "storage.containers: 3 to 63 lower-case letters, digits and single da",
        ),
        ({"containers": ("raw", "raw")}, "storage.containers: a name stands there twice: raw, raw"),
        ({"shares": ("x",)}, "storage.shares: 3 to 63 lower-case letters, digits and single dashes are a name, not: x"),
        ({"sku": "Premium"}, "storage.sku: Input should be 'Standard_LRS'"),
        ({"prefix": "a b"}, "storage.prefix: String should match pattern"),
        (
            {"hierarchal": True},
            "storage.hierarchal: Extra inputs are not permitted\n  hint: did you mean `hierarchical`?",
        ),
    ],
)
def test_a_wrong_argument_of_storage_is_told(arguments, message):
    with pytest.raises(DefinitionError) as caught:
        StorageArgs.of("storage", resource_group_name="g", **arguments)
    assert str(caught.value).startswith(message)


def test_an_id_of_something_else_is_no_storage(recorder):
    with pytest.raises(DefinitionError, match=r"theirs\.resource_id: not the id of one of `Microsoft\.Storage/storage"):
        Storage.existing("theirs", resource_id=VAULT)


def test_a_workspace_of_brought_parts_is_all_that_is_made(recorder):
    args = WorkspaceArgs(
        **NEEDED,
        key_vault_id=VAULT,
        application_insights_id=INSIGHTS,
        container_registry_id=REGISTRY,
        friendly_name="Digits",
        description="For tests",
        datastore_auth="access-key",
    )
    run(lambda: Workspace("digits", args))
    assert recorder.azure() == ["Workspace digits"]
    assert recorder.inputs("Workspace digits") == {
        "resourceGroupName": "g",
        "identity": {"type": "SystemAssigned"},
        "storageAccount": ACCOUNT,
        "keyVault": VAULT,
        "applicationInsights": INSIGHTS,
        "containerRegistry": REGISTRY,
        "friendlyName": "Digits",
        "description": "For tests",
        "systemDatastoresAuthMode": "AccessKey",
    }


def test_a_workspace_of_somebody_else_uploads_where_it_is_told(recorder):
    seen = []

    def use():
        there = Workspace.existing("theirs", resource_id=WORKSPACE, snapshots="https://a/b")
        there.snapshots.apply(seen.append)
        there.resource_group_name.apply(seen.append)

    run(use)
    assert recorder.read == {"Workspace theirs": WORKSPACE}
    assert sorted(seen) == ["g", "https://a/b"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {"make_container_registry": True, "container_registry_id": REGISTRY},
            "workspace: `container_registry_id` names a registry, `make_container_registry` asks for another",
        ),
        (
            {"purge_protection": True, "key_vault_id": VAULT},
            "workspace: `purge_protection` is for the vault that is made, `key_vault_id` names another",
        ),
        (
            {"storage_account_id": VAULT},
            f"workspace.storage_account_id: not the id of one of `Microsoft.Storage/storageAccounts`: {VAULT}",
        ),
        ({"identity_id": "me"}, "workspace.identity_id: not the id of one of `Microsoft.ManagedIdentity/userAssigned"),
        ({"datastore_auth": "sas"}, "workspace.datastore_auth: Input should be 'identity' or 'access-key'"),
        ({"grant_to": 7}, "workspace.grant_to."),
    ],
)
def test_a_wrong_argument_of_a_workspace_is_told(arguments, message):
    with pytest.raises(DefinitionError) as caught:
        WorkspaceArgs.of("workspace", **{**NEEDED, **arguments})
    assert str(caught.value).startswith(message)
