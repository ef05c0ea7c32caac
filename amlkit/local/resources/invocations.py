"""Invocations of batch endpoints: `POST {scoringUri}`. A repeated request id gets the job that the first one made."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse

from ..web import WORKSPACE, Audience, object_body, route, workspace_id, world

PATH = f"/batch{WORKSPACE}/batchEndpoints/{{endpoint}}/jobs"


def invoke(request: Request, body: Any) -> JSONResponse:
    """Start the default deployment, or the one that the header `azureml-model-deployment` names.

    Raises:
        AzureError: 404: no such endpoint or deployment; 400: unknown inputs, wrong types, missing values.
    """
    deployment = request.headers.get("azureml-model-deployment", "")
    repeat = request.headers.get("repeatability_request-id") or request.headers.get("repeatability-request-id") or ""
    endpoint = request.path_params["endpoint"]
    job = world(request).jobs.invoke(workspace_id(request), endpoint, deployment, object_body(body), repeat)
    return JSONResponse(job, 201)


def list_all(request: Request, _: Any) -> Any:
    """`GET {scoringUri}`: the jobs of an endpoint, newest first."""
    jobs = world(request).jobs
    found = jobs.list(workspace_id(request), request.path_params["endpoint"])
    return {"value": [jobs.document(job) for job in found]}


ROUTES = [
    route(PATH, invoke, ["POST"], Audience.ML),
    route(PATH, list_all, ["GET"], Audience.ML),
]
