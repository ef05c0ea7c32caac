"""The Azure ML workspace with the key vault and the application insights that it needs, or those that are there."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal, Self

import pulumi
from pulumi_azure_native import applicationinsights, containerregistry, keyvault, storage
from pulumi_azure_native import machinelearningservices as ml
from pydantic import Field, model_validator

from .access import Access, Part
from .args import Args, Options, Text, wrong
from .identities import identity_args
from .ids import IdentityId, InsightsId, RegistryId, StorageAccountId, VaultId, WorkspaceId, group_of
from .making import Transform, enabled, id_of_read, made, tenant
from .storage import blob_address

_ISOLATION = {
    "none": ml.IsolationMode.DISABLED,
    "internet-outbound": ml.IsolationMode.ALLOW_INTERNET_OUTBOUND,
    "approved-outbound": ml.IsolationMode.ALLOW_ONLY_APPROVED_OUTBOUND,
}
_HOST = r"^(\*\.)?([A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?\.)+[A-Za-z0-9-]+$"


class Network(Options):
    """How a workspace is reached and what it may reach.

    None leaves `public_access` to Azure, which allows it. `isolation` makes a network that Azure manages; once there,
    Azure does not take it back. `outbound_hosts` are reached besides what Azure ML needs, by the name of their rule;
    that is for `approved-outbound` only, the others reach every host.
    """

    public_access: bool | None = None
    isolation: Literal["none", "internet-outbound", "approved-outbound"] | None = None
    outbound_hosts: Mapping[str, str] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _go_together(self) -> Self:
        if self.outbound_hosts and self.isolation != "approved-outbound":
            raise wrong(
                f"outbound hosts are for the isolation `approved-outbound`, not for: {self.isolation or 'none'}",
                "the others reach every host",
            )
        bad = [host for host in self.outbound_hosts.values() if not re.fullmatch(_HOST, host)]
        if bad:
            raise wrong(f"not the name of a host: {', '.join(bad)}", "`files.example.org`, without `https://`")
        return self


class WorkspaceArgs(Args):
    """Arguments of `Workspace`; `snapshots` is the address of the container that code is uploaded to.

    Key vault and insights are made unless the ids of others are given; a container registry is made if asked for, else
    Azure ML makes one when it first builds an image. Without `identity_id` the workspace acts as an identity of its
    own; with the object id of that identity in `grant_to` it is granted what it needs before the workspace is made.
    `datastore_auth` says how its default datastores get in: None leaves it to Azure (the account's key). `hbi`
    is for data of high business impact: Azure collects less, and nothing can change it later. `purge_protection` (of
    the vault that is made) is for ever: nobody can purge it before its time. `depends_on` is made first.
    """

    resource_group_name: Text
    storage_account_id: StorageAccountId
    snapshots: Text
    key_vault_id: VaultId | None = None
    application_insights_id: InsightsId | None = None
    container_registry_id: RegistryId | None = None
    make_container_registry: bool = False
    identity_id: IdentityId | None = None
    grant_to: Text | None = None
    network: Network = Network()
    datastore_auth: Literal["identity", "access-key"] | None = None
    hbi: bool = False
    friendly_name: str | None = None
    description: str | None = None
    purge_protection: bool = False
    depends_on: tuple[pulumi.Resource, ...] = ()

    @model_validator(mode="after")
    def _one_registry(self) -> Self:
        if self.make_container_registry and self.container_registry_id is not None:
            raise ValueError("`container_registry_id` names a registry, `make_container_registry` asks for another")
        if self.purge_protection and self.key_vault_id is not None:
            raise ValueError("`purge_protection` is for the vault that is made, `key_vault_id` names another")
        return self


class ExistingWorkspaceArgs(Args):
    """Arguments of a `Workspace` that is not ours; without `snapshots` code goes to its own blob storage."""

    resource_id: WorkspaceId
    snapshots: Text | None = None


class Workspace(pulumi.ComponentResource):
    """A workspace. What is published on it needs `id`, `location` and `snapshots`.

    `vault`, `insights` and `registry` are what was made with it, None where it uses others. One that is not ours
    (`existing`) is read and never changed.
    """

    vault: keyvault.Vault | None = None
    insights: applicationinsights.Component | None = None
    registry: containerregistry.Registry | None = None
    registry_id: Text | None = None

    def __init__(
        self,
        name: str,
        args: WorkspaceArgs | ExistingWorkspaceArgs,
        *,
        transform: Transform | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("amlkit:infra:Workspace", name, None, opts)
        self._below = pulumi.ResourceOptions(parent=self)
        if isinstance(args, WorkspaceArgs):
            self.workspace = self._made(name, args, transform)
            self.id: pulumi.Output[str] = self.workspace.id
            self.resource_group_name = pulumi.Output.from_input(args.resource_group_name)
            self.snapshots = pulumi.Output.from_input(args.snapshots)
        else:
            self.workspace = ml.Workspace.get(name, args.resource_id, self._below)
            self.id = id_of_read(self.workspace, args.resource_id)
            self.resource_group_name = pulumi.Output.from_input(args.resource_id).apply(group_of)
            self.snapshots = pulumi.Output.from_input(args.snapshots or self._blob_storage(name))
        self.name: pulumi.Output[str] = self.workspace.name
        self.location: pulumi.Output[str] = self.workspace.location.apply(lambda location: location or "")
        self.register_outputs({"name": self.name})

    @classmethod
    def existing(
        cls, name: str, *, resource_id: Text, snapshots: Text | None = None, opts: pulumi.ResourceOptions | None = None
    ) -> Workspace:
        """The workspace with this ARM id, which is not ours and is never changed.

        Raises:
            DefinitionError: not an id of a workspace.
        """
        return cls(name, ExistingWorkspaceArgs.of(name, resource_id=resource_id, snapshots=snapshots), opts=opts)

    @property
    def principal_id(self) -> pulumi.Output[str]:
        """Who it acts as, for role assignments; empty if that is a user-assigned identity only."""
        return self.workspace.identity.apply(lambda identity: (identity and identity.principal_id) or "")

    def _made(self, name: str, args: WorkspaceArgs, transform: Transform | None) -> ml.Workspace:
        vault, insights, registry = args.key_vault_id, args.application_insights_id, args.container_registry_id
        first: list[pulumi.Resource] = list(args.depends_on)
        below = pulumi.ResourceOptions(parent=self, depends_on=first)
        if vault is None:
            self.vault = made(keyvault.Vault, name, _vault(args, self), transform, below)
            vault = self.vault.id
        if insights is None:
            self.insights = made(applicationinsights.Component, name, _insights(args), transform, self._below)
            insights = self.insights.id
        if args.make_container_registry:
            self.registry = made(
                containerregistry.Registry, name.replace("-", ""), _registry(args), transform, self._below
            )
            registry = self.registry.id
        self.registry_id = registry
        if args.grant_to is not None:
            parts: dict[Part, Text | None] = {
                "storage": args.storage_account_id,
                "vault": vault,
                "insights": insights,
                "registry": registry,
            }
            granted = Access(
                name, who="workspace", principal_id=args.grant_to, parts=parts, transform=transform, opts=self._below
            )
            first += granted.assignments
        workspace_args = ml.WorkspaceArgs(
            resource_group_name=args.resource_group_name,
            identity=identity_args("system" if args.identity_id is None else (args.identity_id,)),
            primary_user_assigned_identity=args.identity_id,
            storage_account=args.storage_account_id,
            key_vault=vault,
            application_insights=insights,
            container_registry=registry,
            hbi_workspace=True if args.hbi else None,
            friendly_name=args.friendly_name,
            description=args.description,
            public_network_access=enabled(args.network.public_access),
            managed_network=_managed_network(args.network),
            system_datastores_auth_mode={"identity": "Identity", "access-key": "AccessKey"}.get(
                args.datastore_auth or ""
            ),
        )
        return made(
            ml.Workspace, name, workspace_args, transform, pulumi.ResourceOptions(parent=self, depends_on=first)
        )

    def _blob_storage(self, name: str) -> pulumi.Output[str]:
        """A folder in the container that every workspace has in its own storage."""
        account = self.workspace.storage_account.apply(lambda id_: id_ or "")
        address = blob_address(storage.StorageAccount.get(name, account, self._below))
        return pulumi.Output.concat(address, "/azureml-blobstore-", self.workspace.workspace_id, "/snapshots")


def _managed_network(network: Network) -> ml.ManagedNetworkSettingsArgs | None:
    if network.isolation is None:
        return None
    rules = {
        name: ml.FqdnOutboundRuleArgs(type="FQDN", category=ml.RuleCategory.USER_DEFINED, destination=host)
        for name, host in network.outbound_hosts.items()
    }
    return ml.ManagedNetworkSettingsArgs(isolation_mode=_ISOLATION[network.isolation], outbound_rules=rules or None)


def _vault(args: WorkspaceArgs, parent: pulumi.Resource) -> keyvault.VaultArgs:
    return keyvault.VaultArgs(
        resource_group_name=args.resource_group_name,
        properties=keyvault.VaultPropertiesArgs(
            sku=keyvault.SkuArgs(family=keyvault.SkuFamily.A, name=keyvault.SkuName.STANDARD),
            tenant_id=tenant(parent),
            enable_rbac_authorization=True,
            enable_purge_protection=True if args.purge_protection else None,
        ),
    )


def _insights(args: WorkspaceArgs) -> applicationinsights.ComponentArgs:
    return applicationinsights.ComponentArgs(
        resource_group_name=args.resource_group_name,
        kind="web",
        application_type=applicationinsights.ApplicationType.WEB,
    )


def _registry(args: WorkspaceArgs) -> containerregistry.RegistryArgs:
    """Premium where nobody may come from outside: private endpoints need it."""
    sku = "Premium" if args.network.public_access is False else "Standard"
    return containerregistry.RegistryArgs(
        resource_group_name=args.resource_group_name,
        sku=containerregistry.SkuArgs(name=sku),
        admin_user_enabled=False,
    )
