"""Run history and its neighbours on the data plane: what `jobs.stream`, `jobs.download`, `jobs.list` of children read.

Logs are served by addresses that carry a token of their own, because clients fetch them without one.
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import StreamingResponse

from ..jobs import views
from ..jobs.locations import long_uri
from ..jobs.records import Job
from ..web import (
    ARM_OR_ML,
    WORKSPACE,
    Audience,
    AzureError,
    check_types,
    file_pieces,
    next_link,
    query_number,
    route,
    workspace_id,
    world,
)

HISTORY = f"/history/v1.0{WORKSPACE}"
RUN = f"{HISTORY}/runs/{{run}}"
OF_EXPERIMENT = f"{HISTORY}/experiments/{{experiment}}/runs/{{run}}"
DATA = f"/data/v1.0{WORKSPACE}"
FRONTEND = f"/mferp/managementfrontend{WORKSPACE}/batchEndpoints/{{endpoint}}"
_PAGE = 500  # records of one answer
_LOG_SECONDS = 24 * 3600
_RANGE = re.compile(r"bytes=(\d{1,18})-(\d{0,18})")


def get_run(request: Request, _: Any) -> Any:
    """The record of a job."""
    return views.run(_job(request))


def get_details(request: Request, _: Any) -> Any:
    """The record with the addresses of the logs."""
    job = _job(request)
    return views.details(job, _log_addresses(request, job))


def get_children(request: Request, _: Any) -> Any:
    """The records of a pipeline's steps, of a sweep's trials; `nextLink` leads to the next page."""
    first, size = query_number(request, "$continuationtoken", 0), query_number(request, "$top", 0)
    wanted = (first, (size or _PAGE) + 1)  # one more, to see whether there is another page
    children = world(request).jobs.children(workspace_id(request), request.path_params["run"], *wanted)
    answer: dict[str, Any] = {"value": [views.run(child) for child in children[: size or _PAGE]]}
    if not size and len(children) > _PAGE:
        token = str(first + _PAGE)
        answer |= {"continuationToken": token, "nextLink": next_link(request, {"$continuationtoken": token})}
    return answer


def get_log(request: Request, _: Any) -> StreamingResponse:
    """The text of a log, as long as it is now: it may grow while it is sent. A `Range` of bytes gives that part.

    Raises:
        AzureError: 401: a bad token; 404: no such log; 416: the range starts beyond its end.
    """
    here, name = world(request), request.path_params["log"]
    here.tokens.verify(request.query_params.get("token", ""), [_log_audience(request, request.path_params["run"])])
    file = here.jobs.logs(_job(request)).get(name)
    if file is None:
        raise AzureError(404, "NotFound", f"There is no log '{name}'.")
    size = file.stat().st_size
    match = _RANGE.fullmatch(request.headers.get("range", "").strip())
    first, last = (int(match[1]), min(int(match[2] or size), size - 1)) if match else (0, size - 1)
    if match and first > last:
        raise AzureError(416, "InvalidRange", f"The log '{name}' has {size} bytes.")
    headers = {"Accept-Ranges": "bytes"}  # no length: a log that is too long is cut, maybe while it is sent
    if match:
        headers["Content-Range"] = f"bytes {first}-{last}/{size}"
    body = file_pieces(file, first, last + 1 - first)
    return StreamingResponse(body, 206 if match else 200, headers, "text/plain; charset=utf-8")


def modify(request: Request, body: Any) -> Any:
    """`PATCH` of a run: its display name, description, tags, properties, and `hidden` (archived)."""
    here, job, sent = world(request), _job(request), body or {}
    check_types(sent, {"hidden": bool})
    changes = {name: sent[name] for name in ("displayName", "description", "tags", "properties") if name in sent}
    if sent.get("hidden") is not None:
        changes["isArchived"] = sent["hidden"]
    return views.run(here.jobs.update(job, changes))


def rundata(request: Request, body: Any) -> Any:
    """The record of the run that the body names, with its outputs."""
    name = str((body or {}).get("runId") or "")
    return {"runMetadata": views.run(world(request).jobs.get(workspace_id(request), name))}


def resolve(request: Request, body: Any) -> Any:
    """The addresses of outputs by their asset ids; unknown ones are left out, as in Azure ML."""
    workspace, jobs = workspace_id(request), world(request).jobs
    found: dict[str, dict[str, str]] = {}
    check_types(body or {}, {"values": list})
    for asset in map(str, (body or {}).get("values") or []):
        named = views.output_of(asset)
        produced = jobs.get(workspace, named[0]).produced if named else {}
        if named and named[1] in produced:
            output = produced[named[1]]
            found[asset] = {"uri": long_uri(output["uri"], workspace), "type": output["type"]}
    return {"values": found}


def endpoint_jobs(request: Request, _: Any) -> Any:
    """The jobs of an endpoint, or of one of its deployments, newest first."""
    jobs, place = world(request).jobs, request.path_params
    found = jobs.list(workspace_id(request), place["endpoint"], place.get("deployment", ""))
    return {"value": [jobs.document(job) for job in found]}


def _job(request: Request) -> Job:
    return world(request).jobs.get(workspace_id(request), request.path_params["run"])


def _log_addresses(request: Request, job: Job) -> dict[str, str]:
    here = world(request)
    token = here.tokens.issue(_log_audience(request, job.name), "logs", _LOG_SECONDS)
    base = f"{here.address.url}/history/v1.0{job.workspace}/runs/{job.name}/logs"
    return {name: f"{base}/{quote(name)}?token={token}" for name in here.jobs.logs(job)}


def _log_audience(request: Request, job: str) -> str:
    return f"{world(request).address.url}/logs/{job}"


ROUTES = [
    route(f"{RUN}/logs/{{log:path}}", get_log, ["GET"], Audience.NONE),
    route(f"{RUN}/details", get_details, ["GET"], ARM_OR_ML),
    route(f"{RUN}/children", get_children, ["GET"], ARM_OR_ML),
    route(RUN, get_run, ["GET"], ARM_OR_ML),
    route(RUN, modify, ["PATCH"], ARM_OR_ML),
    route(f"{OF_EXPERIMENT}/details", get_details, ["GET"], ARM_OR_ML),
    route(OF_EXPERIMENT, get_run, ["GET"], ARM_OR_ML),
    route(OF_EXPERIMENT, modify, ["PATCH"], ARM_OR_ML),
    route(f"{HISTORY}/rundata", rundata, ["POST"], ARM_OR_ML),
    route(f"{DATA}/dataversion/batchGetResolvedUris", resolve, ["POST"], ARM_OR_ML),
    route(f"{FRONTEND}/jobs", endpoint_jobs, ["GET"], Audience.ML),
    route(f"{FRONTEND}/deployments/{{deployment}}/jobs", endpoint_jobs, ["GET"], Audience.ML),
]
