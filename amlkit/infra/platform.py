"""The platform: everything that pipelines need to be published and to run, in one component."""

from __future__ import annotations

from typing import Literal

import pulumi
from pulumi_azure_native import resources
from pydantic import Field

from .args import Args, Transform, made
from .computes import Cluster, ClusterArgs
from .datastores import BlobDatastore, BlobDatastoreArgs
from .settings import Settings
from .storage import Storage, StorageArgs
from .workspace import Workspace, WorkspaceArgs

SNAPSHOTS = "snapshots"  # the container of uploaded code
CORPORA = "corpora"  # the container of data, and the name of its datastore


class PlatformArgs(Args):
    """Arguments of `Platform`. The location is the stack's (`azure-native:location`)."""

    cluster: ClusterArgs
    datastore_credentials: Literal["identity", "account-key"] = "identity"


class _Named(Args):
    name: str = Field(pattern=r"^[a-z][a-z0-9-]{1,14}[a-z0-9]$")


class Platform(pulumi.ComponentResource):
    """A resource group with storage, workspace, one datastore (`store`) and one cluster (`cpu`)."""

    def __init__(
        self,
        name: str,
        args: PlatformArgs,
        *,
        transform: Transform | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """`name` begins the names of what is auto-named.

        Raises:
            DefinitionError: `name` is not 3 to 16 lower-case letters, digits and dashes that begin with a letter.
        """
        _Named.of("platform", name=name)
        super().__init__("amlkit:infra:Platform", name, None, opts)
        children = pulumi.ResourceOptions(parent=self)
        self.group = made(resources.ResourceGroup, name, resources.ResourceGroupArgs(), transform, children)
        group = self.group.name
        storage_args = StorageArgs(resource_group_name=group, containers=(CORPORA, SNAPSHOTS))
        self.storage = Storage(name, storage_args, transform=transform, opts=children)
        workspace_args = WorkspaceArgs(
            resource_group_name=group,
            storage_account_id=self.storage.account.id,
            snapshots=self.storage.url(SNAPSHOTS),
        )
        self.workspace = Workspace(name, workspace_args, transform=transform, opts=children)
        store_args = BlobDatastoreArgs(container=CORPORA, credentials=args.datastore_credentials)
        self.store = BlobDatastore(
            CORPORA, store_args, workspace=self.workspace, storage=self.storage, transform=transform, opts=children
        )
        self.cpu = Cluster("cpu", args.cluster, workspace=self.workspace, transform=transform, opts=children)
        self.register_outputs({"resourceGroup": group, "workspace": self.workspace.name})

    @classmethod
    def from_settings(
        cls, settings: Settings, *, transform: Transform | None = None, opts: pulumi.ResourceOptions | None = None
    ) -> Platform:
        """The platform that a stack's settings describe.

        Raises:
            DefinitionError: settings that do not go together.
        """
        cluster = ClusterArgs.of(
            "settings",
            vm_size=settings.vm_size,
            min_nodes=settings.min_nodes,
            max_nodes=settings.max_nodes,
            idle_minutes=settings.idle_minutes,
        )
        args = PlatformArgs(cluster=cluster, datastore_credentials=settings.datastore_credentials)
        return cls(settings.name, args, transform=transform, opts=opts)
