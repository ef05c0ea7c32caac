"""What exists is taken over: by the option `import_` and by the command `import`. Observed beside it: the CLI."""

import json

import pytest

X = 'Thing("x", text={0!r}, opts=O(import_="toy/x"))'


@pytest.fixture
def cloud(project):
    things = {"toy/x": {"name": "x", "text": "hi"}, "toy/y": {"name": "y", "text": "there", "zone": "1"}}
    (project.cloud / "things.json").write_text(json.dumps(things))
    return project


def test_an_import_is_read_into_the_state_and_stays_the_same_without_the_option(cloud):
    out = cloud.up(X.format("hi"))

    assert "1 imported" in out
    assert cloud.calls() == [("Read", "x")]
    kept = cloud.resources()["x"]
    assert (kept["id"], kept["importID"], kept["inputs"]["text"]) == ("toy/x", "toy/x", "hi")
    cloud.run("up", "--yes", "--skip-preview", "--expect-no-changes", program='Thing("x", text="hi")')
    assert "importID" not in cloud.resources()["x"]


def test_where_inputs_differ_an_update_follows_in_the_same_run(cloud):
    out = cloud.up(X.format("bye"))

    assert cloud.calls() == [("Read", "x"), ("Update", "x")]
    assert "1 imported" in out
    assert cloud.resources()["x"]["outputs"]["shout"] == "BYE"


def test_a_preview_reads_and_says_import_and_writes_nothing(cloud):
    cloud.write(X.format("hi"))

    assert "1 to import" in cloud.run("preview")
    assert cloud.names() == []


def test_an_import_that_would_replace_is_refused_and_names_why(cloud):
    out = cloud.up('Thing("y", text="there", zone="2", opts=O(import_="toy/y"))', 1)

    assert "previously-imported resources that still specify an ID may not be replaced" in out
    assert "zone: {1} => {2}" in out
    assert cloud.things()["toy/y"]["zone"] == "1"


def test_an_id_that_is_not_there_fails_and_leaves_no_trace(cloud):
    out = cloud.up('Thing("n", opts=O(import_="toy/nope"))', 1)

    assert "resource 'toy/nope' does not exist" in out
    assert cloud.names() == []
    assert cloud.pending() == []


def test_another_id_replaces_what_was_managed(cloud):
    cloud.up('Thing("r", text="mine")')
    cloud.calls()

    cloud.up('Thing("r", name="x", text="hi", opts=O(import_="toy/x"))')

    assert cloud.calls() == [("Read", "r"), ("Delete", "r")]
    assert cloud.resources()["r"]["id"] == "toy/x"


def test_what_was_only_read_becomes_managed(cloud):
    cloud.up('Thing.get("x", "toy/x", name="x")')
    cloud.calls()

    cloud.up(X.format("hi"))

    assert cloud.calls() == [("Read", "x")]
    assert "external" not in cloud.resources()["x"]
    assert "toy/x" in cloud.things()


def test_a_secret_of_the_program_is_never_in_clear_in_the_state(cloud):
    cloud.up('Thing("x", text=pulumi.Output.secret("hi"), opts=O(import_="toy/x"))')

    assert '"hi"' not in cloud.state_file.read_text()


def test_the_command_takes_one_resource_over_protected(cloud):
    out = cloud.run("import", "toy:index:Thing", "x", "toy/x", "--generate-code=false", "--yes", "-m", "a note")

    assert "1 to import" in out
    assert "1 imported" in out
    assert cloud.resources()["x"]["protect"] is True
    history = sorted((cloud.folder / "state/.pulumi/history").rglob("*.history.json"))
    entry = json.loads(history[-1].read_text())
    assert (entry["kind"], entry["message"]) == ("resource-import", "a note")
    again = cloud.run("import", "toy:index:Thing", "x", "toy/x", "--generate-code=false", "--yes")
    assert "2 unchanged" in again


def test_the_command_takes_a_file_with_parents_and_providers(cloud):
    resources = [
        {"type": "toy:index:Thing", "name": "y", "id": "toy/y", "provider": "p", "inputs": {"extra": "e"}},
        {"type": "toy:index:Thing", "name": "x", "id": "toy/x", "parent": "g"},
        {"type": "toy:index:Group", "name": "g", "component": True},
        {"type": "pulumi:providers:toy", "name": "p", "inputs": {"region": "n"}},
    ]
    (cloud.folder / "project/them.json").write_text(json.dumps({"resources": resources}))

    cloud.run("import", "--file", "them.json", "--generate-code=false", "--protect=false", "--yes", "--skip-preview")

    found = cloud.resources()
    assert found["x"]["parent"] == found["g"]["urn"]
    assert found["y"]["provider"] == f"{found['p']['urn']}::{found['p']['id']}"
    assert found["y"]["inputs"] == {"name": "y", "text": "there", "zone": "1", "extra": "e"}
    assert "protect" not in found["x"]


def test_every_mistake_in_a_file_is_told_at_once(cloud):
    resources = [
        {"type": "toy:index:Thing", "name": "a"},
        {"name": "b", "id": "1"},
        {"type": "toy:index:Group", "name": "g", "component": True, "id": "1"},
        {"type": "toy:index:Thing", "name": "c", "id": "1", "version": "x.y"},
    ]
    (cloud.folder / "project/bad.json").write_text(json.dumps({"resources": resources}))

    out = cloud.run("import", "--file", "bad.json", "--generate-code=false", "--yes", code=1)

    assert "resource 'a' of type 'toy:index:Thing' has no ID" in out
    assert "resource 'b' has no type" in out
    assert "resource 'g' of type 'toy:index:Group' has an ID, but is marked as a component" in out
    assert "could not parse version 'x.y' for resource 'c'" in out


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["toy:index:Thing", "x"], "missing id"),
        (["toy:index:Thing", "x", "toy/x", "--parent", "nope"], "invalid parent URN: 'nope'"),
        (["toy:index:Thing", "x", "toy/x", "--generate-code=true"], "add `--generate-code=false`"),
        (["--file", "nofile.json"], "could not read import file"),
        (["--from", "terraform"], "`--from` is not supported"),
    ],
)
def test_what_cannot_be_imported_is_refused_with_a_way_out(cloud, arguments, told):
    flags = [] if "--generate-code=true" in arguments else ["--generate-code=false"]

    assert told in cloud.run("import", *arguments, *flags, "--yes", code=1)


def test_a_changed_trigger_replaces_and_none_does_not(project):
    program = 'Thing("a", name=None, text="1", opts=O(replacement_trigger={0}))'
    project.up(program.format("1"))
    project.up(program.format("0"))
    assert [method for method, _ in project.calls()] == ["Create", "Create", "Delete"]
    assert project.resources()["a"]["replacementTrigger"] == 0

    project.up(program.format('pulumi.Output.secret("s3cret")'))
    assert "s3cret" not in project.state_file.read_text()
    project.calls()

    project.up(program.format("None"))
    assert project.calls() == []
