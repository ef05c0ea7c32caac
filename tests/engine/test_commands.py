"""`python -m amlkit.engine`: flags, exit codes and what is refused by name."""

import os
import subprocess

import pytest

ONE = 'Thing("a", text=pulumi.Config().get("text") or "none")\n'


def test_without_yes_and_without_a_terminal_it_does_not_begin(project):
    out = project.run("up", program=ONE, code=2)

    assert "--yes or --skip-preview must be passed in" in out
    assert project.calls() == []


def test_up_shows_the_preview_first(project):
    out = project.run("up", "--yes", program=ONE)

    assert out.index("to create") < out.index("created")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["up", "--nonsense"], "--nonsense"),
        (["up", "--yes", "--target", "x"], "use the Pulumi CLI, on the same state: `pulumi up … --target`"),
        (["refresh", "--continue-on-error"], "`--continue-on-error` is not supported by the embedded engine"),
        (["preview", "--policy-pack=x"], "`--policy-pack` is not supported"),
        (["preview", "--color", "raw"], "--color"),
        (["state", "unprotect", "urn"], "use the Pulumi CLI, on the same state: `pulumi state unprotect urn`"),
        (["watch"], "`watch` is not supported by the embedded engine"),
        (["stack", "history", "x"], "`stack history` is not supported by the embedded engine"),
        (["preview", "--event-log", "/nowhere/at/all"], "the event log cannot be written"),
        (["preview", "-C", "/nowhere/at/all"], "no Pulumi.yaml"),
        (["up", "--yes", "--parallel", "-1"], "--parallel"),
        (["up", "--yes", "-c", "oops"], "not a setting"),
        (["dance"], "dance"),
    ],
)
def test_a_wrong_command_line_is_one_error_and_exit_code_one(project, arguments, said):
    out = project.run(*arguments, code=1)

    assert said in out
    assert "Traceback" not in out


@pytest.mark.parametrize("command", [("stack", "export"), ("up", "--yes", "--skip-preview")])
def test_a_reader_that_leaves_ends_the_command_without_a_traceback(project, command):
    project.up(ONE)
    project.write(ONE.replace('"none"', '"x" * 300'))
    reader, writer = os.pipe()
    os.close(reader)

    done = subprocess.run(
        project.command(*command),
        cwd=project.folder / "project",
        env=project.environ,
        stdout=writer,
        stderr=subprocess.PIPE,
        text=True,
        timeout=120,
    )

    os.close(writer)
    assert (done.returncode, done.stderr) == (1, "")
    project.up()
    assert project.things()["toy/a"]["text"] == "x" * 300


def test_an_unknown_stack_exits_with_six(project):
    assert "no stack named 'nobody' found" in project.run("preview", "--stack", "nobody", code=6)


def test_up_that_changes_something_unexpected_exits_with_seven(project):
    project.up(ONE, 7, "--expect-no-changes")
    project.up(ONE, 0, "--expect-no-changes")


def test_a_setting_given_on_the_command_line_is_kept(project):
    project.up(ONE, 0, "-c", "text=given")
    project.up(ONE)

    assert project.things()["toy/a"]["text"] == "given"


def test_a_wrong_passphrase_is_one_line(project):
    project.run("config", "set", "text", "secret-text", "--secret")
    project.environ["PULUMI_CONFIG_PASSPHRASE"] = "wrong"

    out = project.up(ONE, code=1)

    assert "incorrect passphrase" in out
    assert "Traceback" not in out


def test_secrets_of_the_settings_are_never_in_the_state_in_clear(project):
    project.run("config", "set", "text", "hunter2hunter2", "--secret")
    program = 't = pulumi.Config().require_secret("text")\nThing("a", text=t)\npulumi.export("o", t)'
    out = project.up(program)

    everything = "".join(file.read_text() for file in (project.folder / "state").rglob("*.json"))
    assert "hunter2" not in everything.lower()
    assert "hunter2" not in out.lower()
    assert project.things()["toy/a"]["text"] == "hunter2hunter2"


