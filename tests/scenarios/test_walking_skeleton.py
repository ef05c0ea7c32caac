"""The whole story, as a user lives it: up, run, edit, preview, publish, go back, drift, destroy. Told in order."""

from __future__ import annotations

import json
import re
import shlex
import sys
import urllib.error
from pathlib import Path

import pytest

from .project import Project
from .rest import arm, call

SCRIPT = "components/train/train.py"
WRITES = re.compile(r"^ [+~-].*$", re.MULTILINE)


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    copy = Project.copy_to(tmp_path_factory.mktemp("clone"))
    copy.ok("local", "start")
    try:
        yield copy
    finally:
        copy.ok("local", "stop")


def steps_of(text: str) -> dict[str, str]:
    """`{"slow": "ran", …}` and, behind a space, the reason, from what `invoke` and `explain` print."""
    line = r"^(extract|slow|fast|compare) +(ran|reused|failed|canceled)(?: +[\d.]+ s)?(.*)$"
    rows = re.findall(line, text, re.MULTILINE)
    return {name: f"{word} {reason.strip()}" for name, word, reason in rows}


def changed(text: str) -> list[str]:
    """The resources that a preview would change, as `~ AssetVersion training`; what it reads first changes nothing."""
    return sorted(re.findall(r"^ ([+~-]+) +[\w:-]+:(\w+ [\w-]+) (?!refresh)", text, re.MULTILINE))


def test_up_publishes_and_a_run_ends_with_the_accuracy_of_both_models(project):
    project.ok("up", "--yes", "--skip-preview")
    shown = project.ok("invoke", "training")
    assert {name: words.split()[0] for name, words in steps_of(shown).items()} == dict.fromkeys(
        ("extract", "slow", "fast", "compare"), "ran"
    )
    accuracies = dict(re.findall(r"^(slow|fast) +accuracy ([\d.]+)\b", shown, re.MULTILINE))
    assert accuracies.keys() == {"slow", "fast"}
    assert all(0.9 < float(value) < 1 for value in accuracies.values())
    assert re.search(r"^Endpoint: https://127\.0\.0\.1:\d+/", shown, re.MULTILINE)
    report = project.root / re.search(r"^Output report: (.*)$", shown, re.MULTILINE)[1] / "report.json"
    assert json.loads(report.read_text())


def test_a_second_up_changes_nothing_and_a_second_run_reuses_every_step(project):
    assert WRITES.findall(project.ok("up", "--yes", "--skip-preview")) == []
    assert {word.split()[0] for word in steps_of(project.ok("invoke", "training")).values()} == {"reused"}
    assert "hint: published are: training\n" in project.amlkit("invoke", "zzz").stderr
    project.ok("preview", "--expect-no-changes")


def test_the_official_clients_need_nothing_of_ours(project, tmp_path):
    client = Path(__file__).with_name("client.py")
    ended = project.run(sys.executable, str(client), str(tmp_path), **project.local_environment())
    assert ended.code == 0, ended.text
    assert "components compare extract train training" in ended.stdout
    assert "children compare extract fast slow" in ended.stdout
    assert (tmp_path / "named-outputs" / "report" / "report.json").is_file()


def test_an_edit_that_leaves_the_bytes_equal_stops_at_its_step(project):
    project.edit(SCRIPT, "EPOCHS = 30", "EPOCHS = 30  # rounds")
    assert changed(project.ok("preview")) == [
        ("~", "AssetVersion training"),
        ("~", "AssetVersion training-train"),
        ("~", "AssetVersion training-train-code"),
        ("~", "Deployment training"),
        ("~", "Publication training"),
    ]
    project.ok("up", "--yes", "--skip-preview")
    steps = steps_of(project.ok("invoke", "training"))
    assert steps["slow"] == steps["fast"] == "ran code changed: train.py changed"
    assert steps["extract"].startswith("reused")
    assert steps["compare"].startswith("reused"), "the models' bytes are the same"


def test_an_edit_that_changes_the_model_runs_what_depends_on_it(project):
    project.edit(SCRIPT, "EPOCHS = 30  # rounds", "EPOCHS = 40")
    project.ok("up", "--yes", "--skip-preview")
    shown = project.ok("invoke", "training")
    steps = steps_of(shown)
    assert steps["extract"].startswith("reused")
    assert steps["slow"] == "ran code changed: train.py changed"
    assert steps["compare"].startswith("ran inputs changed: ")
    run = re.search(r"amlkit explain ([\w-]+)", shown)[1]
    assert steps_of(project.ok("explain", run)) == steps
    source = re.fullmatch(r"reused nothing changed since run ([\w-]+)", steps["extract"])[1]
    assert steps_of(project.ok("explain", source))["extract"] == "ran first run"


