"""The plugin's process against Azure ML over TLS: what is written, adopted, refused, pruned and told."""

import pytest

from amlkit.propertyvalues import to_struct
from amlkit.provider.protocol import provider_pb2 as pb

from .plugin_process import PluginProcess, RefusedError, urn
from .published import (
    ADDRESS,
    ASSET,
    COMMAND,
    ENDPOINT,
    PUBLISHED,
    SLOT,
    WORKSPACE,
    address,
    asset,
    pin,
    publication,
    serve,
    slot,
)


@pytest.fixture(scope="module")
def plugin_process(ml_process, log_process):
    process = PluginProcess.start(COMMAND, ml_process.environment, log_process.address)
    yield process
    process.stop()


@pytest.fixture
def plugin(plugin_process, ml, log):
    plugin_process.call("Handshake", pb.ProviderHandshakeRequest(supports_refresh_before_update=True))
    return plugin_process


def default(ml):
    return ml.at(ENDPOINT)["properties"]["defaults"].get("deploymentName")


def deployments(ml):
    prefix = f"{ENDPOINT.lower()}/deployments/"
    return sorted(key.removeprefix(prefix) for key in ml.documents if key.startswith(prefix))


# assets


def test_a_version_is_registered_once_and_then_adopted(plugin, ml):
    id_, outputs = plugin.create(ASSET, asset())
    assert id_ == f"{WORKSPACE}/codes/train"
    assert outputs["armId"] == f"{id_}/versions/{'a' * 24}"
    assert ml.at(outputs["armId"])["properties"]["codeUri"].startswith("https://x/")
    plugin.update(ASSET, id_, outputs, asset(), asset("b" * 24))
    ml.calls.clear()
    again = plugin.update(ASSET, id_, outputs, asset("b" * 24), asset())
    assert again["armId"] == outputs["armId"]
    assert ml.writes() == []


def test_a_version_that_something_else_made_is_refused(plugin, ml):
    plugin.create(ASSET, asset())
    with pytest.raises(RefusedError, match="was not made from this definition"):
        plugin.create(ASSET, asset(definition="e" * 64))


def test_a_conflict_is_answered_by_looking(plugin, ml):
    arm_id = f"{WORKSPACE}/codes/train/versions/{'a' * 24}"
    document = {"properties": {"properties": {"amlkit.definition": "d" * 64}}, "given": {}}
    ml.before.append(("PUT", arm_id, lambda: ml.seed(arm_id, **document)))
    assert plugin.create(ASSET, asset())[1]["armId"] == arm_id


def test_a_fault_leaves_nothing_that_the_next_call_would_trip_over(plugin, ml):
    ml.faults.extend([("PUT", "/codes/", 500, "InternalServerError")] * 4)
    with pytest.raises(RefusedError, match=r"as asked \(InternalServerError, 500\)"):
        plugin.create(ASSET, asset())
    plugin.create(ASSET, asset())


@pytest.mark.usefixtures("endpoint")
def test_what_may_pass_is_tried_again_from_the_beginning(plugin, ml):
    one = versions(1)[0]
    for kind, part, inputs in ((ASSET, "/codes/", asset()), (PUBLISHED, "/batchEndpoints/", publication(one))):
        ml.faults.extend(("PUT", part, status, "Some") for status in (429, 503, 500))
        before = len(ml.made("PUT"))
        plugin.create(kind, inputs)
        assert len(ml.made("PUT")) == before + 4


def test_what_does_not_pass_by_itself_is_not_tried_again(plugin, ml):
    ml.faults.append(("PUT", "/codes/", 400, "ValidationError"))
    with pytest.raises(RefusedError, match="ValidationError"):
        plugin.create(ASSET, asset())
    assert len(ml.made("PUT")) == 1


def test_a_version_deleted_by_hand_is_gone_from_its_slot(plugin, ml):
    id_, outputs = plugin.create(ASSET, asset())
    assert plugin.read(ASSET, id_, asset(), outputs) == (id_, outputs, asset())
    del ml.documents[outputs["armId"].lower()]
    assert plugin.read(ASSET, id_, asset(), outputs)[0] == ""


