"""How a class becomes a step, and what is said about one that cannot."""

from __future__ import annotations

import textwrap

import pytest

from amlkit.components.component import inspect
from amlkit.components.definition import snake_case
from tests.components.written import STEP, whats

PORTS = """
    data: Input[Folder]
    rate: Input[float] = 1
    model: Output[File] = output(register="m")
"""
SCRIPT = """
    import argparse
    parser = argparse.ArgumentParser()
    for_all = parser.add_argument
    parser.add_argument("--data", required=True)
    parser.add_argument("-r", "--rate", required=True)
    parser.add_argument("--model")
"""


def test_ports_are_read_in_order(define):
    step = define('"""Fit\n  one."""' + textwrap.dedent(PORTS), script=SCRIPT)
    assert [(port.name, port.type.value) for port in step.inputs] == [("data", "uri_folder"), ("rate", "number")]
    assert [(port.name, port.type.value, port.register) for port in step.outputs] == [("model", "uri_file", "m")]
    assert step.description == "Fit one."
    assert whats(step) == []


def test_the_definition_its_environment_and_its_lock_are_not_code(define):
    component, _ = inspect(define(PORTS, script=SCRIPT))
    assert [file.path for file in component.snapshot.files] == ["train.py"]


def test_a_docstring_changes_nothing_and_a_port_does(define):
    first, _ = inspect(define(PORTS, script=SCRIPT))
    again, _ = inspect(define('"""Now with words."""' + textwrap.dedent(PORTS), script=SCRIPT))
    other, _ = inspect(define(PORTS + "    more: Input[int] = 1\n", script=SCRIPT))
    assert first.definition == again.definition != other.definition


@pytest.mark.parametrize(
    ("port", "problem"),
    [
        ("a: list", "`list` is neither `Input[…]` nor `Output[…]`"),
        (
            "a: Input[list]",
            "`Input[list]` is not supported: use Folder, File, MLTable, MLflowModel, CustomModel, float, int, str,"
            " bool, Literal or an enum of strings",
        ),
        (
            "a: Output[float] = output()",
            "`Output[float]` is not supported: an output is data: a Folder, a File, an MLTable or a model",
        ),
        ("a: Output[File] | None = output()", "an output is always there: drop `| None`"),
        ("a: Input[int] | None = 3", "the default of an optional input is None: 3"),
        ('a: Input[Literal["a", "b"]] = "c"', "its default is none of a, b: 'c'"),
        ("a: Input[Literal[1, 2]]", "the values of `Literal` are not all strings"),
        ("a: Input[Count]", "the values of `Count` are not all strings"),
        ("a: Input[int] = 1.5", "a default of type float for an input of type integer: 1.5"),
        ("a: Input[bool] = 1", "a default of type int for an input of type boolean: 1"),
        ('a: Input[Folder] = Folder("x")', "a step's data has no default: give the pipeline's parameter one"),
        ("a: Output[File] = 1", "an output has no default: use `output(…)`"),
        ("ä: Input[int]", "`ä` is not a legal name: letters, digits and `_`"),
        ("name: Input[str]", "`name` is an argument of every step"),
    ],
)
def test_a_port_that_cannot_be(define, port, problem):
    assert f"train.{port.split(':')[0]}: {problem}" in whats(define(port))


def test_an_unknown_name_in_an_annotation(define):
    assert whats(define("a: Input[Fodler]")) == ["train: its annotations cannot be read: name 'Fodler' is not defined"]


@pytest.mark.parametrize(
    ("script", "problems"),
    [
        ("print(1)", []),
        ("import argparse\np = argparse.ArgumentParser()\np.add_argument('--x')\np.parse_known_args()", []),
        ("import argparse\np = argparse.ArgumentParser()\nfor n in 'ab':\n    p.add_argument('--' + n)", []),
        (
            SCRIPT.replace("--rate", "--learning-rate") + '    parser.add_argument("--more", required=True)',
            [
                "train.rate: `train.py` takes no `--rate`",
                "train: `train.py` insists on `--learning-rate`, and no port is called so",
                "train: `train.py` insists on `--more`, and no port is called so",
            ],
        ),
        (
            SCRIPT + '    parser.add_argument("path")\n    parser.add_argument("rest", nargs="*")',
            ["train: `train.py` insists on the positional argument `path`"],
        ),
        ("def main(:", ["train.script: line 1 of `train.py` is not Python: invalid syntax"]),
    ],
)
def test_the_arguments_of_the_script_are_those_of_the_step(define, script, problems):
    assert whats(define(PORTS, script=script)) == problems


def test_a_script_that_is_ignored_or_missing(define, tmp_path):
    step = define(PORTS)
    (tmp_path / ".amlignore").write_text("*.py")
    assert whats(step) == ["train.script: no such file in the step's code: train.py"]
    (tmp_path / ".amlignore").unlink()
    (tmp_path / "train.py").unlink()
    assert whats(step) == ["train.script: no such file in the step's code: train.py"]


def test_a_link_to_the_outside_is_a_problem(define, tmp_path):
    step = define(PORTS)
    (tmp_path / "link").symlink_to("/etc/hostname")
    assert whats(step) == ["train.code: `link` cannot be taken: the link leads out of the folder"]


def test_a_class_without_script_or_environment(define):
    assert "train: it has no script" in whats(define("a: Input[int]", step=STEP.replace('script="train.py", ', "")))
    without = STEP.replace(', environment=Conda("environment.yaml")', "")
    assert "train.environment: there is none" in whats(define("a: Input[int]", step=without))


def test_a_step_has_the_ports_of_the_steps_it_is_derived_from(define):
    script = SCRIPT + '    parser.add_argument("--depth", required=True)'
    derived = "    pass\nclass Deep(Train, script='train.py', environment=Conda('environment.yaml')):\n"
    deep = define("depth: Input[int] = 3", script=script, step=STEP + PORTS + derived, name="Deep")
    assert [port.name for port in deep.inputs] == ["data", "rate", "depth"]
    assert (deep.name, whats(deep)) == ("deep", [])


def test_class_arguments_are_not_inherited(define):
    derived = define("a: Input[int]", step=STEP + "    pass\nclass Deep(Train):\n", name="Deep")
    assert "deep: it has no script" in whats(derived)


@pytest.mark.parametrize(
    ("name", "snake"),
    [("Train", "train"), ("TrainModel", "train_model"), ("ReadCSVFile", "read_csv_file"), ("A1B", "a1_b")],
)
def test_a_class_names_its_step(name, snake):
    assert snake_case(name) == snake
