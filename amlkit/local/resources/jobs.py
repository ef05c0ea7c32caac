"""Jobs over ARM: `{WS}/jobs`. Put submits, get shows (steps too), list, cancel."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from ..web import WORKSPACE, AzureError, object_body, route, workspace_id, world

PATH = f"{WORKSPACE}/jobs"


def put(request: Request, body: Any) -> JSONResponse:
    """`PUT …/jobs/{name}`: submit; the same body again is answered with the job that is there.

    Raises:
        AzureError: 400 with all that is wrong; 409: another job has the name.
    """
    name = request.path_params["job"]
    return JSONResponse(world(request).jobs.submit(workspace_id(request), name, object_body(body)), 201)


def get(request: Request, _: Any) -> Any:
    """`GET …/jobs/{name}`: a job, or a step of one."""
    jobs = world(request).jobs
    job = jobs.get(workspace_id(request), request.path_params["job"])
    if job.kind == "Run":
        raise AzureError(404, "NotFound", f"'{job.name}' is a run of an MLflow client, not a job.")
    return jobs.document(job)


def list_all(request: Request, _: Any) -> Any:
    """`GET …/jobs`: newest first; `listViewType`, `jobType` and `tag` filter."""
    jobs, query = world(request).jobs, request.query_params
    view, kind = query.get("listViewType", "ActiveOnly"), query.get("jobType", "")
    tag, _, value = query.get("tag", "").partition("=")
    shown = {"All": (True, False), "ArchivedOnly": (True,)}.get(view, (False,))
    found = [
        job
        for job in jobs.list(workspace_id(request))
        if job.kind != "Run"
        and bool(job.body.get("isArchived")) in shown
        and (not kind or job.kind.lower() == kind.lower())
        and (not tag or (tag in job.tags and value in ("", job.tags[tag])))
    ]
    return {"value": [jobs.document(job) for job in found]}


def cancel(request: Request, _: Any) -> Response:
    """`POST …/jobs/{name}/cancel`: asked for when it is answered; the status follows."""
    world(request).jobs.cancel(workspace_id(request), request.path_params["job"])
    return Response(status_code=200)


ROUTES = [
    route(PATH, list_all, ["GET"]),
    route(f"{PATH}/{{job}}", get, ["GET"]),
    route(f"{PATH}/{{job}}", put, ["PUT"]),
    route(f"{PATH}/{{job}}/cancel", cancel, ["POST"]),
]
