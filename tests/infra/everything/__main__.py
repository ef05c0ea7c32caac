"""A stack with every kind of resource that the infrastructure layer makes.

What is made of the types in a file `hurry.txt` has two seconds for it; the text of `team.txt` is a tag of all.
"""

from pathlib import Path

import pulumi

from amlkit.infra import (
    BlobDatastore,
    BlobDatastoreArgs,
    Cluster,
    ClusterArgs,
    ComputeInstance,
    ComputeInstanceArgs,
    DatabricksArgs,
    DatabricksCompute,
    DatabricksWorkspace,
    DatabricksWorkspaceArgs,
    DataFactory,
    DataFactoryAccountArgs,
    DataFactoryArgs,
    DataFactoryCompute,
    DataFolder,
    DataLakeAnalyticsAccount,
    DataLakeAnalyticsAccountArgs,
    DataLakeAnalyticsArgs,
    DataLakeAnalyticsCompute,
    FileDatastore,
    FileDatastoreArgs,
    Gen1Datastore,
    Gen1DatastoreArgs,
    KubernetesArgs,
    KubernetesCompute,
    LakeDatastore,
    LakeDatastoreArgs,
    Platform,
    PublishedPipeline,
    ServicePrincipal,
    Settings,
    Storage,
    StorageArgs,
    VirtualMachineArgs,
    VirtualMachineCompute,
    program,
)
from tests.infra.manifests import of_file

ROOT = Path(pulumi.get_root_directory())
ELSEWHERE = "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/g/providers"


def text(name):
    path = ROOT / f"{name}.txt"
    return path.read_text() if path.exists() else ""


def hurried(found):
    if found.type_ not in text("hurry").split():
        return None
    limits = pulumi.CustomTimeouts(create="2s", update="2s")
    opts = pulumi.ResourceOptions.merge(found.opts, pulumi.ResourceOptions(custom_timeouts=limits))
    return pulumi.ResourceTransformationResult(found.props, opts)


def stores(platform, group):
    more = Storage("more", StorageArgs(resource_group_name=group, containers=("raw",), shares=("drive",), prefix="m-"))
    lake = Storage("lake", StorageArgs(resource_group_name=group, containers=("raw",), hierarchical=True, prefix="l-"))
    workspace = platform.workspace
    principal = ServicePrincipal(tenant_id="t", client_id="c", client_secret="not-so-secret")
    blob = BlobDatastoreArgs(container="raw", credentials="account-key")
    BlobDatastore("keyed", blob, workspace=workspace, storage=more)
    FileDatastore(
        "drive", FileDatastoreArgs(share="drive", credentials="account-key"), workspace=workspace, storage=more
    )
    LakeDatastore("raw", LakeDatastoreArgs(filesystem="raw", credentials=principal), workspace=workspace, storage=lake)
    Gen1Datastore("old", Gen1DatastoreArgs(store_name="old1"), workspace=workspace)


def computes(workspace, group):
    Cluster("gpu", ClusterArgs(vm_size="Standard_NC6s_v3", max_nodes=1), workspace=workspace)
    ComputeInstance("jo-box", ComputeInstanceArgs(vm_size="Standard_DS3_v2"), workspace=workspace)
    databricks = DatabricksWorkspace("dbx", DatabricksWorkspaceArgs(resource_group_name=group))
    DatabricksCompute("bricks", DatabricksArgs(databricks=databricks, access_token="dapi0"), workspace=workspace)
    account = DataLakeAnalyticsAccount("lake", DataLakeAnalyticsAccountArgs(resource_group_name=group))
    analytics = DataLakeAnalyticsArgs(account=account, store=account.store)
    DataLakeAnalyticsCompute("adla", analytics, workspace=workspace)
    factory = DataFactory("mover", DataFactoryAccountArgs(resource_group_name=group))
    DataFactoryCompute("mover", DataFactoryArgs(factory=factory), workspace=workspace)
    cluster = f"{ELSEWHERE}/Microsoft.ContainerService/managedClusters/k"
    KubernetesCompute("k8s", KubernetesArgs(cluster=cluster), workspace=workspace)
    machine = f"{ELSEWHERE}/Microsoft.Compute/virtualMachines/m"
    login = VirtualMachineArgs(machine=machine, address="10.0.0.4", user="jo", password="not-so-secret")
    VirtualMachineCompute("vm", login, workspace=workspace)


with program():
    settings = Settings.load()
    settings.model_copy(update={"tags": {"team": text("team") or "a"}}).apply_to_stack()
    pulumi.runtime.register_stack_transformation(hurried)
    platform = Platform.from_settings(settings)
    stores(platform, platform.resource_group_name)
    computes(platform.workspace, platform.resource_group_name)
    folder = DataFolder("table", folder="table", datastore=platform.store, path="table/")
    published = PublishedPipeline(
        of_file(ROOT / "run.py"),
        workspace=platform.workspace,
        compute={"cpu": platform.cpu},
        datastores={"corpora": platform.store},
    )
    pulumi.export("group", platform.resource_group_name)
    pulumi.export("serving", published.serving)
    pulumi.export("data", folder.uri)
