"""What can be done with a compute besides writing it: its nodes and keys, start, stop, restart and resize of instances.

The last four are long-running in Azure's specification: they are done when they answer, and the address that they give
to ask at says so.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from ..arm import find
from ..clock import now, text_of
from ..nodes import idle_time
from ..web import AzureError, check_types, object_body, route, world
from .compute_quota import nodes_of
from .compute_shapes import SECRETS, check_size, operation
from .computes import CLUSTER, INSTANCE, KIND, STARTED, state_of

_OPERATIONS = "/subscriptions/{subscription}/providers/Microsoft.MachineLearningServices/locations/{location}"
_FIRST_PORT = 50000
_STATES = {"start": "Running", "restart": "Running", "stop": "Stopped"}


def list_nodes(request: Request, _: Any) -> dict[str, Any]:
    """`POST …/computes/{name}/listNodes` of a cluster.

    Raises:
        AzureError: 400: not a cluster.
    """
    document = _of_kind(request, CLUSTER)
    return {
        "nodes": [
            {
                "nodeId": f"tvmps_{uuid.uuid5(uuid.NAMESPACE_URL, document['id'].lower()).hex}_{node.number}_d",
                "privateIpAddress": f"10.0.0.{4 + node.number % 250}",
                "publicIpAddress": None,
                "port": _FIRST_PORT + node.number,
                "nodeState": "running" if node.run else "idle",
                "runId": node.run or None,
            }
            for node in nodes_of(world(request), document)
        ]
    }


def list_keys(request: Request, _: Any) -> dict[str, Any]:
    """`POST …/computes/{name}/listKeys`: what an attachment was given.

    Raises:
        AzureError: 400: it has no keys.
    """
    document = find(KIND, request)
    secrets, kind = document.get(SECRETS), document["properties"]["computeType"]
    if not secrets or kind in (CLUSTER, INSTANCE):
        raise AzureError(400, "UserError", f"The compute '{document['name']}' of type {kind} has no keys.")
    return {"computeType": kind, **secrets}


def set_state(verb: str) -> Callable[[Request, Any], Response]:
    """`POST …/computes/{name}/{start|stop|restart}` of an instance."""

    def handle(request: Request, _: Any) -> Response:
        document, here = _of_kind(request, INSTANCE), world(request)
        inner, time = document["properties"]["properties"], text_of(here.clock.time())
        inner |= {"state": _STATES[verb], "lastOperation": operation(verb.capitalize(), time)}
        started = time if _STATES[verb] == "Running" else document[STARTED]
        here.documents.put(document["id"], {**document, STARTED: started})
        return _accepted(request, document["location"])

    return handle


def resize(request: Request, body: Any) -> Response:
    """`POST …/computes/{name}/resize`, `{"targetVMSize": …}`: of an instance that is stopped.

    Raises:
        AzureError: 400: it runs, or there is no such size.
    """
    document, here = _of_kind(request, INSTANCE), world(request)
    check_types(object_body(body), {"targetVMSize": str})
    check_size(body.get("targetVMSize"))
    inner = document["properties"]["properties"]
    if state_of(here, document)["state"] != "Stopped":
        raise AzureError(400, "UserError", f"The compute '{document['name']}' must be stopped to be resized.")
    inner |= {"state": "Stopped", "vmSize": body["targetVMSize"]}
    here.documents.put(document["id"], document)
    return _accepted(request, document["location"])


def set_idle_shutdown(request: Request, body: Any) -> None:
    """`POST …/computes/{name}/updateIdleShutdownSetting`, `{"idleTimeBeforeShutdown": "PT30M"}`; null: never.

    Raises:
        AzureError: 400: no duration.
    """
    document = _of_kind(request, INSTANCE)
    check_types(object_body(body), {"idleTimeBeforeShutdown": str})
    text = body.get("idleTimeBeforeShutdown")
    if idle_time(text) is None:
        raise AzureError(400, "ValidationError", "'idleTimeBeforeShutdown' is a duration in ISO 8601, as 'PT30M'.")
    document["properties"]["properties"]["idleTimeBeforeShutdown"] = text
    world(request).documents.put(document["id"], document)


def enable_sso(request: Request, body: Any) -> JSONResponse:
    """`POST …/computes/{name}/enableSso`, `{"enableSSO": true}`."""
    document = _of_kind(request, INSTANCE)
    check_types(object_body(body), {"enableSSO": bool})
    document["properties"]["properties"]["enableSSO"] = body.get("enableSSO", True)
    world(request).documents.put(document["id"], document)
    return JSONResponse({})


def status(request: Request, _: Any) -> dict[str, Any]:
    """`GET …/computeOperationsStatus/{operation}`: whatever was accepted is done."""
    time = now()
    return {
        "id": request.scope["path"],
        "name": request.path_params["operation"],
        "status": "Succeeded",
        "startTime": time,
        "endTime": time,
        "percentComplete": 100,
    }


def _of_kind(request: Request, kind: str) -> dict[str, Any]:
    document = find(KIND, request)
    found = document["properties"]["computeType"]
    if found != kind:
        raise AzureError(400, "UserError", f"The compute '{document['name']}' is of type {found}, not {kind}.")
    return document


def _accepted(request: Request, location: str) -> Response:
    place = _OPERATIONS.format(subscription=request.path_params["subscription"], location=location)
    version = request.query_params["api-version"]
    url = f"{world(request).address.url}{place}/computeOperationsStatus/{uuid.uuid4()}?api-version={version}"
    return Response(status_code=202, headers={"Azure-AsyncOperation": url, "Location": url, "Retry-After": "1"})


_ONE = f"{KIND.path}/{{name}}"
ROUTES = [
    route(f"{_ONE}/listNodes", list_nodes, ["POST"]),
    route(f"{_ONE}/listKeys", list_keys, ["POST"]),
    *(route(f"{_ONE}/{verb}", set_state(verb), ["POST"]) for verb in _STATES),
    route(f"{_ONE}/resize", resize, ["POST"]),
    route(f"{_ONE}/updateIdleShutdownSetting", set_idle_shutdown, ["POST"]),
    route(f"{_ONE}/enableSso", enable_sso, ["POST"]),
    route(f"{_OPERATIONS}/computeOperationsStatus/{{operation}}", status, ["GET"]),
]
