"""kill -9 of the local Azure ML in the middle of a run: who waits is told, and the next start finishes the run."""

from __future__ import annotations

import os
import re
import select
import signal
import subprocess
import sys
import time

import pytest

from amlkit.home import Home

from .project import Project

SECONDS = 60


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """Its steps say on a pipe that they began, and training waits until the file `gate` is there."""
    copy = Project.copy_to(tmp_path_factory.mktemp("clone"))
    gate = f"    import time\n    while not Path({str(copy.root / 'gate')!r}).exists():\n        time.sleep(0.02)\n"
    for step, more in (("extract", ""), ("train", gate)):
        says = f"    with open({str(copy.root / 'began')!r}, 'w') as pipe:\n        pipe.write('{step}\\n')\n"
        copy.edit(f"components/{step}/{step}.py", "def main() -> None:\n", f"def main() -> None:\n{says}{more}")
    copy.ok("local", "start")
    try:
        copy.ok("up", "--yes", "--skip-preview")
        yield copy
    finally:
        copy.ok("local", "stop")


@pytest.fixture(scope="module")
def began(project):
    """A pipe in which each word is the name of a step that began."""
    os.mkfifo(project.root / "began")
    pipe = os.open(project.root / "began", os.O_RDWR)  # writing too: never at its end
    yield pipe
    os.close(pipe)


def test_kill_9_in_the_middle_of_a_run_and_the_next_start_finishes_it(project, began):
    waiting = subprocess.Popen(
        [sys.executable, "-m", "amlkit", "invoke", "training"],
        cwd=project.root,
        env=project.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    run = re.search(r"\((\S+)\)", waiting.stderr.readline())[1]
    assert steps(began, 3) == ["extract", "train", "train"]
    os.kill(int(Home(project.root).pid_file.read_text().split()[0]), signal.SIGKILL)

    _, said = waiting.communicate(timeout=SECONDS)
    assert waiting.returncode == 1
    assert "Traceback" not in said
    assert re.search(r"^error: no answer from https://127\.0\.0\.1:\d+: .*$", said, re.MULTILINE)
    assert re.search(rf"^  hint: .*`\S*amlkit local start`.*`\S*amlkit explain {run}`", said, re.MULTILINE)

    project.ok("local", "start")
    assert steps(began, 2) == ["train", "train"]
    (project.root / "gate").touch()
    end = time.monotonic() + SECONDS
    while "completed" not in project.ok("runs"):
        assert time.monotonic() < end

    assert steps(began, 0) == []
    shown = project.ok("explain", run)
    assert words(r"^(\w+) +ran ", shown) == {"extract", "slow", "fast", "compare"}
    assert words(r"^(\w+) .*; begun anew: the local Azure ML ended while it ran$", shown) == {"slow", "fast"}


def test_what_the_interrupted_run_made_is_reused(project, began):
    shown = project.ok("invoke", "training")
    assert words(r"^(\w+) +reused ", shown) == {"extract", "slow", "fast", "compare"}
    assert "accuracy" in shown
    assert steps(began, 0) == []


def steps(pipe: int, count: int) -> list[str]:
    """The next `count` steps that began, and any more that are there already."""
    found: list[str] = []
    while select.select([pipe], [], [], SECONDS if len(found) < count else 0)[0]:
        found += os.read(pipe, 4096).decode().split()
    return found


def words(line: str, shown: str) -> set[str]:
    return set(re.findall(line, shown, re.MULTILINE))
