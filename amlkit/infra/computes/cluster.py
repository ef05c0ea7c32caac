"""Clusters, which run the steps of a pipeline, and the serverless compute that needs no cluster."""

from __future__ import annotations

from typing import Literal

import pulumi
from pulumi_azure_native import machinelearningservices as ml
from pydantic import Field, model_validator

from amlkit import vmsizes

from ..args import Args, wrong
from ..ids import SubnetRef
from ..secrets import Secret, secret_output
from . import quota
from .arguments import ActingArgs, PublicKey, SizedArgs, duration, resource_id
from .base import DeclaredCompute, Workspacelike, answered, property_of

_PRIORITIES = {"dedicated": "Dedicated", "low-priority": "LowPriority"}

SERVERLESS = "serverless"
"""Azure ML's own machines, a fresh one a step: `compute={cpu: SERVERLESS}` in a `PublishedPipeline`, and there is no
cluster to provision. Azure chooses the VM size, unless the step says one."""


class SshArgs(Args):
    """Who may log in to the nodes of a cluster; `public` opens the port to the world, else the network decides."""

    user: str = Field(pattern=r"^[a-z_][a-z0-9_-]{0,31}$")
    public_key: PublicKey | None = None
    password: Secret | None = None
    public: bool = False

    @model_validator(mode="after")
    def _has_one(self) -> SshArgs:
        if self.public_key is None and self.password is None:
            raise wrong("neither public_key nor password", "a public key is safer: it is no secret")
        return self


class ClusterArgs(ActingArgs, SizedArgs):
    """Arguments of `Cluster`.

    `vm_size` is one that Azure ML supports; `vm_size_check=False` lets a newer one pass than this package knows. There
    are `min_nodes` (which run, and cost, all the time) to `max_nodes`; an idle node goes after `idle_minutes`. Nodes of
    low priority cost a fraction, and Azure may take them away in the middle of a step; None is dedicated, as Azure has
    it. A cluster that was adopted needs the priority, and the writing of the size, that Azure has for it: where they
    differ, it would be made anew.
    """

    priority: Literal["dedicated", "low-priority"] | None = None
    min_nodes: int = Field(0, ge=0)
    max_nodes: int = Field(4, ge=1)
    idle_minutes: int = Field(2, ge=1)
    subnet: SubnetRef | None = None
    node_public_ip: bool | None = None
    ssh: SshArgs | None = None
    local_auth: bool | None = None

    @model_validator(mode="after")
    def _in_order(self) -> ClusterArgs:
        if self.min_nodes > self.max_nodes:
            raise ValueError(f"min_nodes is above max_nodes: {self.min_nodes} > {self.max_nodes}")
        if self.ssh is not None and self.local_auth is False:
            raise wrong("ssh and local_auth=False do not go together", "without local users nobody logs in: drop one")
        size = vmsizes.find(self.vm_size)
        if size is not None and self.priority == "low-priority" and not size.low_priority:
            raise wrong(f"there is no {size.name} of low priority", "promotional sizes are dedicated only")
        return self


class Cluster(DeclaredCompute[ClusterArgs]):
    """An AmlCompute cluster; `id` is its ARM id, `name` its name in the workspace, `nodes` how many it has.

    A changed VM size, priority, subnet or login is another cluster: Azure cannot change them, so `up` deletes and
    makes it anew, which ends what runs there. The number of nodes, the idle time, the identity and tags change in
    place. The plan warns of nodes that never go, and, where the service can be asked, of a quota of cores below what
    `max_nodes` would need.
    """

    KIND = "AmlCompute"
    TYPE = "amlkit:infra:Cluster"
    PLACE = "cluster"

    nodes: pulumi.Output[int]

    def _properties(self, args: ClusterArgs, workspace: Workspacelike) -> ml.AmlComputeArgs:
        return ml.AmlComputeArgs(
            compute_type=self.KIND,
            description=args.description,
            disable_local_auth=None if args.local_auth is None else not args.local_auth,
            properties=_nodes(args),
        )

    def _declared(self, args: ClusterArgs, workspace: Workspacelike) -> None:
        self.nodes = answered(self.compute, _count)
        _warn(self.compute, args)
        quota.watch(self.compute, workspace, quota.Wish(args.vm_size, args.max_nodes, args.priority == "low-priority"))


def _nodes(args: ClusterArgs) -> ml.AmlComputePropertiesArgs:
    given = ml.AmlComputePropertiesArgs(
        vm_size=args.vm_size,
        vm_priority=_PRIORITIES[args.priority] if args.priority else None,
        scale_settings=ml.ScaleSettingsArgs(
            min_node_count=args.min_nodes,
            max_node_count=args.max_nodes,
            node_idle_time_before_scale_down=duration(args.idle_minutes),
        ),
        subnet=resource_id(args.subnet),
    )
    if args.node_public_ip is not None:
        given.enable_node_public_ip = args.node_public_ip
    if args.ssh is not None:
        given.remote_login_port_public_access = "Enabled" if args.ssh.public else "Disabled"
        given.user_account_credentials = ml.UserAccountCredentialsArgs(
            admin_user_name=args.ssh.user,
            admin_user_ssh_public_key=args.ssh.public_key,
            admin_user_password=secret_output(args.ssh.password),
        )
    return given


def _warn(compute: ml.Compute, args: ClusterArgs) -> None:
    """Of what costs without running anything."""
    if args.min_nodes == 0:
        return
    size = vmsizes.find(args.vm_size)
    cores = f" ({args.min_nodes * size.cores} cores)" if size else ""
    noun = "node" if args.min_nodes == 1 else "nodes"
    pulumi.log.warn(
        f"min_nodes is {args.min_nodes}: {args.min_nodes} {noun} of {args.vm_size}{cores} "
        f"{'runs, and costs,' if args.min_nodes == 1 else 'run, and cost,'} day and night; with 0 it costs "
        "nothing while nothing runs",
        compute,
    )


def _count(properties: object) -> int:
    """How many nodes Azure ML said that there are, when it was last asked (`up`, `refresh`)."""
    return int(property_of(property_of(properties, "properties"), "currentNodeCount") or 0)
