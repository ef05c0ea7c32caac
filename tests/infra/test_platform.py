"""What a platform asks Pulumi for: the exact inputs of every resource, and the message of every wrong argument."""

import pulumi
import pytest
from pulumi.runtime import set_mocks

from amlkit.errors import DefinitionError
from amlkit.infra import Brought, ClusterArgs, Network, Platform, PlatformArgs, program

from .recorder import ACCOUNT, IDENTITY, INSIGHTS, REGISTRY, SUBSCRIPTION, VAULT, WORKSPACE, Recorder, run

SIZE = "Standard_DS3_v2"
TAGS = {"project": "digits", "stack": "dev"}
GROUPED = {"resourceGroupName": "digits", "tags": TAGS}


@pytest.fixture
def recorder():
    recorder = Recorder()
    set_mocks(recorder, project="digits", stack="dev")
    return recorder


def platform(**rest):
    return Platform("digits", PlatformArgs.of("platform", cluster=ClusterArgs(vm_size=SIZE), **rest))


def told(recorder, **rest):
    with pytest.raises(DefinitionError) as caught:
        platform(**rest)
    return str(caught.value)


def test_the_default_platform_sends_exactly_this(recorder):
    run(platform)
    assert recorder.azure() == [
        "BlobContainer corpora",
        "BlobContainer snapshots",
        "Component digits",
        "Compute cpu",
        "Datastore corpora",
        "ResourceGroup digits",
        "StorageAccount digits",
        "Vault digits",
        "Workspace digits",
    ]
    assert recorder.inputs("ResourceGroup digits") == {"tags": TAGS}
    assert recorder.inputs("StorageAccount digits") == {
        **GROUPED,
        "kind": "StorageV2",
        "sku": {"name": "Standard_LRS"},
        "allowBlobPublicAccess": False,
        "minimumTlsVersion": "TLS1_2",
    }
    for name in ("corpora", "snapshots"):
        assert recorder.inputs(f"BlobContainer {name}") == {
            "resourceGroupName": "digits",
            "accountName": "digits1",
            "containerName": name,
        }
    vault = recorder.inputs("Vault digits")
    assert {key: vault["properties"][key] for key in ("sku", "tenantId", "enableRbacAuthorization")} == {
        "sku": {"family": "A", "name": "standard"},
        "tenantId": "tenant",
        "enableRbacAuthorization": True,
    }
    assert "enablePurgeProtection" not in vault["properties"]
    assert vault["tags"] == TAGS
    insights = recorder.inputs("Component digits")
    assert (insights["kind"], insights["applicationType"], insights["tags"]) == ("web", "web", TAGS)
    assert recorder.inputs("Workspace digits") == {
        **GROUPED,
        "identity": {"type": "SystemAssigned"},
        "storageAccount": f"{SUBSCRIPTION}/digits",
        "keyVault": f"{SUBSCRIPTION}/digits",
        "applicationInsights": f"{SUBSCRIPTION}/digits",
    }
    assert recorder.inputs("Compute cpu")["tags"] == TAGS


def test_what_is_brought_is_used_and_never_made(recorder):
    brought = Brought(
        resource_group="theirs",
        storage_account=ACCOUNT,
        key_vault=VAULT,
        application_insights=INSIGHTS,
        container_registry=REGISTRY,
        identity=IDENTITY,
    )
    run(lambda: platform(brought=brought))
    assert recorder.azure() == ["Compute cpu", "Datastore corpora", "Workspace digits"]
    assert recorder.read == {
        "StorageAccount digits": ACCOUNT,
        "BlobContainer digits-corpora": f"{ACCOUNT}/blobServices/default/containers/corpora",
        "BlobContainer digits-snapshots": f"{ACCOUNT}/blobServices/default/containers/snapshots",
    }
    assert recorder.inputs("Workspace digits") == {
        "resourceGroupName": "theirs",
        "tags": TAGS,
        "identity": {"type": "UserAssigned", "userAssignedIdentities": [IDENTITY]},
        "primaryUserAssignedIdentity": IDENTITY,
        "storageAccount": ACCOUNT,
        "keyVault": VAULT,
        "applicationInsights": INSIGHTS,
        "containerRegistry": REGISTRY,
    }
    assert recorder.inputs("Compute cpu")["identity"] == {
        "type": "UserAssigned",
        "userAssignedIdentities": [IDENTITY],
    }