def test_delete_keeps_the_version(plugin, ml):
    id_, outputs = plugin.create(ASSET, asset())
    plugin.delete(ASSET, id_)
    assert ml.at(outputs["armId"])


# the endpoint


def test_an_edit_keeps_the_default_the_pin_and_the_tags_of_others(plugin, ml):
    id_, outputs = plugin.create(ADDRESS, address(tags={"team": "a", "cost": "1"}))
    serve(plugin, "a" * 12)
    ml.edit(ENDPOINT, **{"amlkit.pin": pin("a" * 12), "theirs": "x"})
    old = address(tags={"team": "a", "cost": "1"})
    plugin.update(ADDRESS, id_, outputs, old, address(tags={"team": "b"}, description="new"))
    document = ml.at(ENDPOINT)
    assert document["tags"] == {"team": "b", "theirs": "x", "amlkit.pin": pin("a" * 12)}
    assert document["properties"]["description"] == "new"
    assert default(ml) == "v" + "a" * 12


def test_read_shows_only_the_programs_tags(plugin, ml):
    id_, outputs = plugin.create(ADDRESS, address(tags={"team": "a"}))
    ml.edit(ENDPOINT, **{"amlkit.previous": "vX", "theirs": "x"})
    assert plugin.read(ADDRESS, id_, address(tags={"team": "a"}), outputs)[2] == address(tags={"team": "a"})
    ml.edit(ENDPOINT, team="z")
    assert plugin.read(ADDRESS, id_, address(tags={"team": "a"}), outputs)[2]["tags"] == {"team": "z"}


def test_an_unchanged_endpoint_is_adopted_without_a_write(plugin, ml):
    plugin.create(ADDRESS, address())
    ml.calls.clear()
    assert plugin.create(ADDRESS, address())[1]["scoringUri"].endswith("/score/training")
    assert ml.writes() == []


def test_a_change_between_read_and_write_is_not_overwritten(plugin, ml):
    id_, outputs = plugin.create(ADDRESS, address())
    ml.before.append(("PUT", ENDPOINT, lambda: ml.edit(ENDPOINT, **{"amlkit.pin": pin("a" * 12)})))
    with pytest.raises(RefusedError, match="PreconditionFailed"):
        plugin.update(ADDRESS, id_, outputs, address(), address(tags={"team": "a"}))
    assert "amlkit.pin" in ml.at(ENDPOINT)["tags"]


def test_delete_takes_the_deployments_with_it(plugin, ml):
    id_, _ = plugin.create(ADDRESS, address())
    serve(plugin, "a" * 12)
    plugin.delete(ADDRESS, id_)
    assert (ml.at(ENDPOINT), deployments(ml)) == (None, [])
    plugin.delete(ADDRESS, id_)


# deployments


@pytest.fixture
def endpoint(plugin, ml):
    plugin.create(ADDRESS, address())
    ml.calls.clear()
    return ENDPOINT


def versions(count):
    return [f"{number:x}" * 12 for number in range(1, count + 1)]


@pytest.mark.usefixtures("endpoint")
def test_going_back_finds_the_old_deployment(plugin, ml):
    one, two = versions(2)
    id_, outputs = plugin.create(SLOT, slot(one))
    assert id_ == f"{ENDPOINT}#deployment"
    plugin.update(SLOT, id_, outputs, slot(one), slot(two))
    ml.calls.clear()
    plugin.update(SLOT, id_, outputs, slot(two), slot(one))
    assert ml.writes() == []
    assert ml.at(f"{ENDPOINT}/deployments/v{one}")["tags"] == {"amlkit.digest": f"digest-{one}", "amlkit.version": one}


