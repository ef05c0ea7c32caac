"""Compute instances: one machine for one person."""

from __future__ import annotations

import pulumi
from pulumi_azure_native import machinelearningservices as ml
from pydantic import Field, model_validator

from ..args import Text, wrong
from ..ids import SubnetRef
from .arguments import ActingArgs, PublicKey, SizedArgs, duration, resource_id
from .base import DeclaredCompute, Workspacelike

_MOST_IDLE = 3 * 24 * 60  # minutes; Azure ML takes from 15 minutes to three days


class ComputeInstanceArgs(ActingArgs, SizedArgs):
    """Arguments of `ComputeInstance`.

    `user` is the object id of who it is for; without it, it is for who brings the stack up. `idle_minutes` stops it
    when nobody uses it; None: it runs, and costs, until it is stopped. `ssh_key` opens the port for that key.
    """

    user: Text | None = None
    tenant: Text | None = None
    idle_minutes: int | None = Field(60, ge=15, le=_MOST_IDLE)
    subnet: SubnetRef | None = None
    node_public_ip: bool | None = None
    ssh_key: PublicKey | None = None
    shared: bool = False

    @model_validator(mode="after")
    def _together(self) -> ComputeInstanceArgs:
        if (self.user is None) != (self.tenant is None):
            raise wrong("user and tenant go together", "the object id of a person, and the tenant that knows it")
        if isinstance(self.identity, tuple) and len(self.identity) > 1:
            raise wrong("a compute instance has one identity", f"given: {len(self.identity)}")
        return self


class ComputeInstance(DeclaredCompute[ComputeInstanceArgs]):
    """A machine for one person, in a workspace; its name is unique in the region.

    Azure changes next to nothing of one that exists: a changed size, subnet or key makes it anew, with an empty disk.
    The plan warns of an instance that never stops by itself.
    """

    KIND = "ComputeInstance"
    TYPE = "amlkit:infra:ComputeInstance"
    PLACE = "instance"

    def _properties(self, args: ComputeInstanceArgs, workspace: Workspacelike) -> ml.ComputeInstanceArgs:
        return ml.ComputeInstanceArgs(compute_type=self.KIND, description=args.description, properties=_machine(args))

    def _declared(self, args: ComputeInstanceArgs, workspace: Workspacelike) -> None:
        if args.idle_minutes is None:
            pulumi.log.warn(
                f"idle_minutes is None: this {args.vm_size} runs, and costs, until somebody stops it", self.compute
            )


def _machine(args: ComputeInstanceArgs) -> ml.ComputeInstancePropertiesArgs:
    given = ml.ComputeInstancePropertiesArgs(
        vm_size=args.vm_size,
        application_sharing_policy="Shared" if args.shared else "Personal",
        idle_time_before_shutdown=None if args.idle_minutes is None else duration(args.idle_minutes),
        ssh_settings=ml.ComputeInstanceSshSettingsArgs(
            ssh_public_access="Enabled" if args.ssh_key else "Disabled", admin_public_key=args.ssh_key
        ),
        subnet=resource_id(args.subnet),
    )
    if args.node_public_ip is not None:
        given.enable_node_public_ip = args.node_public_ip
    if args.user is not None and args.tenant is not None:
        given.compute_instance_authorization_type = "personal"
        given.personal_compute_instance_settings = ml.PersonalComputeInstanceSettingsArgs(
            assigned_user=ml.AssignedUserArgs(object_id=args.user, tenant_id=args.tenant)
        )
    return given
