"""Datastores: named places of data in a workspace, one class for each kind of storage.

Each stands on a `Storage` of the program or on any account by its id or name, and stores no secret unless it is told
to. Their names are the logical names: letters, digits and underscores.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import pulumi
from pulumi_azure_native import machinelearningservices as ml
from pydantic import Field

from .accounts import Account
from .args import Args, Text, Transform, made
from .credentials import Credentials, Sas, ServicePrincipal, Wire, none, of_key, of_principal, of_sas
from .retired import warn_of_lake_store
from .storage import Storage
from .workspace import Workspace

_PLACE = r"^[a-z0-9](-?[a-z0-9])*$"  # Azure's rule for containers, file systems and shares
_ACCESS = {
    "none": ml.ServiceDataAccessAuthIdentity.NONE,
    "system": ml.ServiceDataAccessAuthIdentity.WORKSPACE_SYSTEM_ASSIGNED_IDENTITY,
    "user": ml.ServiceDataAccessAuthIdentity.WORKSPACE_USER_ASSIGNED_IDENTITY,
}


class _Named(Args):
    name: str = Field(pattern=r"^[A-Za-z0-9_]{1,255}$")


class _DatastoreArgs(Args):
    """What all have. `service_identity`: as which identity of the workspace its own service reads, such as studio."""

    credentials: Credentials = "identity"
    service_identity: Literal["none", "system", "user"] = "none"
    description: str | None = None
    tags: Mapping[str, str] | None = None


class BlobDatastoreArgs(_DatastoreArgs):
    """Arguments of `BlobDatastore`."""

    container: str = Field(pattern=_PLACE, min_length=3, max_length=63)


class FileDatastoreArgs(_DatastoreArgs):
    """Arguments of `FileDatastore`."""

    share: str = Field(pattern=_PLACE, min_length=3, max_length=63)


class LakeDatastoreArgs(_DatastoreArgs):
    """Arguments of `LakeDatastore`."""

    filesystem: str = Field(pattern=_PLACE, min_length=3, max_length=63)


class Gen1DatastoreArgs(Args):
    """Arguments of `Gen1Datastore`: the account's name, and where it lies if not beside the workspace."""

    store_name: str = Field(pattern=r"^[a-z0-9]{3,24}$")
    resource_group_name: Text | None = None
    subscription_id: Text | None = None
    credentials: Literal["identity"] | ServicePrincipal = "identity"
    description: str | None = None
    tags: Mapping[str, str] | None = None


class Datastore(pulumi.ComponentResource):
    """What all datastores have: `name` is its name in Azure ML, `url` the address of its container without a slash at
    the end, None where there is nothing to upload to.
    """

    url: pulumi.Output[str] | None = None

    def __init__(self, kind: str, name: str, workspace: Workspace, opts: pulumi.ResourceOptions | None) -> None:
        """What a kind of datastore begins with; see its own class.

        Raises:
            DefinitionError: not a name of a datastore.
        """
        _Named.of("datastore", name=name)
        super().__init__(f"amlkit:infra:{kind}", name, None, opts)
        self.workspace_id = workspace.id

    def _make(self, name: str, workspace: Workspace, properties: Any, transform: Transform | None) -> None:
        args = ml.DatastoreArgs(
            resource_group_name=workspace.resource_group_name,
            workspace_name=workspace.name,
            name=name,
            skip_validation=True,
            properties=properties,
        )
        self.datastore = made(ml.Datastore, name, args, transform, pulumi.ResourceOptions(parent=self))
        self.name: pulumi.Output[str] = self.datastore.name
        self.register_outputs({"name": self.name})

    def _common(self, args: _DatastoreArgs, account: Account, place: str) -> dict[str, Any]:
        """The properties that the three kinds on storage accounts share."""
        return {
            "account_name": account.name,
            "endpoint": account.suffix,
            "protocol": "https",
            "subscription_id": account.subscription or None,
            "resource_group": account.group or None,
            "credentials": self._credentials(args.credentials, account, place),
            "service_data_access_auth_identity": _ACCESS[args.service_identity],
            "description": args.description,
            "tags": args.tags,
        }

    def _credentials(self, given: Credentials, account: Account, place: str) -> Wire:
        if isinstance(given, Sas):
            account.refuse_keys(place)
            return of_sas(given)
        if isinstance(given, ServicePrincipal):
            return of_principal(given)
        if given == "account-key":
            account.refuse_keys(place)
            return of_key(account.key_group, account.name, self)
        return none()


