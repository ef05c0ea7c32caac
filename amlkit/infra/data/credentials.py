"""Credentials of a datastore: none, the account's key, a shared access signature or a service principal.

Whatever is secret in them is a Pulumi secret from here on: encrypted in the state, never in a plan, a log or an export.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import pulumi
from pulumi_azure_native import machinelearningservices as ml
from pulumi_azure_native import storage as azure_storage
from pydantic import BeforeValidator, SecretStr

from ..args import Args, Text, wrong
from ..secrets import Secret, hidden, secret_output


def _token(value: Any) -> Any:
    if not isinstance(value, str):
        return hidden(value)
    token = value.removeprefix("?")
    if "sig=" not in token or "://" in token:
        raise wrong("not a shared access signature", "it is the query that follows the `?` of a SAS URL: `sv=…&sig=…`")
    return hidden(token)


class Sas(Args):
    """A shared access signature: `token` is the query that follows the `?`, best from `Config.require_secret`."""

    token: Annotated[pulumi.Output[str] | SecretStr, BeforeValidator(_token)]


class ServicePrincipal(Args):
    """An application of Microsoft Entra ID. Other clouds than the public one name their `authority_url`."""

    tenant_id: Text
    client_id: Text
    client_secret: Secret
    authority_url: Text | None = None
    resource_url: Text | None = None


Credentials = Literal["identity", "account-key"] | Sas | ServicePrincipal
"""With `identity` nothing secret is stored: jobs read as who they run as. All but `account-key` and `Sas` work on an
account that takes no shared keys."""

Wire = (
    ml.NoneDatastoreCredentialsArgs
    | ml.AccountKeyDatastoreCredentialsArgs
    | ml.SasDatastoreCredentialsArgs
    | ml.ServicePrincipalDatastoreCredentialsArgs
)


def none() -> ml.NoneDatastoreCredentialsArgs:
    """No credentials."""
    return ml.NoneDatastoreCredentialsArgs(credentials_type="None")


def of_sas(given: Sas) -> ml.SasDatastoreCredentialsArgs:
    """As azure-native takes them."""
    secrets = ml.SasDatastoreSecretsArgs(secrets_type="Sas", sas_token=secret_output(given.token))
    return ml.SasDatastoreCredentialsArgs(credentials_type="Sas", secrets=secrets)


def of_principal(given: ServicePrincipal) -> ml.ServicePrincipalDatastoreCredentialsArgs:
    """As azure-native takes them."""
    secret = secret_output(given.client_secret)
    return ml.ServicePrincipalDatastoreCredentialsArgs(
        credentials_type="ServicePrincipal",
        tenant_id=given.tenant_id,
        client_id=given.client_id,
        authority_url=given.authority_url,
        resource_url=given.resource_url,
        secrets=ml.ServicePrincipalDatastoreSecretsArgs(secrets_type="ServicePrincipal", client_secret=secret),
    )


def of_key(group: Text, account: Text, parent: pulumi.Resource) -> ml.AccountKeyDatastoreCredentialsArgs:
    """The first key of an account, which Azure is asked for."""
    answer = azure_storage.list_storage_account_keys_output(
        account_name=account, resource_group_name=group, opts=pulumi.InvokeOutputOptions(parent=parent)
    )
    key: pulumi.Output[str] = pulumi.Output.secret(answer.apply(lambda found: found.keys[0].value))
    secrets = ml.AccountKeyDatastoreSecretsArgs(secrets_type="AccountKey", key=key)
    return ml.AccountKeyDatastoreCredentialsArgs(credentials_type="AccountKey", secrets=secrets)
