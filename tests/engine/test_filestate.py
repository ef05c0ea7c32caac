"""The file backend: layout, locks between real processes, atomic writes, group commit."""

import json
import os
import socket
import subprocess
import sys
import threading
import uuid
from pathlib import Path

import pytest

from amlkit.engine.embedded import checkpoint
from amlkit.engine.embedded.committer import Committer
from amlkit.engine.embedded.filestate import Done, FileState
from amlkit.engine.embedded.resource import Deployment, Resource
from amlkit.engine.embedded.secrets import Passphrase
from amlkit.errors import SetupError

from .states import PROJECT, ROOT, STACK


@pytest.fixture(scope="module")
def passphrase():
    return Passphrase.create("")


@pytest.fixture
def state(tmp_path):
    return FileState(tmp_path.as_uri(), PROJECT, STACK)


@pytest.fixture
def made(state, passphrase):
    state.create(passphrase)
    return state


def locks_of(state):
    return list((state.root / "locks" / "organization" / PROJECT / STACK).glob("*.json"))


def write_lock(state, **fields):
    folder = state.root / "locks" / "organization" / PROJECT / STACK
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{uuid.uuid4()}.json"
    known = {
        "pid": os.getpid(),
        "username": "ann",
        "hostname": "elsewhere",
        "timestamp": "2026-11-22T14:38:40.67283407Z",
    }
    file.write_text(json.dumps(known | fields))
    return file


def test_a_new_stack_is_empty_and_listed(state, passphrase):
    assert not state.exists()
    assert state.load() is None
    state.create(passphrase)
    assert state.exists()
    assert state.stacks() == [STACK]
    assert checkpoint.read(state.load(), lambda salt: passphrase)[0] == Deployment()
    assert (state.root / "meta.yaml").read_text() == "version: 1\n"


def test_a_stack_is_made_once(made, passphrase):
    with pytest.raises(SetupError, match=r"stack 'organization/try/dev' already exists"):
        made.create(passphrase)


def test_the_state_before_stays_as_a_copy(made):
    before = made.load()
    made.save('{"new":1}')
    assert made.load() == '{"new":1}'
    assert made.backup.read_text() == before


def test_a_write_that_fails_leaves_the_old_state(made, monkeypatch):
    before = made.load()

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        made.save('{"new":1}')
    assert made.load() == before


def test_a_damaged_state_names_the_file_and_its_copy(made):
    made.save('{"good":1}')
    made.file.write_text(made.file.read_text()[:5])
    with pytest.raises(SetupError, match="damaged") as caught:
        made.load()
    assert caught.value.problems[0].where == str(made.file)
    assert str(made.backup) in caught.value.problems[0].hint


def test_only_one_holds_the_lock(made):
    with made.lock("up"):
        assert len(locks_of(made)) == 1
        with (
            pytest.raises(SetupError, match=r"the stack is currently locked by 1 lock\(s\)") as caught,
            made.lock("up"),
        ):
            pass
        assert f"(pid {os.getpid()})" in str(caught.value)
        assert len(locks_of(made)) == 1
    assert locks_of(made) == []


def test_the_lock_is_given_back_when_the_work_raises(made):
    with pytest.raises(KeyError), made.lock("up"):
        raise KeyError
    assert locks_of(made) == []