class BlobDatastore(Datastore):
    """A blob container as a datastore."""

    url: pulumi.Output[str]

    def __init__(
        self,
        name: str,
        args: BlobDatastoreArgs,
        *,
        workspace: Workspace,
        storage: Storage | Text,
        transform: Transform | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """`storage` is a component, the ARM id of an account, or the name of one in the workspace's resource group.

        Raises:
            DefinitionError: an illegal name, no such account, or a container that the component does not have.
        """
        account = Account.of(storage, workspace, name)
        container = account.container(args.container, f"{name}.container")
        super().__init__("BlobDatastore", name, workspace, opts)
        common = self._common(args, account, name)
        self.url = account.url("blob", container)
        properties = ml.AzureBlobDatastoreArgs(datastore_type="AzureBlob", container_name=container, **common)
        self._make(name, workspace, properties, transform)


class FileDatastore(Datastore):
    """A file share as a datastore."""

    url: pulumi.Output[str]

    def __init__(
        self,
        name: str,
        args: FileDatastoreArgs,
        *,
        workspace: Workspace,
        storage: Storage | Text,
        transform: Transform | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """See `BlobDatastore`."""
        account = Account.of(storage, workspace, name)
        share = account.share(args.share, f"{name}.share")
        super().__init__("FileDatastore", name, workspace, opts)
        common = self._common(args, account, name)
        self.url = account.url("file", share)
        properties = ml.AzureFileDatastoreArgs(datastore_type="AzureFile", file_share_name=share, **common)
        self._make(name, workspace, properties, transform)


class LakeDatastore(Datastore):
    """A file system of Data Lake Storage Gen2 as a datastore; its account has a hierarchical namespace."""

    url: pulumi.Output[str]

    def __init__(
        self,
        name: str,
        args: LakeDatastoreArgs,
        *,
        workspace: Workspace,
        storage: Storage | Text,
        transform: Transform | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """See `BlobDatastore`; the file systems of a `Storage` are its containers."""
        account = Account.of(storage, workspace, name)
        filesystem = account.container(args.filesystem, f"{name}.filesystem")
        super().__init__("LakeDatastore", name, workspace, opts)
        common = self._common(args, account, name)
        self.url = account.url("dfs", filesystem)
        properties = ml.AzureDataLakeGen2DatastoreArgs(
            datastore_type="AzureDataLakeGen2", filesystem=filesystem, **common
        )
        self._make(name, workspace, properties, transform)


class Gen1Datastore(Datastore):
    """An account of Data Lake Storage Gen1, which Azure retired: for stacks that still name one."""

    def __init__(
        self,
        name: str,
        args: Gen1DatastoreArgs,
        *,
        workspace: Workspace,
        transform: Transform | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """The plan of a stack on Azure warns of it.

        Raises:
            DefinitionError: an illegal name.
        """
        super().__init__("Gen1Datastore", name, workspace, opts)
        warn_of_lake_store(self)
        given = args.credentials
        properties = ml.AzureDataLakeGen1DatastoreArgs(
            datastore_type="AzureDataLakeGen1",
            store_name=args.store_name,
            resource_group=args.resource_group_name,
            subscription_id=args.subscription_id,
            credentials=of_principal(given) if isinstance(given, ServicePrincipal) else none(),
            description=args.description,
            tags=args.tags,
        )
        self._make(name, workspace, properties, transform)
