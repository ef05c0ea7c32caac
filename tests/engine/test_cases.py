"""Every parity case on the embedded engine, against what the Pulumi CLI was recorded to do; and the table in the docs.

`python -m tests.engine.cases` records anew and compares live; see `cases/__init__.py`.
"""

import pytest

from .cases import interpreter, play, story, table, work

CASES = {case.name: case for case in story.every()}


@pytest.fixture(scope="module")
def warm(tmp_path_factory):
    with interpreter.warmed(tmp_path_factory.mktemp("warm")) as process:
        yield process


@pytest.mark.parametrize("name", CASES)
def test_the_embedded_engine_does_what_the_cli_was_recorded_to_do(name, tmp_path, warm):
    unlike = work.check(CASES[name], tmp_path, warm)
    assert not unlike, "\n".join(unlike)


def test_every_case_was_recorded_and_nothing_else_was():
    wanted = {case.expectation for case in CASES.values() if not case.refused}
    assert set(story.FOLDER.rglob("*.json")) == wanted


def test_what_is_said_to_differ_differs():
    for case in CASES.values():
        if case.differs:
            steps = play.expected(case)
            assert {field for step in steps for field in step.get(play.EMBEDDED, {})} == set(case.differs_in), case.name


def test_the_recordings_name_no_machine_and_no_time():
    for case in CASES.values():
        if not case.refused:
            text = case.expectation.read_text()
            assert not [word for word in work.FORBIDDEN if word in text], case.name


def test_the_table_in_the_docs_is_that_of_the_cases():
    text = table.DOCUMENT.read_text()
    assert table.replaced(text) == text, "run `python -m tests.engine.cases table`"


def test_a_case_that_does_not_read_is_refused_with_its_place(tmp_path):
    file = tmp_path / "steps/bad.case"
    file.parent.mkdir()
    for text, told in (
        ("covers: x\n\n$ up\n", "steps/bad: the header lacks title"),
        ("title: x\ncovers: x\ndiffers: because\n\n$ up\n", "`differs` goes with `differs-in`"),
        ("title: x\ncovers: x\n\npass\n", "steps/bad: no command"),
        ("title: x\ncovers: x\n\n! wish\n$ up\n", "steps/bad: not known: ! wish"),
        ("title: x\ncovers: x\n\n! cloud a {\n$ up\n", "needs a name and JSON"),
    ):
        file.write_text(text)
        with pytest.raises(story.BadCaseError, match=told):
            story.read(file)
