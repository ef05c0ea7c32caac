"""The judge, live where `pulumi` is on PATH: parity cases told to both engines, alone and in turn on one state.

These are few, because the Pulumi CLI takes its time; `python -m tests.engine.cases compare` tells all of them.
"""

import shutil
import subprocess

import pytest

from .cases import story, work
from .conftest import make_project

pytestmark = pytest.mark.skipif(shutil.which("pulumi") is None, reason="the Pulumi CLI is not on PATH")

LIVE = (
    "steps/components",
    "values/secrets",
    "hooks/around-each-step",
    "options/alias-children",
    "failure/cascade-root",
    "failure/cascade-delete",
    "failure/create-half-way",
    "takeover/everything",
)


@pytest.mark.parametrize("name", LIVE)
def test_both_engines_do_the_same_alone_and_in_turn(name, tmp_path):
    unlike = work.compare(story.named(name), tmp_path)
    assert not unlike, "\n".join(unlike)


def test_the_cli_reads_the_state_of_a_killed_engine(tmp_path, kill):
    project = make_project(tmp_path)
    pulumi(project, "stack", "init", "dev")
    project.write('Thing("a")')
    project.fault("Create", "a", mode="hang")
    process = project.start("up", "--yes", "--skip-preview", "--stack", "dev")
    kill(process)
    project.wait_for_hang(process)
    process.kill()
    process.wait()

    pulumi(project, "cancel", "--yes", "dev")
    out = pulumi(project, "up", "--yes", "--skip-preview", "--stack", "dev")

    assert "1 pending operations" in out
    project.up(None, 0, "--stack", "dev")
    assert project.pending() == []


def pulumi(project, *arguments):
    done = subprocess.run(
        ["pulumi", "--non-interactive", *arguments],
        cwd=project.folder / "project",
        env=project.environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=180,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout
