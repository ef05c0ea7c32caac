"""The Azure ML workspace with the key vault and the application insights that it needs."""

from __future__ import annotations

import pulumi
from pulumi_azure_native import applicationinsights, authorization, keyvault
from pulumi_azure_native import machinelearningservices as ml

from .args import Args, Text, Transform, made


class WorkspaceArgs(Args):
    """Arguments of `Workspace`; `snapshots` is the address of the container that code is uploaded to."""

    resource_group_name: Text
    storage_account_id: Text
    snapshots: Text


class Workspace(pulumi.ComponentResource):
    """A workspace with an identity of its own. What is published on it needs `id`, `location` and `snapshots`."""

    def __init__(
        self,
        name: str,
        args: WorkspaceArgs,
        *,
        transform: Transform | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("amlkit:infra:Workspace", name, None, opts)
        children = pulumi.ResourceOptions(parent=self)
        self.vault = made(keyvault.Vault, name, _vault(args, self), transform, children)
        self.insights = made(applicationinsights.Component, name, _insights(args), transform, children)
        workspace_args = ml.WorkspaceArgs(
            resource_group_name=args.resource_group_name,
            identity=ml.ManagedServiceIdentityArgs(type=ml.ManagedServiceIdentityType.SYSTEM_ASSIGNED),
            storage_account=args.storage_account_id,
            key_vault=self.vault.id,
            application_insights=self.insights.id,
        )
        self.workspace = made(ml.Workspace, name, workspace_args, transform, children)
        self.id = self.workspace.id
        self.name = self.workspace.name
        self.location: pulumi.Output[str] = self.workspace.location.apply(lambda location: location or "")
        self.resource_group_name = pulumi.Output.from_input(args.resource_group_name)
        self.snapshots = pulumi.Output.from_input(args.snapshots)
        self.register_outputs({"name": self.name})


def _tenant(parent: pulumi.Resource) -> Text:
    """The stack's if it names one, so that a preview needs no connection; else that of who is logged in."""
    named = pulumi.Config("azure-native").get("tenantId")
    if named:
        return named
    return authorization.get_client_config_output(opts=pulumi.InvokeOutputOptions(parent=parent)).tenant_id


def _vault(args: WorkspaceArgs, parent: pulumi.Resource) -> keyvault.VaultArgs:
    return keyvault.VaultArgs(
        resource_group_name=args.resource_group_name,
        properties=keyvault.VaultPropertiesArgs(
            sku=keyvault.SkuArgs(family=keyvault.SkuFamily.A, name=keyvault.SkuName.STANDARD),
            tenant_id=_tenant(parent),
            enable_rbac_authorization=True,
        ),
    )


def _insights(args: WorkspaceArgs) -> applicationinsights.ComponentArgs:
    return applicationinsights.ComponentArgs(
        resource_group_name=args.resource_group_name,
        kind="web",
        application_type=applicationinsights.ApplicationType.WEB,
    )
