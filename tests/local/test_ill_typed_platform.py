"""Ill-typed bodies for the resources of a platform: each is accepted, or refused in Azure's shape."""

import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given

from amlkit.home import SUBSCRIPTION, TENANT

from .conftest import StandIn, error_of, make_account, make_workspace
from .test_control_door import control
from .test_ill_typed_bodies import EXAMPLES, spoilt

PLACED = {"location": "westeurope", "tags": {"a": "b"}, "identity": {"type": "SystemAssigned"}}
ROLE = {"roleName": "r", "permissions": [{"actions": ["*/read"]}], "assignableScopes": ["/"]}
SCHEDULE = {"action": "Stop", "triggerType": "Recurrence", "recurrence": {"frequency": "Day", "interval": 1}}
DESK = {
    "vmSize": "Standard_DS3_v2",
    "sshSettings": {"sshPublicAccess": "Enabled", "adminPublicKey": "ssh-rsa A"},
    "idleTimeBeforeShutdown": "PT30M",
    "schedules": {"computeStartStop": [SCHEDULE]},
    "subnet": {"id": "s"},
}
SHELL = {"sshPort": 22, "address": "a", "administratorAccount": {"username": "u", "password": "p"}}
FACTORY = {"publicNetworkAccess": "Enabled", "repoConfiguration": {"type": "FactoryGitHubConfiguration"}}
STORE = {"firewallRules": [{"name": "f", "properties": {"startIpAddress": "1.1.1.1", "endIpAddress": "1.1.1.1"}}]}
LAKE = {"defaultDataLakeStoreAccount": "s", "dataLakeStoreAccounts": [{"name": "s", "properties": {"suffix": "x"}}]}
LAKE |= {"storageAccounts": [{"name": "t", "properties": {"accessKey": "k"}}]}
BRICKS = {"managedResourceGroupId": "/g", "parameters": {"enableNoPublicIp": {"value": True}}}
VAULT = {
    "tenantId": TENANT,
    "sku": {"family": "A", "name": "standard"},
    "accessPolicies": [{"objectId": "me", "permissions": {"secrets": ["get"]}}],
    "softDeleteRetentionInDays": 7,
    "createMode": "default",
}
POLICY = {"objectId": "me", "tenantId": TENANT, "permissions": {"secrets": ["get"]}}
RULE = {"name": "r", "type": "Lifecycle", "definition": {"actions": {}}}
CONNECTION = {"authType": "PAT", "category": "Git", "target": "t", "credentials": {"pat": "x"}, "metadata": {"a": "b"}}
NETWORK = {"isolationMode": "AllowInternetOutbound", "outboundRules": {"r": {"type": "FQDN", "destination": "x"}}}
FAULT = {"method": "PUT", "path": "nowhere", "when": "after", "status": 500, "retryAfter": 1, "count": 1, "skip": 0}
LOCATION = "{subscription}/providers/Microsoft.MachineLearningServices/locations/westeurope"
SAS = {
    "signedServices": "b",
    "signedResourceTypes": "s",
    "signedPermission": "r",
    "signedExpiry": "2030-01-01T00:00:00Z",
}


def compute(kind: str, inner: dict[str, Any]) -> dict[str, Any]:
    properties = {"computeType": kind, "resourceId": "/subscriptions/s/r", "description": "d", "properties": inner}
    return PLACED | {"properties": properties}


