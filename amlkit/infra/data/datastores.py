"""Datastores: named places of data in a workspace, one class for each kind of storage.

Each stands on a `Storage` of the program or on any account by its id or name, and stores no secret unless it is told
to. Their names are the logical names: letters, digits and underscores.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Generic, Literal, TypeVar

import pulumi
from pulumi_azure_native import machinelearningservices as ml
from pydantic import Field

from ..args import Args, Text
from ..making import Transform, made
from ..retired import warn_of_lake_store
from ..storage import Storage
from ..workspace import Workspace
from .account import Account
from .credentials import Credentials, Sas, ServicePrincipal, Wire, none, of_key, of_principal, of_sas

_PLACE = r"^[a-z0-9](-?[a-z0-9])*$"  # Azure's rule for containers, file systems and shares
_ACCESS = {
    "none": ml.ServiceDataAccessAuthIdentity.NONE,
    "system": ml.ServiceDataAccessAuthIdentity.WORKSPACE_SYSTEM_ASSIGNED_IDENTITY,
    "user": ml.ServiceDataAccessAuthIdentity.WORKSPACE_USER_ASSIGNED_IDENTITY,
}


class _Named(Args):
    name: str = Field(pattern=r"^[A-Za-z0-9_]{1,255}$", examples=["my_store"])


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


_Args = TypeVar("_Args", bound=_DatastoreArgs)


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


class _OnAccount(Datastore, Generic[_Args]):
    """What the three kinds on storage accounts share; each says which child of the account it is (`_child`)."""

    KIND: ClassVar[str]
    SERVICE: ClassVar[str]  # as in the host names of the account

    url: pulumi.Output[str]

    def __init__(
        self,
        name: str,
        args: _Args,
        *,
        workspace: Workspace,
        storage: Storage | Text,
        transform: Transform | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """`storage` is a component, the ARM id of an account, or the name of one in the workspace's resource group.

        Raises:
            DefinitionError: an illegal name, no such account, or a container, share or file system that the component
                does not have.
        """
        account = Account.of(storage, workspace, name)
        child = self._child(account, args, name)
        super().__init__(self.KIND, name, workspace, opts)
        self.url = account.url(self.SERVICE, child)
        common = {
            "account_name": account.name,
            "endpoint": account.suffix,
            "protocol": "https",
            "subscription_id": account.subscription or None,
            "resource_group": account.group or None,
            "credentials": self._credentials(args.credentials, account, name),
            "service_data_access_auth_identity": _ACCESS[args.service_identity],
            "description": args.description,
            "tags": args.tags,
        }
        self._make(name, workspace, self._properties(child, common), transform)

    def _child(self, account: Account, args: _Args, name: str) -> Text:
        """The container, share or file system."""
        raise NotImplementedError

    def _properties(self, child: Text, common: dict[str, Any]) -> Any:
        """As azure-native takes it."""
        raise NotImplementedError

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


class BlobDatastore(_OnAccount[BlobDatastoreArgs]):
    """A blob container as a datastore."""

    KIND = "BlobDatastore"
    SERVICE = "blob"

    def _child(self, account: Account, args: BlobDatastoreArgs, name: str) -> Text:
        return account.container(args.container, f"{name}.container")

    def _properties(self, child: Text, common: dict[str, Any]) -> ml.AzureBlobDatastoreArgs:
        return ml.AzureBlobDatastoreArgs(datastore_type="AzureBlob", container_name=child, **common)


class FileDatastore(_OnAccount[FileDatastoreArgs]):
    """A file share as a datastore."""

    KIND = "FileDatastore"
    SERVICE = "file"

    def _child(self, account: Account, args: FileDatastoreArgs, name: str) -> Text:
        return account.share(args.share, f"{name}.share")

    def _properties(self, child: Text, common: dict[str, Any]) -> ml.AzureFileDatastoreArgs:
        return ml.AzureFileDatastoreArgs(datastore_type="AzureFile", file_share_name=child, **common)


class LakeDatastore(_OnAccount[LakeDatastoreArgs]):
    """A file system of Data Lake Storage Gen2 as a datastore; its account has a hierarchical namespace.

    The file systems of a `Storage` are its containers.
    """

    KIND = "LakeDatastore"
    SERVICE = "dfs"

    def _child(self, account: Account, args: LakeDatastoreArgs, name: str) -> Text:
        return account.container(args.filesystem, f"{name}.filesystem")

    def _properties(self, child: Text, common: dict[str, Any]) -> ml.AzureDataLakeGen2DatastoreArgs:
        return ml.AzureDataLakeGen2DatastoreArgs(datastore_type="AzureDataLakeGen2", filesystem=child, **common)


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
