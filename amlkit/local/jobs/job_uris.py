"""References to what jobs made: `azureml://jobs/<job>/outputs/<output>`, `runs:/<job>/<path>`, ids of output assets.

Used when a job takes them as an input, and when they are registered as data or models.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from .locations import ARTIFACT_STORE
from .store import Store

_OUTPUT = re.compile(r"azureml://jobs/([^/]+)/outputs/([^/]+?)(?:/(?:paths/?(.*))?)?", re.IGNORECASE)
_RUN = re.compile(r"runs:/([^/]+)(?:/(.*))?")
_ASSET = re.compile(r"(?:.*/data/|azureml:)azureml_([^/:]+)_output_data_([^/:]+)(?:/versions/|:)[^/:]+", re.IGNORECASE)
_ARTIFACTS = ("artifacts", "default")


@dataclass(frozen=True)
class Made:
    """What a job made: its name, and the URI of the place; `uri` is empty if the job has made no such thing."""

    job: str
    uri: str


def made(store: Store, workspace: str, reference: str) -> Made | None:
    """What a reference means; None: it is no such reference."""
    if match := _RUN.fullmatch(reference):
        return _artifacts(store, workspace, match[1], match[2] or "")
    match = _OUTPUT.fullmatch(reference) or _ASSET.fullmatch(reference)
    if match is None:
        return None
    job, output, path = match[1], match[2], (match[3] if match.re is _OUTPUT else "") or ""
    found = store.get(job)
    if found is None or found.workspace.lower() != workspace.lower():
        return Made(job, "")
    if output in found.produced:
        uri = str(found.produced[output]["uri"])
        return Made(found.name, f"{uri.rstrip('/')}/{path}" if path else uri)
    return _artifacts(store, workspace, job, path) if output in _ARTIFACTS else Made(found.name, "")


def _artifacts(store: Store, workspace: str, job: str, path: str) -> Made:
    found = store.get(job)
    if found is None or found.workspace.lower() != workspace.lower():
        return Made(job, "")
    return Made(found.name, f"azureml://datastores/{ARTIFACT_STORE}/paths/ExperimentRun/dcid.{found.name}/{path}")