@pytest.mark.usefixtures("endpoint")
def test_the_oldest_go_when_one_is_too_many_but_never_a_safe_one(plugin, ml, log):
    first, second, third, fourth, fifth, sixth, seventh = versions(7)
    for version in (first, second, third, fourth):
        serve(plugin, version)
    ml.seed(f"{ENDPOINT}/deployments/theirs", tags={}, properties={}, systemData={"createdAt": "2020"})
    ml.edit(ENDPOINT, **{"amlkit.pin": pin(first)})
    plugin.create(SLOT, slot(fifth))  # first is pinned, third served before, fourth serves
    assert deployments(ml) == sorted(["theirs", *(f"v{each}" for each in (first, third, fourth, fifth))])
    assert f"removed the old deployment v{second}: 4 are kept" in [text for _, text in log.lines]
    plugin.create(SLOT, slot(sixth))
    plugin.create(SLOT, slot(seventh))
    assert deployments(ml) == sorted(["theirs", *(f"v{each}" for each in (first, third, fourth, seventh))])


@pytest.mark.usefixtures("endpoint")
def test_the_limit_of_an_endpoint_counts_the_deployments_of_others(plugin, ml):
    for number in range(17):
        ml.seed(f"{ENDPOINT}/deployments/theirs{number}", tags={}, properties={})
    for version in versions(6):
        plugin.create(SLOT, slot(version, keep=19))
    assert len(deployments(ml)) == 20


@pytest.mark.usefixtures("endpoint")
def test_a_failed_deployment_is_made_again(plugin, ml):
    one = versions(1)[0]
    ml.broken.add("/deployments/")
    with pytest.raises(RefusedError, match="ended as Failed"):
        plugin.create(SLOT, slot(one))
    ml.broken.clear()
    plugin.create(SLOT, slot(one))
    assert ml.at(f"{ENDPOINT}/deployments/v{one}")["properties"]["provisioningState"] == "Succeeded"


@pytest.mark.usefixtures("endpoint")
def test_a_name_that_something_else_took_is_refused(plugin, ml):
    one = versions(1)[0]
    ml.seed(f"{ENDPOINT}/deployments/v{one}", tags={}, properties={})
    with pytest.raises(RefusedError, match="is not what this program deploys"):
        plugin.create(SLOT, slot(one))


@pytest.mark.usefixtures("endpoint")
def test_tags_taken_off_a_deployment_come_back(plugin, ml):
    one = versions(1)[0]
    id_, outputs = plugin.create(SLOT, slot(one))
    ml.edit(f"{ENDPOINT}/deployments/v{one}", **{"amlkit.digest": None, "amlkit.version": None})
    live = plugin.read(SLOT, id_, slot(one), outputs)[2]
    assert live["version"] == ""
    plugin.update(SLOT, id_, outputs, live, slot(one))
    assert ml.at(f"{ENDPOINT}/deployments/v{one}")["tags"]["amlkit.version"] == one


# the publication


@pytest.mark.usefixtures("endpoint")
def test_one_put_moves_the_default_and_remembers_the_one_before(plugin, ml):
    one, two = versions(2)
    serve(plugin, one)
    plugin.create(SLOT, slot(two))
    ml.calls.clear()
    outputs = plugin.update(PUBLISHED, f"{ENDPOINT}#publication", {}, publication(one), publication(two))
    assert ml.writes() == ["PUT batchEndpoints/training"]
    assert (default(ml), outputs["serving"]) == (f"v{two}", f"v{two}")
    assert ml.at(ENDPOINT)["tags"]["amlkit.previous"] == f"v{one}"


@pytest.mark.usefixtures("endpoint")
def test_drift_is_read_into_the_inputs_and_told(plugin, ml, log):
    one, two = versions(2)
    serve(plugin, one)
    serve(plugin, two)
    ml.at(ENDPOINT)["properties"]["defaults"]["deploymentName"] = f"v{one}"
    stored = publication(two)
    _, outputs, inputs = plugin.read(PUBLISHED, f"{ENDPOINT}#publication", stored, {**stored, "serving": f"v{two}"})
    assert inputs == publication(one)
    assert outputs["serving"] == f"v{one}"
    assert [text for _, text in log.lines] == [
        f"drift: the endpoint serves v{one}, the state says v{two}; `up` publishes what the program says"
    ]


