"""The code of a step on disk: includes from elsewhere, what counts for reuse, and what the digest is of."""

from __future__ import annotations

import json

import pytest

from amlkit.components.component import inspect
from amlkit.components.render import assets
from amlkit.components.step import definition_of
from tests.components.written import complete, whats


@pytest.fixture
def made(tmp_path, load):
    """The definition of a step in `step/` beside `shared/`, with the class arguments given."""
    step, shared = tmp_path / "step", tmp_path / "shared"
    for folder in (step, shared, step / "lib"):
        folder.mkdir()
    (step / "train.py").write_text("")
    (step / "lib" / "a.py").write_text("a")
    (step / "notes.txt").write_text("notes")
    (shared / "common.py").write_text("common")
    (tmp_path / "table.csv").write_text("1")

    def made(arguments: str, kind: str = 'PythonScriptStep, script="train.py"'):
        from tests.components.written import load as load_in

        text = f'class Made({kind}, environment=Curated("sklearn-1.5"), {arguments}):\n    pass\n'
        return definition_of(load_in(step, made.monkeypatch, text).Made)

    return made


@pytest.fixture(autouse=True)
def _patch(made, monkeypatch):
    made.monkeypatch = monkeypatch


def paths(step) -> list[str]:
    return [file.path for file in complete(step).snapshot.files]


def test_includes_join_the_code_under_their_own_names(made):
    found = paths(made('additional_includes=["../shared", "../table.csv"]'))
    assert found == ["lib/a.py", "notes.txt", "shared/common.py", "table.csv", "train.py"]


def test_an_include_counts_as_code(made, tmp_path):
    before = complete(made('additional_includes=["../shared"]')).definition
    (tmp_path / "shared" / "common.py").write_text("other")
    assert complete(made('additional_includes=["../shared"]')).definition != before


def test_includes_that_cannot_be(made, tmp_path):
    (tmp_path / "shared" / "lib").mkdir()
    (tmp_path / "shared" / "lib" / "a.py").write_text("b")
    for include in ("../absent", "../shared/lib"):
        assert whats(made(f'additional_includes=["{include}"]'))


def test_hash_paths_narrow_what_counts(made, tmp_path):
    component = complete(made('hash_paths=["lib"]'))
    assert component.hash_paths == ("lib", "train.py")
    body = assets(component, "p")[-1].body
    assert json.loads(body["properties"]["amlkit.hash_paths"]) == ["lib", "train.py"]
    assert "amlkit.hash_extra" not in body["properties"]


def test_hash_paths_outside_of_the_code_add_to_what_counts(made, tmp_path):
    component = complete(made('hash_paths=["../table.csv"]'))
    assert component.hash_paths == ()
    before = component.hash_extra
    assert assets(component, "p")[-1].body["properties"]["amlkit.hash_extra"] == before
    (tmp_path / "table.csv").write_text("2")
    assert complete(made('hash_paths=["../table.csv"]')).hash_extra != before
    assert "table.csv" not in paths(made('hash_paths=["../table.csv"]'))


def test_hash_paths_know_includes_by_where_they_come_from(made):
    component = complete(made('hash_paths=["../shared/common.py"], additional_includes=["../shared"]'))
    assert (component.hash_paths, component.hash_extra) == (("shared/common.py", "train.py"), "")


def test_hash_paths_that_lead_nowhere(made):
    assert whats(made('hash_paths=["lbi", "notes.txt"]')) == [
        "made.hash_paths: no such file or folder in the step's code: lbi"
    ]


def test_what_is_not_set_has_no_part_in_the_definition(made):
    plain = complete(made("")).definition
    said = complete(made("retries=0, instances=1, timeout=None, tags={'a': 'b'}, environment_variables={}")).definition
    assert plain == said


@pytest.mark.parametrize(
    "argument",
    [
        "retries=1",
        "instances=2",
        "timeout=60",
        'shm_size="2g"',
        'environment_variables={"A": "1"}',
        "distribution=distribution.Mpi()",
        'hash_paths=["lib"]',
        'hash_paths=["../table.csv"]',
        "allow_reuse=False",
    ],
)
def test_what_is_said_is_part_of_the_definition(made, argument):
    assert complete(made("")).definition != complete(made(argument)).definition


def test_an_edit_of_the_definition_is_no_edit_of_the_code_in_a_folder_above_either(made, tmp_path):
    kind = 'CommandStep, command="ls", code=".."'
    component, problems = inspect(made("", kind))
    assert problems == ()
    assert [file.path for file in component.snapshot.files] == [
        "shared/common.py",
        "step/lib/a.py",
        "step/notes.txt",
        "step/train.py",
        "table.csv",
    ]
