"""Azure Data Factory, attached: a factory as a compute of a workspace, for steps that move data."""

from __future__ import annotations

from pulumi_azure_native import machinelearningservices as ml

from ..identities import Identities
from ..ids import FactoryRef
from .arguments import ActingArgs
from .base import DeclaredCompute, Workspacelike


class DataFactoryArgs(ActingArgs):
    """Arguments of `DataFactoryCompute`: the factory, as a `DataFactory` or an ARM id."""

    factory: FactoryRef
    identity: Identities = "none"


class DataFactoryCompute(DeclaredCompute[DataFactoryArgs]):
    """A data factory as a compute, for steps that move data."""

    KIND = "DataFactory"
    TYPE = "amlkit:infra:DataFactoryCompute"
    PLACE = "factory"

    def _properties(self, args: DataFactoryArgs, workspace: Workspacelike) -> ml.DataFactoryArgs:
        return ml.DataFactoryArgs(compute_type=self.KIND, description=args.description, resource_id=args.factory)
