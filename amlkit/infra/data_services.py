"""Databricks workspaces, Data Lake Analytics accounts and data factories, provisioned.

Those that exist already need no component: the computes of `attached_data` take their ARM ids.
"""

from __future__ import annotations

from typing import Literal

import pulumi
from pulumi_azure_native import authorization, databricks, datafactory, datalakeanalytics, datalakestore
from pydantic import Field

from .args import Args, Text, Transform, made
from .compute_args import Identities
from .retired import warn_of_analytics, warn_of_lake_store


class DatabricksWorkspaceArgs(Args):
    """Arguments of `DatabricksWorkspace`.

    `managed_resource_group` is the ARM id of a group that does not exist yet, in which Databricks puts what it makes;
    by default it is called as the workspace's group, with `-<name>-databricks` after it.
    """

    resource_group_name: Text
    sku: Literal["standard", "premium", "trial"] = "premium"
    managed_resource_group: Text | None = None
    public_access: bool = True
    tags: dict[str, str] | None = None


class DatabricksWorkspace(pulumi.ComponentResource):
    """An Azure Databricks workspace (auto-named): `id`, `name`, and `url`, where it answers.

    Nobody but a person, or a service that has a role on it, can make the first access token, so a `DatabricksCompute`
    in the same `up` logs in with an `identity`, or gets its token in a second one.
    """

    def __init__(
        self,
        name: str,
        args: DatabricksWorkspaceArgs,
        *,
        transform: Transform | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("amlkit:infra:DatabricksWorkspace", name, None, opts)
        managed = args.managed_resource_group
        if managed is None:
            group = pulumi.Output.from_input(args.resource_group_name)
            managed = pulumi.Output.concat(
                "/subscriptions/", _subscription(self), "/resourceGroups/", group, f"-{name}-databricks"
            )
        workspace_args = databricks.WorkspaceArgs(
            resource_group_name=args.resource_group_name,
            managed_resource_group_id=managed,
            compute_mode="Hybrid",
            sku=databricks.SkuArgs(name=args.sku),
            public_network_access="Enabled" if args.public_access else "Disabled",
            tags=args.tags,
        )
        children = pulumi.ResourceOptions(parent=self)
        self.workspace = made(databricks.Workspace, name, workspace_args, transform, children)
        self.id: pulumi.Output[str] = self.workspace.id
        self.name: pulumi.Output[str] = self.workspace.name
        self.url = self.workspace.workspace_url.apply(lambda host: f"https://{host}" if host else "")
        self.register_outputs({"name": self.name})


class DataLakeAnalyticsAccountArgs(Args):
    """Arguments of `DataLakeAnalyticsAccount`; `store` is the name of a Gen1 account, if there is one already."""

    resource_group_name: Text
    store: Text | None = None
    parallelism: int = Field(30, ge=1)
    tags: dict[str, str] | None = None


class DataLakeAnalyticsAccount(pulumi.ComponentResource):
    """A Data Lake Analytics account and, if it is given none, its Data Lake Storage Gen1 account (both auto-named).

    Both are retired on Azure, and the plan of a stack there says so; the local Azure ML has them.
    """

    def __init__(
        self,
        name: str,
        args: DataLakeAnalyticsAccountArgs,
        *,
        transform: Transform | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("amlkit:infra:DataLakeAnalyticsAccount", name, None, opts)
        children = pulumi.ResourceOptions(parent=self)
        short = name.replace("-", "").lower()[:16]  # 24 characters are allowed, 8 are the suffix of the auto-name
        store: Text | None = args.store
        if store is None:
            store_args = datalakestore.AccountArgs(resource_group_name=args.resource_group_name, tags=args.tags)
            account = made(datalakestore.Account, short, store_args, transform, children)
            warn_of_lake_store(account)
            store = account.name
        account_args = datalakeanalytics.AccountArgs(
            resource_group_name=args.resource_group_name,
            default_data_lake_store_account=store,
            data_lake_store_accounts=[datalakeanalytics.AddDataLakeStoreWithAccountParametersArgs(name=store)],
            max_degree_of_parallelism=args.parallelism,
            tags=args.tags,
        )
        self.account = made(datalakeanalytics.Account, short, account_args, transform, children)
        warn_of_analytics(self.account)
        self.id: pulumi.Output[str] = self.account.id
        self.name: pulumi.Output[str] = self.account.name
        self.store: pulumi.Output[str] = pulumi.Output.from_input(store)
        self.register_outputs({"name": self.name})


class DataFactoryAccountArgs(Args):
    """Arguments of `DataFactory`."""

    resource_group_name: Text
    identity: Identities = "system"
    public_access: bool = True
    tags: dict[str, str] | None = None


class DataFactory(pulumi.ComponentResource):
    """A data factory (auto-named, because its name is unique in the world)."""

    def __init__(
        self,
        name: str,
        args: DataFactoryAccountArgs,
        *,
        transform: Transform | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("amlkit:infra:DataFactory", name, None, opts)
        factory_args = datafactory.FactoryArgs(
            resource_group_name=args.resource_group_name,
            identity=_factory_identity(args.identity),
            public_network_access="Enabled" if args.public_access else "Disabled",
            tags=args.tags,
        )
        self.factory = made(datafactory.Factory, name, factory_args, transform, pulumi.ResourceOptions(parent=self))
        self.id: pulumi.Output[str] = self.factory.id
        self.name: pulumi.Output[str] = self.factory.name
        self.register_outputs({"name": self.name})


def _factory_identity(
    identity: Literal["system", "none"] | tuple[object, ...],
) -> datafactory.FactoryIdentityArgs | None:
    if identity == "none":
        return None
    if isinstance(identity, tuple):
        return datafactory.FactoryIdentityArgs(type="UserAssigned", user_assigned_identities=list(identity))
    return datafactory.FactoryIdentityArgs(type="SystemAssigned")


def _subscription(parent: pulumi.Resource) -> Text:
    """The stack's if it names one, so that a preview needs no connection; else that of who is logged in."""
    named = pulumi.Config("azure-native").get("subscriptionId")
    if named:
        return named
    return authorization.get_client_config_output(opts=pulumi.InvokeOutputOptions(parent=parent)).subscription_id
