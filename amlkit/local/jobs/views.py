"""Jobs as clients see them: ARM documents and run history records. Pure, from rows to JSON.

Shapes: what azure-ai-ml reads (`jobs`, `batch_endpoints.list_jobs`, run history's `Run` and `RunDetails`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote

from ...home import Address
from . import step_views
from .bindings import Given
from .records import Definition, Job, Status
from .values import type_name

TYPE = "Microsoft.MachineLearningServices/workspaces/jobs"
_MODES = {"ro_mount": "ReadOnlyMount", "rw_mount": "ReadWriteMount", "download": "Download", "direct": "Direct"}
_MODES |= {"upload": "Upload", "eval_mount": "EvalMount", "eval_download": "EvalDownload"}
_RUN_TYPES = {"Pipeline": "azureml.PipelineRun", "Sweep": "hyperdrive"}
_ASSET = re.compile(r".*/data/azureml_(?P<job>[^/]+)_output_data_(?P<output>[^/]+)/versions/[^/]+", re.IGNORECASE)


def document(
    job: Job, address: Address, definition: Definition | None = None, inputs: Iterable[Given] = ()
) -> dict[str, Any]:
    """The ARM document of a job. A step's needs its definition, and the inputs that are known."""
    properties = dict(job.body)
    properties.pop("jobs", None) if job.kind == "Command" else None
    given = {item.port.name: _given(item) for item in inputs} or {
        name: _input(item) for name, item in job.inputs.items()
    }
    properties |= {
        "jobType": job.kind,
        "status": str(job.status),
        "displayName": job.display_name,
        "experimentName": job.experiment,
        "properties": dict(job.properties),
        "tags": dict(job.tags),
        "inputs": given,
        "outputs": _outputs(job),
        "services": _services(job, address),
        "isArchived": bool(job.body.get("isArchived", False)),
    }
    if job.parent:
        properties["parentJobName"] = job.parent
    if job.error:
        properties["error"] = {"code": _error_code(job), "message": job.error}
    if definition is not None and job.parent:
        properties |= step_views.nested(job, definition) if job.kind == "Pipeline" else step_views.step(job, definition)
    elif job.kind == "Pipeline":
        properties.setdefault("jobs", {})
        properties.setdefault("settings", {})
    return {
        "id": f"{job.workspace}/jobs/{job.name}",
        "name": job.name,
        "type": TYPE,
        "properties": properties,
        "systemData": {
            "createdAt": job.created,
            "createdBy": "amlkit local",
            "createdByType": "Application",
            "lastModifiedAt": job.ended or job.started or job.created,
        },
    }


def run(job: Job) -> dict[str, Any]:
    """Run history's record of a job."""
    kind = _RUN_TYPES.get(job.kind) or ("azureml.StepRun" if job.parent else "commandjob")
    record: dict[str, Any] = {
        "runId": job.name,
        "runUuid": job.name,
        "rootRunId": job.root,
        "rootRunUuid": job.root,
        "parentRunId": job.parent or None,
        "parentRunUuid": job.parent or None,
        "experimentId": job.experiment,
        "status": str(job.status),
        "name": job.step.rpartition(".")[2] or job.name,
        "displayName": job.display_name,
        "description": job.body.get("description"),
        "runNumber": job.position,
        "runType": kind,
        "hidden": bool(job.body.get("isArchived", False)),
        "createdUtc": job.created,
        "createdBy": {"userName": "amlkit local"},
        "startTimeUtc": job.started or None,
        "endTimeUtc": job.ended or None,
        "properties": dict(job.properties),
        "tags": dict(job.tags),
        "outputs": {name: _asset(job, name, str(item["type"])) for name, item in job.produced.items()},
        "error": {"error": {"code": _error_code(job), "message": job.error}} if job.error else None,
        "warnings": [],
    }
    if job.started and job.ended:
        record["duration"] = str(datetime.fromisoformat(job.ended) - datetime.fromisoformat(job.started))
    return record


def details(job: Job, logs: Mapping[str, str]) -> dict[str, Any]:
    """Run history's details: the record and `logFiles`, from the name of a log to where it can be read."""
    record = run(job)
    return {**record, "createdTimeUtc": record["createdUtc"], "logFiles": dict(logs), "target": None}


def output_of(asset: str) -> tuple[str, str] | None:
    """(job, output) that an asset id of `run` means, or None."""
    match = _ASSET.fullmatch(asset)
    return (match["job"], match["output"]) if match else None


def _asset(job: Job, output: str, kind: str) -> dict[str, str]:
    workspace = job.workspace.rpartition("/")[2]
    name = f"azureml_{job.name}_output_data_{output}"
    return {"assetId": f"azureml://locations/local/workspaces/{workspace}/data/{name}/versions/1", "type": kind}


def _error_code(job: Job) -> str:
    return "Canceled" if job.status is Status.CANCELED else "UserError"


def _services(job: Job, address: Address) -> dict[str, Any]:
    link = f"{address.url}/runs/{quote(job.name)}?wsid={quote(job.workspace)}"
    tracking = f"{address.url}/mlflow/v1.0{job.workspace}"
    return {
        "Studio": {"jobServiceType": "Studio", "endpoint": link},
        "Tracking": {"jobServiceType": "Tracking", "endpoint": tracking},
    }


def _input(item: Mapping[str, Any]) -> dict[str, Any]:
    if "value" in item:
        return {"jobInputType": "literal", "value": item["value"]}
    return {"jobInputType": item["type"], "uri": item["uri"], "mode": _mode(str(item.get("mode") or ""), "ro_mount")}


def _given(item: Given) -> dict[str, Any]:
    if item.port.is_literal:
        return {"jobInputType": "literal", "value": item.text}
    return {"jobInputType": item.port.type, "uri": item.text, "mode": _mode(item.mode, "ro_mount")}


def _outputs(job: Job) -> dict[str, Any]:
    names = {**job.outputs, **job.produced}
    return {
        name: {
            "jobOutputType": type_name(str(item["type"])),
            "mode": _mode(str(job.outputs.get(name, {}).get("mode") or ""), "rw_mount"),
            **({"uri": item["uri"]} if item.get("uri") else {}),
            **_registered({**job.outputs.get(name, {}), **item}),
        }
        for name, item in names.items()
    }


def _registered(item: Mapping[str, Any]) -> dict[str, Any]:
    """The name and version of an output that is registered, or shall be: `asset` is then the name, else an ARM id."""
    asset = str(item.get("asset") or "")
    if "/" in asset:
        return {"assetName": asset.split("/")[-3], "assetVersion": asset.split("/")[-1]}
    found = {"assetName": asset, "assetVersion": item.get("version")}
    return {name: value for name, value in found.items() if value}


def _mode(text: str, default: str) -> str:
    return _MODES.get(text or default, text or _MODES[default])
