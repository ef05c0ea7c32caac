"""Steps written down in a test: what a user has in a folder, and what is said about it."""

from __future__ import annotations

import importlib.util
import sys
import textwrap
from pathlib import Path

from amlkit.components.component import inspect
from amlkit.components.definition import StepDefinition
from amlkit.components.step import definition_of

HEAD = """
from __future__ import annotations
from datetime import timedelta
from enum import Enum
from typing import Literal
from amlkit import (
    CommandStep, Compute, Conda, Curated, CustomModel, File, Folder, Image, Input, MLflowModel, MLTable, Output,
    ParallelRunStep, PythonScriptStep, Step, output, sweep
)
from amlkit import distribution, search

class Kind(str, Enum):
    LINEAR = "linear"
    DEEP = "deep"

class Count(Enum):
    ONE = 1

"""
STEP = 'class Train(PythonScriptStep, script="train.py", environment=Conda("environment.yaml")):\n'


def load(folder: Path, monkeypatch, text: str):
    """The module of a step's definition; no bytecode, which would hide an edit in the same second."""
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    (folder / "step.py").write_text(HEAD + text)
    spec = importlib.util.spec_from_file_location("step_of_a_test", folder / "step.py")
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "step_of_a_test", module)
    spec.loader.exec_module(module)
    return module


def define(folder: Path, monkeypatch, body: str, *, script: str = "", step: str = STEP, name: str = "Train"):
    """The definition of a class; its files are beside it."""
    (folder / "train.py").write_text(textwrap.dedent(script))
    (folder / "environment.yaml").write_text("dependencies: [python=3.11]")
    (folder / "environment.lock").write_text("")
    module = load(folder, monkeypatch, step + textwrap.indent(textwrap.dedent(body), "    "))
    return definition_of(getattr(module, name))


def whats(step: StepDefinition) -> list[str]:
    """Every problem, without its hint."""
    return [f"{problem.where}: {problem.what}" for problem in inspect(step)[1]]


def hints(step: StepDefinition) -> dict[str, str]:
    """The hint of every problem by its place."""
    return {problem.where: problem.hint for problem in inspect(step)[1]}


def complete(step: StepDefinition):
    """The component of a step with which all is well."""
    component, problems = inspect(step)
    assert problems == (), problems
    return component
