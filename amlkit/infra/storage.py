"""Storage: the account and the containers of a platform."""

from __future__ import annotations

from urllib.parse import urlsplit

import pulumi
from pulumi_azure_native import storage
from pydantic import Field

from .args import Args, Text, Transform, made


class StorageArgs(Args):
    """Arguments of `Storage`."""

    resource_group_name: Text
    containers: tuple[str, ...] = Field(min_length=1)


class Storage(pulumi.ComponentResource):
    """A storage account (auto-named) without public access, and its blob containers by name."""

    def __init__(
        self,
        name: str,
        args: StorageArgs,
        *,
        transform: Transform | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("amlkit:infra:Storage", name, None, opts)
        children = pulumi.ResourceOptions(parent=self)
        account_args = storage.StorageAccountArgs(
            resource_group_name=args.resource_group_name,
            kind=storage.Kind.STORAGE_V2,
            sku=storage.SkuArgs(name=storage.SkuName.STANDARD_LRS),
            allow_blob_public_access=False,
            minimum_tls_version=storage.MinimumTlsVersion.TLS1_2,
        )
        short = name.replace("-", "").lower()[:16]  # 24 characters are allowed, 8 are the suffix of the auto-name
        self.account = made(storage.StorageAccount, short, account_args, transform, children)
        self.containers = {each: self._container(each, args, transform, children) for each in args.containers}
        self.register_outputs({"account": self.account.name})

    @property
    def suffix(self) -> pulumi.Output[str]:
        """What follows `<account>.blob.` in the account's host name: `core.windows.net` on Azure."""
        return self.account.primary_endpoints.apply(lambda urls: str(urlsplit(urls.blob).hostname).split(".blob.")[-1])

    def url(self, container: str) -> pulumi.Output[str]:
        """The container's address, without a slash at the end."""
        blob = self.account.primary_endpoints.apply(lambda urls: urls.blob.rstrip("/"))
        return pulumi.Output.concat(blob, "/", self.containers[container].name)

    def _container(
        self, name: str, args: StorageArgs, transform: Transform | None, opts: pulumi.ResourceOptions
    ) -> storage.BlobContainer:
        container_args = storage.BlobContainerArgs(
            account_name=self.account.name, container_name=name, resource_group_name=args.resource_group_name
        )
        return made(storage.BlobContainer, name, container_args, transform, opts)
