"""`stack import`, and states that are lost or damaged: told in a line, with the file and a way out."""

import copy
import json
import shutil
import subprocess
import sys

import pytest

PROGRAM = 'Thing("a", text=pulumi.Output.secret("hidden"))\nThing("b", text="x")'


@pytest.fixture
def made(project):
    project.up(PROGRAM)
    return project


def put(project, document, *flags, code=0, environ=None):
    """`stack import` of a document on standard input."""
    done = subprocess.run(
        project.command("stack", "import", *flags),
        cwd=project.folder / "project",
        env={**project.environ, **(environ or {})},
        input=document if isinstance(document, str) else json.dumps(document),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=60,
    )
    assert done.returncode == code, done.stdout
    return done.stdout


def exported(project, *flags):
    return json.loads(project.run("stack", "export", *flags))


def test_an_exported_state_comes_back_with_its_secrets_encrypted(made):
    clear = exported(made, "--show-secrets")
    assert "hidden" in json.dumps(clear)

    assert put(made, clear) == "Import complete.\n"

    assert "hidden" not in made.state_file.read_text()
    made.run("preview", "--expect-no-changes")


def test_pending_operations_are_dropped_and_named(made):
    document = exported(made)
    last = document["deployment"]["resources"][-1]
    document["deployment"]["pending_operations"] = [{"resource": last, "type": "updating"}]

    out = put(made, document)

    assert f"warning: removing pending operation 'updating' on '{last['urn']}' from snapshot" in out
    assert made.pending() == []


def test_a_state_of_another_stack_or_out_of_order_needs_force(made):
    document = exported(made)
    other = json.loads(json.dumps(document).replace(":dev::", ":prod::"))
    reversed_ = copy.deepcopy(document)
    reversed_["deployment"]["resources"].reverse()
    before = made.state_file.read_text()

    assert "is from a different stack (prod != dev)" in put(made, other, code=1)
    out = put(made, reversed_, code=1)
    assert "state file contains errors" in out
    assert "rerun with --force" in out
    assert made.state_file.read_text() == before
    assert "warning: state file contains errors" in put(made, reversed_, "--force")


@pytest.mark.parametrize("text", ["not json", "[]", "{}", '{"version": 99, "deployment": {}}'])
def test_what_is_no_state_is_refused(made, text):
    out = put(made, text, code=1)

    assert out.startswith("error: standard input: ")
    assert "hint:" in out


def test_a_wrong_passphrase_is_noticed_before_anything_is_written(made):
    document, before = exported(made), made.state_file.read_text()

    assert "incorrect passphrase" in put(made, document, code=1, environ={"PULUMI_CONFIG_PASSPHRASE": "wrong"})
    made.environ["PULUMI_CONFIG_PASSPHRASE"] = "wrong"
    assert "incorrect passphrase" in made.up(None, 1)
    assert made.state_file.read_text() == before


def test_a_damaged_salt_is_noticed_by_up(made):
    settings = made.folder / "project/Pulumi.dev.yaml"
    settings.write_text(settings.read_text().replace("v1:", "v1:AA", 1))

    assert "not a salt of passphrase secrets" in made.up(None, 1)


@pytest.mark.parametrize(
    "text",
    [
        "[]",
        '{"version":3,"checkpoint":{"latest":{"resources":3}}}',
        '{"version":3,"checkpoint":{"latest":{"resources":["x"]}}}',
        '{"version":3,"checkpoint":{"latest":{"resources":[{}]}}}',
        '{"version":3,"checkpoint":{"latest":{"secrets_providers":{"type":"passphrase"}}}}',
        '{"version":99,"checkpoint":{"latest":{}}}',
        '{"version":4,"features":["later"],"checkpoint":{"latest":{}}}',
    ],
)
def test_a_damaged_or_newer_state_is_one_line_with_its_place(made, text):
    made.state_file.write_text(text)

    for command in ("preview", "refresh --yes --skip-preview"):
        out = made.run(*command.split(), code=1)
        assert "Traceback" not in out
        assert f"error: {made.state_file}: " in out
        assert "hint:" in out


def test_an_export_of_an_unknown_version_is_refused(made):
    made.state_file.write_text('{"version":99,"checkpoint":{"latest":{}}}')

    assert "state of version 99; this engine reads 3 and 4" in made.run("stack", "export", code=1)


def test_a_lost_state_beside_its_copy_is_refused(made):
    made.up('Thing("b", text="x")')
    made.state_file.unlink()

    for command in ("preview", "up --yes --skip-preview", "stack export", "stack init dev"):
        out = made.run(*command.split(), code=1)
        assert "the state of this stack is missing" in out
        assert ".bak" in out
    assert not made.state_file.exists()


def test_a_lost_state_without_history_is_told_of_and_made_anew(made):
    made.up('Thing("b", text="x")')
    made.state_file.unlink()
    shutil.rmtree(made.folder / "state/.pulumi/history")

    for command in ("preview", "up --yes --skip-preview", "stack export"):
        out = made.run(*command.split(), code=6)
        assert "no stack named 'dev' found" in out
        assert f"this is a copy of it: {made.state_file}.bak" in out
    assert f"the next update replaces the copy of its state: {made.state_file}.bak" in made.run("stack", "init", "dev")


def test_where_an_operation_ran_is_in_the_history(made):
    made.environ |= {"PULUMI_EXPERIMENTAL": "1", "PULUMI_SKIP_UPDATE_CHECK": "no", "PULUMI_ACCESS_TOKEN": "hidden"}
    made.up(None, 0)
    made.run("refresh", "--yes", "--skip-preview")

    update, refresh = (
        json.loads(each.read_text())["environment"]
        for each in sorted((made.folder / "state/.pulumi/history").rglob("*.history.json"))[-2:]
    )
    assert update["pulumi.os"] == sys.platform
    assert update["pulumi.arch"]
    assert (update["updatePlan"], update["stack.environments"]) == ("false", "[]")
    assert (update["pulumi.env.PULUMI_EXPERIMENTAL"], update["pulumi.env.PULUMI_SKIP_UPDATE_CHECK"]) == (
        "true",
        "false",
    )
    assert update["pulumi.env.PULUMI_ACCESS_TOKEN"] == "set"
    assert update["runtime.name"] == "python"
    assert "runtime.name" not in refresh


def test_the_message_of_an_update_is_in_the_history(made):
    made.up(None, 0, "--message", "why")

    history = sorted((made.folder / "state/.pulumi/history").rglob("*.history.json"))
    assert json.loads(history[-1].read_text())["message"] == "why"
