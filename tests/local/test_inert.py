"""Inert types: kept as ARM documents where they are listed, refused with 501 everywhere else."""

import uuid
from collections.abc import Iterator

import pytest

from amlkit.home import SUBSCRIPTION

from .conftest import StandIn, Workspace, error_of
from .test_control_door import control

NETWORK = "providers/Microsoft.Network"
SUBNETS = [{"name": "training", "properties": {"addressPrefix": "10.0.0.0/24"}}]
VNET = {"location": "westeurope", "tags": {"a": "b"}, "properties": {"subnets": SUBNETS}}


@pytest.fixture
def inert(stand_in: StandIn) -> Iterator[StandIn]:
    """The stand-in with networks and locks inert."""
    types = ["Microsoft.Network", "microsoft.authorization/locks", "Microsoft.Insights/diagnosticSettings"]
    assert control(stand_in, "PUT", "inert", {"types": types}).status_code == 200
    yield stand_in
    control(stand_in, "PUT", "inert", {"types": []})


def test_nothing_is_inert_unless_it_is_listed(stand_in: StandIn, group: str) -> None:
    assert error_of(stand_in.arm("PUT", f"{group}/{NETWORK}/virtualNetworks/v", VNET)) == (501, "NotImplemented")
    control(stand_in, "PUT", "inert", {"types": ["Microsoft.Network/privateEndpoints"]})
    assert error_of(stand_in.arm("PUT", f"{group}/{NETWORK}/virtualNetworks/v", VNET)) == (501, "NotImplemented")
    path = f"{group}/{NETWORK}/privateEndpoints/p"
    assert stand_in.arm("PUT", path, {"location": "westeurope", "properties": {}}).status_code == 201
    control(stand_in, "PUT", "inert", {"types": []})
    assert error_of(stand_in.arm("GET", path)) == (501, "NotImplemented")


def test_a_document_is_kept_listed_patched_and_deleted(inert: StandIn, group: str) -> None:
    path = f"{group}/{NETWORK}/virtualNetworks/v"
    assert error_of(inert.arm("GET", path)) == (404, "ResourceNotFound")
    answer = inert.arm("PUT", path, VNET)
    made = answer.json()
    assert (answer.status_code, answer.headers["x-amlkit-inert"]) == (201, "true")
    assert (made["id"], made["name"], made["type"]) == (path, "v", "Microsoft.Network/virtualNetworks")
    assert made["properties"]["provisioningState"] == "Succeeded"
    assert inert.arm("PUT", path, VNET).status_code == 200
    assert inert.arm("HEAD", path).status_code == 204
    patched = inert.arm("PATCH", path, {"tags": {"c": "d"}, "properties": {"more": 1}}).json()
    assert (patched["tags"], patched["properties"]["more"]) == ({"a": "b", "c": "d"}, 1)
    assert inert.arm("GET", path.upper().replace("/SUBSCRIPTIONS", "/subscriptions")).json()["id"] == path
    for listed in (f"{group}/{NETWORK}/virtualNetworks", f"/subscriptions/{SUBSCRIPTION}/{NETWORK}/virtualNetworks"):
        ids = [each["id"] for each in inert.arm("GET", listed).json()["value"]]
        assert [each for each in ids if each.startswith(group)] == [path]
    assert [inert.arm("DELETE", path).status_code for _ in range(2)] == [200, 204]
    assert error_of(inert.arm("POST", f"{path}/subnets/training/join", {})) == (501, "NotImplemented")


def test_parts_of_a_document_have_ids_and_can_be_got(inert: StandIn, group: str) -> None:
    path = f"{group}/{NETWORK}/virtualNetworks/v"
    subnet = inert.arm("PUT", path, VNET).json()["properties"]["subnets"][0]
    assert subnet["id"] == f"{path}/subnets/training"
    got = inert.arm("GET", subnet["id"]).json()
    assert got["properties"]["addressPrefix"] == "10.0.0.0/24"
    assert got["type"] == "Microsoft.Network/virtualNetworks/subnets"
    assert error_of(inert.arm("GET", f"{path}/subnets/none")) == (404, "ResourceNotFound")
    own = inert.arm("PUT", f"{path}/subnets/own", {"properties": {}})
    assert (own.status_code, own.json()["type"]) == (201, "Microsoft.Network/virtualNetworks/subnets")


