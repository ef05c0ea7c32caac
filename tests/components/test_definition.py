"""How a class becomes a step, and what is said about one that cannot."""

from __future__ import annotations

import importlib.util
import sys
import textwrap

import pytest

from amlkit import DefinitionError
from amlkit.components.component import inspect
from amlkit.components.definition import snake_case

HEAD = """
from __future__ import annotations
from amlkit import *

"""
STEP = 'class Train(PythonScriptStep, script="train.py", environment=Conda("environment.yaml")):\n'


@pytest.fixture
def define(tmp_path, monkeypatch):
    """A step from source text, with its files beside it; no bytecode, which would hide an edit in the same second."""
    monkeypatch.setattr(sys, "dont_write_bytecode", True)

    def define(body: str, *, script: str = "", step: str = STEP):
        (tmp_path / "train.py").write_text(textwrap.dedent(script))
        (tmp_path / "environment.yaml").write_text("dependencies: [python=3.11]")
        (tmp_path / "environment.lock").write_text("")
        (tmp_path / "step.py").write_text(HEAD + step + textwrap.indent(textwrap.dedent(body), "    "))
        spec = importlib.util.spec_from_file_location("step_of_a_test", tmp_path / "step.py")
        module = importlib.util.module_from_spec(spec)
        monkeypatch.setitem(sys.modules, "step_of_a_test", module)
        spec.loader.exec_module(module)
        return module.Train._definition

    return define


def whats(step) -> list[str]:
    return [f"{problem.where}: {problem.what}" for problem in inspect(step)[1]]


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
        ("a: Input[list]", "`Input[list]` is not supported: use Folder, File, float, int, str, bool"),
        ("a: Output[float] = output()", "`Output[float]` is not supported: an output is a Folder or a File"),
        ("a: Input[Folder] | None = None", "optional ports are not supported yet"),
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


def test_a_step_is_not_derived_from_a_step(define):
    with pytest.raises(DefinitionError, match="cannot be derived"):
        define("a: Input[int]", step=STEP + "    pass\nclass Other(Train):\n")


@pytest.mark.parametrize(
    ("name", "snake"),
    [("Train", "train"), ("TrainModel", "train_model"), ("ReadCSVFile", "read_csv_file"), ("A1B", "a1_b")],
)
def test_a_class_names_its_step(name, snake):
    assert snake_case(name) == snake
