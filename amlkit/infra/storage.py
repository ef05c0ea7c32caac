"""Storage: the account of a platform with its containers and shares, made here or somebody else's."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Literal, TypeVar
from urllib.parse import urlsplit

import pulumi
from pulumi_azure_native import storage
from pydantic import Field, field_validator

from .args import Args, Text
from .ids import StorageAccountId
from .making import Transform, enabled, id_of_read, made
from .names import without_dashes

_PLACE = r"(?!.*--)[a-z0-9][a-z0-9-]{1,61}[a-z0-9]"  # Azure's rule for containers and shares
_Child = TypeVar("_Child", storage.BlobContainer, storage.FileShare)


class StorageArgs(Args):
    """Arguments of `Storage`.

    `hierarchical` makes a data lake (ADLS Gen2), which cannot be a workspace's own storage. With `shared_keys` False
    nobody gets in with the account's key; `public_access` False closes it to public networks. None leaves both to
    Azure, which allows. `prefix` begins the logical names of containers and shares: a stack where two storages have a
    container of one name needs it.
    """

    resource_group_name: Text
    containers: tuple[str, ...] = ()  # of a data lake: its file systems
    shares: tuple[str, ...] = ()
    sku: Literal["Standard_LRS", "Standard_ZRS", "Standard_GRS", "Standard_RAGRS", "Standard_GZRS"] = "Standard_LRS"
    hierarchical: bool = False
    shared_keys: bool | None = None
    public_access: bool | None = None
    prefix: str = Field(default="", pattern=r"^[A-Za-z0-9_-]*$")

    @field_validator("containers", "shares")
    @classmethod
    def _legal(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        return legal_places(names)


class ExistingStorageArgs(Args):
    """Arguments of a `Storage` that is not ours: the account, and which of its containers and shares are used."""

    resource_id: StorageAccountId
    containers: tuple[str, ...] = ()
    shares: tuple[str, ...] = ()

    @field_validator("containers", "shares")
    @classmethod
    def _legal(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        return legal_places(names)


class Storage(pulumi.ComponentResource):
    """A storage account (auto-named) without anonymous access, and its containers and shares by name.

    Of one that is not ours (`existing`) everything is read, so that what is missing is found by a preview, and
    nothing is ever changed.
    """

    def __init__(
        self,
        name: str,
        args: StorageArgs | ExistingStorageArgs,
        *,
        transform: Transform | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("amlkit:infra:Storage", name, None, opts)
        self._below = pulumi.ResourceOptions(parent=self)
        if isinstance(args, StorageArgs):
            self._make(name, args, transform)
            self.id: pulumi.Output[str] = self.account.id
        else:
            self._read(name, args)
            self.id = id_of_read(self.account, args.resource_id)
        self.register_outputs({"account": self.account.name})

    @classmethod
    def existing(
        cls,
        name: str,
        *,
        resource_id: Text,
        containers: tuple[str, ...] = (),
        shares: tuple[str, ...] = (),
        opts: pulumi.ResourceOptions | None = None,
    ) -> Storage:
        """The account with this ARM id, which is not ours and is never changed; its containers and shares are there.

        Raises:
            DefinitionError: an id or a name that cannot be one.
        """
        return cls(
            name, ExistingStorageArgs.of(name, resource_id=resource_id, containers=containers, shares=shares), opts=opts
        )

    @property
    def suffix(self) -> pulumi.Output[str]:
        """What follows `<account>.blob.` in the account's host name: `core.windows.net` on Azure."""
        return self.account.primary_endpoints.apply(lambda urls: str(urlsplit(urls.blob).hostname).split(".blob.")[-1])

    def url(self, container: str) -> pulumi.Output[str]:
        """The container's address, without a slash at the end."""
        return pulumi.Output.concat(blob_address(self.account), "/", self.containers[container].name)

    def _make(self, name: str, args: StorageArgs, transform: Transform | None) -> None:
        account_args = storage.StorageAccountArgs(
            resource_group_name=args.resource_group_name,
            kind=storage.Kind.STORAGE_V2,
            sku=storage.SkuArgs(name=args.sku),
            allow_blob_public_access=False,
            minimum_tls_version=storage.MinimumTlsVersion.TLS1_2,
            is_hns_enabled=True if args.hierarchical else None,
            allow_shared_key_access=args.shared_keys,
            public_network_access=enabled(args.public_access),
        )
        self.account = made(storage.StorageAccount, without_dashes(name), account_args, transform, self._below)
        group, account = args.resource_group_name, self.account.name
        self.containers = {
            each: made(
                storage.BlobContainer,
                args.prefix + each,
                storage.BlobContainerArgs(account_name=account, container_name=each, resource_group_name=group),
                transform,
                self._below,
            )
            for each in args.containers
        }
        self.shares = {
            each: made(
                storage.FileShare,
                args.prefix + each,
                storage.FileShareArgs(account_name=account, share_name=each, resource_group_name=group),
                transform,
                self._below,
            )
            for each in args.shares
        }

    def _read(self, name: str, args: ExistingStorageArgs) -> None:
        self.account = storage.StorageAccount.get(name, args.resource_id, self._below)

        def found(kind: Callable[..., _Child], below: str, names: tuple[str, ...]) -> dict[str, _Child]:
            ids = {each: pulumi.Output.concat(args.resource_id, below, each) for each in names}
            return {each: kind(f"{name}-{each}", id_, self._below) for each, id_ in ids.items()}

        self.containers = found(storage.BlobContainer.get, "/blobServices/default/containers/", args.containers)
        self.shares = found(storage.FileShare.get, "/fileServices/default/shares/", args.shares)


def legal_places(names: tuple[str, ...]) -> tuple[str, ...]:
    """The names of containers or shares, if Azure takes all of them.

    Raises:
        ValueError: it does not.
    """
    wrong = [name for name in names if not re.fullmatch(_PLACE, name)]
    if wrong:
        raise ValueError(f"3 to 63 lower-case letters, digits and single dashes are a name, not: {', '.join(wrong)}")
    if len(set(names)) < len(names):
        raise ValueError(f"a name stands there twice: {', '.join(names)}")
    return names


def blob_address(account: storage.StorageAccount) -> pulumi.Output[str]:
    """`https://<account>.blob.…`, without a slash at the end."""
    return account.primary_endpoints.apply(lambda urls: urls.blob.rstrip("/"))
