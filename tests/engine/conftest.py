"""A project, a fake cloud and an engine for each test: programs run as users run them."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from amlkit.engine import stack

from ..warm import SALT, Warm

PATIENCE = 120
"""Seconds that a command may take."""
HERE = Path(__file__).parent
ROOT = HERE.parents[1]
PLUGIN = HERE / "fakecloud" / "pulumi-resource-toy"
PRELUDE = "import os, pulumi\nfrom pulumi import ResourceOptions as O\nfrom toy import Group, Thing, Toy\n"


@dataclass
class Project:
    """One stack `dev` of a project in a temporary folder, and the cloud that its plugin keeps."""

    folder: Path
    environ: dict = field(default_factory=dict)
    warm: Warm | None = None
    """What engines that are run, their programs and plugins are forked from; without it they are started anew."""

    @property
    def cloud(self):
        return self.folder / "cloud"

    @property
    def state_file(self):
        return self.folder / "state/.pulumi/stacks/try/dev.json"

    def write(self, program):
        """The program's text, after imports of `pulumi`, `O` (its options), `Thing`, `Group`, `Toy`."""
        (self.folder / "project/__main__.py").write_text(PRELUDE + program)
        shutil.rmtree(self.folder / "project/__pycache__", ignore_errors=True)  # Python looks at size and second only

    def command(self, *arguments):
        return [sys.executable, "-m", "amlkit.engine", *arguments]

    def run(self, *arguments, code=0, program=None):
        """Run a command and demand its exit code; returns what it printed, both streams."""
        if program is not None:
            self.write(program)
        with tempfile.TemporaryFile("w+") as output:
            ended = self._warmly(arguments, output) if self.warm else self._coldly(arguments, output)
            output.seek(0)
            said = output.read()
        assert code is None or ended == code, said
        return said

    def _warmly(self, arguments, output):
        return self.warm.engine(arguments, self.folder / "project", self.environ, output).wait(PATIENCE)

    def _coldly(self, arguments, output):
        return subprocess.run(
            self.command(*arguments),
            cwd=self.folder / "project",
            env=self.environ,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            timeout=PATIENCE,
        ).returncode

    def up(self, program=None, code=0, *flags):
        return self.run("up", "--yes", "--skip-preview", *flags, code=code, program=program)

    def start(self, *arguments):
        """Run a command in the background."""
        return subprocess.Popen(
            self.command(*arguments),
            cwd=self.folder / "project",
            env=self.environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def calls(self, *methods, clear=True):
        """What the plugin was asked, in order: `("Create", "a")`; previews are left out."""
        wanted = methods or ("Create", "Update", "Delete", "Read")
        return [(call["method"], call.get("name", "")) for call in self.log(clear=clear) if call["method"] in wanted]

    def log(self, clear=True):
        """The plugin's calls in full, previews left out."""
        file = self.cloud / "calls.jsonl"
        calls = [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []
        if clear:
            file.unlink(missing_ok=True)
        return [call for call in calls if not call.get("preview")]

    def things(self):
        file = self.cloud / "things.json"
        return json.loads(file.read_text()) if file.exists() else {}

    def set_thing(self, identifier, **inputs):
        """Change the cloud behind the engine's back; without inputs the thing is gone."""
        things = self.things()
        if inputs:
            things[identifier] = {**things.get(identifier, {}), **inputs}
        else:
            del things[identifier]
        (self.cloud / "things.json").write_text(json.dumps(things))

    def fault(self, method, name, when="before", mode="error"):
        self.faults({"method": method, "name": name, "when": when, "mode": mode})

    def faults(self, fault):
        file = self.cloud / "faults.json"
        faults = json.loads(file.read_text()) if file.exists() else []
        file.write_text(json.dumps([*faults, fault]))

    def wait_for_hang(self, process, seconds=30):
        """Until a `hang` fault holds the plugin."""
        end = time.monotonic() + seconds
        while not (self.cloud / "hanging").exists():
            assert process.poll() is None, process.stdout.read()
            assert time.monotonic() < end, "nothing hangs"
            time.sleep(0.02)

    def release(self):
        (self.cloud / "release").touch()

    def state(self):
        return json.loads(self.state_file.read_text())

    def resources(self):
        """Logical name → resource of the state; one that waits for its deletion has `-deleted` after its name."""
        found = {}
        for resource in self.state()["checkpoint"]["latest"].get("resources", []):
            name = resource["urn"].split("::")[3]
            found[name + ("-deleted" if resource.get("delete") else "")] = resource
        return found

    def pending(self):
        return [
            (each["type"], each["resource"]["urn"].split("::")[3])
            for each in self.state()["checkpoint"]["latest"].get("pending_operations", [])
        ]

    def names(self):
        """Names of the custom resources and components in the state."""
        return sorted(name for name in self.resources() if not name.startswith(("default", "try-dev")))


def make_project(folder):
    """A new project with a stack that has nothing in it."""
    for name in ("project", "cloud", "state", "plugins", "home"):
        (folder / name).mkdir(parents=True)
    wrapper = folder / "plugins/pulumi-resource-toy"
    wrapper.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{PLUGIN}" "$@"\n')
    wrapper.chmod(0o755)
    settings = {
        "name": "try",
        "runtime": {"name": "python", "options": {"virtualenv": sys.prefix}},
        "plugins": {"providers": [{"name": "toy", "path": "../plugins"}]},
    }
    (folder / "project/Pulumi.yaml").write_text(json.dumps(settings))
    shutil.copy(HERE / "programs/toy.py", folder / "project/toy.py")
    environ = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder / "home"),
        "PYTHONPATH": str(ROOT),
        "PULUMI_HOME": str(folder / "home"),
        "PULUMI_BACKEND_URL": f"file://{folder / 'state'}",
        "PULUMI_CONFIG_PASSPHRASE": "",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "FAKECLOUD": str(folder / "cloud"),
    }
    return Project(folder, environ)


