"""A whole platform as a user lives it, on a local Azure ML: up, nothing to do, changed, adopted, destroyed, purged."""

import json
from pathlib import Path

import pytest

from amlkit.home import STORAGE_SUFFIX, SUBSCRIPTION

from .stack import WORKSPACE, living

MAIN = Path(__file__).parent / "whole"
SETTINGS = {
    "identity": "user",
    "grants": "true",
    "containerRegistry": "true",
    "sharedKeys": "false",
    "names": "stable",
    "purge": "true",
}
VAULTS = f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.KeyVault/deletedVaults"


@pytest.fixture(scope="module", params=["embedded", "official"])
def stack(request, tmp_path_factory, azure_forks):
    folder = tmp_path_factory.mktemp(request.param)
    with living(request, folder, azure_forks, main=MAIN) as made:
        made.ok("config", "set", "azure-native:location", "westeurope")
        for key, value in SETTINGS.items():
            made.ok("config", "set", f"small:{key}", value)
        made.ok("up", "--yes", "--skip-preview")
        yield made


def resources(stack):
    """The state's resources of azure-native, by `Type.name`; those that are only read are left out."""
    found = json.loads(stack.ok("stack", "export").text)["deployment"].get("resources", [])
    ours = [each for each in found if each["type"].startswith("azure-native:") and not each.get("external")]
    return {f"{each['type'].rpartition(':')[2]}.{each['urn'].rpartition('::')[2]}": each for each in ours}


def summary(text):
    return [line.strip() for line in text.splitlines() if line.strip().startswith(("+", "~", "-"))]


def test_it_is_there_and_there_is_nothing_more_to_do(stack):
    outputs = stack.outputs()
    workspace = stack.arm("GET", outputs["workspace"])
    assert workspace["tags"] == {"project": "small", "stack": "local"}
    assert workspace["identity"]["type"] == "UserAssigned"
    assert workspace["properties"]["containerRegistry"]
    assert outputs["account"].startswith("smalllocal")
    assert outputs["compute"] == f"{WORKSPACE}/computes/cpu"
    assert outputs["datastore"] == "workspaceblobstore"
    assert outputs["place"].startswith(f"https://smallstore.blob.{STORAGE_SUFFIX}/azureml-blobstore-")
    added = stack.arm("GET", f"{WORKSPACE}/datastores/added")["properties"]
    assert (added["accountName"], added["containerName"]) == ("smallstore", "snapshots")
    assert "/azureml-blobstore-" in outputs["snapshots"]
    stack.ok("preview", "--expect-no-changes")
    stack.ok("refresh", "--yes", "--expect-no-changes")
    stack.ok("preview", "--expect-no-changes")


def test_a_change_that_azure_refuses_is_a_replacement_and_goes_through(stack):
    stack.ok("config", "set", "small:vmSize", "Standard_D2_v2")
    plan = stack.preview()
    assert any("cpu" in line and "replace" in line for line in summary(plan)), plan
    stack.ok("up", "--yes", "--skip-preview")
    cluster = stack.arm("GET", f"{stack.outputs()['workspace']}/computes/cpu")
    assert cluster["properties"]["properties"]["vmSize"] == "Standard_D2_v2"
    stack.ok("preview", "--expect-no-changes")


def test_what_is_no_longer_asked_for_is_a_replacement_too(stack):
    stack.ok("config", "set", "small:priority", "low-priority")
    stack.ok("up", "--yes", "--skip-preview")
    stack.ok("config", "rm", "small:priority")
    assert any("cpu" in line and "replace" in line for line in summary(stack.preview()))
    stack.ok("up", "--yes", "--skip-preview")
    cluster = stack.arm("GET", f"{stack.outputs()['workspace']}/computes/cpu")
    assert cluster["properties"]["properties"]["vmPriority"] == "Dedicated"


def test_drift_is_shown_by_name_and_healed(stack):
    before = stack.arm("GET", stack.outputs()["workspace"])
    body = {key: before[key] for key in ("location", "identity", "properties")}
    stack.arm("PUT", before["id"], {**body, "tags": {**before["tags"], "stack": "stolen"}})
    shown = stack.ok("preview", "--refresh", "--diff").text
    assert "stolen" in shown
    stack.ok("up", "--yes", "--skip-preview", "--refresh")
    assert stack.arm("GET", before["id"])["tags"] == before["tags"]


def test_what_a_lost_state_knew_is_adopted_and_stays_what_it_is(stack):
    before = resources(stack)
    export = stack.ok("stack", "export").text
    adopted = {name: each["id"] for name, each in before.items()}
    try:
        stack.ok("stack", "rm", "--yes", "--force", "--preserve-config")
        stack.ok("stack", "init", "local")
        stack.ok("config", "set", "small:adopt", json.dumps(adopted))
        stack.ok("up", "--yes", "--skip-preview")
        assert {name: each["id"] for name, each in resources(stack).items()} == adopted
        stack.ok("config", "rm", "small:adopt")
        plan = stack.preview()
        assert not [line for line in summary(plan) if line.startswith(("+", "-", "+-"))], plan
        stack.ok("up", "--yes", "--skip-preview")
        assert {name: each["id"] for name, each in resources(stack).items()} == adopted
        stack.ok("preview", "--expect-no-changes")
    except AssertionError:
        (stack.home.root / "export.json").write_text(export)
        raise


def test_to_say_no_longer_that_it_is_purged_takes_nothing_away(stack):
    workspace = stack.outputs()["workspace"]
    stack.ok("config", "rm", "small:purge")
    stack.ok("up", "--yes", "--skip-preview")
    assert stack.arm("GET", workspace)
    assert stack.arm("GET", VAULTS)["value"] == []
    stack.ok("config", "set", "small:purge", "true")
    stack.ok("up", "--yes", "--skip-preview")


def test_destroyed_it_is_gone_purged_and_what_was_only_used_is_as_it_was(stack):
    workspace, used = stack.outputs()["workspace"], stack.arm("GET", WORKSPACE)
    stack.ok("destroy", "--yes")
    assert resources(stack) == {}
    assert stack.arm("GET", workspace) is None
    assert stack.arm("GET", VAULTS)["value"] == []
    assert stack.arm("GET", WORKSPACE) == used
    assert stack.arm("GET", f"{WORKSPACE}/datastores/added") is None
    stack.ok("up", "--yes", "--skip-preview")
    stack.ok("destroy", "--yes")
