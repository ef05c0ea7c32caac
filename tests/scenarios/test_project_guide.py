"""The guide to a project of one's own, followed to the letter: its files in an empty folder, then its commands."""

from __future__ import annotations

import os
import re
import shlex
import sys
from pathlib import Path

import pytest

from .project import ROOT, Project

GUIDE = (ROOT / "docs" / "project.md").read_text()
FILE = re.compile(r"^`([\w./]+)`\n\n```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"^\$ amlkit (.+)$", re.MULTILINE)


@pytest.fixture
def project(tmp_path: Path, request: pytest.FixtureRequest):
    files = dict(FILE.findall(GUIDE))
    assert {"Pulumi.yaml", "__main__.py", "pipelines.py", "count/step.py", "data/hello.txt"} < set(files)
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    (tmp_path / ".venv").symlink_to(sys.prefix)
    plain = {name: value for name, value in os.environ.items() if not name.startswith(("PULUMI_", "ARM_", "AZURE"))}
    cache = str(request.config.cache.mkdir("amlkit"))
    # amlkit is installed editable here, so the folder stands before its own `pipelines`
    found = Project(tmp_path, {**plain, "PYTHONPATH": str(tmp_path), "NO_COLOR": "1", "AMLKIT_CACHE": cache})
    try:
        yield found
    finally:
        found.amlkit("local", "stop")


def test_files_and_commands_of_the_guide_work_as_printed(project):
    commands = COMMAND.findall(GUIDE)
    said = {line: project.ok(*shlex.split(line)) for line in commands}
    assert "counting" in said["check"]
    assert "count  ran" in said["invoke counting --stack dev --local"]
    assert "/counts\n" in said["data ls results --recursive --stack dev --local"]
    assert " to create" in said["preview --stack prod --local"]
    (counts,) = project.root.glob(".amlkit/data/lake*/results/azureml/*/counts")
    assert counts.read_text() == "2 words\n1 numbers\n"
