"""Attached machines: Kubernetes clusters and virtual machines that exist outside Azure ML, as its computes."""

from __future__ import annotations

from collections.abc import Mapping

import pulumi
from pulumi_azure_native import machinelearningservices as ml
from pydantic import Field, model_validator

from .args import Args, Text, Transform, wrong
from .compute import Compute, Workspacelike
from .compute_args import (
    ComputeArgs,
    Identities,
    KubernetesRef,
    MachineRef,
    PrivateKey,
    Secret,
    check_name,
    identity_args,
    secret_output,
)

_LABEL = r"^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$"  # of Kubernetes: RFC 1123


class InstanceTypeArgs(Args):
    """What a step may ask of a Kubernetes cluster: where its pods run, and how much of it they get.

    Amounts are in Kubernetes' writing: `{"cpu": "2", "memory": "4Gi", "nvidia.com/gpu": "1"}`.
    """

    nodes: Mapping[str, str] = Field(default_factory=dict)
    requests: Mapping[str, str] = Field(default_factory=dict)
    limits: Mapping[str, str] = Field(default_factory=dict)


class KubernetesArgs(ComputeArgs):
    """Arguments of `KubernetesCompute`: an AKS or Arc cluster that has the Azure ML extension."""

    cluster: KubernetesRef
    namespace: str = Field("default", pattern=_LABEL)
    identity: Identities = "system"
    default_instance_type: str | None = None
    instance_types: Mapping[str, InstanceTypeArgs] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _is_there(self) -> KubernetesArgs:
        name = self.default_instance_type
        if name is not None and self.instance_types and name not in self.instance_types:
            raise wrong(f"default_instance_type is none of instance_types: {name}", ", ".join(self.instance_types))
        return self


class KubernetesCompute(Compute):
    """A namespace of a Kubernetes cluster as a compute. Detaching it leaves the cluster as it is."""

    KIND = "Kubernetes"

    def __init__(
        self,
        name: str,
        args: KubernetesArgs,
        *,
        workspace: Workspacelike,
        transform: Transform | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """`name` is the name in the workspace, too.

        Raises:
            DefinitionError: Azure ML does not take the name.
        """
        super().__init__("amlkit:infra:KubernetesCompute", check_name(name), None, opts)
        types = {each: _instance_type(given) for each, given in args.instance_types.items()}
        properties = ml.KubernetesArgs(
            compute_type="Kubernetes",
            description=args.description,
            resource_id=args.cluster,
            properties=ml.KubernetesPropertiesArgs(
                namespace=args.namespace,
                default_instance_type=args.default_instance_type,
                instance_types=types or None,
            ),
        )
        self._make(name, workspace, properties, transform, identity_args(args.identity), args.tags)


class VirtualMachineArgs(ComputeArgs):
    """Arguments of `VirtualMachineCompute`: the machine, and how Azure ML logs in to it (by a key or a password)."""

    machine: MachineRef
    address: Text
    user: str = Field(min_length=1)
    private_key: PrivateKey | None = None
    password: Secret | None = None
    ssh_port: int = Field(22, ge=1, le=65535)

    @model_validator(mode="after")
    def _has_one(self) -> VirtualMachineArgs:
        if (self.private_key is None) == (self.password is None):
            raise wrong("either private_key or password", "Azure ML logs in with one of them")
        return self


class VirtualMachineCompute(Compute):
    """A virtual machine as a compute; what Azure ML logs in with is a Pulumi secret."""

    KIND = "VirtualMachine"

    def __init__(
        self,
        name: str,
        args: VirtualMachineArgs,
        *,
        workspace: Workspacelike,
        transform: Transform | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """`name` is the name in the workspace, too.

        Raises:
            DefinitionError: Azure ML does not take the name.
        """
        super().__init__("amlkit:infra:VirtualMachineCompute", check_name(name), None, opts)
        account = ml.VirtualMachineSshCredentialsArgs(
            username=args.user,
            password=secret_output(args.password),
            private_key_data=secret_output(args.private_key),
        )
        properties = ml.VirtualMachineArgs(
            compute_type="VirtualMachine",
            description=args.description,
            resource_id=args.machine,
            properties=ml.VirtualMachineSchemaPropertiesArgs(
                address=args.address, ssh_port=args.ssh_port, administrator_account=account
            ),
        )
        self._make(name, workspace, properties, transform, None, args.tags)


def _instance_type(given: InstanceTypeArgs) -> ml.InstanceTypeSchemaArgs:
    return ml.InstanceTypeSchemaArgs(
        node_selector=given.nodes or None,
        resources=ml.InstanceTypeSchemaResourcesArgs(requests=given.requests or None, limits=given.limits or None),
    )
