"""Where a job's outputs, logs and work tree lie, as URIs for clients and as folders for processes.

Outputs: `azureml/<job>/<output>/` in the default datastore; logs and artifacts: `ExperimentRun/dcid.<job>/` in
`workspaceartifactstore`. Both are the places where the official clients look.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from ... import digest
from ...home import Home
from ..blobs import Blobs
from .records import FILE_TYPES

ARTIFACT_STORE = "workspaceartifactstore"
STEP_LOG = "user_logs/std_log.txt"
BUILD_LOG = "azureml-logs/20_image_build_log.txt"
PIPELINE_LOG = "logs/azureml/executionlogs.txt"
_TAIL_BYTES = 16_384
_FILLED = re.compile(r"\$\{\{\s*(name|output_name|default_datastore)\s*\}\}")
NAME_LENGTH = 200  # of a job: with what we add it is still a file name


def output_uri(datastore: str, job: str, output: str, port_type: str) -> str:
    """The default place of an output."""
    slash = "" if port_type in FILE_TYPES else "/"
    return f"azureml://datastores/{datastore}/paths/azureml/{job}/{output}{slash}"


def filled(place: str, datastore: str, job: str, output: str) -> str:
    """A caller's place for an output with what Azure ML writes into it.

    `${{name}}` is the name of the job that the output is of, `${{output_name}}` the output's, and
    `${{default_datastore}}` the datastore where outputs go that have no place.
    """
    values = {"name": job, "output_name": output, "default_datastore": datastore}
    return _FILLED.sub(lambda match: values[match[1]], place)


def long_uri(uri: str, workspace: str) -> str:
    """A datastore URI with its workspace spelt out, as the data plane gives it; others stay as they are."""
    if not uri.startswith("azureml://datastores/"):
        return uri
    parts = workspace.strip("/").split("/")
    place = f"subscriptions/{parts[1]}/resourcegroups/{parts[3]}/workspaces/{parts[-1]}"
    return f"azureml://{place}/{uri.removeprefix('azureml://')}"


def artifacts(blobs: Blobs, workspace: str, job: str) -> Path:
    """The folder of a job's logs and artifacts; it need not exist.

    Raises:
        AzureError: the workspace has lost its artifact store.
    """
    return blobs.folder_of(f"azureml://datastores/{ARTIFACT_STORE}/paths/ExperimentRun/dcid.{job}", workspace)


def log_file(folder: Path, name: str) -> Path:
    """A log in a job's artifacts; its folder is made."""
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    return file


def work_folder(home: Home, job: str) -> Path:
    """The folder of one job below `.amlkit/runs`."""
    return home.runs / job


def fresh(folder: Path) -> Path:
    """An empty folder, whatever was there."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def tail(file: Path, lines: int = 20) -> list[str]:
    """The last lines of a text, without reading all of it; empty if there is none."""
    if not file.is_file():
        return []
    with file.open("rb") as source:
        size = source.seek(0, 2)
        source.seek(max(0, size - _TAIL_BYTES))
        text = source.read().decode(errors="replace")
    found = text.splitlines()
    return (found[1:] if size > _TAIL_BYTES else found)[-lines:]


def paths(step: str) -> list[str]:
    """The pipelines that a step is in, from the outermost to the step itself: `a.b.c` gives `a`, `a.b`, `a.b.c`."""
    parts = step.split(".")
    return [".".join(parts[: count + 1]) for count in range(len(parts))]


def child_name(job: str, step: str) -> str:
    """The name of a step's job; one too long for a file name is cut and ends in a digest."""
    name = f"{job}-{step}"
    return name if len(name) <= NAME_LENGTH else f"{name[: NAME_LENGTH - 13]}-{digest.of(name)[:12]}"
