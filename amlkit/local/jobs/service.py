"""`Jobs`: the door of the stand-in to everything that runs. Made by `server.build_world`, used by the resource files.

A submit that was answered is on disk; what is on disk is run to its end, over any number of restarts.
"""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ...home import Address, Home
from ..blobs import Blobs
from ..clock import now
from ..database import Database
from ..documents import Documents
from ..nodes import Nodes
from ..tokens import Tokens
from ..web import AzureError, check_types
from . import job_uris, processes, store, views
from .bindings import Given, of_ports
from .contents import Contents
from .downloads import Downloads
from .environments import Environments, cache_folder
from .experiments import Experiments
from .explain import Explainer
from .forecast import Forecaster
from .gc import Collector
from .job_uris import Made
from .kinds.sweeping import Sweeps
from .kinds.trials import is_trial
from .locations import NAME_LENGTH, artifacts, child_name, work_folder
from .metrics import Metrics
from .pins import Pins
from .records import Definition, Job, Nested, Status, Step
from .registrations import Registrations
from .reuse import Reuse, check_resumable
from .rules import of_name
from .runner import Runner
from .scheduler import Scheduler
from .slots import Slots, host_limit
from .state import Run
from .store import Store
from .submit import Submission, Submitter, read_invocation
from .variables import cleaned

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
_TYPES = {"displayName": str, "description": str, "tags": dict, "properties": dict, "isArchived": bool}


