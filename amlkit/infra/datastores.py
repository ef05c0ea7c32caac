"""Datastores: named places of data in a workspace."""

from __future__ import annotations

from typing import Literal

import pulumi
from pulumi_azure_native import machinelearningservices as ml
from pulumi_azure_native import storage as azure_storage
from pydantic import Field

from .args import Args, Text, Transform, made
from .storage import Storage
from .workspace import Workspace


class BlobDatastoreArgs(Args):
    """Arguments of `BlobDatastore`. With `identity` nothing secret is stored: jobs read as who they run as."""

    container: str = Field(min_length=3, max_length=63)
    credentials: Literal["identity", "account-key"] = "identity"


class BlobDatastore(pulumi.ComponentResource):
    """A container of a platform's storage as a datastore; `name` is its name in Azure ML, `url` the container's."""

    def __init__(
        self,
        name: str,
        args: BlobDatastoreArgs,
        *,
        workspace: Workspace,
        storage: Storage,
        transform: Transform | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("amlkit:infra:BlobDatastore", name, None, opts)
        datastore_args = ml.DatastoreArgs(
            resource_group_name=workspace.resource_group_name,
            workspace_name=workspace.name,
            name=name,
            skip_validation=True,
            properties=ml.AzureBlobDatastoreArgs(
                datastore_type="AzureBlob",
                account_name=storage.account.name,
                container_name=storage.containers[args.container].name,
                endpoint=storage.suffix,
                protocol="https",
                credentials=_key(workspace.resource_group_name, storage.account.name, self)
                if args.credentials == "account-key"
                else ml.NoneDatastoreCredentialsArgs(credentials_type="None"),
            ),
        )
        children = pulumi.ResourceOptions(parent=self)
        self.datastore = made(ml.Datastore, name, datastore_args, transform, children)
        self.name: pulumi.Output[str] = self.datastore.name
        self.url = storage.url(args.container)
        self.workspace_id = workspace.id
        self.register_outputs({"name": self.name})


def _key(group: Text, account: Text, parent: pulumi.Resource) -> ml.AccountKeyDatastoreCredentialsArgs:
    answer = azure_storage.list_storage_account_keys_output(
        account_name=account, resource_group_name=group, opts=pulumi.InvokeOutputOptions(parent=parent)
    )
    key: pulumi.Output[str] = pulumi.Output.secret(answer.apply(lambda found: found.keys[0].value))
    secrets = ml.AccountKeyDatastoreSecretsArgs(secrets_type="AccountKey", key=key)
    return ml.AccountKeyDatastoreCredentialsArgs(credentials_type="AccountKey", secrets=secrets)
