"""The arguments of `Platform`: what is made, what is brought, how it is reached, and who may use it."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from .args import Options, wrong
from .computes.cluster import ClusterArgs
from .conventions import Conventions
from .ids import IdentityId, InsightsId, RegistryId, StorageAccountId, VaultId
from .workspace import Network

PlatformName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{1,14}[a-z0-9]$", examples=["my-platform"])]
GroupName = Annotated[str, StringConstraints(pattern=r"^[-\w._()]{0,89}[-\w_()]$")]


class Brought(Options):
    """What is there already and is used instead of making one: the name of a resource group, and ARM ids.

    None of it is ever changed. A brought storage account has the containers `corpora` and `snapshots`. A brought
    identity is that of the workspace and of the cluster, and somebody else gives it its roles (`amlkit.infra.NEEDS`).
    """

    resource_group: GroupName | None = None
    storage_account: StorageAccountId | None = None
    key_vault: VaultId | None = None
    application_insights: InsightsId | None = None
    container_registry: RegistryId | None = None
    identity: IdentityId | None = None


class PlatformOptions(Options):
    """What may differ between the environments of a platform, but for its cluster.

    With `identity: user` workspace and cluster act as identities of their own making instead of those that Azure gives
    them. `grants` gives them the least roles that they need (`amlkit.infra.NEEDS`); who runs `up` must be allowed to.
    With `shared_keys` off nobody gets at data with the key of the storage account. `hbi` is for data of high business
    impact. `purge` makes `destroy` purge what Azure would keep for a while (key vault, workspace): names are free at
    once, and the data is gone. `purge_protection` of the key vault forbids that for ever.
    """

    datastore_credentials: Literal["identity", "account-key"] = "identity"
    identity: Literal["system", "user"] = "system"
    grants: bool = False
    container_registry: bool = False
    shared_keys: bool | None = None
    storage_public_access: bool | None = None
    network: Network = Field(default_factory=Network)
    brought: Brought = Field(default_factory=Brought)
    hbi: bool = False
    purge: bool = False
    purge_protection: bool = False

    @model_validator(mode="after")
    def _go_together(self) -> Self:
        brought = self.brought
        refused = {
            "datastore credentials `account-key` need shared keys, which are off": self.shared_keys is False
            and self.datastore_credentials == "account-key",
            "a container registry is brought, and another asked for": self.container_registry
            and brought.container_registry is not None,
            "purge and purge protection exclude each other": self.purge and self.purge_protection,
            "purge protection is for a key vault that is made, but one is brought": self.purge_protection
            and brought.key_vault is not None,
            "shared keys and public access of a brought storage account are not changed": brought.storage_account
            is not None
            and (self.shared_keys is not None or self.storage_public_access is not None),
            "an identity is brought, so identity `user` would make others for nothing": self.identity == "user"
            and brought.identity is not None,
            "grants are for identities that are made here, but one is brought": self.grants
            and brought.identity is not None,
        }
        found = [what for what, so in refused.items() if so]
        if found:
            raise wrong("; ".join(found), "take one of the two away")
        return self


class PlatformArgs(PlatformOptions):
    """Arguments of `Platform`. The location is the stack's (`azure-native:location`)."""

    cluster: ClusterArgs
    conventions: Conventions = Field(default_factory=Conventions)
