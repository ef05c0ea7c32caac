"""What a user reads when something fails: the cause, once, at the resource it belongs to, and no word of the wire."""

import signal
import time

WIRE = ("Cancelling all calls", "Stream removed", "Socket closed", "UNAVAILABLE", "recvmsg", "GOAWAY")


def wait_for(path, seconds=30):
    end = time.monotonic() + seconds
    while not path.exists():
        assert time.monotonic() < end, f"{path.name} does not appear"
        time.sleep(0.02)


def test_a_failure_is_not_buried_by_hooks_and_calls_that_end_with_it(project):
    out = project.up(
        """
import time
def slow(args):
    open(os.environ["FAKECLOUD"] + "/begun", "w").close()
    time.sleep(1)
hooks = pulumi.ResourceHookBinding(before_create=[pulumi.ResourceHook("slow", slow)])
for index in range(3):
    Thing(f"slow-{index}", opts=O(hooks=hooks))
first = Thing("first", seconds=1)
raise ValueError("the cause")
""",
        code=1,
    )

    assert "the cause" in out
    assert not [word for word in WIRE if word in out]
    assert out.count("error:") <= 2


def test_the_death_of_a_plugin_is_told_once_with_how_it_ended(project):
    project.fault("Create", "a", mode="exit")

    out = project.up('Thing("a")\nfor index in range(4):\n    Thing(f"b{index}", seconds=2)', code=1)

    assert "plugin `toy` ended with exit code 3" in out
    assert not [word for word in WIRE if word in out]


def test_a_preview_beside_a_living_up_speaks_of_no_interruption(project, kill):
    project.write('Thing("a")')
    project.fault("Create", "a", mode="hang")
    process = project.start("up", "--yes", "--skip-preview")
    kill(process)
    project.wait_for_hang(process)

    out = project.run("preview")

    assert "interrupted" not in out
    assert "another update of this stack is under way" in out
    project.release()
    assert process.wait(30) == 0


def test_a_traceback_starts_in_the_users_file(project):
    (project.folder / "project/helper.py").write_text(
        "import json\n\n\ndef wrong(text):\n    return json.loads(text)\n"
    )

    out = project.up('import helper\nhelper.wrong("{")', code=1)

    files = [line for line in out.splitlines() if 'File "' in line]
    assert "__main__.py" in files[0]
    assert "helper.py" in files[1]
    assert "site-packages" not in out
    assert "child.py" not in out

    (project.folder / "project/helper.py").write_text("def wrong(:\n")
    out = project.up("import helper", code=1)
    assert "SyntaxError" in out
    assert "runpy" not in out


def test_an_interrupt_ends_a_program_that_hangs(project, kill):
    project.write(
        'import threading\na = Thing("a")\n'
        'def hang(_):\n    open(os.environ["FAKECLOUD"] + "/made", "w").close()\n    threading.Event().wait()\n'
        "a.id.apply(hang)"
    )
    process = project.start("up", "--yes", "--skip-preview")
    kill(process)
    wait_for(project.cloud / "made")

    process.send_signal(signal.SIGINT)

    assert process.wait(20) == 1
    assert project.names() == ["a"]
    assert "Traceback" not in process.stdout.read()


def test_lines_of_program_and_plugin_stand_at_their_resource(project):
    out = project.up('a = Thing("a")\npulumi.log.warn("take care", a)\npulumi.log.warn("in general")')

    diagnostics = out[out.index("Diagnostics:") :]
    at_thing = diagnostics[diagnostics.index("toy:index:Thing (a):") :]
    assert "warning: take care" in at_thing.split("\n\n")[0]
    assert "in general" not in at_thing.split("\n\n")[0]
