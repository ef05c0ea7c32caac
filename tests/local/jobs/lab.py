"""A stand-in without HTTP for the tests of jobs: a workspace with storage, and short ways to register and to wait."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from amlkit.home import SUBSCRIPTION, Address, Home
from amlkit.local.blobs import Blobs
from amlkit.local.certificates import ensure_certificates
from amlkit.local.database import Database
from amlkit.local.documents import Documents
from amlkit.local.jobs import Jobs
from amlkit.local.jobs.records import Job
from amlkit.local.tokens import Tokens

WORKSPACE = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg/providers/Microsoft.MachineLearningServices/workspaces/ws"
ADDRESS = Address(port=1, proxy_port=2, identity_header="x")


@dataclass
class Lab:
    home: Home
    database: Database
    documents: Documents
    blobs: Blobs
    jobs: Jobs

    def code(self, name: str, **files: str) -> str:
        folder = self.blobs.folder_of(f"azureml://datastores/workspaceblobstore/paths/code/{name}", WORKSPACE)
        folder.mkdir(parents=True, exist_ok=True)
        for file, text in files.items():
            (folder / file.replace("__", ".")).write_text(text)
        uri = f"azureml://datastores/workspaceblobstore/paths/code/{name}"
        return self._version("codes", name, "1", {"codeUri": uri})

    def environment(self, name: str = "plain", **properties: Any) -> str:
        return self._version("environments", name, "1", {"image": "ubuntu", **properties})

    def component(self, name: str, command: str, version: str = "1", **spec: Any) -> str:
        spec = {"name": name, "version": version, "type": "command", "command": command, **spec}
        spec.setdefault("environment", self.environment())
        return self._version("components", name, version, {"componentSpec": spec})

    def pipeline(self, name: str, jobs: dict[str, Any], version: str = "1", **spec: Any) -> str:
        spec = {"name": name, "version": version, "type": "pipeline", "jobs": jobs, **spec}
        return self._version("components", name, version, {"componentSpec": spec})

    def compute(self, name: str, nodes: int = 2) -> str:
        properties = {"computeType": "AmlCompute", "properties": {"scaleSettings": {"maxNodeCount": nodes}}}
        identifier = f"{WORKSPACE}/computes/{name}"
        self.documents.put(identifier, {"name": name, "properties": properties})
        return identifier

    def endpoint(self, name: str, component: str, **settings: Any) -> str:
        identifier = f"{WORKSPACE}/batchEndpoints/{name}"
        self.documents.put(identifier, {"name": name, "properties": {"defaults": {"deploymentName": "d1"}}})
        configuration = {
            "deploymentConfigurationType": "PipelineComponent",
            "componentId": {"assetId": component, "referenceType": "Id"},
            "settings": settings,
        }
        told = {"mlflow.source.git.commit": "c1"}
        body = {"name": "d1", "properties": {"deploymentConfiguration": configuration, "properties": told}}
        self.documents.put(f"{identifier}/deployments/d1", body)
        return identifier

    def data(self, path: str, **files: str) -> str:
        uri = f"azureml://datastores/workspaceblobstore/paths/{path}"
        folder = self.blobs.folder_of(uri, WORKSPACE)
        folder.mkdir(parents=True, exist_ok=True)
        for file, text in files.items():
            (folder / file).write_text(text)
        return uri

    def run(self, jobs: dict[str, Any], name: str | None = None, **properties: Any) -> Job:
        """Submit a pipeline of steps and wait for its end."""
        return self.wait(self.start(jobs, name, **properties))

    def start(self, jobs: dict[str, Any], name: str | None = None, **properties: Any) -> str:
        body = {"properties": {"jobType": "Pipeline", "experimentName": "tests", "jobs": jobs, **properties}}
        return self.jobs.submit(WORKSPACE, name, body)["name"]

    def wait(self, name: str, seconds: float = 60) -> Job:
        return self.until(name, lambda job: job.status.is_final, seconds)

    def until(self, name: str, holds: Any, seconds: float = 60) -> Job:
        """Other processes change the tables, so a test has to look again and again."""
        until = time.monotonic() + seconds
        while not holds(job := self.jobs.get(WORKSPACE, name)):
            assert time.monotonic() < until, f"{job.name} is {job.status}: {self.states(name)}"
            time.sleep(0.005)
        return job

    def steps(self, name: str) -> dict[str, Job]:
        return {child.step: child for child in self.jobs.children(WORKSPACE, name)}

    def states(self, name: str) -> dict[str, str]:
        return {step: str(child.status) for step, child in self.steps(name).items()}

    def reasons(self, name: str) -> dict[str, str]:
        return {step: child.properties.get("amlkit.reason", "") for step, child in self.steps(name).items()}

    def text(self, job: Job, output: str, file: str) -> str:
        return (self.blobs.folder_of(job.produced[output]["uri"], WORKSPACE) / file).read_text()

    def log(self, job: Job, name: str = "user_logs/std_log.txt") -> str:
        return self.jobs.logs(job)[name].read_text()

    def _version(self, kind: str, name: str, version: str, properties: dict[str, Any]) -> str:
        identifier = f"{WORKSPACE}/{kind}/{name}/versions/{version}"
        self.documents.put(identifier, json.loads(json.dumps({"name": version, "properties": properties})))
        return identifier


def open_lab(root: Path) -> Lab:
    """A lab over a checkout's folder; jobs are not started."""
    home = Home(root)
    ensure_certificates(home)
    database = Database(home.database)
    documents = Documents(database)
    blobs = Blobs(home, database, documents)
    tokens = Tokens(home.ca / "tokens.pem", ADDRESS.url)
    jobs = Jobs(home, ADDRESS, database, documents, blobs, tokens)
    if documents.get(WORKSPACE) is None:
        documents.put(WORKSPACE, {"name": "ws", "properties": {}})
        blobs.create_account("wsdata", f"{WORKSPACE}/storage")
        for name, container in (("workspaceblobstore", "blobstore"), ("workspaceartifactstore", "azureml")):
            properties = {"datastoreType": "AzureBlob", "accountName": "wsdata", "containerName": container}
            properties["isDefault"] = name == "workspaceblobstore"
            documents.put(f"{WORKSPACE}/datastores/{name}", {"name": name, "properties": properties})
            blobs.create_container("wsdata", container)
    return Lab(home, database, documents, blobs, jobs)


def literal(value: Any) -> dict[str, Any]:
    return {"job_input_type": "literal", "value": value}


def output_of(step: str, output: str) -> dict[str, Any]:
    return literal(f"${{{{parent.jobs.{step}.outputs.{output}}}}}")


def parent(name: str) -> dict[str, Any]:
    return literal(f"${{{{parent.inputs.{name}}}}}")


def is_alive(process: str | int) -> bool:
    """A process that was killed and that nobody has reaped yet is not alive."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
