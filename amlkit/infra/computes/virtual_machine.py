"""Virtual machines that exist outside Azure ML, attached: Azure ML logs in by ssh."""

from __future__ import annotations

from pulumi_azure_native import machinelearningservices as ml
from pydantic import Field, model_validator

from ..args import Text, wrong
from ..ids import MachineRef
from ..secrets import PrivateKey, Secret, secret_output
from .arguments import ComputeArgs
from .base import DeclaredCompute, Workspacelike


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


class VirtualMachineCompute(DeclaredCompute[VirtualMachineArgs]):
    """A virtual machine as a compute; what Azure ML logs in with is a Pulumi secret."""

    KIND = "VirtualMachine"
    TYPE = "amlkit:infra:VirtualMachineCompute"

    def _properties(self, args: VirtualMachineArgs, workspace: Workspacelike) -> ml.VirtualMachineArgs:
        account = ml.VirtualMachineSshCredentialsArgs(
            username=args.user,
            password=secret_output(args.password),
            private_key_data=secret_output(args.private_key),
        )
        return ml.VirtualMachineArgs(
            compute_type=self.KIND,
            description=args.description,
            resource_id=args.machine,
            properties=ml.VirtualMachineSchemaPropertiesArgs(
                address=args.address, ssh_port=args.ssh_port, administrator_account=account
            ),
        )
