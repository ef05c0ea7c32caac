"""Computes: what runs the steps of a pipeline."""

from __future__ import annotations

import pulumi
from pulumi_azure_native import machinelearningservices as ml
from pydantic import Field, model_validator

from .args import Args, Transform, made
from .workspace import Workspace


class ClusterArgs(Args):
    """Arguments of `Cluster`: the size of a node, how many there may be, and the minutes before an idle one goes."""

    vm_size: str
    min_nodes: int = Field(0, ge=0)
    max_nodes: int = Field(4, ge=1)
    idle_minutes: int = Field(2, ge=1)

    @model_validator(mode="after")
    def _in_order(self) -> ClusterArgs:
        if self.min_nodes > self.max_nodes:
            raise ValueError(f"min_nodes is above max_nodes: {self.min_nodes} > {self.max_nodes}")
        return self


class Cluster(pulumi.ComponentResource):
    """An AmlCompute cluster; `id` is its ARM id, `name` its name in the workspace."""

    def __init__(
        self,
        name: str,
        args: ClusterArgs,
        *,
        workspace: Workspace,
        transform: Transform | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("amlkit:infra:Cluster", name, None, opts)
        compute_args = ml.ComputeArgs(
            resource_group_name=workspace.resource_group_name,
            workspace_name=workspace.name,
            compute_name=name,
            location=workspace.location,
            identity=ml.ManagedServiceIdentityArgs(type=ml.ManagedServiceIdentityType.SYSTEM_ASSIGNED),
            properties=ml.AmlComputeArgs(
                compute_type="AmlCompute",
                properties=ml.AmlComputePropertiesArgs(
                    vm_size=args.vm_size,
                    scale_settings=ml.ScaleSettingsArgs(
                        min_node_count=args.min_nodes,
                        max_node_count=args.max_nodes,
                        node_idle_time_before_scale_down=f"PT{args.idle_minutes}M",
                    ),
                ),
            ),
        )
        children = pulumi.ResourceOptions(parent=self)
        self.compute = made(ml.Compute, name, compute_args, transform, children)
        self.id = self.compute.id
        self.name = self.compute.name
        self.register_outputs({"name": self.name})
