"""Usage and hints name the program as it was called, so that they can be pasted."""

import pytest

from amlkit.engine import cli, stack


@pytest.fixture
def project(tmp_path):
    (tmp_path / "state").mkdir()
    (tmp_path / "Pulumi.yaml").write_text("name: try\nruntime: python\n")
    return tmp_path


def said(capsys, folder, *words, door=cli.main, **program):
    environ = {"PULUMI_BACKEND_URL": (folder / "state").as_uri(), "PULUMI_HOME": str(folder / "home")}
    door(list(words), cwd=folder, environ=environ, **program)
    printed = capsys.readouterr()
    return printed.out + printed.err


@pytest.mark.parametrize("door", [cli.main, stack.run])
@pytest.mark.parametrize("program", [{}, {"program": "amlkit"}])
def test_usage_and_hints_name_the_program(project, capsys, door, program):
    name = program.get("program", "python -m amlkit.engine")
    assert f"usage: {name} stack " in said(capsys, project, "stack", "--help", door=door, **program)
    assert f"hint: see `{name}" in said(capsys, project, "stack", "--wrong", door=door, **program)
    hint = f"hint: make it with `{name} stack init dev`"
    assert hint in said(capsys, project, "stack", "--stack", "dev", door=door, **program)


def test_the_commands_that_run_a_program_do_too(project, capsys):
    assert "usage: amlkit preview " in said(capsys, project, "preview", "--help", program="amlkit")
    hint = "hint: make it with `amlkit stack init dev`"
    assert hint in said(capsys, project, "refresh", "--yes", "--stack", "dev", program="amlkit")


def test_what_is_no_verb_in_a_hint_stays(project, capsys):
    assert "hint: use `--stack NAME` or `amlkit stack select NAME`" in said(
        capsys, project, "preview", program="amlkit"
    )
