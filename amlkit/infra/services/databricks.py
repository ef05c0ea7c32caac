"""Azure Databricks workspaces, provisioned."""

from __future__ import annotations

from typing import Literal

import pulumi
from pulumi_azure_native import databricks

from ..args import Args, Text
from ..making import Transform, enabled, made, subscription


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
                "/subscriptions/", subscription(self), "/resourceGroups/", group, f"-{name}-databricks"
            )
        workspace_args = databricks.WorkspaceArgs(
            resource_group_name=args.resource_group_name,
            managed_resource_group_id=managed,
            compute_mode="Hybrid",
            sku=databricks.SkuArgs(name=args.sku),
            public_network_access=enabled(args.public_access),
            tags=args.tags,
        )
        children = pulumi.ResourceOptions(parent=self)
        self.workspace = made(databricks.Workspace, name, workspace_args, transform, children)
        self.id: pulumi.Output[str] = self.workspace.id
        self.name: pulumi.Output[str] = self.workspace.name
        self.url = self.workspace.workspace_url.apply(lambda host: f"https://{host}" if host else "")
        self.register_outputs({"name": self.name})
