"""The control door: the time of waits, faults before and after the effect, reset; spoken to over HTTP only."""

import time
import uuid
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from amlkit.home import SUBSCRIPTION, Home
from amlkit.local import process

from .conftest import StandIn, error_of, make_account, make_workspace


def control(stand_in: StandIn, method: str, what: str, body: Any = None) -> httpx.Response:
    headers = {"Authorization": f"Bearer {stand_in.token()}"}
    return stand_in.http.request(method, f"/control/{what}", json=body, headers=headers)


@pytest.fixture
def door(stand_in: StandIn) -> Iterator[StandIn]:
    """The stand-in; no faults and no moved time are left."""
    yield stand_in
    control(stand_in, "DELETE", "faults")
    control(stand_in, "PUT", "time", {"ahead": 0})


def group_path() -> str:
    return f"/subscriptions/{SUBSCRIPTION}/resourceGroups/f-{uuid.uuid4().hex[:8]}"


def fault(stand_in: StandIn, **rule: Any) -> None:
    answer = control(stand_in, "POST", "faults", rule)
    assert answer.status_code == 200, answer.text


def test_a_fault_before_the_effect_has_none(door: StandIn) -> None:
    path = group_path()
    fault(door, method="PUT", path=path, status=429, code="TooManyRequests", retryAfter=7)
    answer = door.arm("PUT", path, {"location": "westeurope"})
    assert error_of(answer) == (429, "TooManyRequests")
    assert answer.headers["Retry-After"] == "7"
    assert door.arm("GET", path).status_code == 404
    assert door.arm("PUT", path, {"location": "westeurope"}).status_code == 201


def test_a_fault_after_the_effect_hides_it(door: StandIn) -> None:
    path = group_path()
    fault(door, method="PUT", path=path, status=500, when="after")
    assert error_of(door.arm("PUT", path, {"location": "westeurope"})) == (500, "InternalServerError")
    assert door.arm("GET", path).status_code == 200


def test_a_fault_counts_skips_and_minds_the_method(door: StandIn) -> None:
    path = group_path()
    fault(door, method="PUT", path=path.upper(), status=503, count=2, skip=1)
    answers = [door.arm("PUT", path, {"location": "westeurope"}).status_code for _ in range(4)]
    assert answers == [201, 503, 503, 200]
    assert door.arm("GET", path).status_code == 200
    assert [each["hits"] for each in control(door, "GET", "faults").json()["value"]] == [3]


@pytest.mark.parametrize(("when", "status"), [("before", 404), ("after", 200)])
def test_a_dropped_connection(door: StandIn, when: str, status: int) -> None:
    path = group_path()
    fault(door, method="PUT", path=path, drop=True, when=when)
    with pytest.raises(httpx.TransportError):
        door.arm("PUT", path, {"location": "westeurope"})
    assert door.arm("GET", path).status_code == status


def test_a_hang_lasts_until_the_client_gives_up(door: StandIn) -> None:
    path = group_path()
    fault(door, method="GET", path=path, hang=60)
    headers = {"Authorization": f"Bearer {door.token()}"}
    begun = time.monotonic()
    with pytest.raises(httpx.TimeoutException):
        door.http.get(path, params={"api-version": "1"}, headers=headers, timeout=0.3)
    assert time.monotonic() - begun < 10
    assert door.arm("GET", path).status_code == 404


def test_a_hang_ends_with_a_dropped_connection(door: StandIn) -> None:
    path = group_path()
    fault(door, method="GET", path=path, hang=0.05)
    with pytest.raises(httpx.RemoteProtocolError):
        door.arm("GET", path)


def test_faults_reach_storage_too(door: StandIn, group: str) -> None:
    account = make_account(door, group).rpartition("/")[2]
    fault(door, path=f"^{account}[.]blob[.]", status=503, code="ServerBusy")
    request = {"headers": {"Host": f"{account}.blob.core.amlkit.test"}}
    assert door.http.get("/?comp=list", **request).status_code == 503
    assert door.http.get("/?comp=list", **request).status_code in (401, 403)


WRONG = [
    {},
    {"status": 1},
    {"status": 500, "drop": True},
    {"status": 500, "when": "never"},
    {"status": 500, "path": "("},
    {"status": 500, "count": -1},
    {"hang": "long"},
    {"hang": 1e9},
    {"status": "500"},
]


@pytest.mark.parametrize("rule", WRONG, ids=str)
def test_a_wrong_rule_is_refused(door: StandIn, rule: dict[str, Any]) -> None:
    assert error_of(control(door, "POST", "faults", rule)) == (400, "InvalidRequestContent")
    assert control(door, "GET", "faults").json()["value"] == []


def test_the_time_moves_and_moves_back(door: StandIn) -> None:
    first = control(door, "GET", "time").json()
    assert first["ahead"] == 0
    control(door, "PUT", "time", {"advance": 3600})
    moved = control(door, "PUT", "time", {"advance": 3600}).json()
    assert moved["ahead"] == 7200
    assert moved["time"] > first["time"]
    assert control(door, "PUT", "time", {"ahead": 0}).json()["ahead"] == 0
    for wrong in ({}, {"advance": "1"}, {"ahead": True}, {"advance": 1, "ahead": 1}, {"ahead": 1e12}):
        assert error_of(control(door, "PUT", "time", wrong)) == (400, "InvalidRequestContent")


def test_the_door_needs_a_token(stand_in: StandIn) -> None:
    for method, what in (("POST", "reset"), ("PUT", "time"), ("POST", "faults"), ("PUT", "inert")):
        assert error_of(stand_in.http.request(method, f"/control/{what}", json={}))[0] == 401


def test_reset_leaves_nothing_and_a_restart_keeps_the_time(home: Home) -> None:
    stand_in = StandIn(home, process.start(home)[0].address)
    group = stand_in.made(group_path(), {"location": "westeurope"})["id"]
    workspace = make_workspace(stand_in, group)
    stand_in.arm("DELETE", workspace.id)
    control(stand_in, "PUT", "inert", {"types": ["Microsoft.Network"]})
    control(stand_in, "PUT", "time", {"ahead": 60})
    process.stop(home)
    process.start(home)
    assert control(stand_in, "GET", "time").json()["ahead"] == 60
    assert control(stand_in, "GET", "inert").json()["owners"] == {"": ["Microsoft.Network"]}
    fault(stand_in, status=500, path="nowhere")
    assert control(stand_in, "POST", "reset").status_code == 204
    assert control(stand_in, "GET", "time").json()["ahead"] == 0
    assert control(stand_in, "GET", "inert").json() == {"owners": {}, "documents": []}
    assert control(stand_in, "GET", "faults").json() == {"value": []}
    assert stand_in.arm("GET", f"/subscriptions/{SUBSCRIPTION}/resourceGroups").json()["value"] == []
    assert [path for path in home.data.rglob("*") if path.is_file()] == []
    stand_in.made(group, {"location": "westeurope"})
    body = {"location": "westeurope", "identity": {"type": "SystemAssigned"}, "properties": {}}
    assert "Soft-deleted" not in stand_in.arm("PUT", workspace.id, body).text
