"""What the components ask Pulumi for: real SDK classes, the engine's answers mocked."""

import pytest
from pulumi.runtime import set_mocks
from pulumi.runtime.config import set_all_config
from pulumi_azure_native import storage

from amlkit.errors import DefinitionError
from amlkit.infra import SERVERLESS, ClusterArgs, DataFolder, Platform, PlatformArgs, PublishedPipeline
from amlkit.propertyvalues import is_secret, unsecret

from .manifests import of_file
from .recorder import SUBSCRIPTION, Recorder, run


@pytest.fixture
def recorder(mocker, tmp_path):
    recorder = Recorder()
    set_mocks(recorder, project="digits", stack="local")
    mocker.patch("pulumi.get_root_directory", return_value=str(tmp_path))
    mocker.patch("pulumi.ResourceHook")
    mocker.patch("pulumi.ResourceHookBinding", return_value=None)
    return recorder


def platform(**rest):
    return Platform("digits", PlatformArgs(cluster=ClusterArgs(vm_size="Standard_DS3_v2"), **rest))


def test_a_tenant_in_the_configuration_needs_no_call(recorder):
    set_all_config({"azure-native:tenantId": "ours"})
    recorder.call = None
    run(platform)
    set_all_config({})
    assert recorder.inputs("Vault digits")["properties"]["tenantId"] == "ours"


def test_a_datastore_holds_no_secret_unless_asked(recorder):
    run(platform)
    store = recorder.inputs("Datastore corpora")["properties"]
    assert store["credentials"] == {"credentialsType": "None"}
    assert (store["accountName"], store["endpoint"]) == ("digits1", "core.amlkit.test")
    run(lambda: platform(datastore_credentials="account-key"))
    properties = recorder.made["Datastore corpora"].inputs["properties"]
    assert is_secret(properties)
    assert unsecret(properties)["credentials"]["secrets"]["key"] == "the-key"


def test_the_transform_sees_every_resource_before_it_is_made(recorder):
    def harden(args):
        if isinstance(args, storage.StorageAccountArgs):
            args.allow_shared_key_access = False

    run(lambda: Platform("digits", PlatformArgs(cluster=ClusterArgs(vm_size="Standard_DS3_v2")), transform=harden))
    assert recorder.inputs("StorageAccount digits")["allowSharedKeyAccess"] is False


def test_a_cluster_with_more_least_than_most_nodes_is_refused():
    with pytest.raises(DefinitionError, match="min_nodes is above max_nodes: 5 > 4"):
        ClusterArgs.of("settings", vm_size="Standard_DS3_v2", min_nodes=5)


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "run.py"
    path.write_text("print(1)\n")
    return path


def publish(source, **rest):
    home = platform()
    given = {"compute": {"cpu": home.cpu}, "datastores": {"corpora": home.store}, **rest}
    return PublishedPipeline(of_file(source), workspace=home.workspace, **given)


def test_references_are_bound_to_what_this_environment_has(recorder, source):
    run(lambda: publish(source))
    code = recorder.inputs("AssetVersion training-code")
    assert code["uploadedTo"] == code["body"]["codeUri"]
    assert code["uploadedTo"].startswith("https://digits1.blob.core.amlkit.test/snapshots/")
    spec = recorder.inputs("AssetVersion training-step")["body"]["componentSpec"]
    assert spec["code"] == f"azureml:/arm/training-code/{code['version']}"
    assert spec["environment"].startswith("azureml:/arm/training-environment/")
    job = recorder.inputs("AssetVersion training")["body"]["componentSpec"]["jobs"]["step"]
    assert job["componentId"].startswith("/arm/training-step/")
    assert job["computeId"] == f"{SUBSCRIPTION}/cpu"
    assert job["inputs"]["table"]["uri"] == "azureml://datastores/corpora/paths/table/"


def test_needs_may_be_objects_with_a_name(recorder, source):
    class Need:
        name = "cpu"

    run(lambda: publish(source, compute={Need(): "/arm/big"}))
    job = recorder.inputs("AssetVersion training")["body"]["componentSpec"]["jobs"]["step"]
    assert job["computeId"] == "/arm/big"


def test_a_need_may_be_serverless(recorder, source):
    run(lambda: publish(source, compute={"cpu": SERVERLESS}))
    job = recorder.inputs("AssetVersion training")["body"]["componentSpec"]["jobs"]["step"]
    assert job["computeId"] == "serverless"


def test_another_binding_is_another_version_of_the_same_definition(recorder, source):
    seen = []
    for compute in ("/arm/big", "/arm/small"):
        run(lambda compute=compute: publish(source, compute={"cpu": compute}))
        seen.append((recorder.inputs("Deployment training")["name"], recorder.inputs("Publication training")["digest"]))
    assert seen[0][0] != seen[1][0]
    assert seen[0][1] == seen[1][1]


def test_all_unbound_needs_are_named_at_once(recorder, source):
    with pytest.raises(DefinitionError) as caught:
        publish(source, compute={}, datastores={"other": "x"})
    assert [problem.where for problem in caught.value.problems] == [
        "training.compute.cpu",
        "training.datastores.corpora",
    ]
    assert "given: other" in str(caught.value)


def test_a_number_to_keep_out_of_range_is_refused(recorder, source):
    with pytest.raises(DefinitionError, match=r"training\.keep: Input should be less than or equal to 19"):
        publish(source, keep=20)


def test_a_folder_becomes_a_data_asset_where_the_datastore_keeps_it(recorder, tmp_path):
    (tmp_path / "table").mkdir()
    (tmp_path / "table/a.csv").write_text("1")
    run(lambda: DataFolder("table", folder="table", datastore=platform().store, path="table/"))
    data = recorder.inputs("AssetVersion table")
    assert data["body"]["dataUri"] == "azureml://datastores/corpora/paths/table/"
    assert data["uploadedTo"] == "https://digits1.blob.core.amlkit.test/corpora/table"


@pytest.mark.parametrize(("folder", "path"), [("none", "table/"), ("table", "/table"), ("table", "../"), ("table", "")])
def test_a_data_folder_without_files_or_with_a_bad_path_is_refused(recorder, tmp_path, folder, path):
    (tmp_path / "table").mkdir()
    (tmp_path / "table/a.csv").write_text("1")
    with pytest.raises(DefinitionError):
        DataFolder("table", folder=folder, datastore=None, path=path)