class Jobs:
    """All jobs of a stand-in. Workspaces are named by their ARM ids; every `AzureError` is an answer for the client."""

    def __init__(
        self,
        home: Home,
        address: Address,
        database: Database,
        documents: Documents,
        blobs: Blobs,
        tokens: Tokens,
        rules: str = "content",
        nodes: Nodes | None = None,
    ) -> None:
        self._home = home
        self._address = address
        self._database = database
        self._documents = documents
        self._blobs = blobs
        self._store = Store(database)
        self._submitter = Submitter(documents, blobs, self.made)
        self.metrics = Metrics(database)
        self.experiments = Experiments(database)
        ambient = cleaned(os.environ, home, address)
        contents = Contents(database)
        runner = Runner(home, address, blobs, tokens, contents, ambient)
        environments = Environments(cache_folder(os.environ), ambient)
        chosen, pins = of_name(rules), Pins()
        self.collector = Collector(home, database, blobs, pins, cache_folder(os.environ))
        self.explainer = Explainer(self._store, blobs, contents, chosen)
        self.forecaster = Forecaster(self._store, self._submitter, blobs, contents, chosen)
        reuse = Reuse(self._store, chosen, pins, self.collector.a_run_ended)
        registrations, downloads = Registrations(database, documents), Downloads(blobs, ambient)
        self._sweeps = Sweeps(runner, self._store, self.metrics, Slots(host_limit(), nodes))
        parts = (runner, registrations, downloads, self._sweeps)
        self._scheduler = Scheduler(self._store, contents, reuse, environments, *parts)

    def start(self) -> None:
        """End what a former life left running, and resume its jobs."""
        processes.end_marked(str(self._home.folder))
        self.collector.start()
        for job in self._store.open():
            self._scheduler.add(Run.of(job, self._store.definition(job.definition), self._store.below(job.name)))

    def stop(self) -> None:
        """End all processes. What was not over runs again after the next start."""
        self._scheduler.stop()
        self.collector.stop()
        processes.end_marked(str(self._home.folder))

    def submit(self, workspace_id: str, name: str | None, body: Mapping[str, Any]) -> dict[str, Any]:
        """Submit an ARM job body (`{"properties": {"jobType", …}}`), or `{"componentId", "inputs"}`; the ARM document.

        A name that is there already: the same job again changes nothing but its tags, names and description.

        Raises:
            AzureError: 400 with all that is wrong; 409: another job has the name.
        """
        check_types(body, {"properties": dict})
        properties = body.get("properties") or {}
        if "componentId" in body:
            properties = {"jobType": "Pipeline", "componentId": body["componentId"], "inputs": body.get("inputs")}
        check_types(properties, _TYPES)
        name = _checked(name or store.new_name())
        existing = self._store.get(name)
        if existing is not None:
            return self._again(existing, workspace_id, properties)
        return self.document(self._accept(self._submitter.of_job(workspace_id, name, properties)))

    def invoke(
        self, workspace_id: str, endpoint: str, deployment: str, request: Mapping[str, Any], repeat: str = ""
    ) -> dict[str, Any]:
        """Invoke a batch endpoint; `deployment` may be empty: the endpoint's default. `repeat` names the request.

        Raises:
            AzureError: 404: no such endpoint or deployment; 400: with all that is wrong in the request.
        """
        repeat = f"{workspace_id.lower()}/{endpoint.lower()}/{repeat}" if repeat else ""
        known = self._store.of_request(repeat) if repeat else None
        if known is None:
            found, chosen = self._deployment(workspace_id, endpoint, deployment)
            given = read_invocation(found, request)
            submission = self._submitter.of_invocation(workspace_id, found, chosen, given)
            _checked(submission.job.name)
            known = self._accept(submission, repeat)
        return self.document(known)

    def get(self, workspace_id: str, name: str) -> Job:
        """A job, or a step of one.

        Raises:
            AzureError: 404.
        """
        job = self._store.get(name)
        if job is None or job.workspace.lower() != workspace_id.lower():
            raise AzureError(404, "NotFound", f"There is no job '{name}' in this workspace.")
        return job

    def list(
        self, workspace_id: str, endpoint: str = "", deployment: str = "", limit: int = -1, before: str = ""
    ) -> Sequence[Job]:
        """The jobs of a workspace, newest first, without those of steps; those of one endpoint only, if given.

        `before`: those that are older than the job of this name.
        """
        return self._store.top(workspace_id, endpoint, deployment, limit, before)

    def children(self, workspace_id: str, name: str, first: int = 0, limit: int = -1) -> Sequence[Job]:
        """The jobs of a pipeline's steps, in the order of its graph; `limit` of them from the number `first` on.

        Raises:
            AzureError: 404.
        """
        return self._store.children(self.get(workspace_id, name).name, first, limit)

    def document(self, job: Job) -> dict[str, Any]:
        """The ARM document of a job."""
        if not job.parent or is_trial(job):
            return views.document(job, self._address)
        definition = self._store.definition(job.definition)
        return views.document(job, self._address, definition, self._given(job, definition))

    def made(self, workspace_id: str, reference: str) -> Made | None:
        """What a reference to a job's output or artifact means; None: it is no such reference."""
        return job_uris.made(self._store, workspace_id, reference)

    def cancel(self, workspace_id: str, name: str) -> None:
        """End a job, or one step of it. Asked for durably; nothing happens to a job that is over.

        Raises:
            AzureError: 404.
        """
        job = self.get(workspace_id, name)
        with self._database.transaction() as connection:
            fresh = self._store.get(job.name)
            if fresh is None or fresh.status.is_final:
                return
            if job.kind == "Run":
                store.update(connection, job.name, status=Status.CANCELED, ended=now())
            elif not job.parent:
                store.update(connection, job.name, status=Status.CANCEL_REQUESTED, cancelled=now())
            else:
                store.update(connection, job.name, cancelled=now())
        if is_trial(job):
            self._sweeps.cancel(job.name)
        else:
            self._scheduler.cancel(job.root, job.step if job.parent else None)

    def forget(self, workspace_id: str) -> None:
        """Delete a workspace with all its jobs: those that run are ended. What they wrote stays in its storage."""
        with self._database.transaction() as connection:
            names = store.forget(connection, workspace_id)
            self.metrics.forget(names)
            self.experiments.forget(workspace_id)
            self._documents.delete(workspace_id)  # with its jobs or not at all, also under kill -9
        self._scheduler.forget(workspace_id)
        for name in names:
            shutil.rmtree(work_folder(self._home, name), ignore_errors=True)

    def create_run(self, workspace_id: str, experiment: str, name: str, parent: str, tags: Mapping[str, str]) -> Job:
        """A run of an MLflow client, below the job `parent` if that is not empty; `end_run` ends it.

        Raises:
            AzureError: 404: there is no such parent.
        """
        above = self.get(workspace_id, parent) if parent else None
        identifier = uuid.uuid4().hex
        job = Job(
            name=identifier,
            workspace=workspace_id,
            kind="Run",
            status=Status.RUNNING,
            root=above.root if above else identifier,
            parent=above.name if above else "",
            position=len(self._store.children(above.name)) if above else 0,
            display_name=name or identifier,
            experiment=experiment,
            tags=dict(tags),
            created=(time := now()),
            started=time,
        )
        with self._database.transaction() as connection:
            self._check_workspace(workspace_id)
            store.add(connection, [(job, "")])
        return job

    def end_run(self, job: Job, status: Status) -> Job:
        """The state that an MLflow client gives to a run it made; a job's own is that of its process."""
        if job.kind == "Run":
            with self._database.transaction() as connection:
                ended = now() if status.is_final else ""
                store.update(connection, job.name, status=status, ended=ended)
        return self.get(job.workspace, job.name)

    def update(self, job: Job, changes: Mapping[str, Any]) -> Job:
        """Change what may be changed of a job: `displayName`, `description`, `tags`, `properties`, `isArchived`.

        Raises:
            AzureError: 400: one of them has another type.
        """
        check_types(changes, _TYPES)
        with self._database.transaction() as connection:
            columns: dict[str, Any] = {}
            if changes.get("displayName"):
                columns["display_name"] = changes["displayName"]
            for name in ("tags", "properties"):
                if changes.get(name) is not None:
                    now = getattr(self.get(job.workspace, job.name), name)
                    columns[name] = {**now, **{key: str(value) for key, value in changes[name].items()}}
            body = {name: changes[name] for name in ("description", "isArchived") if name in changes}
            if body:
                columns["body"] = {**job.body, **body}
            if columns:
                store.update(connection, job.name, **columns)
        return self.get(job.workspace, job.name)

    def artifacts(self, job: Job) -> Path:
        """The folder of a job's logs and artifacts; a reused step has those of the job it was taken from."""
        return artifacts(self._blobs, job.workspace, job.properties.get("azureml.reusedrunid", job.name))

    def logs(self, job: Job) -> dict[str, Path]:
        """The logs of a job by name; a reused step shows those of the job it was taken from."""
        folder = self.artifacts(job)
        found = (path for top in ("user_logs", "logs", "azureml-logs") for path in sorted((folder / top).rglob("*")))
        return {path.relative_to(folder).as_posix(): path for path in found if path.is_file()}

    def _accept(self, submission: Submission, repeat: str = "") -> Job:
        try:
            with self._database.transaction() as connection:
                self._check_workspace(submission.job.workspace)
                check_resumable(self._store, submission.job)
                key = store.add_definition(connection, submission.definition)
                rows = submission.rows(key)
                store.add(connection, rows, repeat)
        except sqlite3.IntegrityError as error:
            known = self._store.of_request(repeat) if repeat else None
            if known is not None:
                return known
            what = f"A job of this name, or a step of it, is there already: '{submission.job.name}'."
            raise AzureError(409, "Conflict", what) from error
        job = rows[0][0]
        self._scheduler.add(Run.of(job, submission.definition, [child for child, _ in rows[1:]]))
        return job

    def _check_workspace(self, workspace_id: str) -> None:
        """Within the transaction that adds jobs: the workspace may have been deleted since the request came."""
        if self._documents.get(workspace_id) is None:
            raise AzureError(404, "ResourceNotFound", f"The workspace was deleted: '{workspace_id}'.")

    def _again(self, job: Job, workspace_id: str, properties: Mapping[str, Any]) -> dict[str, Any]:
        same = job.workspace.lower() == workspace_id.lower() and _lasting(job.body) == _lasting(properties)
        if job.parent or not same:
            raise AzureError(409, "Conflict", f"There is another job of this name: '{job.name}'.")
        return self.document(self.update(job, properties))

    def _deployment(self, workspace_id: str, endpoint: str, deployment: str) -> tuple[str, dict[str, Any]]:
        found = self._documents.get(f"{workspace_id}/batchEndpoints/{endpoint}")
        if found is None:
            raise AzureError(404, "NotFound", f"There is no batch endpoint '{endpoint}'.")
        default = (found["properties"].get("defaults") or {}).get("deploymentName") or ""
        if not deployment and not default:
            raise AzureError(400, "UserError", f"Batch endpoint '{endpoint}' has no default deployment; name one.")
        chosen = self._documents.get(f"{found['id']}/deployments/{deployment or default}")
        if chosen is None:
            what = f"Batch endpoint '{endpoint}' has no deployment '{deployment or default}'."
            raise AzureError(404, "NotFound", what)
        return str(found["id"]).rpartition("/")[2], chosen

    def _given(self, job: Job, definition: Definition) -> tuple[Given, ...]:
        """The inputs of a step, as far as they are known."""
        nodes: tuple[Step | Nested, ...] = (*definition.nested, *definition.steps)
        found = next(item for item in nodes if item.name == job.step)
        ports = found.ports if isinstance(found, Nested) else definition.components[found.component].inputs
        makers = [child_name(job.root, each.text) for each in found.inputs.values() if each.kind == "step"]
        produced = self._store.produced(makers) if makers else {}
        return tuple(of_ports(ports, found.inputs, self._store.inputs(job.root), produced))


def _checked(name: str) -> str:
    if len(name) > NAME_LENGTH or not _NAME.fullmatch(name):
        what = f"A job's name has letters, digits, dashes and underscores, up to {NAME_LENGTH}: '{name}'."
        raise AzureError(400, "UserError", what)
    return name


def _lasting(properties: Mapping[str, Any]) -> dict[str, Any]:
    read_only = ("status", "services", "parentJobName", "error")
    return {key: value for key, value in properties.items() if key not in (*_TYPES, *read_only) and value is not None}
