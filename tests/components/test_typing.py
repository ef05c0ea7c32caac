"""Type checkers accept right uses of steps and reject, line for line, the mistakes that they must catch."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TYPED = Path(__file__).parent / "typed"
RIGHT, WRONG = TYPED / "right.py", TYPED / "wrong.py"


def expected() -> set[int]:
    lines = WRONG.read_text().splitlines()
    return {number for number, line in enumerate(lines, start=1) if line.endswith("# rejected")}


def test_mypy_strict_agrees():
    command = [sys.executable, "-m", "mypy", "--strict", "--follow-imports=silent", "--no-error-summary"]
    files = [str(path.relative_to(ROOT)) for path in (RIGHT, WRONG)]
    run = subprocess.run([*command, *files], cwd=ROOT, capture_output=True, text=True)
    found = re.findall(r"^(\S+?):(\d+): error", run.stdout, re.MULTILINE)
    assert {int(line) for file, line in found if file.endswith("wrong.py")} == expected(), run.stdout + run.stderr
    assert {file for file, _ in found} == {str(WRONG.relative_to(ROOT))}, run.stdout


def test_pyright_agrees(tmp_path):
    """basedpyright is pyright, packaged for Python; its `strict` mode is pyright's."""
    settings = tmp_path / "pyrightconfig.json"
    content = {"typeCheckingMode": "strict", "include": [str(RIGHT), str(WRONG)], "extraPaths": [str(ROOT)]}
    settings.write_text(json.dumps(content))
    command = [sys.executable, "-m", "basedpyright", "--outputjson", "--pythonpath", sys.executable]
    run = subprocess.run([*command, "--project", str(settings)], cwd=ROOT, capture_output=True, text=True)
    found = [item for item in json.loads(run.stdout)["generalDiagnostics"] if item["severity"] == "error"]
    said = [f"{item['file']}:{item['range']['start']['line'] + 1}: {item['message']}" for item in found]
    wrong = {item["range"]["start"]["line"] + 1 for item in found if item["file"] == str(WRONG)}
    assert wrong == expected(), "\n".join(said)
    assert {Path(item["file"]) for item in found} == {WRONG}, "\n".join(said)
