"""Data factories, provisioned."""

from __future__ import annotations

from typing import Literal

import pulumi
from pulumi_azure_native import datafactory

from ..args import Args, Text
from ..identities import Identities
from ..making import Transform, enabled, made


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
            identity=_identity(args.identity),
            public_network_access=enabled(args.public_access),
            tags=args.tags,
        )
        self.factory = made(datafactory.Factory, name, factory_args, transform, pulumi.ResourceOptions(parent=self))
        self.id: pulumi.Output[str] = self.factory.id
        self.name: pulumi.Output[str] = self.factory.name
        self.register_outputs({"name": self.name})


def _identity(
    identity: Literal["system", "none"] | tuple[object, ...],
) -> datafactory.FactoryIdentityArgs | None:
    if identity == "none":
        return None
    if isinstance(identity, tuple):
        return datafactory.FactoryIdentityArgs(type="UserAssigned", user_assigned_identities=list(identity))
    return datafactory.FactoryIdentityArgs(type="SystemAssigned")
