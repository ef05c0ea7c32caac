"""Kills and Ctrl-C: what is left on disk, and how the next run goes on."""

import json
import os
import signal
import time
from pathlib import Path

import pytest

TWO = 'a = Thing("a", text="one")\nThing("b", text=a.shout)\n'


@pytest.fixture
def project(cold_project):
    return cold_project


def hang(project, kill, method, name, when):
    """An `up` whose plugin hangs in a call."""
    project.fault(method, name, when=when, mode="hang")
    process = project.start("up", "--yes", "--skip-preview")
    kill(process)
    project.wait_for_hang(process)
    return process


def interrupt(process):
    """Ctrl-C, until the engine says that it has seen it."""
    process.send_signal(signal.SIGINT)
    assert any("stopping:" in line for line in process.stdout)


def children_of(pid):
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == pid:
            found.append(int(stat.parent.name))
    return found


def wait_gone(pids, seconds=10):
    end = time.monotonic() + seconds
    while any(Path(f"/proc/{pid}").exists() and "Z" not in state_of(pid) for pid in pids):
        assert time.monotonic() < end, "a process outlives its engine"
        time.sleep(0.05)


def state_of(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return "Z"


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_create_of_a_killed_engine_is_looked_for_and_taken_over(project, kill, when):
    project.write(TWO)
    process = hang(project, kill, "Create", "a", when)
    children = children_of(process.pid)
    assert project.pending() == [("creating", "a")]
    process.kill()
    process.wait()
    wait_gone(children)
    made = "toy/a" in project.things()
    project.calls()

    out = project.up()

    assert "removed the lock of a process that is gone" in out
    assert project.pending() == []
    assert project.names() == ["a", "b"]
    creates = [call for call in project.calls() if call[0] == "Create"]
    assert creates == ([("Create", "b")] if made else [("Create", "a"), ("Create", "b")])
    assert made == (when == "after")


def test_a_plugin_that_needs_ids_leaves_the_note_with_a_warning(project, kill):
    project.environ["FAKECLOUD_NEEDS_ID"] = "1"
    project.write(TWO)
    process = hang(project, kill, "Create", "a", "before")
    process.kill()
    process.wait()

    out = project.up()

    assert "the provider cannot say whether it is there" in out
    assert project.pending() == [("creating", "a")]
    assert project.names() == ["a", "b"]
    project.run("refresh", "--yes", "--skip-preview", "--clear-pending-creates")
    assert project.pending() == []


def test_a_killed_update_leaves_nothing_behind_after_the_next_up(project, kill):
    project.up(TWO)
    project.write(TWO.replace("one", "two"))
    process = hang(project, kill, "Update", "a", "after")
    assert project.pending() == [("updating", "a")]
    process.kill()
    process.wait()

    project.up()

    assert project.pending() == []
    assert project.resources()["b"]["outputs"]["shout"] == "TWO"


def test_a_killed_replacement_is_finished(project, kill):
    project.up('Thing("a", slot="1")')
    project.write('Thing("a", slot="2")')
    process = hang(project, kill, "Create", "a", "after")
    process.kill()
    process.wait()

    project.up()

    assert project.pending() == []
    assert project.names() == ["a"]
    assert "pendingReplacement" not in project.resources()["a"]
    assert project.things()["toy/a"]["slot"] == "2"


def test_a_destroy_after_a_kill_takes_the_half_made_too(project, kill):
    project.write(TWO)
    process = hang(project, kill, "Create", "a", "after")
    process.kill()
    process.wait()

    project.run("destroy", "--yes", "--skip-preview")

    assert project.things() == {}


def test_an_up_after_a_killed_destroy_makes_what_was_deleted_again(project, kill):
    project.up(TWO)
    project.fault("Delete", "b", when="after", mode="hang")
    process = project.start("destroy", "--yes", "--skip-preview")
    kill(process)
    project.wait_for_hang(process)
    process.kill()
    process.wait()
    assert project.pending() == [("deleting", "b")]
    assert set(project.things()) == {"toy/a"}

    out = project.up()

    assert "interrupted after it was deleted" in out
    assert set(project.things()) == {"toy/a", "toy/b"}
    assert project.pending() == []
    project.run("preview", "--expect-no-changes")


def test_a_second_up_at_the_same_time_is_refused(project, kill):
    project.write(TWO)
    process = hang(project, kill, "Create", "a", "before")

    out = project.up(code=1)

    assert "currently locked" in out
    project.release()
    assert process.wait(30) == 0
    assert project.names() == ["a", "b"]


def test_one_interrupt_finishes_what_is_under_way_and_starts_nothing_new(project, kill):
    project.write(TWO)
    process = hang(project, kill, "Create", "a", "before")
    interrupt(process)
    project.release()

    assert process.wait(30) == 1
    assert project.names() == ["a"]
    assert project.pending() == []
    out = process.stdout.read()
    assert "update canceled" in out
    assert "Traceback" not in out


def test_two_interrupts_leave_what_is_under_way_noted(project, kill):
    project.write(TWO)
    process = hang(project, kill, "Create", "a", "before")
    children = children_of(process.pid)
    interrupt(process)
    process.send_signal(signal.SIGINT)

    assert process.wait(30) == 8
    assert project.pending() == [("creating", "a")]
    wait_gone(children)
    project.release()
    project.up()
    assert project.names() == ["a", "b"]


def test_a_killed_program_fails_the_update_and_what_runs_is_finished(project):
    out = project.up(
        'a = Thing("a")\nimport os, signal\na.id.apply(lambda _: os.kill(os.getpid(), signal.SIGKILL))', code=1
    )

    assert "program exited with non-zero exit code" in out
    assert project.names() == ["a"]


def test_the_program_dies_with_its_engine(project, kill):
    project.write(
        "import time, pathlib\n"
        'pathlib.Path(os.environ["FAKECLOUD"], "pid").write_text(str(os.getpid()))\n'
        "time.sleep(600)"
    )
    process = project.start("up", "--yes", "--skip-preview")
    kill(process)
    pid_file = project.cloud / "pid"
    end = time.monotonic() + 30
    while not (pid_file.exists() and pid_file.read_text()):
        assert time.monotonic() < end
        time.sleep(0.05)

    os.kill(process.pid, signal.SIGKILL)
    process.wait()

    wait_gone([int(pid_file.read_text())])


def test_a_damaged_state_is_one_line_and_nothing_is_lost(project):
    project.up(TWO)
    project.state_file.write_text(project.state_file.read_text()[:200])

    out = project.up(code=1)

    assert "damaged state" in out
    assert "hint:" in out
    assert "Traceback" not in out
    assert json.loads(project.state_file.with_name("dev.json.bak").read_text())
