"""Environments and their locks: what is read, what is refused, what is registered."""

from __future__ import annotations

import textwrap

import pytest
import yaml

from amlkit.components import environment, lockfile
from amlkit.components.environment import Conda, Curated, Image, Requirements

A, B = "sha256:" + "a" * 64, "sha256:" + "b" * 64

CONDA = """
    name: train
    dependencies:
      - python=3.11
      - pip
      - pip:
          - Scikit_Learn
"""
LOCK = f"""
    # a comment
    numpy==2.4.6 ; python_full_version < '3.12' \\
        --hash={B} \\
        --hash={A}
        # via scikit-learn
    scikit-learn==1.9.1 --hash={A}
"""


@pytest.fixture
def read(tmp_path):
    def read(conda: str = CONDA, lock: str = LOCK):
        (tmp_path / "environment.yaml").write_text(textwrap.dedent(conda))
        (tmp_path / "environment.lock").write_text(textwrap.dedent(lock), newline="")
        return environment.read(Conda("environment.yaml"), tmp_path, "train.environment")

    return read


def test_the_lock_is_registered_a_requirement_a_line(read):
    found, problems = read()
    assert problems == ()
    assert yaml.safe_load(found.conda_file())["dependencies"] == [
        "python=3.11",
        "pip",
        {
            "pip": [
                f"numpy==2.4.6 ; python_full_version < '3.12' --hash={A} --hash={B}",
                f"scikit-learn==1.9.1 --hash={A}",
            ]
        },
    ]


def test_comments_order_and_line_endings_do_not_count(read):
    other = (
        f"scikit-learn==1.9.1 \\\n    --hash={A}\nnumpy==2.4.6 ; python_full_version < '3.12' --hash={A} --hash={B}\n"
    )
    assert read()[0].definition == read(lock=other)[0].definition
    assert read()[0].definition == read(lock=other.replace("\n", "\r\n"))[0].definition


@pytest.mark.parametrize(
    ("conda", "lock"),
    [
        (CONDA, LOCK.replace("1.9.1", "1.9.2")),
        (CONDA, LOCK.replace(f"1 --hash={A}", f"1 --hash={B}")),
        (CONDA.replace("3.11", "3.12"), LOCK),
    ],
)
def test_versions_hashes_and_python_count(read, conda, lock):
    assert read()[0].definition != read(conda, lock)[0].definition


@pytest.mark.parametrize(
    ("conda", "lock", "what"),
    [
        (CONDA, LOCK.replace("==1.9.1", ">=1.9"), "line 7 of `environment.lock`: not an exact version"),
        (CONDA, LOCK.replace(f" --hash={A}\n", "\n"), "line 7 of `environment.lock`: no hash: scikit-learn"),
        (CONDA + "          - pandas>=2\n", LOCK, "`pandas` is in `environment.yaml` but not in `environment.lock`"),
        (
            CONDA.replace("- pip\n", "- pip\n      - cudatoolkit=11\n"),
            LOCK,
            "`cudatoolkit=11` of `environment.yaml` cannot be locked",
        ),
        (CONDA.replace("      - python=3.11\n", ""), LOCK, "no Python version in `environment.yaml`"),
        (CONDA.replace("python=3.11", "python>=3.9"), LOCK, "no Python version in `environment.yaml`"),
        ("just text", LOCK, "not a conda file"),
        ("a: [", LOCK, "not a conda file"),
    ],
)
def test_what_is_not_locked_is_refused(read, conda, lock, what):
    _, problems = read(conda, lock)
    assert [problem for problem in problems if what in problem.what], problems
    assert all(problem.hint for problem in problems)


def test_missing_files_are_named(tmp_path):
    found, problems = environment.read(Conda("environment.yaml"), tmp_path, "train.environment")
    assert found is None
    assert [problem.what for problem in problems] == [
        f"no such file: {tmp_path / 'environment.yaml'}",
        f"no such file: {tmp_path / 'environment.lock'}",
    ]


def test_requirements_and_a_conda_file_of_one_python_and_lock_are_one_environment(read, tmp_path):
    by_conda = read()[0]
    (tmp_path / "requirements.txt").write_text("Scikit_Learn  # for the model\n")
    (tmp_path / "requirements.lock").write_text(textwrap.dedent(LOCK))
    found, problems = environment.read(Requirements(), tmp_path, "train.environment")
    assert problems == ()
    assert found.definition == by_conda.definition
    assert found.conda_file() == by_conda.conda_file()


def test_a_version_of_python_with_three_parts_is_taken_as_it_is(read):
    found, problems = read(CONDA.replace("python=3.11", "python==3.11.4"))
    assert (found.python, problems) == ("3.11.4", ())