def test_going_back_writes_no_asset(project):
    versions = assets(project)
    project.edit(SCRIPT, "EPOCHS = 40", "EPOCHS = 30")
    project.ok("up", "--yes", "--skip-preview")
    assert assets(project) == versions
    assert {word.split()[0] for word in steps_of(project.ok("invoke", "training")).values()} == {"reused"}


def test_a_default_switched_by_hand_shows_in_a_plain_preview_and_up_heals_it(project):
    endpoint = next(iter(arm(project, "/batchEndpoints")["value"]))
    serving = endpoint["properties"]["defaults"]["deploymentName"]
    held = arm(project, f"/batchEndpoints/{endpoint['name']}/deployments")["value"]
    other = next(each["name"] for each in held if each["name"] != serving)
    endpoint["properties"]["defaults"]["deploymentName"] = other
    arm(project, f"/batchEndpoints/{endpoint['name']}", "PUT", endpoint)
    shown = project.ok("preview")
    assert changed(shown) == [("~", "Publication training")]
    assert f"drift: the endpoint serves {other}" in shown
    project.ok("up", "--yes", "--skip-preview")
    assert arm(project, f"/batchEndpoints/{endpoint['name']}")["properties"]["defaults"]["deploymentName"] == serving
    project.ok("preview", "--expect-no-changes")


def test_a_failing_step_shows_its_last_lines_and_stops_what_depends_on_it(project):
    healthy = "    options = parser.parse_args()"
    failing = '    parser.parse_args()\n    raise SystemExit("no such digit")'
    project.edit(SCRIPT, healthy, failing)
    project.ok("up", "--yes", "--skip-preview")
    ended = project.amlkit("invoke", "training")
    assert ended.code == 1
    assert "no such digit" in ended.stderr
    assert "exit code 1" in ended.stderr
    assert "Traceback" not in ended.stderr
    run = re.search(r"amlkit runs logs ([\w-]+)", ended.stderr)[1]
    assert {words[:3] for name, words in steps_of(project.ok("explain", run)).items() if name == "compare"} <= {"can"}
    project.edit(SCRIPT, failing, healthy)
    project.ok("up", "--yes", "--skip-preview")


@pytest.mark.parametrize(
    ("path", "token", "status"),
    [("/subscriptions", "", 401), ("/subscriptions", "Bearer wrong", 401), ("/no/such/route", "", 501)],
)
def test_refusals_have_azures_shape(project, path, token, status):
    with pytest.raises(urllib.error.HTTPError) as caught:
        call(project, f"{path}?api-version=2022-12-01", headers={"Authorization": token})
    assert caught.value.code == status
    assert {"code", "message"} <= json.load(caught.value)["error"].keys()


def test_a_restart_keeps_everything(project):
    before = project.ok("runs")
    project.ok("local", "stop")
    stopped = project.amlkit("runs")
    assert (stopped.code, "amlkit local start" in stopped.stderr) == (1, True)
    assert project.amlkit("local", "status").code == 1
    project.ok("local", "start")
    assert project.ok("runs") == before
    project.ok("preview", "--expect-no-changes")


def test_the_commands_to_try_next_work_as_they_are_printed(project):
    commands = project.ok("invoke", "training").partition("\nTry next:\n")[2].splitlines()
    assert [re.search(r"amlkit (\w+)", each)[1] for each in commands] == ["explain", "invoke", "preview"]
    for each in commands:
        ended = project.run(*shlex.split(each))
        assert ended.code == 0, ended.text


def test_destroy_leaves_no_resource_and_up_begins_anew(project):
    project.ok("destroy", "--yes")
    assert not (project.root / ".azureml" / "config.json").exists()
    groups = call(project, "/subscriptions/00000000-0000-0000-0000-000000000001/resourcegroups?api-version=2022-09-01")
    assert groups["value"] == []
    assert "resources" not in json.loads(project.ok("stack", "export"))["deployment"]
    project.ok("up", "--yes", "--skip-preview")
    assert "accuracy" in project.ok("invoke", "training")


def assets(project: Project) -> set[tuple[str, str]]:
    """Every registered version, with the time of its last write."""
    found = set()
    for kind in ("codes", "environments", "components"):
        for container in arm(project, f"/{kind}")["value"]:
            versions = arm(project, f"/{kind}/{container['name']}/versions")["value"]
            found |= {(each["id"], each["systemData"]["lastModifiedAt"]) for each in versions}
    return found