def test_a_platform_of_high_demands_sends_them(recorder):
    network = Network(public_access=False, isolation="approved-outbound", outbound_hosts={"pypi": "*.pypi.org"})
    run(
        lambda: platform(
            network=network,
            storage_public_access=False,
            shared_keys=False,
            hbi=True,
            container_registry=True,
            purge_protection=True,
        )
    )
    sent = recorder.inputs("Workspace digits")
    assert sent["publicNetworkAccess"] == "Disabled"
    assert sent["managedNetwork"] == {
        "isolationMode": "AllowOnlyApprovedOutbound",
        "enableNetworkMonitor": False,
        "outboundRules": {"pypi": {"type": "FQDN", "category": "UserDefined", "destination": "*.pypi.org"}},
    }
    assert sent["systemDatastoresAuthMode"] == "Identity"
    assert sent["hbiWorkspace"] is True
    assert sent["containerRegistry"] == f"{SUBSCRIPTION}/digits"
    account = recorder.inputs("StorageAccount digits")
    assert (account["allowSharedKeyAccess"], account["publicNetworkAccess"]) == (False, "Disabled")
    assert recorder.inputs("Vault digits")["properties"]["enablePurgeProtection"] is True
    registry = recorder.inputs("Registry digits")
    assert (registry["sku"], registry["adminUserEnabled"]) == ({"name": "Premium"}, False)


def test_identities_of_its_own_get_the_least_roles_before_the_workspace_is_made(recorder):
    run(lambda: platform(identity="user", grants=True, container_registry=True))
    for name in ("digits", "digits-cpu"):
        assert recorder.inputs(f"UserAssignedIdentity {name}") == GROUPED
    made = [what for what in recorder.azure() if what.startswith("RoleAssignment ")]
    grants = {what.partition(" ")[2]: recorder.inputs(what) for what in made}
    assert sorted(grants) == [
        "cpu-registry-acrpull",
        "cpu-storage-storage-blob-data-contributor",
        "digits-insights-contributor",
        "digits-registry-contributor",
        "digits-storage-contributor",
        "digits-storage-storage-blob-data-contributor",
        "digits-storage-storage-file-data-privileged-contributor",
        "digits-vault-contributor",
        "digits-vault-key-vault-administrator",
    ]
    read = grants["cpu-storage-storage-blob-data-contributor"]
    assert read["principalId"] == "principal-of-digits-cpu"
    assert read["principalType"] == "ServicePrincipal"
    assert read["scope"] == f"{SUBSCRIPTION}/digits".strip("/")
    assert read["roleDefinitionId"] == (
        f"{SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions/ba92f5b4-2d11-453d-a403-e96b0029c9fe"
    )
    order = list(recorder.made)
    assert order.index("Workspace digits") > max(order.index(f"RoleAssignment {n}") for n in grants if n[:3] != "cpu")


def test_a_cluster_that_acts_as_itself_is_granted_its_roles_too(recorder):
    run(lambda: platform(grants=True))
    grants = [recorder.inputs(what) for what in recorder.azure() if what.startswith("RoleAssignment")]
    assert [each["principalId"] for each in grants] == ["principal-of-cpu"]


def test_purging_is_prepared_before_what_will_be_purged(recorder):
    run(lambda: platform(purge=True))
    assert recorder.inputs("Purge digits") == {"groupId": f"{SUBSCRIPTION}/digits", **TAGS}
    order = list(recorder.made)
    assert order.index("Purge digits") < min(order.index("Vault digits"), order.index("Workspace digits"))
    run(lambda: platform(purge=True, brought=Brought(resource_group="theirs")))
    assert recorder.inputs("Purge digits")["groupId"] == f"{SUBSCRIPTION}/resourceGroups/theirs"


def test_a_platform_that_is_not_ours_is_only_read(recorder):
    seen = {}

    def use():
        there = Platform.existing("team", workspace_id=WORKSPACE)
        parts = (there.compute("cpu"), there.datastore("corpora"))
        known = (there.workspace.snapshots, there.workspace.id, parts[0].id, parts[1].name, parts[1].url)
        pulumi.Output.all(*known).apply(lambda known: seen.update(known=known))

    run(use)
    assert recorder.azure() == []
    assert recorder.read == {
        "Workspace team": WORKSPACE,
        "StorageAccount team": ACCOUNT,
        "Compute cpu": f"{WORKSPACE}/computes/cpu",
        "Datastore corpora": f"{WORKSPACE}/datastores/corpora",
    }
    assert seen["known"] == [
        "https://digits1.blob.core.amlkit.test/azureml-blobstore-guid/snapshots",
        WORKSPACE,
        f"{WORKSPACE}/computes/cpu",
        "corpora",
        "https://theirs.blob.core.windows.net/data",
    ]