def test_an_index_that_the_file_names_goes_with_the_lock(read):
    found, problems = read(CONDA + "          - --extra-index-url https://wheels.example/cpu\n")
    assert problems == ()
    lines = yaml.safe_load(found.conda_file())["dependencies"][2]["pip"]
    assert lines[0] == "--extra-index-url https://wheels.example/cpu"
    assert found.definition != read()[0].definition


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("-e .", "`-e` of `environment.yaml` cannot be locked"),
        ("./wheels/a.whl", "`./wheels/a.whl` of `environment.yaml` is not a package name"),
        ("tool @ git+https://github.com/a/b", "`tool` of `environment.yaml` is at no address that a lock can hold"),
        ("--extra-index-url https://me:word@host/simple", "an address in `environment.yaml` carries a password"),
        ("-r nowhere.txt", "`nowhere.txt` cannot be read"),
    ],
)
def test_what_no_lock_can_hold_is_refused(read, line, what):
    _, problems = read(CONDA + f"          - {line}\n")
    assert [problem for problem in problems if what in problem.what], problems


def test_a_lock_made_from_another_file_is_stale(read):
    lock = lockfile.header("0" * 64) + textwrap.dedent(LOCK)
    _, problems = read(lock=lock)
    assert [problem.what for problem in problems] == [
        "`environment.yaml` has changed since `environment.lock` was made"
    ]


def test_what_a_lock_was_made_from_takes_no_part_in_the_definition(read, tmp_path):
    plain = read()[0]
    wanted, _ = Conda("environment.yaml").wanted(tmp_path, "train.environment")
    marked, problems = read(lock=lockfile.header(lockfile.digest_of(wanted)) + textwrap.dedent(LOCK))
    assert problems == ()
    assert marked.definition == plain.definition


def test_an_image_alone_is_registered_without_a_conda_file(tmp_path):
    image = f"mcr.microsoft.com/azureml/base@sha256:{'a' * 64}"
    found, problems = environment.read(Image(image), tmp_path, "train.environment")
    assert (problems, found.warnings, found.reference) == ((), (), "")
    body = found.body()
    assert body["image"] == image
    assert "condaFile" not in body
    assert environment.files_of(Image(image)) == ()


def test_an_image_that_is_not_pinned_is_warned_of(tmp_path):
    found, problems = environment.read(Image("mcr.microsoft.com/azureml/base:latest"), tmp_path, "train.environment")
    assert problems == ()
    assert "not pinned by its digest" in found.warnings[0].what


@pytest.mark.parametrize("image", ["", "Not An Image", "https://registry/x", "base@sha256:abc"])
def test_what_is_no_image_is_refused(tmp_path, image):
    _, problems = environment.read(Image(image), tmp_path, "train.environment")
    assert "not the name of an image" in problems[0].what


@pytest.mark.parametrize(
    ("text", "reference", "pinned"),
    [
        ("sklearn-1.5", "azureml://registries/azureml/environments/sklearn-1.5/labels/latest", False),
        ("sklearn-1.5:14", "azureml://registries/azureml/environments/sklearn-1.5/versions/14", True),
        ("azureml:AzureML-sklearn-1.5@latest", "azureml:AzureML-sklearn-1.5@latest", False),
        ("AzureML-sklearn-1.0:3", "azureml:AzureML-sklearn-1.0:3", True),
        (
            "azureml://registries/azureml/environments/sklearn-1.5/versions/14",
            "azureml://registries/azureml/environments/sklearn-1.5/versions/14",
            True,
        ),
    ],
)
def test_a_curated_environment_is_referred_to(tmp_path, text, reference, pinned):
    found, problems = environment.read(Curated(text), tmp_path, "train.environment")
    assert (problems, found.reference) == ((), reference)
    assert (found.warnings == ()) is pinned


@pytest.mark.parametrize("text", ["", "azureml:mine:3", "azureml://registries/azureml/models/m/versions/1", "a b"])
def test_what_is_no_curated_environment_is_refused(tmp_path, text):
    found, problems = environment.read(Curated(text), tmp_path, "train.environment")
    assert found is None
    assert problems[0].hint


def test_kinds_of_environments_have_definitions_of_their_own(read, tmp_path):
    sources = [Image("a/b:1"), Image("a/b:2"), Curated("sklearn-1.5:1"), Curated("sklearn-1.5:2")]
    found = [environment.read(source, tmp_path, "x")[0].definition for source in sources]
    assert len({*found, read()[0].definition}) == 5
