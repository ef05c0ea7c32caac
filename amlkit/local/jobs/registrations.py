"""Outputs registered as data or as models when the step that wrote them is over.

Used by the scheduler. A version remembers the job it comes from, so that a step which runs again after kill -9 finds
its own version, and a reused step the one that was made of the same bytes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..database import Database
from ..documents import Documents
from ..versions import ensure_container, next_version, version_document
from .bindings import Produced
from .locations import long_uri
from .records import Component, Job, Port, Step

JOB = "amlkit.job"
OUTPUT = "amlkit.output"
DIGEST = "amlkit.digest"


class RegistrationError(Exception):
    """An output cannot be registered; the message says why."""


class Registrations:
    """Writes versions of data and models."""

    def __init__(self, database: Database, documents: Documents) -> None:
        self._database = database
        self._documents = documents

    def register(self, run: Job, step: Step, component: Component, name: str, produced: Produced) -> Produced:
        """Register what of the outputs shall be; they get an `asset`: the ARM id of their version.

        `name` is the step's job.

        Raises:
            RegistrationError: a version is there already, with other content.
        """
        found = {port.name: {**produced[port.name]} for port in component.outputs}
        before = {output: item.pop("asset", "") for output, item in found.items()}
        asked = [(port, *names) for port in component.outputs if (names := wanted(run, step, port))[0]]
        if not asked:
            return found
        with self._database.transaction():
            for port, asset, version in asked:
                kind = "models" if port.type.endswith("_model") else "data"
                container = ensure_container(self._documents, run.workspace, kind, asset)
                item = found[port.name]
                item["asset"] = self._version(run, kind, container, version, port, name, item, before[port.name])
        return found

    def _version(
        self,
        run: Job,
        kind: str,
        container: str,
        version: str,
        port: Port,
        name: str,
        item: Mapping[str, Any],
        before: str,
    ) -> str:
        """The id of the version; `before` is that of the result which is reused, empty: none."""
        versions = self._documents.children(container, "versions")
        for known in versions:
            facts = known["properties"].get("properties") or {}
            is_own = facts.get(JOB) == name and facts.get(OUTPUT) == port.name
            is_same = known["id"] == before and facts.get(DIGEST) == item["digest"]
            if (is_own or is_same) and version in ("", known["name"]):
                return str(known["id"])
        identifier = f"{container}/versions/{version or next_version(versions)}"
        taken = self._documents.get(identifier)
        if taken is not None:
            if (taken["properties"].get("properties") or {}).get(DIGEST) == item["digest"]:
                return str(taken["id"])
            what = f"version {version} of {kind} `{container.rpartition('/')[2]}` exists with other content"
            raise RegistrationError(f"output `{port.name}` cannot be registered: {what}")
        facts = {JOB: name, OUTPUT: port.name, DIGEST: item["digest"]}
        body = _model(port, name) if kind == "models" else {"dataType": port.type}
        body |= {"modelUri" if kind == "models" else "dataUri": long_uri(str(item["uri"]), run.workspace)}
        document = version_document(kind, identifier.rpartition("/")[2], {**body, "properties": facts})
        return str(self._documents.put(identifier, document)["id"])


def wanted(run: Job, step: Step, port: Port) -> tuple[str, str]:
    """The name and version that an output is registered under: what the run says of it wins; ("", ""): it is not."""
    destination = step.outputs.get(port.name)
    if destination is None:
        return "", ""
    asked = run.outputs.get(destination.parent) or {}
    if destination.parent and asked.get("asset"):
        return str(asked["asset"]), str(asked.get("version") or "")
    return destination.asset, destination.version


def _model(port: Port, job: str) -> dict[str, Any]:
    flavors: dict[str, Any] = {"python_function": {"data": {}}} if port.type == "mlflow_model" else {}
    return {"modelType": port.type, "flavors": flavors, "jobName": job}
