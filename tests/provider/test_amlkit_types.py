"""Check, Diff and the previews of the four types: pure, so they are asked directly."""

from itertools import pairwise

import pytest

from amlkit.propertyvalues import UNKNOWN
from amlkit.provider.published import asset_version, deployment, endpoint, publication
from amlkit.provider.published.verbs import Call

WORKSPACE = "/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces/w"
ENDPOINT = f"{WORKSPACE}/batchEndpoints/e"
PIN = {"deployment": "vA", "digest": "dA", "who": "jane", "why": "bad accuracy", "at": "2026-01-01T00:00:00Z"}

ASSET = {
    "workspaceId": WORKSPACE,
    "kind": "code",
    "name": "train",
    "version": "a" * 24,
    "definition": "d" * 64,
    "body": {"codeUri": "https://x"},
}
DEPLOYMENT = {
    "endpointId": ENDPOINT,
    "location": "westeurope",
    "name": "v0123456789ab",
    "componentId": f"{WORKSPACE}/components/t/versions/1",
    "digest": "d" * 64,
    "version": "0123456789ab",
    "keep": 10,
}


@pytest.fixture
def said():
    return []


@pytest.fixture
def call(said):
    return Call(cloud=None, warn=said.append, inform=said.append)


def reasons(checked):
    return [f"{item.key} {item.reason}" for item in checked.failures]


def test_all_missing_inputs_are_named_at_once(call):
    found = reasons(asset_version.check({}, {"kind": "code"}, call))
    assert found == [f"{key} is required" for key in ("workspaceId", "name", "version", "definition", "body")]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"kind": "model"}, "kind not one of code, environment, component, data: model"),
        ({"version": "9" * 31}, f"version longer than 30 characters: {'9' * 31}"),
    ],
)
def test_an_illegal_asset_is_refused(call, changes, reason):
    assert reasons(asset_version.check({}, {**ASSET, **changes}, call)) == [reason]


@pytest.mark.parametrize("name", ["1abc", "ab", "a" * 33, "a_b", "abc-", ""])
def test_an_illegal_endpoint_name_is_refused(call, name):
    news = {"workspaceId": WORKSPACE, "name": name, "location": "westeurope"}
    assert len(reasons(endpoint.check({}, news, call))) == 1


def test_a_program_cannot_set_our_own_tags(call):
    news = {"workspaceId": WORKSPACE, "name": "abc", "location": "westeurope", "tags": {"amlkit.pin": "x", "a": "b"}}
    assert reasons(endpoint.check({}, news, call)) == ["tags the prefix `amlkit.` is reserved: amlkit.pin"]


@pytest.mark.parametrize("keep", [3, 20, 4.5, "10"])
def test_a_number_to_keep_without_room_is_refused(call, keep):
    assert reasons(deployment.check({}, {**DEPLOYMENT, "keep": keep}, call)) == [
        f"keep not a number from 4 to 19: {keep}"
    ]


@pytest.mark.parametrize("name", ["a--b", "0ab", "ab", "a" * 33])
def test_an_illegal_deployment_name_is_refused(call, name):
    assert len(reasons(deployment.check({}, {**DEPLOYMENT, "name": name}, call))) == 1


def test_unknown_inputs_are_not_judged(call):
    unknown = dict.fromkeys(("workspaceId", "name", "location"), UNKNOWN)
    assert reasons(endpoint.check({}, unknown, call)) == []
    assert reasons(deployment.check({}, {**DEPLOYMENT, "name": UNKNOWN, "endpointId": UNKNOWN}, call)) == []


@pytest.mark.parametrize("kind", [endpoint, deployment])
def test_the_spelling_of_a_location_is_no_change(call, kind):
    olds = {**DEPLOYMENT, "workspaceId": WORKSPACE, "location": "westeurope"}
    news = kind.check(olds, {**olds, "location": "West Europe"}, call).inputs
    assert kind.diff(olds, news).changed == ()


