"""The platform: everything that pipelines need to be published and to run, in one component."""

from __future__ import annotations

import pulumi
from pulumi_azure_native import machinelearningservices as ml
from pulumi_azure_native import resources

from .access import Access, Identity, warn_ungranted
from .args import Args, Text
from .computes.base import Compute, ExistingCompute
from .computes.cluster import Cluster
from .data.datastores import BlobDatastore, BlobDatastoreArgs
from .data.existing import ExistingDatastore
from .making import Transform, made
from .platform_args import PlatformArgs, PlatformName, PlatformOptions
from .resources import Purge
from .settings import Settings
from .storage import Storage, StorageArgs
from .workspace import Workspace, WorkspaceArgs

SNAPSHOTS = "snapshots"  # the container of uploaded code
CORPORA = "corpora"  # the container of data, and the name of its datastore


class _Named(Args):
    name: PlatformName


class Platform(pulumi.ComponentResource):
    """A resource group with storage, workspace, one datastore (`store`) and one cluster (`cpu`).

    A program adds to it: datastores, computes and grants take its parts (`platform.workspace`, `platform.storage`).
    `group` is None where the resource group is somebody else's.
    """

    group: resources.ResourceGroup | None = None

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
        ours = pulumi.ResourceOptions(transformations=[args.conventions.transformation()])
        super().__init__("amlkit:infra:Platform", name, None, pulumi.ResourceOptions.merge(opts, ours))
        self._transform = transform
        self._children = pulumi.ResourceOptions(parent=self)
        self.resource_group_name = self._group(name, args)
        self.storage = self._storage(name, args)
        self.workspace = self._workspace(name, args)
        store_args = BlobDatastoreArgs(container=CORPORA, credentials=args.datastore_credentials)
        self.store = BlobDatastore(
            CORPORA,
            store_args,
            workspace=self.workspace,
            storage=self.storage,
            transform=transform,
            opts=self._children,
        )
        self.cpu = self._cluster(name, args)
        self.register_outputs({"resourceGroup": self.resource_group_name, "workspace": self.workspace.name})

    @classmethod
    def from_settings(
        cls, settings: Settings, *, transform: Transform | None = None, opts: pulumi.ResourceOptions | None = None
    ) -> Platform:
        """The platform that a stack's settings describe.

        Raises:
            DefinitionError: settings that do not go together.
        """
        options = {name: getattr(settings, name) for name in PlatformOptions.model_fields}
        args = PlatformArgs.of("settings", cluster=settings.cluster(), conventions=settings.conventions(), **options)
        return cls(settings.name, args, transform=transform, opts=opts)

    @staticmethod
    def existing(
        name: str, *, workspace_id: Text, snapshots: Text | None = None, opts: pulumi.ResourceOptions | None = None
    ) -> ExistingPlatform:
        """A platform that is not ours, to publish on and to add to; what is there is never changed.

        Args:
            name: begins the logical names of what is read.
            workspace_id: the workspace's ARM id.
            snapshots: the address of the container (or a folder in one) that code is uploaded to; without it, a
                folder in the blob storage that every workspace has.
            opts: Pulumi's.

        Raises:
            DefinitionError: not the id of a workspace.
        """
        return ExistingPlatform(name, workspace_id=workspace_id, snapshots=snapshots, opts=opts)

    def _group(self, name: str, args: PlatformArgs) -> Text:
        if args.brought.resource_group is not None:
            return args.brought.resource_group
        self.group = made(resources.ResourceGroup, name, resources.ResourceGroupArgs(), self._transform, self._children)
        return self.group.name

    def _storage(self, name: str, args: PlatformArgs) -> Storage:
        containers = (CORPORA, SNAPSHOTS)
        if args.brought.storage_account is not None:
            account = args.brought.storage_account
            return Storage.existing(name, resource_id=account, containers=containers, opts=self._children)
        storage_args = StorageArgs(
            resource_group_name=self.resource_group_name,
            containers=containers,
            shared_keys=args.shared_keys,
            public_access=args.storage_public_access,
        )
        return Storage(name, storage_args, transform=self._transform, opts=self._children)

    def _purge(self, name: str, args: PlatformArgs) -> tuple[Purge, ...]:
        if not args.purge:
            return ()
        if self.group is not None:
            group_id = self.group.id
        else:
            found = resources.get_resource_group_output(
                resource_group_name=self.resource_group_name, opts=pulumi.InvokeOutputOptions(parent=self)
            )
            group_id = found.id
        return (Purge(name, group_id=group_id, opts=self._children),)

    def _workspace(self, name: str, args: PlatformArgs) -> Workspace:
        identity = self._identity(name, args)
        workspace_args = WorkspaceArgs(
            resource_group_name=self.resource_group_name,
            storage_account_id=self.storage.id,
            snapshots=self.storage.url(SNAPSHOTS),
            key_vault_id=args.brought.key_vault,
            application_insights_id=args.brought.application_insights,
            container_registry_id=args.brought.container_registry,
            make_container_registry=args.container_registry,
            identity_id=identity.id if identity else args.brought.identity,
            grant_to=identity.principal_id if identity and args.grants else None,
            network=args.network,
            datastore_auth="identity" if args.shared_keys is False else None,
            hbi=args.hbi,
            purge_protection=args.purge_protection,
            depends_on=self._purge(name, args),
        )
        return Workspace(name, workspace_args, transform=self._transform, opts=self._children)

    def _cluster(self, name: str, args: PlatformArgs) -> Cluster:
        identity = self._identity(f"{name}-cpu", args)
        given = identity.id if identity else args.brought.identity
        cluster_args = args.cluster.model_copy(update={"identity": (given,)}) if given is not None else args.cluster
        cluster = Cluster("cpu", cluster_args, workspace=self.workspace, transform=self._transform, opts=self._children)
        if args.grants:
            principal = identity.principal_id if identity else _principal(cluster.compute)
            Access(
                "cpu",
                who="cluster",
                principal_id=principal,
                parts={"storage": self.storage.id, "registry": self.workspace.registry_id},
                transform=self._transform,
                opts=self._children,
            )
        elif args.datastore_credentials == "identity" and args.brought.identity is None:
            warn_ungranted(cluster.compute)
        return cluster

    def _identity(self, name: str, args: PlatformArgs) -> Identity | None:
        if args.identity == "system":
            return None
        return Identity(
            name, resource_group_name=self.resource_group_name, transform=self._transform, opts=self._children
        )


class ExistingPlatform(pulumi.ComponentResource):
    """A workspace that is not ours, with its computes and datastores by name. See `Platform.existing`."""

    def __init__(
        self,
        name: str,
        *,
        workspace_id: Text,
        snapshots: Text | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("amlkit:infra:ExistingPlatform", name, None, opts)
        self._children = pulumi.ResourceOptions(parent=self)
        self.workspace = Workspace.existing(name, resource_id=workspace_id, snapshots=snapshots, opts=self._children)
        self.register_outputs({"workspace": self.workspace.name})

    def compute(self, name: str) -> ExistingCompute:
        """A compute of the workspace, of any kind; a preview fails if there is none of that name."""
        return Compute.existing(name, workspace=self.workspace, opts=self._children)

    def datastore(self, name: str) -> ExistingDatastore:
        """A datastore of the workspace, of any kind; a preview fails if there is none of that name."""
        return ExistingDatastore(name, workspace=self.workspace, opts=self._children)


def _principal(compute: ml.Compute) -> pulumi.Output[str]:
    return compute.identity.apply(lambda identity: (identity and identity.principal_id) or "")