BODIES: list[tuple[str, str, dict[str, Any]]] = [
    ("PATCH", "{group}", {"tags": {"a": "b"}}),
    ("PATCH", "{account}", {"tags": {"a": "b"}, "properties": {"accessTier": "Cool", "networkAcls": {"ipRules": []}}}),
    ("POST", "{account}/regenerateKey", {"keyName": "key1"}),
    ("POST", "{account}/ListAccountSas", SAS),
    ("PUT", "{account}/fileServices/default/shares/s-1", {"properties": {"shareQuota": 1, "metadata": {"a": "b"}}}),
    ("PATCH", "{account}/fileServices/default/shares/s-2", {"properties": {"shareQuota": 1}}),
    ("PATCH", "{account}/blobServices/default/containers/c-2", {"properties": {"metadata": {"a": "b"}}}),
    ("PUT", "{account}/managementPolicies/default", {"properties": {"policy": {"rules": [RULE]}}}),
    ("PUT", "{group}/providers/Microsoft.KeyVault/vaults/v-{new}", PLACED | {"properties": VAULT}),
    ("PATCH", "{vault}", {"tags": {"a": "b"}, "properties": {"enablePurgeProtection": False, **VAULT}}),
    ("PUT", "{vault}/accessPolicies/add", {"properties": {"accessPolicies": [POLICY]}}),
    ("PATCH", "{workspace}", {"identity": {"type": "SystemAssigned"}, "properties": {"managedNetwork": NETWORK}}),
    ("PUT", "{workspace}/connections/conn", {"properties": CONNECTION}),
    ("PATCH", "{workspace}/connections/other", {"properties": CONNECTION}),
    ("PUT", "{workspace}/outboundRules/r", {"properties": {"type": "FQDN", "destination": "x", "category": "y"}}),
    ("PUT", "{workspace}/computes/desk", compute("ComputeInstance", DESK)),
    ("PUT", "{workspace}/computes/shell", compute("VirtualMachine", SHELL)),
    ("PUT", "{workspace}/computes/dbx", compute("Databricks", {"databricksAccessToken": "t", "workspaceUrl": "u"})),
    ("POST", "{workspace}/computes/desk-b/resize", {"targetVMSize": "Standard_DS3_v2"}),
    ("POST", "{workspace}/computes/desk-b/updateIdleShutdownSetting", {"idleTimeBeforeShutdown": "PT30M"}),
    ("POST", f"{LOCATION}/updateQuotas", {"value": [{"id": "/standardDSv2Family", "limit": 8}]}),
    ("PUT", "{group}/providers/Microsoft.Databricks/workspaces/dbx", PLACED | {"properties": BRICKS}),
    ("PUT", "{group}/providers/Microsoft.DataLakeStore/accounts/s{unique}", PLACED | {"properties": STORE}),
    ("PUT", "{group}/providers/Microsoft.DataLakeAnalytics/accounts/a{unique}", PLACED | {"properties": LAKE}),
    ("PUT", "{group}/providers/Microsoft.DataFactory/factories/f-{unique}", PLACED | {"properties": FACTORY}),
    ("PUT", "{group}/providers/Microsoft.Authorization/roleDefinitions/{role}", {"properties": ROLE}),
    (
        "PATCH",
        "{account}/providers/Microsoft.Resources/tags/default",
        {"operation": "Merge", "properties": {"tags": {}}},
    ),
    (
        "PUT",
        "{group}/providers/Microsoft.Network/virtualNetworks/v",
        PLACED | {"properties": {"subnets": [{"name": "s"}]}},
    ),
    ("PATCH", "{group}/providers/Microsoft.Network/virtualNetworks/w", {"properties": {"subnets": [{"name": "s"}]}}),
    ("POST", "/control/faults", FAULT),
    ("PUT", "/control/time", {"ahead": 0}),
    ("PUT", "/control/inert", {"types": ["Microsoft.Network"], "owner": "spoilt"}),
]


class Platform:
    """A platform in which the good bodies are good, and a way to send others."""

    def __init__(self, stand_in: StandIn, group: str) -> None:
        self.stand_in = stand_in
        workspace = make_workspace(stand_in, group)
        vault = stand_in.arm("GET", workspace.id).json()["properties"]["keyVault"]
        account = make_account(stand_in, group)
        self._names = {"group": group, "workspace": workspace.id, "vault": vault, "account": account}
        self._names |= {"subscription": f"/subscriptions/{SUBSCRIPTION}", "unique": uuid.uuid4().hex[:8]}
        self._names["role"] = str(uuid.uuid4())
        for path, body in {
            f"{account}/fileServices/default/shares/s-2": {},
            f"{account}/blobServices/default/containers/c-2": {},
            f"{workspace.id}/connections/other": {"properties": CONNECTION},
            f"{workspace.id}/computes/desk-b": compute("ComputeInstance", {"vmSize": "Standard_DS3_v2"}),
            f"{group}/providers/Microsoft.Network/virtualNetworks/w": PLACED,
        }.items():
            stand_in.made(path, body)

    def send(self, method: str, path: str, body: Any) -> Any:
        """The answer to a body; `{group}` and the like in the path are filled in."""
        return self.stand_in.arm(method, path.format(**self._names, new=uuid.uuid4().hex[:12]), body)


@pytest.fixture(scope="module")
def platform(stand_in: StandIn) -> Iterator[Platform]:
    group = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-{uuid.uuid4().hex[:8]}"
    stand_in.made(group, {"location": "westeurope"})
    control(stand_in, "PUT", "inert", {"types": ["Microsoft.Network"]})
    made = Platform(stand_in, group)
    yield made
    for owner in ("", "spoilt"):
        control(stand_in, "PUT", "inert", {"types": [], "owner": owner})
    control(stand_in, "PUT", "time", {"ahead": 0})
    control(stand_in, "DELETE", "faults")
    made.send("POST", f"{LOCATION}/updateQuotas", {"value": [{"id": "/standardDSv2Family", "limit": -1}]})


@pytest.mark.parametrize(("method", "path", "body"), BODIES, ids=[f"{method} {path}" for method, path, _ in BODIES])
def test_a_spoilt_body_is_accepted_or_refused(platform: Platform, method: str, path: str, body: dict[str, Any]) -> None:
    @EXAMPLES
    @given(sent=spoilt(body))
    def check(sent: Any) -> None:
        answer = platform.send(method, path, sent)
        if answer.status_code >= 400:
            assert error_of(answer)[0] in (400, 403, 404, 405, 409, 501), answer.text

    check()
