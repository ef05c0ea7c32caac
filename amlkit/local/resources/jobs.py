"""Jobs over ARM: `{WS}/jobs`. Put submits, get shows (steps too), list, cancel."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from ..jobs.records import Job
from ..web import WORKSPACE, AzureError, next_link, object_body, query_number, route, workspace_id, world

PATH = f"{WORKSPACE}/jobs"
_PAGE = 100  # jobs of one answer


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
    """`GET …/jobs`: newest first; `listViewType`, `jobType`, `tag`, `scheduleId` and `properties` filter.

    `$skip` is the name of the last job of the page before; `nextLink` has it.
    """
    jobs, workspace = world(request).jobs, workspace_id(request)
    size, last = query_number(request, "$top", 0), request.query_params.get("$skip", "")
    found: list[Job] = []
    while len(found) < (size or _PAGE):
        page = jobs.list(workspace, limit=_PAGE, before=last)
        if not page:
            return {"value": [jobs.document(job) for job in found]}
        for job in page:
            last = job.name
            found += [job] if _is_wanted(request, job) else []
            if len(found) == (size or _PAGE):
                break
    answer: dict[str, Any] = {"value": [jobs.document(job) for job in found]}
    return answer if size else {**answer, "nextLink": next_link(request, {"$skip": last})}


def _is_wanted(request: Request, job: Job) -> bool:
    query = request.query_params
    kind, (tag, _, value) = query.get("jobType", ""), query.get("tag", "").partition("=")
    own, _, wanted = query.get("properties", "").partition("=")
    shown = {"All": (True, False), "ArchivedOnly": (True,)}.get(query.get("listViewType", "ActiveOnly"), (False,))
    return (
        job.kind != "Run"
        and bool(job.body.get("isArchived")) in shown
        and (not kind or job.kind.lower() == kind.lower())
        and (not tag or (tag in job.tags and value in ("", job.tags[tag])))
        and (not own or (own in job.properties and wanted in ("", job.properties[own])))
        and not query.get("scheduleId")  # there are no schedules
    )


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
