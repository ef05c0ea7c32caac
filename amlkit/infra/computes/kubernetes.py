"""Kubernetes clusters that exist outside Azure ML, attached: one namespace of each as a compute."""

from __future__ import annotations

from collections.abc import Mapping

from pulumi_azure_native import machinelearningservices as ml
from pydantic import Field, model_validator

from ..args import Args, wrong
from ..ids import KubernetesRef
from .arguments import ActingArgs
from .base import DeclaredCompute, Workspacelike

_LABEL = r"^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$"  # of Kubernetes: RFC 1123


class InstanceTypeArgs(Args):
    """What a step may ask of a Kubernetes cluster: where its pods run, and how much of it they get.

    Amounts are in Kubernetes' writing: `{"cpu": "2", "memory": "4Gi", "nvidia.com/gpu": "1"}`.
    """

    nodes: Mapping[str, str] = Field(default_factory=dict)
    requests: Mapping[str, str] = Field(default_factory=dict)
    limits: Mapping[str, str] = Field(default_factory=dict)


class KubernetesArgs(ActingArgs):
    """Arguments of `KubernetesCompute`: an AKS or Arc cluster that has the Azure ML extension."""

    cluster: KubernetesRef
    namespace: str = Field("default", pattern=_LABEL)
    default_instance_type: str | None = None
    instance_types: Mapping[str, InstanceTypeArgs] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _is_there(self) -> KubernetesArgs:
        name = self.default_instance_type
        if name is not None and self.instance_types and name not in self.instance_types:
            raise wrong(f"default_instance_type is none of instance_types: {name}", ", ".join(self.instance_types))
        return self


class KubernetesCompute(DeclaredCompute[KubernetesArgs]):
    """A namespace of a Kubernetes cluster as a compute. Detaching it leaves the cluster as it is."""

    KIND = "Kubernetes"
    TYPE = "amlkit:infra:KubernetesCompute"

    def _properties(self, args: KubernetesArgs, workspace: Workspacelike) -> ml.KubernetesArgs:
        types = {each: _instance_type(given) for each, given in args.instance_types.items()}
        return ml.KubernetesArgs(
            compute_type=self.KIND,
            description=args.description,
            resource_id=args.cluster,
            properties=ml.KubernetesPropertiesArgs(
                namespace=args.namespace,
                default_instance_type=args.default_instance_type,
                instance_types=types or None,
            ),
        )


def _instance_type(given: InstanceTypeArgs) -> ml.InstanceTypeSchemaArgs:
    return ml.InstanceTypeSchemaArgs(
        node_selector=given.nodes or None,
        resources=ml.InstanceTypeSchemaResourcesArgs(requests=given.requests or None, limits=given.limits or None),
    )