def test_dynamic_providers_are_refused_by_name(project):
    program = (
        "from pulumi import dynamic\nclass P(dynamic.ResourceProvider):\n    pass\n"
        'class R(dynamic.Resource):\n    pass\nR(P(), "r", {})'
    )

    out = project.up(program, code=1)

    assert "dynamic providers" in out
    assert project.calls() == []


def test_aliases_of_nothing_in_the_state_do_no_harm(project):
    project.up('Thing("new", opts=O(aliases=[pulumi.Alias(name="old"), pulumi.Alias(type_="toy:old:Thing")]))')

    assert project.names() == ["new"]


def test_functions_are_called_in_previews_too(project):
    program = 'pulumi.export("e", pulumi.runtime.invoke("toy:index:echo", {"text": "hi"}).value["echo"])'
    assert '"hi"' in project.run("preview", program=program)
    project.up()

    assert project.resources()["try-dev"]["outputs"] == {"e": "hi"}


def test_a_function_that_refuses_fails_the_program(project):
    out = project.up('pulumi.runtime.invoke("toy:index:echo", {"fail": True})', code=1)

    assert "asked to" in out


def test_a_function_waits_in_a_preview_for_what_is_not_there_yet(project):
    program = 'a = Thing("a")\npulumi.export("e", pulumi.runtime.invoke_output("toy:index:echo", {"text": a.id}))'
    project.run("preview", program=program)

    assert project.calls("Invoke") == []


def test_outputs_of_another_stack_are_read_and_stay_secret(project):
    project.run("stack", "init", "other", "--no-select")
    project.up('pulumi.export("plain", 1)\npulumi.export("hidden", pulumi.Output.secret("hunter2hunter2"))')
    project.write(
        'r = pulumi.StackReference("organization/try/dev")\n'
        'pulumi.export("p", r.get_output("plain"))\npulumi.export("h", r.get_output("hidden"))'
    )
    project.run("up", "--yes", "--skip-preview", "--stack", "other")

    assert "hunter2" not in (project.state_file.with_name("other.json")).read_text()
    assert project.run("stack", "output", "p", "--stack", "other").strip() == "1"
    assert project.run("stack", "output", "h", "--show-secrets", "--stack", "other").strip() == "hunter2hunter2"


def test_a_missing_other_stack_is_named(project):
    out = project.up('pulumi.StackReference("organization/nobody/dev")', code=1)

    assert 'unknown stack "organization/nobody/dev"' in out


def test_one_at_a_time_is_enough(project):
    project.up('for i in range(6):\n    Thing(f"t{i}", seconds=0.01)', 0, "--parallel", "1")

    assert len(project.names()) == 6


def test_many_resources_at_once(project):
    project.up('last = None\nfor i in range(80):\n    Thing(f"t{i}", text="x")')

    assert len(project.things()) == 80


def test_a_plugin_without_handshake_and_without_secrets_leaks_none(project):
    project.environ |= {"FAKECLOUD_NO_HANDSHAKE": "1", "FAKECLOUD_SECRETS": "no"}
    program = (
        'Thing("a", code=pulumi.Output.secret("hunter2hunter2"), deep={"x": [pulumi.Output.secret("hunter3hunter3")]})'
    )
    project.up(program)
    project.run("refresh", "--yes", "--skip-preview")

    assert "hunter" not in project.state_file.read_text().lower()
    project.calls()
    project.up()
    assert project.calls() == []


def test_what_a_program_prints_arrives_whole(project):
    out = project.up('print("first line")\nprint("second: ünï")\nimport sys\nprint("to stderr", file=sys.stderr)')

    assert "first line" in out
    assert "second: ünï" in out
    assert "to stderr" in out


def test_an_error_that_the_program_logs_is_shown_and_fails_nothing(project):
    assert "this is bad" in project.up('pulumi.log.error("this is bad")')
