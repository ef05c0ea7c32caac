"""Ctrl-C in `amlkit up` on the Pulumi CLI: what is under way is finished, and either engine goes on from there.

Runs where the Pulumi CLI is on PATH.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys

import pytest

from .gate import SECONDS, Gate
from .project import Project
from .test_interrupted_up import UP, descendants, platform, published, still_there

pytestmark = pytest.mark.skipif(shutil.which("pulumi") is None, reason="the Pulumi CLI is not on PATH")

STOPPING = "stopping: what is under way is finished first; interrupt again to leave it"


@pytest.fixture
def gate(tmp_path):
    made = Gate(Project.copy_to(tmp_path))
    try:
        yield made
    finally:
        made.close()


def test_ctrl_c_finishes_what_is_under_way_and_the_other_engine_goes_on(gate):
    held = gate.hold("PUT", r"/workspaces/[^/]+\?", "before")
    up = subprocess.Popen(
        [sys.executable, "-m", "amlkit", *UP],
        cwd=gate.project.root,
        env={**gate.project.environment, "AMLKIT_ENGINE": "official"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    held.wait()
    others = [os.pidfd_open(pid) for pid in descendants(up.pid)]
    os.killpg(up.pid, signal.SIGINT)  # as a terminal does
    assert any(STOPPING in line for line in up.stdout)
    held.release()
    said, _ = up.communicate(timeout=SECONDS)

    assert up.returncode == 1, said
    assert "error: update canceled" in said
    assert "Traceback" not in said
    assert len(others) >= 3, "the CLI, a plugin and the program"
    assert still_there(others) == 0, "processes outlive their engine"
    deployment = json.loads(gate.project.ok("stack", "export"))["deployment"]
    made = [each["type"] for each in deployment["resources"]]
    assert "azure-native:machinelearningservices:Workspace" in made, "it was under way"
    assert "amlkit:index:Publication" not in made
    assert not deployment.get("pending_operations")

    assert "lock" not in gate.project.ok(*UP)
    assert set(platform(gate.project).values()) == {1}
    assert set(published(gate.project).values()) == {1}