def test_a_document_needs_its_parent(inert: StandIn, group: str) -> None:
    nowhere = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/none/{NETWORK}/virtualNetworks/v"
    assert error_of(inert.arm("PUT", nowhere, VNET)) == (404, "ResourceGroupNotFound")
    orphan = f"{group}/{NETWORK}/virtualNetworks/none/subnets/s"
    assert error_of(inert.arm("PUT", orphan, {"properties": {}})) == (404, "ParentResourceNotFound")


def test_extensions_of_a_resource_go_with_it(inert: StandIn, account: str) -> None:
    lock = f"{account}/providers/Microsoft.Authorization/locks/keep"
    logs = f"{account}/providers/Microsoft.Insights/diagnosticSettings/logs"
    for path in (lock, logs):
        assert inert.arm("PUT", path, {"properties": {}}).status_code == 201
    documents = control(inert, "GET", "inert").json()["documents"]
    assert {each["id"] for each in documents} >= {lock, logs}
    inert.arm("DELETE", account)
    assert account not in str(control(inert, "GET", "inert").json()["documents"])


def test_a_subscriptions_own_documents(inert: StandIn) -> None:
    path = f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Authorization/locks/{uuid.uuid4().hex[:8]}"
    assert inert.arm("PUT", path, {"properties": {"level": "CanNotDelete"}}).status_code == 201
    assert inert.arm("DELETE", path).status_code == 200


def test_every_stack_has_a_list_of_its_own(stand_in: StandIn, group: str) -> None:
    control(stand_in, "PUT", "inert", {"owner": "prod", "types": ["Microsoft.Network"]})
    control(stand_in, "PUT", "inert", {"owner": "dev", "types": ["Microsoft.Compute"]})
    path = f"{group}/{NETWORK}/virtualNetworks/v"
    refused = stand_in.arm("PUT", path, VNET, x_amlkit_stack="dev")
    assert error_of(refused) == (501, "NotImplemented")
    assert stand_in.arm("PUT", path, VNET, x_amlkit_stack="prod").status_code == 201
    assert stand_in.arm("GET", path).status_code == 200
    for owner in ("prod", "dev"):
        control(stand_in, "PUT", "inert", {"owner": owner, "types": []})
    assert control(stand_in, "GET", "inert").json()["owners"] == {}


@pytest.mark.parametrize("types", [["network"], [1], ["Microsoft.Network/"], "Microsoft.Network"], ids=str)
def test_what_is_no_type_is_refused(stand_in: StandIn, types: object) -> None:
    assert error_of(control(stand_in, "PUT", "inert", {"types": types})) == (400, "InvalidRequestContent")


def test_what_has_behaviour_keeps_it(inert: StandIn, group: str) -> None:
    control(inert, "PUT", "inert", {"types": ["Microsoft.Storage", "Microsoft.Network"]})
    path = f"{group}/providers/Microsoft.Storage/storageAccounts/UPPER"
    assert error_of(inert.arm("PUT", path, {"location": "westeurope", "properties": {}}))[0] == 400


def test_a_cluster_wants_a_subnet_that_exists(inert: StandIn, workspace: Workspace) -> None:
    group = workspace.id.partition("/providers/")[0]
    subnet = f"{group}/{NETWORK}/virtualNetworks/v/subnets/training"
    inner = {"vmSize": "Standard_DS3_v2", "scaleSettings": {"maxNodeCount": 1}, "subnet": {"id": subnet}}
    body = {"location": "westeurope", "properties": {"computeType": "AmlCompute", "properties": inner}}
    assert error_of(workspace.call("PUT", "computes/cpu", body)) == (400, "ValidationError")
    inert.arm("PUT", f"{group}/{NETWORK}/virtualNetworks/v", VNET)
    assert workspace.call("PUT", "computes/cpu", body).status_code == 201
