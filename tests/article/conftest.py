"""The article's project in a folder of its own, and its 20news.pkl: a few messages instead of thousands."""

from __future__ import annotations

import json
import os
import pickle
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ..scenarios.project import Project

ROOT = Path(__file__).resolve().parents[2]
SAMPLE = Path(__file__).with_name("project")
MESSAGES = (
    ("sci.space", "the shuttle reached orbit and the crew looked down at the earth"),
    ("sci.space", "a probe sent pictures of the moon to the earth"),
    ("rec.autos", "the engine of the car needs oil and the brakes need care"),
    ("rec.autos", "a car with a new engine and four doors"),
    ("sci.med", "the doctor said a cold needs sleep and tea"),
)


def news(messages=MESSAGES) -> bytes:
    """The content of a 20news.pkl."""
    return pickle.dumps({"target": [group for group, _ in messages], "data": [text for _, text in messages]}, 4)


@dataclass(frozen=True, eq=False)
class Article(Project):
    """The article's project, and its commands."""

    @classmethod
    def make(cls, folder: Path, cache: str) -> Article:
        shutil.copytree(SAMPLE, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
        (folder / "data").mkdir()
        (folder / "data" / "20news.pkl").write_bytes(news())
        settings = {
            "name": "news",
            "runtime": {"name": "python", "options": {"virtualenv": sys.prefix}},
            "main": "infra/",
            "plugins": {"providers": [{"name": "amlkit", "path": str(ROOT / "amlkit/provider/bin")}]},
        }
        (folder / "Pulumi.yaml").write_text(json.dumps(settings))
        shutil.copy(ROOT / "Pulumi.local.yaml", folder)
        (folder / ".gitignore").write_text(".amlkit/\n.azureml/\n__pycache__/\n")
        plain = {name: value for name, value in os.environ.items() if not name.startswith(("PULUMI_", "ARM_", "AZURE"))}
        path = os.pathsep.join((str(folder), str(ROOT)))
        return cls(folder, {**plain, "PYTHONPATH": path, "NO_COLOR": "1", "AMLKIT_CACHE": cache})

    def json(self, *arguments: str) -> Any:
        """What a command prints as JSON."""
        ended = self.amlkit(*arguments, "-o", "json")
        assert ended.code == 0, ended.text
        return json.loads(ended.stdout)

    def steps(self, *arguments: str) -> dict[str, str]:
        """Run a command that runs a pipeline: what became of each step, and the reason."""
        steps = self.json(*arguments)["steps"]
        return {step["name"]: f"{'reused' if step['reused'] else 'ran'}: {step['reason']}" for step in steps}

    def output(self, run: dict[str, Any], name: str) -> Path:
        """Where an output of a run lies."""
        return self.root / run["places"][run["outputs"][name]]

    def git(self, *arguments: str) -> str:
        who = ["-c", "user.name=ann", "-c", "user.email=ann@example.com"]
        command = ["git", *who, *arguments]
        return subprocess.run(command, cwd=self.root, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture(scope="session", autouse=True)
def environment_cache(request: pytest.FixtureRequest):
    """Environments of steps lie in pytest's own cache: built once for many runs of tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AMLKIT_CACHE", cache := str(request.config.cache.mkdir("amlkit")))
        yield cache


@pytest.fixture(scope="module")
def article(tmp_path_factory: pytest.TempPathFactory, environment_cache: str):
    """The project as the reader has it; what was started in it is stopped."""
    made = Article.make(tmp_path_factory.mktemp("article"), environment_cache)
    yield made
    made.run(sys.executable, "-m", "amlkit", "local", "stop")
