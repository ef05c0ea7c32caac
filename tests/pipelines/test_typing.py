"""Type checkers accept what is right and reject, line for line, the mistakes that they must catch."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TYPED = Path(__file__).parent / "typed"
WIDE = Path(__file__).parent / "wide" / "steps.py"
RIGHT = [TYPED / "right.py", WIDE, ROOT / "examples" / "smallest.py", ROOT / "pipelines" / "training.py"]
WRONG = TYPED / "wrong.py"
TOOLS = Path(sys.executable).parent


def expected() -> set[int]:
    lines = WRONG.read_text().splitlines()
    return {number for number, line in enumerate(lines, start=1) if line.endswith("# rejected")}


def test_mypy_strict_agrees(tmp_path):
    command = [sys.executable, "-m", "mypy", "--strict", "--follow-imports=silent", "--no-error-summary"]
    command += ["--cache-dir", str(tmp_path)]  # a cache that another mypy writes to at the same time may be torn
    files = [str(path.relative_to(ROOT)) for path in [*RIGHT, WRONG]]
    run = subprocess.run([*command, *files], cwd=ROOT, capture_output=True, text=True)
    found = re.findall(r"^(\S+?):(\d+): error", run.stdout, re.MULTILINE)
    assert {file for file, _ in found} == {str(WRONG.relative_to(ROOT))}, run.stdout + run.stderr
    assert {int(line) for _, line in found} == expected()


def test_pyright_strict_agrees(tmp_path):
    tool = TOOLS / "basedpyright"
    assert tool.is_file(), "`basedpyright` is not installed: it is in the development dependencies"
    settings = {"include": [str(path) for path in [*RIGHT, WRONG]], "typeCheckingMode": "strict"}
    (tmp_path / "pyrightconfig.json").write_text(json.dumps({**settings, "extraPaths": [str(ROOT)]}))
    command = [str(tool), "--outputjson", "--project", str(tmp_path), "--pythonpath", sys.executable]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    found = [item for item in json.loads(run.stdout)["generalDiagnostics"] if item["severity"] == "error"]
    assert {Path(item["file"]) for item in found} == {WRONG}, run.stdout
    assert {item["range"]["start"]["line"] + 1 for item in found} == expected()
