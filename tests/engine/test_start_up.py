"""What a command may import, and where its time is said to go."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = 'a = Thing("a", text="one")\nThing("b", text=a.shout)\npulumi.export("x", a.shout)'
LOADED = """
import sys
from amlkit.engine.cli import main
code = main(sys.argv[1:])
whole = [name for name in ("pulumi", "pulumi.runtime", "pulumi_azure_native") if name in sys.modules]
print("whole:", *whole)
sys.exit(code)
"""
PHASES = (
    "start of the engine",
    "state and passphrase",
    "start of plugins",
    "providers",
    "start of the program",
    "program",
    "writes of the state",
    "all of it",
)


def timings(text):
    """Phase → seconds, of the table under `Diagnostics`."""
    table = text.partition("Diagnostics:")[2]
    return {
        name: float(seconds) for seconds, name in re.findall(r"^ +([\d.]+) s  ([a-z ]+?)(?:  +\d+ x)?$", table, re.M)
    }


@pytest.mark.parametrize(
    "command",
    [("refresh", "--yes", "--skip-preview"), ("stack", "output"), ("destroy", "--yes", "--skip-preview")],
    ids=lambda words: words[0],
)
def test_commands_without_a_program_do_without_the_sdk(project, command):
    project.up(PROGRAM)
    done = subprocess.run(
        [sys.executable, "-c", LOADED, *command],
        cwd=project.folder / "project",
        env=project.environ | {"PULUMI_STACK": "dev"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "whole:"


def test_a_command_that_only_reads_the_state_does_without_grpc(project):
    project.up(PROGRAM)
    done = subprocess.run(
        [sys.executable, "-c", LOADED.replace('"pulumi",', '"pulumi", "grpc",'), "stack", "output", "--stack", "dev"],
        cwd=project.folder / "project",
        env=project.environ,
        capture_output=True,
        text=True,
    )
    assert done.stdout.splitlines()[-1] == "whole:", done.stderr


@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="no /proc here")
def test_secret_settings_reach_the_program_by_no_way_that_others_can_read(project):
    project.run("config", "set", "word", "hush-hush", "--secret")
    told = project.up(
        'seen = "".join(open("/proc/self/" + each).read() for each in ("cmdline", "environ"))\n'
        'print("begins with it:", "hush" in seen, "has it:", pulumi.Config().require("word") == "hush-hush")'
    )
    assert "begins with it: False has it: True" in told


def test_timings_are_told_when_asked_for(project):
    project.environ["AMLKIT_TIMINGS"] = "1"
    out = project.up(PROGRAM)
    found = timings(out)
    assert set(found) == set(PHASES)
    assert all(seconds <= found["all of it"] for seconds in found.values())
    assert "calls: Check 2, Create 2" in out
    assert "start of the program" not in project.run("refresh", "--yes", "--skip-preview")


def test_timings_are_not_told_otherwise(project):
    assert "Timings" not in project.up(PROGRAM)
