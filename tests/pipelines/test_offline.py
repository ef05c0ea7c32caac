"""Definitions are made, checked and compiled without a network and without what is heavy to import."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = """
import json, sys
seen = []
sys.addaudithook(lambda event, _: seen.append(event) if event.startswith("socket.") else None)
from amlkit import check, compile
from tests.pipelines.sample.steps import sample
from tests.pipelines.wide.steps import fitting, scoring
for each in (sample, fitting, scoring):
    assert check(each) == ()
    compile(each)
heavy = {"azure", "pulumi", "httpx", "grpc", "pydantic", "starlette", "uvicorn", "mlflow"}
print(json.dumps({"sockets": seen, "heavy": sorted(heavy & {name.split(".")[0] for name in sys.modules})}))
"""


def test_no_socket_is_made_and_nothing_heavy_is_imported():
    run = subprocess.run([sys.executable, "-c", PROGRAM], cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    assert json.loads(run.stdout) == {"sockets": [], "heavy": []}
