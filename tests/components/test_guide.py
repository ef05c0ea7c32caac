"""The guide to steps keeps its word: its examples run as they stand, and type checkers accept them."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import amlkit
from amlkit import distribution, search
from amlkit.components.component import inspect
from amlkit.components.step import definition_of

ROOT = Path(__file__).resolve().parents[2]
GUIDE = (ROOT / "docs" / "steps.md").read_text()
EXAMPLES = "\n".join(re.findall(r"^```python\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL))
ENTRY = "def init(): ...\ndef run(mini_batch): return mini_batch\n"
PREPARE = """
type: command
name: prepare
command: ls ${{inputs.raw}}
environment: azureml://registries/azureml/environments/known/versions/1
inputs: {raw: {type: uri_folder}}
"""


def test_the_examples_define_steps_without_a_problem(tmp_path, load):
    files = {"train.py": "", "deep.py": "", "score.py": ENTRY, "prepare.yml": PREPARE, "deep.txt": ""}
    files |= {"environment.yaml": "dependencies: [python=3.11]", "environment.lock": "", "deep.lock": ""}
    for name, content in files.items():
        (tmp_path / name).write_text(content)
    module = load(EXAMPLES)
    for name in ("Train", "Sort", "Score", "Prepare", "TrainDeep"):
        assert inspect(definition_of(getattr(module, name)))[1] == (), name
    assert module.best.model is module.model


def test_type_checkers_accept_the_examples(tmp_path):
    (tmp_path / "guide.py").write_text(EXAMPLES)
    command = [sys.executable, "-m", "mypy", "--strict", "--follow-imports=silent", str(tmp_path / "guide.py")]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout


def test_every_word_of_search_and_distribution_is_named():
    for word in (*search.__all__, *distribution.__all__):
        assert re.search(rf"\b{word}\b", GUIDE), word


def test_every_class_argument_is_named():
    import inspect as python

    for kind in (amlkit.PythonScriptStep, amlkit.CommandStep, amlkit.ParallelRunStep):
        for name in python.signature(kind.__init_subclass__).parameters:
            assert re.search(rf"\b{name}\b", GUIDE), name
