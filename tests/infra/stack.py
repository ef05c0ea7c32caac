"""A project of its own with one local stack, brought up by either engine against a real local Azure ML."""

import json
import os
import shutil
import ssl
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from amlkit.home import STORAGE_SUFFIX, SUBSCRIPTION, TENANT, UNSET, Home
from amlkit.local import process
from amlkit.provider.install import install

from ..warm import Warm

PATIENCE = 300
"""Seconds that a command may take."""
ROOT = Path(__file__).parents[2]
PROGRAM = Path(__file__).parent / "program"
STRIPPED = ("AZURE", "ARM_", "IDENTITY_", "PULUMI_", "HTTPS_PROXY")
GROUP = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/small"
WORKSPACE = f"{GROUP}/providers/Microsoft.MachineLearningServices/workspaces/small"
CONFIG = {
    "workspace": WORKSPACE,
    "location": "westeurope",
    "snapshots": f"https://smallstore.blob.{STORAGE_SUFFIX}/snapshots",
}
ENGINES = {"official": ["pulumi"], "embedded": [sys.executable, "-m", "amlkit.engine"]}


@dataclass(frozen=True)
class Ended:
    code: int
    text: str
    errors: str


@dataclass(frozen=True)
class Stack:
    home: Home
    engine: str
    environment: dict
    warm: Warm | None = None

    @classmethod
    def make(cls, folder, engine, main=PROGRAM, warm=None):
        """A stack `local`; with `warm`, the embedded engine, its programs and plugins are forked from that."""
        warm = warm if engine == "embedded" else None
        project = {
            "name": "small",
            "runtime": {"name": "python", "options": {"virtualenv": sys.prefix}},
            "main": str(main),
            "plugins": {"providers": [{"name": "amlkit", "path": str(ROOT / "amlkit/provider/bin")}]},
        }
        (folder / "Pulumi.yaml").write_text(json.dumps(project))
        shutil.copy(ROOT / "Pulumi.local.yaml", folder)
        home = Home(folder)
        ambient = {name: value for name, value in os.environ.items() if not name.startswith(STRIPPED)}
        process.start(home, environment=ambient)
        home.stacks.mkdir(parents=True, exist_ok=True)
        ours = {"PYTHONPATH": str(ROOT), "PULUMI_SKIP_UPDATE_CHECK": "true"}
        kept = {name: value for name, value in ambient.items() if name not in UNSET}
        stack = cls(home, engine, {**kept, **home.environment(home.address()), **ours}, warm)
        if warm:
            stack.fork(folder / "forks", project)
        stack.mark(pipelines="training")
        stack.ok("stack", "init", "local")
        stack.furnish()
        return stack

    def fork(self, folder, project):
        """Have the project's programs and both plugins forked."""
        for name in ("bin", "plugins"):
            (folder / name).mkdir(parents=True)
        (folder / "pyvenv.cfg").write_text("")
        self.warm.install_program(folder / "bin/python")
        self.warm.install_plugin(folder / "plugins/pulumi-resource-amlkit", "amlkit.provider.published")
        self.warm.install_plugin(folder / "bin/pulumi-resource-azure-native", "amlkit.provider.azure_native")
        project["runtime"]["options"]["virtualenv"] = str(folder)
        project["plugins"]["providers"][0]["path"] = str(folder / "plugins")
        (self.home.root / "Pulumi.yaml").write_text(json.dumps(project))
        self.environment["WARM"] = self.warm.address
        self.environment["PATH"] = f"{folder / 'bin'}:{self.environment['PATH']}"

    def furnish(self, configure=True):
        """A workspace with a cluster, made by somebody else; the stack's configuration names it."""
        account = f"{GROUP}/providers/Microsoft.Storage/storageAccounts/smallstore"
        vault = f"{GROUP}/providers/Microsoft.KeyVault/vaults/small-vault"
        sku = {"family": "A", "name": "standard"}
        references = {"storageAccount": account, "keyVault": vault}
        cluster = {"vmSize": "Standard_DS3_v2", "scaleSettings": {"maxNodeCount": 1}}
        self._put(GROUP)
        self._put(account, kind="StorageV2", sku={"name": "Standard_LRS"})
        self._put(f"{account}/blobServices/default/containers/snapshots", properties={})
        self._put(vault, properties={"tenantId": TENANT, "sku": sku, "accessPolicies": []})
        self._put(WORKSPACE, identity={"type": "SystemAssigned"}, properties=references)
        self._put(f"{WORKSPACE}/computes/cpu", properties={"computeType": "AmlCompute", "properties": cluster})
        for key, value in CONFIG.items() if configure else ():
            self.ok("config", "set", f"test:{key}", value)

    def _put(self, path, **body):
        answer = self.arm("PUT", path, {"location": "westeurope", **body})
        assert "error" not in answer, answer

    def run(self, *words):
        words = (*words, "--non-interactive")
        with tempfile.TemporaryFile("w+") as text, tempfile.TemporaryFile("w+") as errors:
            code = self._warmly(words, text, errors) if self.warm else self._coldly(words, text, errors)
            for stream in (text, errors):
                stream.seek(0)
            return Ended(code, text.read(), errors.read())

    def _warmly(self, words, text, errors):
        return self.warm.engine(words, self.home.root, self.environment, text, errors).wait(PATIENCE)

    def kill(self, turn, *words):
        """Run a command of the embedded engine that is killed at the n-th change of a file of its state."""
        with tempfile.TemporaryFile() as out:
            words = (*words, "--non-interactive")
            running = self.warm.engine(
                words, self.home.root, self.environment, out, kill_at=turn, watched=self.home.stacks
            )
            return running.wait(PATIENCE)

    def _coldly(self, words, text, errors):
        command = [*ENGINES[self.engine], *words]
        return subprocess.run(
            command, cwd=self.home.root, env=self.environment, stdout=text, stderr=errors, timeout=PATIENCE
        ).returncode

    def python(self, script):
        """What a script of a user prints, pointed at the local Azure ML as the stack is."""
        command = [sys.executable, str(script)]
        ended = subprocess.run(command, env=self.environment, capture_output=True, text=True, timeout=120)
        assert ended.returncode == 0, ended.stderr
        return ended.stdout

    def ok(self, *words):
        ended = self.run(*words)
        assert ended.code == 0, ended.text + ended.errors
        return ended

    def up(self, text=None):
        """Bring it up, with `text` as the step's code if given."""
        if text is not None:
            self.write(text)
        return self.run("up", "--yes", "--skip-preview")

    def publish(self, text):
        """Bring `text` up; the name of the deployment that serves then."""
        ended = self.up(text)
        assert ended.code == 0, ended.text + ended.errors
        return self.default()

    def write(self, text):
        (self.home.root / "run.py").write_text(f"print({text!r})\n")

    def mark(self, **files):
        """Files that steer the program; None takes one away."""
        for name, text in files.items():
            path = self.home.root / f"{name}.txt"
            path.write_text(text) if text is not None else path.unlink(missing_ok=True)

    def smoked(self):
        """The deployments that were smoke checked, in order."""
        path = self.home.root / "smoked.txt"
        return path.read_text().split() if path.exists() else []

    def preview(self):
        return self.ok("preview").text

    def outputs(self):
        return json.loads(self.ok("stack", "output", "--json").text)

    def arm(self, method, path, body=None):
        """The cloud as somebody else sees and edits it; None if there is nothing."""
        address = self.home.address()
        context = ssl.create_default_context(cafile=str(self.home.ca_bundle))
        with httpx.Client(verify=context, base_url=address.url, trust_env=False) as client:
            who = {"api-version": "2019-08-01", "resource": address.url}
            answer = client.get("/msi/token", params=who, headers={"X-IDENTITY-HEADER": address.identity_header})
            head = {"Authorization": f"Bearer {answer.json()['access_token']}"}
            answer = client.request(method, path, params={"api-version": "2025-12-01"}, json=body, headers=head)
            assert answer.status_code < 500, answer.text
            return answer.json() if answer.content and answer.status_code != 404 else None

    @property
    def endpoint_id(self):
        return self.endpoints()["training"]["id"]

    def endpoints(self):
        """By the name of their pipeline."""
        found = self.arm("GET", f"{WORKSPACE}/batchEndpoints")["value"]
        return {item["name"].partition("-")[0]: item for item in found}

    def endpoint(self):
        return self.arm("GET", self.endpoint_id)

    def default(self):
        return self.endpoint()["properties"]["defaults"].get("deploymentName")

    def edit_endpoint(self, default=None, **tags):
        """A PUT as a portal or a rollback would do it."""
        document = self.endpoint()
        merged = {**document["tags"], **tags}
        body = {"location": document["location"], "properties": {"authMode": "aadToken"}}
        body["properties"]["description"] = document["properties"]["description"]
        body["tags"] = {name: value for name, value in merged.items() if value is not None}
        body["properties"]["defaults"] = {"deploymentName": default or self.default()}
        self.arm("PUT", self.endpoint_id, body)

    def deployments(self):
        return {item["name"]: item for item in self.arm("GET", f"{self.endpoint_id}/deployments")["value"]}

    def written(self):
        """When each asset version, deployment and blob was written last."""
        assets = {}
        for kind in ("codes", "environments", "components"):
            for container in self.arm("GET", f"{WORKSPACE}/{kind}")["value"]:
                for version in self.arm("GET", f"{container['id']}/versions")["value"]:
                    assets[version["id"]] = version["systemData"].get("lastModifiedAt")
        blobs = {str(path): path.stat().st_mtime_ns for path in self.home.data.rglob("run.py")}
        made = {name: item["systemData"].get("lastModifiedAt") for name, item in self.deployments().items()}
        return {**assets, **blobs, **made}


@contextmanager
def living(request, folder, warm, main=PROGRAM):
    """A stack on the engine that a fixture is parametrized with; its local Azure ML ends with it."""
    if request.param == "official" and shutil.which("pulumi") is None:
        pytest.skip("the Pulumi CLI is not on PATH")
    install(Home(folder).pulumi_home)
    try:
        yield Stack.make(folder, request.param, main=main, warm=warm)
    finally:
        process.stop(Home(folder))