@pytest.mark.parametrize(
    ("target", "given", "warns"),
    [
        ("azure", {}, True),
        ("local", {}, False),
        ("azure", {"grants": True}, False),
        ("azure", {"datastore_credentials": "account-key"}, False),
        ("azure", {"brought": Brought(identity=IDENTITY)}, False),
    ],
)
def test_the_plan_of_a_stack_on_azure_says_that_the_cluster_may_not_read_the_storage(mocker, target, given, warns):
    pulumi.runtime.set_all_config({"amlkit:target": target})
    set_mocks(Recorder(), project="digits", stack="dev")
    said = mocker.patch("pulumi.log.warn")
    try:
        run(lambda: platform(**given))
    finally:
        pulumi.runtime.set_all_config({})
    about = [call.args[0] for call in said.call_args_list if "`grants`" in call.args[0]]
    assert bool(about) is warns
    assert all("`Storage Blob Data Contributor` on the storage" in text for text in about)


def test_something_else_is_no_workspace_to_use(recorder):
    with pytest.raises(DefinitionError) as caught:
        Platform.existing("team", workspace_id=VAULT)
    assert str(caught.value) == (
        f"team.resource_id: not the id of one of `Microsoft.MachineLearningServices/workspaces`: {VAULT}"
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {"shared_keys": False, "datastore_credentials": "account-key"},
            "datastore credentials `account-key` need shared keys, which are off",
        ),
        (
            {"container_registry": True, "brought": {"container_registry": REGISTRY}},
            "a container registry is brought, and another asked for",
        ),
        ({"purge": True, "purge_protection": True}, "purge and purge protection exclude each other"),
        (
            {"purge_protection": True, "brought": {"key_vault": VAULT}},
            "purge protection is for a key vault that is made, but one is brought",
        ),
        (
            {"shared_keys": False, "brought": {"storage_account": ACCOUNT}},
            "shared keys and public access of a brought storage account are not changed",
        ),
        (
            {"identity": "user", "brought": {"identity": IDENTITY}},
            "an identity is brought, so identity `user` would make others for nothing",
        ),
        (
            {"grants": True, "brought": {"identity": IDENTITY}},
            "grants are for identities that are made here, but one is brought",
        ),
    ],
)
def test_what_does_not_go_together_is_refused(recorder, arguments, message):
    assert told(recorder, **arguments) == f"platform: {message}\n  hint: take one of the two away"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {"brought": {"key_vault": ACCOUNT}},
            f"platform.brought.key_vault: not the id of one of `Microsoft.KeyVault/vaults`: {ACCOUNT}",
        ),
        ({"brought": {"storage": ACCOUNT}}, "platform.brought.storage: Extra inputs are not permitted"),
        ({"brought": {"resource_group": "a/b"}}, "platform.brought.resource_group: String should match pattern"),
        (
            {"network": {"outbound_hosts": {"pypi": "pypi.org"}}},
            "platform.network: outbound hosts are for the isolation `approved-outbound`, not for: none\n"
            "  hint: the others reach every host",
        ),
        (
            {"network": {"isolation": "approved-outbound", "outbound_hosts": {"a": "https://pypi.org"}}},
            "platform.network: not the name of a host: https://pypi.org\n"
            "  hint: `files.example.org`, without `https://`",
        ),
        ({"network": {"isolation": "full"}}, "platform.network.isolation: Input should be 'none'"),
        ({"hbo": True}, "platform.hbo: Extra inputs are not permitted\n  hint: did you mean `hbi`?"),
        ({"identity": "both"}, "platform.identity: Input should be 'system' or 'user'"),
    ],
)
def test_a_wrong_argument_is_told_with_its_place(recorder, arguments, message):
    assert told(recorder, **arguments).startswith(message)


def test_all_that_is_wrong_is_told_at_once(recorder):
    found = told(recorder, identity="both", network={"isolation": "full"}, brought={"key_vault": "kv"})
    assert [line.partition(":")[0] for line in found.splitlines()] == [
        "platform.brought.key_vault",
        "platform.identity",
        "platform.network.isolation",
    ]


def test_wrong_arguments_made_in_a_program_are_shown_without_a_traceback(recorder):
    with pytest.raises(pulumi.RunError, match=r"^PlatformArgs\.cluster: Field required$"), program():
        PlatformArgs()


@pytest.mark.parametrize("name", ["Digits", "ab", "1ab", "a" * 17, "a-"])
def test_a_platform_name_that_azure_would_refuse_is_refused(recorder, name):
    with pytest.raises(DefinitionError, match=r"platform\.name"):
        Platform(name, PlatformArgs(cluster=ClusterArgs(vm_size=SIZE)))
