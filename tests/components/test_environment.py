"""Environments and their locks: what is read, what is refused, what is registered."""

from __future__ import annotations

import textwrap

import pytest
import yaml

from amlkit.components import environment
from amlkit.components.environment import Conda

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
