"""A platform as real teams have it: network, private endpoints, DNS, logs, locks, workspaces and their datastores."""

import pulumi
from guard import Guard
from network import Network
from pulumi_azure_native import resources

from amlkit.infra import (
    BlobDatastore,
    BlobDatastoreArgs,
    Cluster,
    ClusterArgs,
    FileDatastore,
    FileDatastoreArgs,
    LakeDatastore,
    LakeDatastoreArgs,
    Storage,
    StorageArgs,
    Workspace,
    WorkspaceArgs,
    program,
)

TEAMS = {"vision": ("images", "labels"), "text": ("corpora",), "forecasts": ("sales", "weather")}
AREAS = ("raw", "curated")  # of the data lake, which the workspaces share

with program():
    config = pulumi.Config()
    group = resources.ResourceGroup("platform")
    network = Network("platform", group=group.name, address_space=config.require("addressSpace"))
    guard = Guard("platform", group=group.name, group_id=group.id)
    guard.lock("platform", group.id)

    lake_args = StorageArgs(
        resource_group_name=group.name, containers=AREAS, hierarchical=True, shared_keys=False, public_access=False
    )
    lake = Storage("lake", lake_args)
    network.endpoint("lake-dfs", lake.id, "dfs")
    guard.lock("lake", lake.id)

    for team, places in TEAMS.items():
        storage_args = StorageArgs(
            resource_group_name=group.name,
            containers=(*places, "snapshots"),
            shares=("home",) if team == "vision" else (),
            public_access=False,
            prefix=f"{team}-",
        )
        storage = Storage(team, storage_args)
        workspace_args = WorkspaceArgs(
            resource_group_name=group.name, storage_account_id=storage.id, snapshots=storage.url("snapshots")
        )
        workspace = Workspace(team, workspace_args)
        for place in places:
            BlobDatastore(place, BlobDatastoreArgs(container=place), workspace=workspace, storage=storage)
        if team == "vision":
            FileDatastore(
                "home", FileDatastoreArgs(share="home", credentials="account-key"), workspace=workspace, storage=storage
            )
        else:
            area = AREAS[team == "forecasts"]
            LakeDatastore(f"{team}_lake", LakeDatastoreArgs(filesystem=area), workspace=workspace, storage=lake)
        subnet = network.subnets["compute"].id
        Cluster(f"{team}-cpu", ClusterArgs(vm_size="Standard_DS3_v2", max_nodes=2, subnet=subnet), workspace=workspace)
        network.endpoint(f"{team}-blob", storage.id, "blob")
        network.endpoint(f"{team}-workspace", workspace.id, "amlworkspace")
        guard.watch(team, workspace.id)
        guard.lock(team, workspace.id)
        pulumi.export(f"{team}-workspace-id", workspace.id)
        pulumi.export(f"{team}-snapshots", workspace.snapshots)
