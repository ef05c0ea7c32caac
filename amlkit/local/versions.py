"""Versioned assets as documents: a container of versions, the newest of them, the number of the next.

Used by the routes of assets and by the jobs, which look versions up and register outputs.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from .documents import Documents

PROVIDER = "Microsoft.MachineLearningServices/workspaces"
NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9\-_.]{0,254}")
VERSION = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9\-_.]*")
VERSION_LENGTH = 30
CURATED = "AzureML-"  # how the names of Azure ML's own environments begin
LABELS = ("azureml_default", "default", "latest")  # used in the place of a version: all mean the newest


def find(documents: Documents, workspace: str, kind: str, name: str, version: str) -> dict[str, Any] | None:
    """A version by its number or a label, or None."""
    container = f"{workspace}/{kind}/{name}"
    found = documents.get(f"{container}/versions/{version}") or newest(documents, container, version)
    return found or (curated(workspace, name, version) if kind == "environments" else None)


def curated(workspace: str, name: str, version: str) -> dict[str, Any] | None:
    """An environment of Azure ML's own, which every workspace sees and which no one has put there; else None."""
    if not name.startswith(CURATED):
        return None
    number = version if version.isdecimal() else "1"
    image = f"mcr.microsoft.com/azureml/curated/{name.removeprefix(CURATED).lower()}:{number}"
    properties = {"environmentType": "Curated", "osType": "Linux", "image": image}
    identifier = f"{workspace}/environments/{name}/versions/{number}"
    return {**version_document("environments", number, properties), "id": identifier, "systemData": {}}


def newest(documents: Documents, container: str, label: str = "latest") -> dict[str, Any] | None:
    """The version made last that is not archived, which every label means; None: there is none, or no such label."""
    if label not in LABELS:
        return None
    found = documents.children(container, "versions")
    return next((each for each in reversed(found) if not each["properties"].get("isArchived")), None)


def next_version(versions: Iterable[dict[str, Any]]) -> str:
    """One more than the highest number among the names of versions; `1` if none is a number."""
    names = [each["name"] for each in versions]
    return str(max((int(each) for each in names if each.isdecimal()), default=0) + 1)


def ensure_container(documents: Documents, workspace: str, kind: str, name: str) -> str:
    """The id of a container, which is made if it is not there."""
    found = documents.get(f"{workspace}/{kind}/{name}")
    stored = found or documents.put(f"{workspace}/{kind}/{name}", container_document(kind, name, {}))
    return str(stored["id"])


def container_document(kind: str, name: str, properties: dict[str, Any]) -> dict[str, Any]:
    """A container of versions."""
    optional = {"isArchived": False, "tags": {}, "properties": {}}
    return {
        "name": name,
        "type": f"{PROVIDER}/{kind}",
        "properties": optional | properties | {"provisioningState": "Succeeded"},
    }


def version_document(kind: str, version: str, properties: dict[str, Any]) -> dict[str, Any]:
    """A version."""
    optional = {"isArchived": False, "isAnonymous": False, "tags": {}, "properties": {}}
    return {
        "name": version,
        "type": f"{PROVIDER}/{kind}/versions",
        "properties": optional | properties | {"provisioningState": "Succeeded"},
    }
