"""Sessions of pytest as users have them: in a folder of their own, with the plugin, in a process of their own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SAMPLE = Path(__file__).with_name("sample")
PLUGIN = "amlkit.testing.plugin"


@dataclass(frozen=True)
class Project:
    """A user's folder with the sample's steps; what runs in it has a temporary folder of its own."""

    folder: Path
    environment: dict[str, str]

    @property
    def temporary(self) -> Path:
        return self.folder.with_name("temporary")

    def write(self, text: str, name: str = "test_it.py") -> None:
        """A file of tests."""
        head = "from amlkit import File, Folder\nimport steps\n\n"
        (self.folder / name).write_text(head + text)

    def command(self, *options: str) -> list[str]:
        known = any(point.value == PLUGIN for point in entry_points(group="pytest11"))
        plugin = [] if known else ["-p", PLUGIN]
        base = f"--basetemp={self.temporary}"
        return [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", base, *plugin, *options]

    def start(self, *options: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            self.command(*options), cwd=self.folder, env=self.environment, stdout=subprocess.PIPE, text=True
        )

    def pytest(self, *options: str) -> str:
        """What a session prints, whatever its exit code."""
        done = subprocess.run(
            self.command(*options), cwd=self.folder, env=self.environment, capture_output=True, text=True, timeout=300
        )
        return done.stdout + done.stderr

    def left_running(self) -> list[str]:
        """The command lines of processes that have to do with this folder."""
        found = []
        for process in Path("/proc").glob("[0-9]*"):
            try:
                line = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            except OSError:
                continue
            if str(self.temporary) in line and process.name != str(os.getpid()):
                found.append(line)
        return found


@pytest.fixture
def project(tmp_path: Path, request: pytest.FixtureRequest) -> Project:
    folder = tmp_path / "project"
    folder.mkdir()
    for file in SAMPLE.iterdir():
        if file.is_file() and file.name != "__init__.py":
            shutil.copy2(file, folder / file.name)
    (folder / "words.txt").write_text("one two three")
    variables = {
        "AMLKIT_CACHE": str(request.config.cache.mkdir("amlkit")),
        "PYTHONPATH": str(ROOT),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    plain = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    return Project(folder, {**plain, **variables})
