"""Steps that do what no step should: each leaves a clear state, a stand-in that works, and no process."""

import os
import signal
import textwrap
from pathlib import Path

import pytest

from amlkit.local.jobs import logs
from amlkit.local.jobs.processes import JOB, MARK
from amlkit.local.jobs.records import Status

from .lab import WORKSPACE, is_alive, output_of

FOLDER = {"type": "uri_folder"}
OUT = {"o": FOLDER}


def step(lab, command, name="hostile", **spec):
    return {"type": "command", "componentId": lab.component(name, command, **spec)}


def python(lab, text, name="hostile", **spec):
    code = lab.code(name, main__py=textwrap.dedent(text))
    return step(lab, "python main.py", name, code=code, **spec)


def left(lab):
    """Processes of any step of this lab that live, by /proc."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and entry.name != str(os.getpid()) and is_alive(entry.name):
            try:
                variables = (entry / "environ").read_bytes().split(b"\0")
            except OSError:
                continue
            if f"{MARK}={lab.home.folder}".encode() in variables:
                found.append(entry.name)
    return found


def works(lab):
    job = lab.run({"s": step(lab, "echo fine", "fine")})
    assert (job.status, job.error) == (Status.COMPLETED, "")
    assert left(lab) == []


def test_a_hundred_children_in_sessions_of_their_own(lab, tmp_path):
    command = f"for n in $(seq 100); do setsid sleep 600 & done; echo started > {tmp_path}/on; sleep 600"
    name = lab.start({"s": step(lab, command)})
    lab.until(name, lambda _: (tmp_path / "on").exists())
    lab.jobs.cancel(WORKSPACE, name)
    assert lab.wait(name).status is Status.CANCELED
    works(lab)
    assert lab.run({"s": step(lab, "for n in $(seq 100); do setsid sleep 600 & done")}).status is Status.COMPLETED
    assert left(lab) == []


DAEMON = """
    import os, signal, time
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            for number in range(3):
                os.close(number)
            open(os.environ["TOLD"], "w").write(str(os.getpid()))
            time.sleep(600)
        os._exit(0)
    while not os.path.exists(os.environ["TOLD"]):
        time.sleep(0.01)
    time.sleep(float(os.environ["STAYS"]))