@pytest.mark.usefixtures("endpoint")
def test_a_pin_lies_in_the_inputs_after_a_read_and_is_no_drift(plugin, ml, log):
    one, two = versions(2)
    serve(plugin, one)
    serve(plugin, two)
    ml.at(ENDPOINT)["properties"]["defaults"]["deploymentName"] = f"v{one}"
    ml.edit(ENDPOINT, **{"amlkit.pin": pin(one)})
    inputs = plugin.read(PUBLISHED, f"{ENDPOINT}#publication", publication(two), publication(two))[2]
    assert (inputs["deployment"], inputs["pin"]["who"]) == (f"v{one}", "jane")
    assert log.lines == []


@pytest.mark.usefixtures("endpoint")
def test_a_pin_set_after_the_read_is_honoured_too(plugin, ml, log):
    one, two = versions(2)
    serve(plugin, one)
    plugin.create(SLOT, slot(two))
    ml.edit(ENDPOINT, **{"amlkit.pin": pin(one)})
    outputs = plugin.create(PUBLISHED, publication(two))[1]
    assert (default(ml), outputs["serving"], outputs["deployment"]) == (f"v{one}", f"v{one}", f"v{one}")
    assert "is built, not serving" in log.lines[0][1]


@pytest.mark.usefixtures("endpoint")
def test_a_promote_moves_the_default_and_clears_the_pin_in_one_put(plugin, ml):
    one, two = versions(2)
    serve(plugin, one)
    plugin.create(SLOT, slot(two))
    ml.edit(ENDPOINT, **{"amlkit.pin": pin(one)})
    ml.calls.clear()
    plugin.create(PUBLISHED, publication(two, clears="2026-01-01T00:00:00Z"))
    assert ml.writes() == ["PUT batchEndpoints/training"]
    assert default(ml) == f"v{two}"
    assert "amlkit.pin" not in ml.at(ENDPOINT)["tags"]


@pytest.mark.usefixtures("endpoint")
def test_an_unreadable_pin_stops_instead_of_being_ignored(plugin, ml):
    serve(plugin, versions(1)[0])
    ml.edit(ENDPOINT, **{"amlkit.pin": "jane did it"})
    with pytest.raises(RefusedError, match="not a pin: jane did it"):
        plugin.create(PUBLISHED, publication(versions(1)[0]))


# a killed engine, a missing cloud


@pytest.mark.usefixtures("endpoint")
def test_an_empty_id_finds_what_a_killed_engine_had_made(plugin, ml):
    one = versions(1)[0]
    cases = [(ASSET, asset()), (SLOT, slot(one)), (PUBLISHED, publication(one))]
    for kind, inputs in cases:
        assert plugin.read(kind, "", inputs)[0] == ""
        id_, outputs = plugin.create(kind, inputs)
        assert plugin.read(kind, "", inputs) == (id_, outputs, inputs)
    assert plugin.read(ADDRESS, "", address())[0] == ENDPOINT


@pytest.mark.usefixtures("endpoint")
def test_what_is_refreshed_before_an_update_says_so(plugin):
    for kind, inputs, refreshed in [(ASSET, asset(), False), (ADDRESS, address(), True), (SLOT, slot("1" * 12), True)]:
        request = pb.CreateRequest(urn=urn(kind), properties=to_struct(inputs))
        assert plugin.call("Create", request).refresh_before_update is refreshed


def test_a_refusal_of_the_cloud_is_an_error_also_for_a_read(plugin, ml):
    id_, outputs = plugin.create(ADDRESS, address())
    ml.faults.append(("GET", "/batchEndpoints/", 403, "AuthorizationFailed"))
    with pytest.raises(RefusedError, match="AuthorizationFailed") as refused:
        plugin.read(ADDRESS, id_, address(), outputs)
    assert "hint: `Microsoft.MachineLearningServices/workspaces/batchEndpoints/read` needs the role `Reader`" in str(
        refused.value.text
    )
