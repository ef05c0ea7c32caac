"""Kill -9 and orderly stops in the middle of runs: what was finished stays so, what was not runs again, once."""

import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from amlkit.local.jobs.records import Status

from .lab import WORKSPACE, is_alive, open_lab, output_of

FOLDER = {"type": "uri_folder"}
LIFE = """
    import sys
    from pathlib import Path
    from tests.local.jobs.lab import open_lab
    lab = open_lab(Path(sys.argv[1]))
    lab.jobs.start()
    print("on", flush=True)
    sys.stdin.read()
    lab.jobs.stop()
"""


@pytest.fixture
def world(tmp_path, monkeypatch, tmp_path_factory):
    monkeypatch.setenv("AMLKIT_CACHE", str(tmp_path_factory.getbasetemp() / "environment-cache"))
    root = tmp_path / "checkout"
    root.mkdir()
    return root


def life(root):
    """A process that runs the jobs of a checkout until it is killed or its standard input ends."""
    command = [sys.executable, "-c", textwrap.dedent(LIFE), str(root)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout.readline() == b"on\n"
    return process


def submit(root, gate):
    """Three steps in a row; the middle one says on which try it is, and waits for the gate."""
    lab = open_lab(root)
    lab.jobs.stop()  # what is submitted here is run by another process
    out = {"o": FOLDER}
    counted = f"echo {{}} >> {gate}.count; "
    first = lab.component("first", counted.format("first") + "echo 1 > ${{outputs.o}}/x", outputs=out)
    wait = f"echo $$ > {gate}.pid; touch ${{{{outputs.o}}}}/try-$(wc -l < {gate}.count); "
    wait += f"(sleep 300 & wait) & while [ ! -e {gate} ]; do sleep 0.02; done"
    middle = lab.component("middle", counted.format("middle") + wait, inputs={"i": FOLDER}, outputs=out)
    last = lab.component("last", counted.format("last") + "ls ${{inputs.i}}", inputs={"i": FOLDER})
    name = lab.start(
        {
            "first": {"type": "command", "componentId": first},
            "middle": {"type": "command", "componentId": middle, "inputs": {"i": output_of("first", "o")}},
            "last": {"type": "command", "componentId": last, "inputs": {"i": output_of("middle", "o")}},
        }
    )
    return lab, name


def in_the_middle(lab, name, gate):
    told = Path(f"{gate}.pid")
    lab.until(name, lambda _: lab.states(name)["middle"] == "Running" and told.exists() and told.read_text())
    return int(told.read_text())


def finish(lab, root, name, gate):
    second = life(root)
    lab.until(name, lambda _: Path(f"{gate}.count").read_text().split().count("middle") == 2)
    Path(gate).touch()
    job = lab.wait(name)
    second.stdin.close()
    assert second.wait(20) == 0
    assert (job.status, job.error) == (Status.COMPLETED, "")
    assert Path(f"{gate}.count").read_text().split() == ["first", "middle", "middle", "last"]
    folder = lab.blobs.folder_of(lab.steps(name)["middle"].produced["o"]["uri"], WORKSPACE)
    assert [file.name for file in folder.iterdir()] == ["try-3"]


def test_kill_9_and_start_finish_the_run(world, tmp_path):
    gate = tmp_path / "gate"
    lab, name = submit(world, gate)
    first = life(world)
    orphan = in_the_middle(lab, name, gate)
    first.send_signal(signal.SIGKILL)
    first.wait()
    assert is_alive(orphan)
    finish(lab, world, name, gate)
    lab.until(name, lambda _: not is_alive(orphan), 5)


def test_stop_and_start_finish_the_run(world, tmp_path):
    gate = tmp_path / "gate"
    lab, name = submit(world, gate)
    first = life(world)
    process = in_the_middle(lab, name, gate)
    first.stdin.close()
    assert first.wait(20) == 0
    lab.until(name, lambda _: not is_alive(process), 5)
    assert lab.states(name) == {"first": "Completed", "middle": "Running", "last": "NotStarted"}
    finish(lab, world, name, gate)


def test_a_cancel_that_was_acknowledged_survives_kill_9(world, tmp_path):
    gate = tmp_path / "gate"
    lab, name = submit(world, gate)
    lab.jobs.cancel(WORKSPACE, name)
    second = life(world)
    assert lab.wait(name).status is Status.CANCELED
    second.stdin.close()
    assert second.wait(20) == 0
    assert not Path(f"{gate}.pid").exists()
