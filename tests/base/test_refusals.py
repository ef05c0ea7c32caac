"""A refusal of Azure names the role, or the way through a network, that is missing."""

import socket

import pytest

from amlkit import refusals
from amlkit.errors import UnreachableError
from amlkit.infra.access import NEEDS, ROLES
from amlkit.rest import Client

GROUP = "https://management.azure.com/subscriptions/s/resourceGroups/g"
ML = f"{GROUP}/providers/Microsoft.MachineLearningServices/workspaces/team"
SUBNET = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/net/subnets/nodes"
LINKED = (
    "The client has permission to perform action 'Microsoft.MachineLearningServices/workspaces/computes/write' on "
    "scope "
    "'/subscriptions/s'; however, it does not have permission to perform action(s) "
    f"'Microsoft.Network/virtualNetworks/subnets/join/action' on the linked scope(s) '{SUBNET}' (respectively)."
)
BLOB = "https://acct.blob.core.windows.net/c/x"


def said(method, url, code="AuthorizationFailed", message="", status=403):
    return refusals.hint(method, url, status, code, message)


@pytest.mark.parametrize(
    ("method", "path", "role", "on"),
    [
        ("PUT", "/batchEndpoints/e", "AzureML Data Scientist", "workspace `team`"),
        ("PUT", "/batchEndpoints/e/deployments/d", "AzureML Data Scientist", "workspace `team`"),
        ("POST", "/jobs/j/cancel", "AzureML Data Scientist", "workspace `team`"),
        ("PUT", "/computes/cpu", "AzureML Compute Operator", "workspace `team`"),
        ("PUT", "", "Contributor", "workspace `team`"),
        ("POST", "/listKeys", "Contributor", "workspace `team`"),
        ("GET", "/datastores", "Reader", "workspace `team`"),
    ],
)
def test_the_role_follows_from_what_was_asked(method, path, role, on):
    hint = said(method, f"{ML}{path}?api-version=1")
    assert f"needs the role `{role}` on the {on}" in hint, hint


@pytest.mark.parametrize(
    ("method", "path", "role"),
    [
        ("PUT", "/providers/Microsoft.Authorization/roleAssignments/x", "Role Based Access Control Administrator"),
        ("PUT", "/providers/Microsoft.Authorization/locks/x", "User Access Administrator"),
        ("PUT", "/providers/Microsoft.Storage/storageAccounts/a", "Contributor"),
        ("POST", "/providers/Microsoft.Storage/storageAccounts/a/listKeys", "Storage Account Contributor"),
        ("PUT", "/providers/Microsoft.Network/virtualNetworks/v", "Network Contributor"),
        ("PUT", "/providers/Microsoft.Network/privateDnsZones/z", "Private DNS Zone Contributor"),
        ("PUT", "", "Contributor"),
        ("GET", "", "Reader"),
    ],
)
def test_so_does_that_for_the_resources_of_a_platform(method, path, role):
    assert f"needs the role `{role}` on the " in said(method, f"{GROUP}{path}")


def test_the_action_and_scope_that_azure_names_come_first():
    scope = "/subscriptions/s/resourceGroups/other/providers/Microsoft.KeyVault/vaults/v"
    message = f"… not have authorization to perform action 'Microsoft.KeyVault/vaults/write' over scope '{scope}' or …"
    hint = said("PUT", ML, message=message)
    assert hint.startswith("`Microsoft.KeyVault/vaults/write` needs the role `Contributor` on the key vault `v`")
    linked = said("PUT", f"{ML}/computes/cpu", "LinkedAuthorizationFailed", LINKED)
    assert linked.startswith(
        "`Microsoft.Network/virtualNetworks/subnets/join/action` needs the role `Network Contributor`"
    )
    assert "on the virtual network `net`" in linked


@pytest.mark.parametrize(
    ("method", "service", "role"),
    [
        ("PUT", "blob", "Storage Blob Data Contributor"),
        ("GET", "blob", "Storage Blob Data Reader"),
        ("GET", "dfs", "Storage Blob Data Reader"),
        ("GET", "file", "Storage File Data Privileged Contributor"),
    ],
)
def test_data_needs_a_role_of_its_own(method, service, role):
    url = f"https://acct.{service}.core.windows.net/c/x"
    assert f"needs the role `{role}` on the account `acct`" in said(method, url, "AuthorizationPermissionMismatch")


@pytest.mark.parametrize(
    ("url", "code", "message"),
    [
        (BLOB, "AuthorizationFailure", "This request is not authorized to perform this operation."),
        (ML, "Forbidden", "Public network access is disabled for the workspace"),
        ("https://v.vault.azure.net/secrets/x", "Forbidden", "Client address is not authorized and caller is not …"),
        (ML, "Forbidden", "the request must come through a private endpoint"),
    ],
)
def test_a_network_is_told_from_a_role(url, code, message):
    hint = said("GET", url, code, message)
    assert "keep this machine out" in hint
    assert "private network" in hint
    assert "role" not in hint


@pytest.mark.parametrize(
    ("host", "told"),
    [
        ("acct.blob.core.windows.net", "privatelink.blob.core.windows.net"),
        ("abc.workspace.westeurope.api.azureml.ms", "privatelink.api.azureml.ms"),
        ("v.vault.azure.net", "privatelink.vaultcore.azure.net"),
        ("nowhere.example", "is the name right"),
    ],
)
def test_a_name_that_nothing_resolves_may_be_a_private_one(host, told):
    assert told in refusals.unresolved(host)


def test_a_host_without_an_address_says_so(monkeypatch):
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)

    def nobody(*_, **__):
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", nobody)
    with pytest.raises(UnreachableError) as error:
        Client().request("GET", "https://abc.workspace.westeurope.api.azureml.ms/x")
    assert "privatelink.api.azureml.ms" in error.value.problems[0].hint


def test_other_refusals_say_nothing_of_roles():
    assert said("PUT", ML, "Conflict", status=409) == ""
    assert said("GET", "https://127.0.0.1:1/x", "", status=401) == ""
    assert "login" in said("GET", ML, "", status=401)
    assert "policy" in said("PUT", ML, "RequestDisallowedByPolicy")


def test_every_role_that_is_named_can_be_granted():
    assert set(ROLES) >= refusals.ROLES
    assert {need.role for needs in NEEDS.values() for need in needs} <= set(ROLES)