IDENTITIES = [
    (asset_version, ASSET, "workspaceId"),
    (asset_version, ASSET, "kind"),
    (asset_version, ASSET, "name"),
    (endpoint, {"workspaceId": WORKSPACE, "name": "abc", "location": "x"}, "name"),
    (endpoint, {"workspaceId": WORKSPACE, "name": "abc", "location": "x"}, "workspaceId"),
    (deployment, DEPLOYMENT, "endpointId"),
    (publication, {"endpointId": ENDPOINT, "deployment": "vA", "digest": "d"}, "endpointId"),
]


@pytest.mark.parametrize(("kind", "inputs", "key"), IDENTITIES)
def test_a_changed_identity_replaces(kind, inputs, key):
    assert kind.diff(inputs, {**inputs, key: "other"}).replaced == (key,)


@pytest.mark.parametrize(
    ("kind", "inputs", "key"),
    [
        (asset_version, ASSET, "version"),
        (asset_version, ASSET, "body"),
        (deployment, DEPLOYMENT, "name"),
        (deployment, DEPLOYMENT, "componentId"),
        (publication, {"endpointId": ENDPOINT, "deployment": "vA", "digest": "d"}, "deployment"),
    ],
)
def test_another_content_updates_the_slot(kind, inputs, key):
    found = kind.diff(inputs, {**inputs, key: "other"})
    assert (found.changed, found.replaced) == ((key,), ())


def test_the_id_of_a_slot_has_no_version_and_its_arm_id_has():
    outputs = asset_version.preview(ASSET, {})
    assert outputs["armId"] == f"{WORKSPACE}/codes/train/versions/{'a' * 24}"


def test_previews_leave_open_what_follows_from_something_open():
    assert asset_version.preview({**ASSET, "version": UNKNOWN}, {})["armId"] == UNKNOWN
    assert deployment.preview({**DEPLOYMENT, "endpointId": UNKNOWN}, {})["armId"] == UNKNOWN
    news = {"workspaceId": WORKSPACE, "name": "abc", "location": "x"}
    assert endpoint.preview(news, {})["scoringUri"] == UNKNOWN
    assert endpoint.preview(news, {"scoringUri": "https://s"})["scoringUri"] == "https://s"


WANTED = {"endpointId": ENDPOINT, "deployment": "vB", "digest": "dB"}


def test_a_pin_in_the_stored_inputs_is_honoured_and_said(call, said):
    olds = {"endpointId": ENDPOINT, "deployment": "vA", "digest": "dA", "pin": PIN}
    news = publication.check(olds, WANTED, call).inputs
    assert (news["deployment"], news["digest"], news["pin"]) == ("vA", "dA", PIN)
    assert publication.diff(olds, news).changed == ()
    assert said == ["pinned to vA by jane (bad accuracy): vB is built, not serving; promote clears the pin"]


def test_an_unknown_version_is_pinned_too(call, said):
    news = publication.check({"pin": PIN}, {**WANTED, "deployment": UNKNOWN}, call).inputs
    assert news["deployment"] == "vA"
    assert UNKNOWN not in said[0]


def test_a_promote_clears_only_the_pin_that_it_knew(call, said):
    olds = {"endpointId": ENDPOINT, "deployment": "vA", "digest": "dA", "pin": PIN}
    cleared = publication.check(olds, {**WANTED, "clears": PIN["at"]}, call).inputs
    assert cleared["deployment"] == "vB"
    assert publication.diff(olds, cleared).changed == ("deployment", "digest", "pin")
    assert said == []
    kept = publication.check(olds, {**WANTED, "clears": "2020-01-01T00:00:00Z"}, call).inputs
    assert kept["deployment"] == "vA"


def test_promoting_what_is_pinned_is_a_change(call):
    olds = {"endpointId": ENDPOINT, "deployment": "vA", "digest": "dA", "pin": PIN}
    news = publication.check(olds, {**olds, "clears": PIN["at"]}, call).inputs
    assert publication.diff(olds, news).changed == ("pin",)


def test_the_time_of_a_cleared_pin_is_no_difference(call):
    clearing = {**WANTED, "clears": PIN["at"]}
    for olds, news in pairwise([clearing, WANTED, clearing]):
        assert publication.diff(olds, publication.check(olds, news, call).inputs).changed == ()
