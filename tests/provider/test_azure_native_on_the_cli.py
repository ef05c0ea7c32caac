"""An unmodified program on the official CLI with our plugin, from nothing to nothing again."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from amlkit.provider.install import install

from .arm_server import SUBSCRIPTION
from .plugin_process import STRIPPED

pytestmark = pytest.mark.skipif(shutil.which("pulumi") is None, reason="the Pulumi CLI is not on PATH")

PROGRAM = Path(__file__).parent / "program"
SECRET = "account-key-of-the-test"


class Stack:
    """One project with one stack on the file backend."""

    def __init__(self, folder, arm):
        self.folder = folder
        (folder / "state").mkdir()
        runtime = {"name": "python", "options": {"virtualenv": sys.prefix}}
        project = {"name": "platform", "runtime": runtime, "main": str(PROGRAM)}
        (folder / "Pulumi.yaml").write_text(json.dumps(project))
        ambient = {name: value for name, value in os.environ.items() if not name.startswith(STRIPPED)}
        self.environment = {
            **ambient,
            **arm.environment,
            "PULUMI_HOME": str(folder / "home"),
            "PULUMI_BACKEND_URL": (folder / "state").as_uri(),
            "PULUMI_CONFIG_PASSPHRASE": "",
            "PULUMI_SKIP_UPDATE_CHECK": "true",
        }
        install(folder / "home")
        self.run("stack", "init", "local")
        self.run("config", "set", "azure-native:subscriptionId", SUBSCRIPTION)

    def run(self, *words, code=0):
        command = ["pulumi", *words, "--non-interactive"]
        done = subprocess.run(
            command, cwd=self.folder, env=self.environment, capture_output=True, text=True, timeout=300
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout

    def up(self, *words):
        """What `up` did, by kind of operation."""
        self.run("up", "--yes", "--skip-preview", *words)
        history = json.loads(self.run("stack", "history", "--json", "--page-size", "1"))
        return history[0]["resourceChanges"]

    def planned(self, *words):
        """Every step of a preview that is no `same`: operation, name, detailed diff."""
        steps = json.loads(self.run("preview", "--json", *words))["steps"]
        return {
            step["urn"].rpartition("::")[2]: (step["op"], step.get("detailedDiff") or {})
            for step in steps
            if step["op"] != "same"
        }

    def state(self):
        resources = json.loads(self.run("stack", "export"))["deployment"].get("resources", [])
        return {each["urn"].split("::", 2)[2]: each for each in resources}


@pytest.fixture(scope="module")
def stack(tmp_path_factory, arm_process):
    arm_process.documents.clear()
    arm_process.secrets["listKeys"] = {"keys": [{"keyName": "key1", "value": SECRET}]}
    return Stack(tmp_path_factory.mktemp("stack"), arm_process)


def test_a_program_lives_through_every_operation(stack, arm_process):
    arm = arm_process
    planned = stack.planned()
    assert {op for op, _ in planned.values()} == {"create"}
    assert arm.made("PUT") == []

    assert stack.up()["create"] == 8  # seven resources and the stack
    outputs = json.loads(stack.run("stack", "output", "--json"))
    assert outputs["account"].startswith("data")
    assert len(outputs["account"]) == len("data") + 8
    assert outputs["vault_uri"].startswith("https://keys")
    assert outputs["principal"] == "p-1"
    assert SECRET not in stack.run("stack", "export")

    calls = len(arm.made("PUT"))
    stack.run("preview", "--expect-no-changes")
    assert set(stack.up()) == {"same"}
    assert len(arm.made("PUT")) == calls

    planned = stack.planned("-c", "tag=two")
    assert planned["data"] == ("update", {'tags["dotted.key"]': {"kind": "update", "inputDiff": True}})
    assert stack.up("-c", "tag=two")["update"] >= 1
    account = next(document for key, document in arm.documents.items() if key.endswith(outputs["account"]))
    assert account["tags"] == {"made by": "pulumi", "dotted.key": "two"}

    planned = stack.planned("-c", "hns=true")
    assert planned["data"][0] == "replace"
    assert planned["data"][1]["isHnsEnabled"]["kind"] == "update-replace"
    assert planned["corpora"][0] in ("replace", "update")
    puts = len(arm.calls)
    stack.up("-c", "hns=true")
    replaced = json.loads(stack.run("stack", "output", "--json"))["account"]
    assert replaced != outputs["account"]
    methods = [(c.method, c.path.rpartition("/")[2]) for c in arm.calls[puts:] if c.method in ("PUT", "DELETE")]
    assert methods.index(("PUT", replaced)) < methods.index(("DELETE", outputs["account"]))  # auto-named: create first

    workspace = next(document for key, document in arm.documents.items() if key.endswith("workspaces/main"))
    workspace["tags"] = {"by": "hand"}
    stack.run("refresh", "--yes")
    assert stack.state()["azure-native:machinelearningservices:Workspace::ws"]["inputs"]["tags"] == {"by": "hand"}
    assert stack.planned()["ws"][0] == "update"
    stack.up()
    assert "tags" not in next(document for key, document in arm.documents.items() if key.endswith("workspaces/main"))
    assert SECRET not in stack.run("stack", "export")

    stack.run("destroy", "--yes", "--skip-preview")
    assert arm.documents == {}
    assert stack.state() == {}


def test_a_resource_that_failed_on_its_way_is_kept_and_finished_by_the_next_up(stack, arm_process):
    arm = arm_process
    arm.slow.add("workspaces/main")
    arm.broken.add("workspaces/main")
    said = stack.run("up", "--yes", "--skip-preview", code=1)
    assert "no cores left" in said
    workspace = "azure-native:machinelearningservices:Workspace::ws"
    assert stack.state()[workspace]["initErrors"]

    arm.slow.clear()
    arm.broken.clear()
    done = stack.up()
    assert done["update"] == 1
    assert "initErrors" not in stack.state()[workspace]
    stack.run("destroy", "--yes", "--skip-preview")
    assert arm.documents == {}
