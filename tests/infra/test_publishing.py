"""Publishing as a user lives it, on both engines, against a local Azure ML: forth, back, failing, pinned, drifted."""

import json
import re

from amlkit.local import process


def pin(stack, name, at="2026-01-01T00:00:00Z"):
    """A rollback: one PUT with the tag and the default."""
    digest = stack.deployments()[name]["tags"]["amlkit.digest"]
    tag = {"deployment": name, "digest": digest, "who": "jane", "why": "bad accuracy", "at": at}
    stack.edit_endpoint(default=name, **{"amlkit.pin": json.dumps(tag)})


def changes(text):
    """`~ 4 to update, 3 unchanged` and its like, as {'update': 4, 'unchanged': 3}."""
    found = re.findall(r"(\d+) (?:to )?(create|update|delete|replace|unchanged)", text)
    return {kind: int(number) for number, kind in found}


def test_going_back_writes_nothing_but_the_default(stack):
    first = stack.publish("A")
    second = stack.publish("B")
    assert first != second
    before = stack.written()
    for text, name in (("A", first), ("B", second)):
        stack.write(text)
        assert changes(stack.preview())["update"] == 5
        assert stack.publish(text) == stack.outputs()["training-serving"] == name
    assert stack.written() == before
    assert stack.run("preview", "--expect-no-changes").code == 0


def test_a_failing_smoke_check_leaves_the_old_version_serving(stack):
    first = stack.publish("A")
    stack.mark(smoke="accuracy fell")
    failed = stack.up("smoke")
    assert failed.code == 1
    assert "accuracy fell" in failed.text + failed.errors
    assert "Traceback" not in failed.text + failed.errors
    assert stack.default() == stack.outputs()["training-serving"] == first
    preview = stack.preview()
    assert (changes(preview)["update"], "Publication" in preview) == (1, True)
    stack.mark(smoke=None)
    before = stack.written()
    assert stack.publish("smoke") != first
    assert stack.written() == before


def test_a_default_switched_by_hand_shows_in_a_plain_preview_and_is_healed(stack):
    first = stack.publish("A")
    second = stack.publish("B")
    stack.edit_endpoint(default=first)
    preview = stack.preview()
    assert f"drift: the endpoint serves {first}, the state says {second}" in preview
    assert changes(preview)["update"] == 1
    assert stack.up().code == 0
    assert stack.default() == second


def test_a_deployment_says_from_which_commit_it_is_and_another_commit_alone_is_no_change(stack):
    stack.environment["AZUREML_GIT_COMMIT"] = "c1"
    first = stack.publish("of c1")
    stack.environment["AZUREML_GIT_COMMIT"] = "c2"
    assert stack.run("preview", "--expect-no-changes").code == 0
    second = stack.publish("of c2")
    found = {name: item["properties"]["properties"] for name, item in stack.deployments().items()}
    assert found[first]["azureml.git.commit"] == found[first]["mlflow.source.git.commit"] == "c1"
    assert found[second]["azureml.git.commit"] == "c2"


def test_what_was_deleted_by_hand_is_made_again(stack):
    stack.publish("A")
    address = stack.endpoint_id
    stack.arm("DELETE", address)
    preview = stack.preview()
    assert changes(preview)["create"] == 3
    assert stack.up().code == 0
    assert stack.endpoint_id == address
    assert stack.default() == stack.outputs()["training-serving"]


def test_a_pin_holds_until_a_promote_clears_it(stack):
    first = stack.publish("A")
    second = stack.publish("B")
    pin(stack, first)
    preview = stack.ok("preview", "--expect-no-changes").text
    assert f"pinned to {first} by jane (bad accuracy): {second} is built, not serving" in preview
    smoked = stack.smoked()
    assert stack.publish("C") == stack.outputs()["training-serving"] == first
    assert stack.smoked() == smoked
    assert len(stack.deployments()) >= 3

    stack.mark(smoke="not yet")
    stack.ok("config", "set", "test:clears", "2026-01-01T00:00:00Z")
    assert stack.up().code == 1
    assert (stack.default(), "amlkit.pin" in stack.endpoint()["tags"]) == (first, True)
    stack.mark(smoke=None)
    assert stack.publish("C") not in (first, second)
    assert "amlkit.pin" not in stack.endpoint()["tags"]
    stack.ok("config", "rm", "test:clears")
    assert stack.run("preview", "--expect-no-changes").code == 0


def test_old_deployments_make_room_and_can_come_back(stack):
    first = stack.publish("A")
    for text in ("P", "Q", "R", "S"):
        last = stack.publish(text)
    held = stack.deployments()
    assert len(held) == 4
    assert first not in held
    assert last in held
    before = stack.written()
    assert stack.publish("A") == first
    assert {key: value for key, value in stack.written().items() if key.startswith("/subs")} == {
        key: value for key, value in before.items() if key.startswith("/subs")
    }


def test_without_a_cloud_a_preview_works_from_the_state(stack):
    stack.publish("A")
    process.stop(stack.home)
    try:
        stack.write("offline")
        preview = stack.preview()
        assert changes(preview)["update"] == 5
        assert "not checked against the cloud: no answer from" in preview
        failed = stack.up()
        assert (failed.code, "no answer from" in failed.text + failed.errors) == (1, True)
    finally:
        process.start(stack.home, environment=stack.environment)


def test_a_pipeline_that_leaves_keeps_its_assets_for_those_that_share_them(stack):
    stack.mark(pipelines="training second")
    stack.publish("shared")
    assert sorted(stack.endpoints()) == ["second", "training"]
    before = stack.written()
    stack.mark(pipelines="training")
    preview = stack.preview()
    assert changes(preview)["delete"] == 7 + 1  # four versions, endpoint, deployment, publication, and the component
    assert "retain" in preview
    stack.publish("shared")
    assert sorted(stack.endpoints()) == ["training"]
    assert stack.written() == before
    stack.mark(pipelines="training second")
    stack.publish("shared")
    assert stack.written() == before


def test_an_engine_killed_before_the_default_moves_leaves_the_old_version_serving(stack):
    first = stack.publish("A")
    stack.mark(kill="now")
    assert stack.up("killed").code != 0
    assert stack.default() == first
    stack.mark(kill=None)
    if stack.engine == "official":
        stack.ok("cancel", "--yes")
    before = stack.written()
    assert stack.publish("killed") != first
    assert stack.written() == before
    assert stack.run("preview", "--expect-no-changes").code == 0


def test_a_first_publish_that_was_killed_is_completed_without_a_duplicate(stack):
    stack.publish("A")
    stack.mark(pipelines="training second", kill="now")
    assert stack.up().code != 0
    stack.mark(kill=None)
    if stack.engine == "official":
        stack.ok("cancel", "--yes")
    before = stack.written()
    stack.publish("A")
    assert stack.written() == before
    assert stack.endpoints()["second"]["properties"]["defaults"]["deploymentName"]
    assert stack.run("preview", "--expect-no-changes").code == 0