HOLD = """
import os, sys
from amlkit.engine.embedded.filestate import FileState
state = FileState(sys.argv[1], "try", "dev")
with state.lock("up"):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def holder(made):
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, made.url], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.wait()


def test_a_live_process_keeps_its_lock(made, holder):
    with pytest.raises(SetupError, match=f"pid {holder.pid}"), made.lock("up"):
        pass


def test_the_lock_of_a_killed_process_is_removed_with_a_warning(made, holder):
    holder.kill()
    holder.wait()
    assert len(locks_of(made)) == 1
    said = []
    with made.lock("up", said.append):
        assert len(locks_of(made)) == 1
    assert len(said) == 1
    assert f"pid {holder.pid}" in said[0]


def test_the_lock_of_a_killed_process_that_nobody_has_waited_for_is_removed(made, holder):
    holder.kill()
    os.waitid(os.P_PID, holder.pid, os.WEXITED | os.WNOWAIT)  # dead, but its pid is still taken
    with made.lock("up"):
        pass


def test_a_lock_is_dead_if_its_pid_now_belongs_to_a_younger_process(made):
    write_lock(made, hostname=socket.gethostname(), timestamp="2020-01-01T00:00:00Z")
    with made.lock("up"):
        pass


def test_a_lock_that_is_not_written_to_its_end_counts_as_held(made):
    write_lock(made).write_text('{"pid":')
    with pytest.raises(SetupError, match="currently locked"), made.lock("up"):
        pass


def test_a_lock_of_another_host_is_never_taken_for_dead(made):
    write_lock(made, pid=999_999_999)
    with pytest.raises(SetupError, match="ann@elsewhere"), made.lock("up"):
        pass


def test_cancel_removes_every_lock(made):
    write_lock(made)
    write_lock(made)
    assert made.unlock_all() == 2
    with made.lock("up"):
        pass


def test_an_operation_is_recorded_with_a_copy_of_the_state(made):
    made.finish(Done("update", True, {"create": 2}, 1795358133.5, 1795358138.25, {"try:a": "1"}))
    history = made.root / "history" / PROJECT / STACK
    entry = json.loads(next(history.glob("*.history.json")).read_text())
    assert (entry["kind"], entry["result"], entry["resourceChanges"]) == ("update", "succeeded", {"create": 2})
    assert (entry["startTime"], entry["endTime"]) == (1795358133, 1795358138)
    assert next(history.glob("*.checkpoint.json")).read_text() == made.load()
    assert next((made.root / "backups" / PROJECT / STACK).glob("dev.*.json")).read_text() == made.load()


def test_a_removed_stack_is_gone_but_its_last_state_stays(made):
    made.finish(Done("update", True, {}, 0, 1, {}))
    made.remove()
    assert not made.exists()
    assert made.stacks() == []
    assert made.backup.exists()
    assert not (made.root / "history" / PROJECT / STACK).exists()


@pytest.mark.parametrize("url", ["azblob://state", "https://api.pulumi.com", "s3://x", "nothing"])
def test_other_backends_are_refused_by_name(url):
    with pytest.raises(SetupError, match=url.split("://")[0]):
        FileState(url, PROJECT, STACK)


def test_a_backend_folder_that_is_not_there_is_told(tmp_path, passphrase):
    with pytest.raises(SetupError, match="does not exist"):
        FileState((tmp_path / "none").as_uri(), PROJECT, STACK).create(passphrase)


def test_names_in_a_url_are_decoded(tmp_path):
    folder = tmp_path / "with space"
    assert FileState(folder.as_uri(), PROJECT, STACK).root == folder / ".pulumi"


class Disk:
    """Writes that a test lets through one at a time."""

    def __init__(self):
        self.began = threading.Semaphore(0)
        self.go = threading.Semaphore(0)
        self.written = []

    def write(self, deployment):
        self.began.release()
        self.go.acquire()
        self.written.append(deployment)


def numbered(count):
    return Deployment(tuple(Resource(f"{ROOT}{number}", "t") for number in range(count)))


def test_a_commit_returns_only_when_its_change_is_written():
    disk = Disk()
    committer = Committer(disk.write)
    changes = []
    returned = threading.Event()

    def first():
        changes.append(1)
        committer.commit(lambda: numbered(len(changes)))
        returned.set()

    thread = threading.Thread(target=first)
    thread.start()
    disk.began.acquire()
    assert not returned.is_set()
    disk.go.release()
    thread.join()
    assert disk.written == [numbered(1)]
    committer.close()


def test_many_that_wait_share_one_write_that_holds_all_their_changes():
    disk = Disk()
    committer = Committer(disk.write)
    changes = []
    lock = threading.Lock()

    def change():
        with lock:
            changes.append(1)
        committer.commit(lambda: numbered(len(changes)))
        assert len(disk.written[-1].resources) >= 1

    threads = [threading.Thread(target=change)]
    threads[0].start()
    disk.began.acquire()  # the first write is under way: whoever comes now waits for the next one
    threads += [threading.Thread(target=change) for _ in range(20)]
    for thread in threads[1:]:
        thread.start()
    while committer._asked < 21:  # all have asked
        threading.Event().wait(0.001)
    disk.go.release(2)
    for thread in threads:
        thread.join()
    assert [len(each.resources) for each in disk.written] == [1, 21]
    committer.close()


def test_a_write_that_fails_fails_every_caller():
    def full(_):
        raise OSError("disk full")

    committer = Committer(full)
    for _ in range(2):
        with pytest.raises(OSError, match="disk full"):
            committer.commit(lambda: numbered(1))
    committer.close()


KILLED = """
import sys
from amlkit.engine.embedded.filestate import FileState
state = FileState(sys.argv[1], "try", "dev")
number = 0
while True:
    number += 1
    state.save('{"number": %d, "fill": "%s"}' % (number, "x" * 200_000))
    print(number, flush=True)
"""


def test_a_kill_at_any_moment_leaves_a_whole_state(made):
    process = subprocess.Popen([sys.executable, "-c", KILLED, made.url], stdout=subprocess.PIPE, text=True)
    for _ in range(5):
        last = int(process.stdout.readline())
    process.kill()
    last = max([last, *map(int, process.stdout.read().split())])
    process.wait()
    assert json.loads(made.load())["number"] in (last, last + 1)
    assert Path(made.backup).exists()
