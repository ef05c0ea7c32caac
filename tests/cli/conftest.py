"""Runs to look at: a local Azure ML in a folder of its own, with what the sample pipelines left."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from amlkit.delivery import scratch
from amlkit.delivery.runs import Run
from amlkit.delivery.submission import Choices, submit
from amlkit.testing.standin import StandIn

COMMAND = [sys.executable, "-c", "from amlkit.cli import main; main()"]


@dataclass(frozen=True)
class Place:
    """A folder where amlkit is used, and its running stand-in."""

    stand_in: StandIn

    @property
    def folder(self) -> Path:
        return self.stand_in.home.root

    def start(self, pipeline: Any, inputs: dict[str, Any] | None = None, **choices: Any) -> str:
        with self.stand_in.pointed() as service:
            given = Choices(**choices)
            return submit(pipeline, inputs, workspace=scratch.made(service), choices=given).id

    def run(self, pipeline: Any, inputs: dict[str, Any] | None = None, **choices: Any) -> Run:
        with self.stand_in.pointed() as service:
            given = Choices(**choices)
            return submit(pipeline, inputs, workspace=scratch.made(service), choices=given).wait()

    def amlkit(self, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
        environment = os.environ | variables
        return subprocess.run(
            [*COMMAND, *words], cwd=self.folder, env=environment, capture_output=True, text=True, timeout=120
        )

    def ok(self, *words: str) -> str:
        done = self.amlkit(*words)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def refused(self, *words: str) -> str:
        done = self.amlkit(*words)
        assert done.returncode == 1, done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        return done.stderr

    def until(self, run: str, what: str) -> None:
        """Wait until `runs show` says something of a run."""
        end = time.monotonic() + 60
        while what not in (shown := self.ok("runs", "show", run)):
            assert time.monotonic() < end, shown
            time.sleep(0.1)  # another process goes on, and tells nobody


@pytest.fixture(scope="session")
def place(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AMLKIT_CACHE", str(request.config.cache.mkdir("amlkit")))
        patch.delenv("PULUMI_STACK", raising=False)
        started = StandIn.start(tmp_path_factory.mktemp("runs"))
        yield Place(started)
        started.stop()
