"""The Pulumi CLI behind the same commands and records; what needs it runs where `pulumi` is on PATH."""

import re
import shutil
import subprocess
from collections import Counter

import pytest

from amlkit.engine import choice, cli
from amlkit.engine.events import Op
from amlkit.engine.officialevents import Reader
from amlkit.errors import SetupError

from .conftest import make_project
from .test_events import FIRST, SECOND

needs_cli = pytest.mark.skipif(shutil.which("pulumi") is None, reason="the Pulumi CLI is not on PATH")
CHANGED = SECOND.replace('r = Thing.get("r", "toy/b", name="b")\n', "")


def summary(result):
    """What two engines must agree on."""
    steps = Counter(
        (step.op, step.urn, step.id, step.parent, tuple(sorted(step.changes.items())), step.gone)
        for step in result.steps
        if not step.is_default_provider
    )
    messages = Counter((each.severity, each.message.strip(), each.urn) for each in result.messages)
    return result.kind, result.succeeded, dict(result.changes), steps, messages, sorted(result.outputs)


def lines(text):
    """What was printed, whatever the order and the time."""
    return Counter(re.sub(r"\d+(\.\d+)?s\b", "0s", line).rstrip() for line in text.splitlines())


@pytest.fixture
def theirs(tmp_path):
    made = make_project(tmp_path / "theirs")
    subprocess.run(["pulumi", "stack", "init", "dev"], cwd=made.folder / "project", env=made.environ, check=True)
    return made


def test_a_stream_of_events_is_read_as_the_result_that_it_tells_of(project, capfd):
    events = []
    for program, kind in ((FIRST, "update"), (CHANGED, "update"), (CHANGED, "refresh")):
        project.write(program)
        verb = "up" if kind == "update" else kind
        capfd.readouterr()
        arguments = [verb, "--yes", "--skip-preview", "--json"]
        assert cli.main(arguments, cwd=project.folder / "project", environ=project.environ) == 0
        reader = Reader(kind, events.append)
        for line in capfd.readouterr().out.splitlines():
            reader.take(line)
        last = reader.result(0)

        assert last.succeeded
        assert last.kind == kind
    assert last.changes == {Op.SAME: 4, Op.DELETE: 1}  # the replaced one had the id of its replacement
    replaced = [event for event in events if getattr(event, "op", None) is Op.REPLACE]
    assert [(event.state, event.changes["zone"], event.id) for event in replaced] == [
        ("done", "update-replace", "toy/a")
    ]


@needs_cli
def test_both_engines_give_the_same_records_and_print_the_same(project, theirs, capfd):
    folders = {"embedded": project, "official": theirs}
    for program, verb, flags in (
        (FIRST, "up", ("--yes",)),
        (CHANGED, "preview", ("--diff",)),
        (CHANGED, "up", ("--yes", "--skip-preview")),
        (CHANGED, "refresh", ("--preview-only",)),
        (CHANGED, "destroy", ("--yes", "--skip-preview")),
    ):
        results, texts = [], []
        for engine, each in folders.items():
            each.write(program)
            where = each.folder / "project"
            results.append(summary(choice.operate(engine, verb, "dev", where, each.environ, preview=True)))
            capfd.readouterr()
            assert choice.run(engine, [verb, "--stack", "dev", *flags], where, each.environ, program="amlkit") == 0
            texts.append(re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "ID", capfd.readouterr().out))
        assert results[0] == results[1], verb
        assert lines(texts[0]) == lines(texts[1]), verb


@needs_cli
def test_a_mistyped_stack_is_not_made(theirs):
    theirs.write(FIRST)
    with pytest.raises(SetupError, match="there is no stack `dve`") as caught:
        choice.run("official", ["up", "--yes", "--stack", "dve"], theirs.folder / "project", theirs.environ)
    assert caught.value.problems[0].hint == "did you mean `dev`?"
    assert not theirs.state_file.with_name("dve.json").exists()


@needs_cli
@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["up", "--yes", "--skip-preview", "--nonsense"], 1, "error: unknown flag: --nonsense"),
        (["refresh", "--yes", "--skip-preview", "--stack", "nope"], 6, "error: no stack named 'nope' found"),
        (["destroy"], 2, "--yes or --skip-preview must be passed in"),
    ],
)
def test_what_the_cli_refuses_is_told_with_its_exit_code(theirs, capfd, arguments, code, said):
    theirs.write("pass")
    assert choice.run("official", arguments, theirs.folder / "project", theirs.environ) == code
    assert said in capfd.readouterr().err