def in_virtualenv(project):
    """The folder of a virtual environment, without an interpreter yet, that the project's programs run in."""
    folder = project.folder / "venv"
    (folder / "bin").mkdir(parents=True)
    (folder / "pyvenv.cfg").write_text("")
    file = project.folder / "project/Pulumi.yaml"
    settings = json.loads(file.read_text())
    settings["runtime"]["options"]["virtualenv"] = "../venv"
    file.write_text(json.dumps(settings))
    return folder


def fork_programs(project, warm):
    """Have the project's programs forked."""
    warm.install_program(in_virtualenv(project) / "bin/python")
    project.environ["WARM"] = warm.address


def new_stack(folder, warm=None):
    """A project with the stack `dev`; with `warm`, at the price of forks."""
    made = make_project(folder)
    (made.folder / "project/Pulumi.dev.yaml").write_text(f"encryptionsalt: {SALT}\n")
    stack.run(["stack", "init", "dev"], cwd=made.folder / "project", environ=made.environ)
    if warm:
        made.warm = warm
        fork_programs(made, warm)
        warm.install_plugin(folder / "plugins/pulumi-resource-toy", PLUGIN)
    return made


@pytest.fixture(scope="session")
def forks(tmp_path_factory):
    """What engines, programs and plugins are forked from."""
    warm = Warm(tmp_path_factory.mktemp("warm"), SALT)
    yield warm
    warm.close()


@pytest.fixture
def project(tmp_path, forks):
    return new_stack(tmp_path / "ours", forks)


@pytest.fixture
def cold_project(tmp_path):
    """With processes of its own, for what is said of processes."""
    return new_stack(tmp_path / "ours")


@pytest.fixture
def kill():
    """Ends with SIGKILL what a test started."""
    started = []
    yield started.append
    for process in started:
        if process.poll() is None:
            os.kill(process.pid, signal.SIGKILL)
        process.wait()
