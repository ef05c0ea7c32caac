"""Compute targets: clusters, whose `maxNodeCount` limits the steps that run at once, instances, and attachments.

Clusters show the nodes that their steps take (`nodes.py`), instances whether they run; `compute_shapes.py` says what a
write becomes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse

from ..arm import Kind, Put, find, identity_of, listed, put, routes_of, shown
from ..clock import now, text_of
from ..nodes import idle_time
from ..web import WORKSPACE, AzureError, check_types, object_body, route, workspace_id, world
from ..world import World
from . import compute_quota
from .compute_shapes import SECRETS, Shape, attachment, check_scale, cluster, instance, operation

CLUSTER, INSTANCE = "AmlCompute", "ComputeInstance"
_ATTACHED = (
    "AKS",
    "DataFactory",
    "DataLakeAnalytics",
    "Databricks",
    "HDInsight",
    "Kubernetes",
    "SynapseSpark",
    "VirtualMachine",
)
_SHAPES: Mapping[str, Shape] = MappingProxyType(
    {CLUSTER: cluster, INSTANCE: instance, **dict.fromkeys(_ATTACHED, attachment)}
)
_STATES = ("idle", "running", "preparing", "unusable", "leaving", "preempted")
STARTED = "_started"


def _shape(write: Put) -> dict[str, Any]:
    properties = write.properties
    kind = str(properties.get("computeType"))
    if write.before and kind != write.before["properties"]["computeType"]:
        raise AzureError(400, "UserError", f"The compute '{write.name}' exists with another computeType.")
    if kind not in _SHAPES:
        raise AzureError(400, "ValidationError", f"'{kind}' is no computeType: {', '.join(_SHAPES)}.")
    inner, secrets = _SHAPES[kind](write, dict(properties.get("properties") or {}))
    computed = {
        "properties": inner or None,
        "provisioningState": "Succeeded",
        "isAttachedCompute": kind in _ATTACHED,
        "createdOn": write.kept("createdOn", now()),
        "modifiedOn": now(),
        "computeLocation": properties.get("computeLocation") or write.body["location"],
        "provisioningErrors": None,
    }
    return {
        "location": write.body["location"],
        "tags": write.body.get("tags") or {},
        "identity": identity_of(write),
        "sku": write.body.get("sku"),
        "properties": {"disableLocalAuth": False} | properties | computed,
        SECRETS: secrets or None,
        STARTED: (write.before or {}).get(STARTED, text_of(write.world.clock.time())),
    }


def _removed(here: World, document: dict[str, Any]) -> None:
    here.nodes.forget(document["id"])


KIND = Kind(
    type="Microsoft.MachineLearningServices/workspaces/computes",
    path=f"{WORKSPACE}/computes",
    name=re.compile(r"[a-zA-Z](?![a-zA-Z0-9-]*-\d+$)[a-zA-Z0-9-]{1,23}"),
    parent=workspace_id,
    segment="computes",
    shape=_shape,
    removed=_removed,
    types={
        "properties.computeType": str,
        "properties.resourceId": str,
        "properties.properties": dict,
        "properties.properties.schedules": dict,
        "properties.properties.schedules.computeStartStop": list,
        "properties.properties.sshSettings": dict,
        "properties.properties.idleTimeBeforeShutdown": str,
        "properties.properties.scaleSettings": dict,
        "properties.properties.scaleSettings.minNodeCount": int,
        "properties.properties.scaleSettings.maxNodeCount": int,
        "properties.properties.scaleSettings.nodeIdleTimeBeforeScaleDown": str,
    },
)


def state_of(here: World, document: dict[str, Any]) -> dict[str, Any]:
    """`state` and `lastOperation` of an instance now: one that idles for too long stops."""
    inner = document["properties"]["properties"]
    idle, started = inner.get("idleTimeBeforeShutdown"), datetime.fromisoformat(document[STARTED])
    span = idle_time(idle) if idle else None
    if inner["state"] != "Running" or span is None or here.clock.time() - started < span:
        return {name: inner[name] for name in ("state", "lastOperation")}
    ended = operation("Stop", text_of(started + span), "IdleShutdown")
    return {"state": "Stopped", "lastOperation": ended}


def view(here: World, document: dict[str, Any]) -> dict[str, Any]:
    """A compute as Azure shows it at this moment."""
    properties = document["properties"]
    if properties["computeType"] == CLUSTER:
        live = _counts(here, document)
    elif properties["computeType"] == INSTANCE:
        live = state_of(here, document)
    else:
        return shown(document)
    return {**shown(document), "properties": {**properties, "properties": {**properties["properties"], **live}}}


def _counts(here: World, document: dict[str, Any]) -> dict[str, Any]:
    nodes = compute_quota.nodes_of(here, document)
    running = sum(bool(node.run) for node in nodes)
    counts = {f"{state}NodeCount": 0 for state in _STATES}
    return {
        "allocationState": "Steady",
        "currentNodeCount": len(nodes),
        "targetNodeCount": len(nodes),
        "nodeStateCounts": counts | {"idleNodeCount": len(nodes) - running, "runningNodeCount": running},
        "errors": compute_quota.errors(here, document),
    }


def put_one(request: Request, body: Any) -> JSONResponse:
    """`PUT …/computes/{name}`.

    Raises:
        AzureError: what Azure refuses.
    """
    status = put(KIND, request, body).status_code
    return JSONResponse(view(world(request), find(KIND, request)), status)


def patch(request: Request, body: Any) -> JSONResponse:
    """`PATCH …/computes/{name}` of a cluster: its scale settings.

    Raises:
        AzureError: 404; 400: not a cluster.
    """
    document = find(KIND, request)
    if document["properties"]["computeType"] != CLUSTER:
        raise AzureError(400, "UserError", f"The compute '{document['name']}' has no scale settings.")
    check_types(object_body(body), {"properties": dict, **KIND.types})
    sent = (body.get("properties") or {}).get("properties") or {}
    inner = document["properties"]["properties"]
    given = {name: value for name, value in (sent.get("scaleSettings") or {}).items() if value is not None}
    inner["scaleSettings"] |= given
    check_scale(inner["scaleSettings"])
    return JSONResponse(view(world(request), world(request).documents.put(document["id"], document)))


def _list(request: Request, _: Any) -> dict[str, Any]:
    return {"value": [view(world(request), each) for each in listed(KIND, request)]}


ROUTES = [
    route(KIND.path, _list, ["GET"]),
    route(f"{KIND.path}/{{name}}", lambda request, _: view(world(request), find(KIND, request)), ["GET"]),
    route(f"{KIND.path}/{{name}}", put_one, ["PUT"]),
    route(f"{KIND.path}/{{name}}", patch, ["PATCH"]),
    *routes_of(KIND),
]
