"""What only the stand-in can tell of reuse: forecasts, explanations, garbage collection. Azure ML has none of it."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request

from ..web import WORKSPACE, AzureError, check_types, object_body, route, workspace_id, world

FORECAST = f"/control/forecast{WORKSPACE}"
EXPLAIN = f"/control/explain{WORKSPACE}/jobs/{{job}}"
COLLECT = "/control/gc"


def forecast(request: Request, body: Any) -> Any:
    """`POST …[?endpoint=]`: what each step of this job would do; the body is that of `PUT {WS}/jobs/{name}`.

    Raises:
        AzureError: 400 with all that is wrong.
    """
    given = object_body(body)
    check_types(given, {"properties": dict})
    endpoint = request.query_params.get("endpoint", "")
    return world(request).jobs.forecaster.of_body(workspace_id(request), given.get("properties") or {}, endpoint)


def explain(request: Request, _: Any) -> Any:
    """`GET …[?diff=true]`: why each step of a run, or this one, was reused or ran; with the texts that changed."""
    jobs = world(request).jobs
    job = jobs.get(workspace_id(request), request.path_params["job"])
    return jobs.explainer.of(job, diff=request.query_params.get("diff", "").lower() == "true")


def collect(request: Request, body: Any) -> Any:
    """`POST`, `{"maxSize": bytes, "dryRun": bool, "keep": bool}`: remove what was used least recently.

    `keep` also makes the size a limit that is kept from now on; 0 with it: no limit any more.

    Raises:
        AzureError: 400: no size.
    """
    given = object_body(body)
    check_types(given, {"maxSize": int, "dryRun": bool, "keep": bool})
    size = given.get("maxSize", -1)
    if size < 0:
        raise AzureError(400, "InvalidRequestContent", "The value of 'maxSize' must be a number of bytes.")
    collector = world(request).jobs.collector
    if given.get("keep"):
        collector.keep(size)
        if not size:
            return {"limit": 0, "before": 0, "after": 0, "held": 0, "removed": []}
    return collector.collect(size, dry_run=bool(given.get("dryRun"))).as_json()


ROUTES = [
    route(FORECAST, forecast, ["POST"]),
    route(EXPLAIN, explain, ["GET"]),
    route(COLLECT, collect, ["POST"]),
]
