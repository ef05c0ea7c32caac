"""Type checkers accept what is right and reject, line for line, the mistakes that they must catch."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TYPED = Path(__file__).parent / "typed"
RIGHT = [TYPED / "right.py", ROOT / "examples" / "smallest.py", ROOT / "pipelines" / "training.py"]
WRONG = TYPED / "wrong.py"


def expected() -> set[int]:
    lines = WRONG.read_text().splitlines()
    return {number for number, line in enumerate(lines, start=1) if line.endswith("# rejected")}


def test_mypy_strict_agrees():
    command = [sys.executable, "-m", "mypy", "--strict", "--follow-imports=silent", "--no-error-summary"]
    files = [str(path.relative_to(ROOT)) for path in [*RIGHT, WRONG]]
    run = subprocess.run([*command, *files], cwd=ROOT, capture_output=True, text=True)
    found = re.findall(r"^(\S+?):(\d+): error", run.stdout, re.MULTILINE)
    assert {file for file, _ in found} == {str(WRONG.relative_to(ROOT))}, run.stdout + run.stderr
    assert {int(line) for _, line in found} == expected()


@pytest.mark.skipif(shutil.which("pyright") is None, reason="pyright is not on PATH")
def test_pyright_agrees():
    command = ["pyright", "--outputjson", "--pythonpath", sys.executable]
    run = subprocess.run([*command, *map(str, [*RIGHT, WRONG])], cwd=ROOT, capture_output=True, text=True)
    found = [item for item in json.loads(run.stdout)["generalDiagnostics"] if item["severity"] == "error"]
    assert {Path(item["file"]) for item in found} == {WRONG}
    assert {item["range"]["start"]["line"] + 1 for item in found} == expected()