"""


@pytest.mark.parametrize("stays", ["0", "600"])
def test_a_daemon_that_ignores_the_request_is_ended_with_the_step(lab, tmp_path, stays):
    told = tmp_path / "pid"
    graph = {"s": python(lab, DAEMON, environment_variables={"TOLD": str(told), "STAYS": stays})}
    name = lab.start(graph)
    lab.until(name, lambda _: told.exists() and told.read_text())
    if stays != "0":
        lab.jobs.cancel(WORKSPACE, name)
    assert lab.wait(name).status is (Status.COMPLETED if stays == "0" else Status.CANCELED)
    assert not is_alive(told.read_text())
    works(lab)


def test_stop_leaves_nothing_of_a_step_with_daemons(lab, tmp_path):
    told = tmp_path / "pid"
    name = lab.start({"s": python(lab, DAEMON, environment_variables={"TOLD": str(told), "STAYS": "600"})})
    lab.until(name, lambda _: told.exists() and told.read_text())
    lab.jobs.stop()
    assert left(lab) == []


def test_a_child_without_our_variables_is_ended_on_cancel(lab, tmp_path):
    command = f"env -i /usr/bin/setsid /bin/sh -c 'echo $$ > {tmp_path}/pid; exec /bin/sleep 600' & wait"
    name = lab.start({"s": step(lab, command)})
    lab.until(name, lambda _: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text())
    lab.jobs.cancel(WORKSPACE, name)
    assert lab.wait(name).status is Status.CANCELED
    assert not is_alive((tmp_path / "pid").read_text().strip())


def test_a_log_that_is_too_long_keeps_its_beginning_and_its_end(lab, monkeypatch):
    monkeypatch.setattr(logs, "MOST", 1_000_000)
    monkeypatch.setattr(logs, "_HEAD", 200_000)
    monkeypatch.setattr(logs, "_TAIL", 200_000)
    command = "echo the first; yes 0123456789 | head -c 50000000; sleep 0.6; yes 0123456789 | head -c 5000000; "
    command += "echo; echo the last; exit 3"
    job = lab.run({"s": step(lab, command)})
    assert job.error.splitlines()[0] == "step `s` failed with exit code 3"
    assert job.error.splitlines()[-1] == "the last"
    text = lab.log(lab.steps(job.name)["s"])
    assert len(text) < 1_100_000
    assert "the first\n" in text[:1000]
    notes = [line for line in text.splitlines() if "left out" in line]
    assert len(notes) == 1
    dropped = int(notes[0].partition("long, ")[2].partition(" bytes")[0].replace(",", ""))
    assert dropped + len(text) == pytest.approx(55_000_000, rel=0.02)
    works(lab)


def test_a_log_without_an_end_of_line_and_with_bytes_that_are_no_text(lab):
    job = lab.run({"s": step(lab, "head -c 100000 /dev/zero | tr '\\0' x; exit 1")})
    assert job.error.splitlines()[0] == "step `s` failed with exit code 1"
    assert "xxxx" in job.error
    assert len(job.error) < 5000
    job = lab.run({"s": step(lab, "head -c 100000 /dev/urandom; printf '\\033[31mred\\0'; exit 1")})
    assert job.status is Status.FAILED
    assert not {"\0", "\033"} & set(job.error)
    works(lab)


def test_what_is_printed_is_in_the_log_while_the_step_runs(lab):
    name = lab.start({"s": python(lab, "import time\nprint('said')\ntime.sleep(600)")})
    lab.until(
        name, lambda _: "said" in "".join(path.read_text() for path in lab.jobs.logs(lab.steps(name)["s"]).values())
    )
    lab.jobs.cancel(WORKSPACE, name)
    lab.wait(name)


def test_a_step_that_closes_its_streams_and_deletes_its_folder(lab):
    command = 'exec >&- 2>&-; cd /; rm -rf "$OLDPWD" "$OLDPWD/.."; exit 0'
    assert lab.run({"s": step(lab, command)}).status is Status.COMPLETED
    assert lab.run({"s": step(lab, "exec >&- 2>&-; exit 4")}).error == "step `s` failed with exit code 4"
    gone = lab.run({"s": step(lab, "rm -rf ${{outputs.o}}", outputs=OUT)})
    assert gone.error == "step `s` ended well but did not write its output `o`"
    link = lab.run({"s": step(lab, "rm -rf ${{outputs.o}}; ln -s / ${{outputs.o}}", outputs=OUT)})
    assert link.error == "step `s` ended well but its output `o` is a link to another place"
    works(lab)


def test_a_killed_step_says_what_that_likely_means(lab):
    for command in ("kill -9 $$", "bash -c 'kill -9 $$'; exit $?"):
        first = lab.run({"s": step(lab, command)}).error.splitlines()[0]
        assert first.endswith("(SIGKILL: most likely this machine ran out of memory)"), first
    assert lab.run({"s": step(lab, "kill -SEGV $$")}).error == "step `s` was ended by signal 11 (SIGSEGV)"


def test_a_step_out_of_memory_fails_with_its_own_words(lab):
    job = lab.run({"s": step(lab, "ulimit -v 500000; python -c 'x = bytearray(10**10)'")})
    assert "MemoryError" in job.error
    works(lab)


def test_a_step_may_be_taken_by_the_kernel_before_the_stand_in(lab):
    job = lab.run({"s": step(lab, "sleep 0.05; cat /proc/self/oom_score_adj > ${{outputs.o}}/x", outputs=OUT)})
    assert lab.text(lab.steps(job.name)["s"], "o", "x") == "500\n"


def test_an_input_that_a_step_changes_is_said_and_poisons_nothing(lab):
    make = step(lab, "echo good > ${{outputs.o}}/x", "make", outputs=OUT)
    spoil = step(lab, "echo bad >> ${{inputs.i}}/x; touch ${{inputs.i}}/new", "spoil", inputs={"i": FOLDER})
    spoil["inputs"] = {"i": output_of("make", "o")}
    job = lab.run({"make": make, "spoil": spoil})
    assert job.error.splitlines() == [
        "step `spoil` ended well but changed its input",
        "input `i` is mounted read-only in Azure ML, but changed while the step ran: new, x",
    ]
    read = step(lab, "cat ${{inputs.i}}/x > ${{outputs.o}}/y", "read", inputs={"i": FOLDER}, outputs=OUT)
    read["inputs"] = {"i": output_of("make", "o")}
    again = lab.run({"make": make, "read": read})
    assert again.status is Status.COMPLETED
    assert lab.text(lab.steps(again.name)["read"], "o", "y") == "good\n"


def test_a_copy_is_the_step_s_own(lab):
    make = step(lab, "echo good > ${{outputs.o}}/x", "make", outputs=OUT)
    port = {"i": {**FOLDER, "mode": "download"}}
    change = step(lab, "echo more >> ${{inputs.i}}/x", "change", inputs=port)
    change["inputs"] = {"i": output_of("make", "o")}
    assert lab.run({"make": make, "change": change}).status is Status.COMPLETED


def test_steps_carry_the_job_that_they_are(lab):
    job = lab.run(
        {"s": step(lab, f"echo ${JOB} > ${{{{outputs.o}}}}/x", outputs=OUT, environment_variables={JOB: "mine"})}
    )
    assert lab.text(lab.steps(job.name)["s"], "o", "x") == f"{job.name}-s\n"


def test_a_step_that_kills_its_own_group(lab):
    job = lab.run({"s": step(lab, "kill -KILL 0")})
    assert job.status is Status.FAILED
    assert signal.SIGKILL.name in job.error
    works(lab)
