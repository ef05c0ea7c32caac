"""Compute targets: AmlCompute clusters, whose `maxNodeCount` limits the steps that run at once, and attachments."""

from __future__ import annotations

import re
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse

from ..arm import Kind, Put, find, identity_of, routes_of, shown
from ..clock import now
from ..web import WORKSPACE, AzureError, check_types, object_body, route, workspace_id, world

_ATTACHED = ("Databricks", "DataLakeAnalytics", "HDInsight", "VirtualMachine", "Kubernetes", "AKS", "SynapseSpark")
_SECRETS = ("databricksAccessToken", "administratorAccount")
_FIXED = ("vmSize", "vmPriority", "osType", "subnet")


def _shape(write: Put) -> dict[str, Any]:
    properties = write.properties
    kind = properties.get("computeType")
    if write.before and kind != write.before["properties"]["computeType"]:
        raise AzureError(400, "UserError", f"The compute '{write.name}' exists with another computeType.")
    if kind == "AmlCompute":
        inner = _cluster(write, dict(properties.get("properties") or {}))
        secrets: dict[str, Any] = {}
    elif kind in _ATTACHED:
        inner = dict(properties.get("properties") or {})
        secrets = {name: inner.pop(name) for name in _SECRETS if name in inner}
    else:
        raise AzureError(501, "NotImplemented", f"The local Azure ML has AmlCompute and attachments, not '{kind}'.")
    computed = {
        "properties": inner,
        "provisioningState": "Succeeded",
        "isAttachedCompute": kind in _ATTACHED,
        "createdOn": write.kept("createdOn", now()),
        "modifiedOn": now(),
        "computeLocation": write.body["location"],
        "provisioningErrors": None,
    }
    return {
        "location": write.body["location"],
        "tags": write.body.get("tags") or {},
        "identity": identity_of(write),
        "sku": write.body.get("sku"),
        "properties": {"disableLocalAuth": False} | properties | computed,
        "_secrets": secrets or None,
    }


def _cluster(write: Put, inner: dict[str, Any]) -> dict[str, Any]:
    scale = inner.get("scaleSettings") or {}
    low, high = scale.get("minNodeCount") or 0, scale.get("maxNodeCount")
    if not inner.get("vmSize") or high is None:
        raise AzureError(400, "ValidationError", "An AmlCompute needs 'vmSize' and 'scaleSettings.maxNodeCount'.")
    _check_scale({"minNodeCount": low, "maxNodeCount": high})
    before = write.kept("properties", {})
    for name in _FIXED:
        if write.before and str(before.get(name)).lower() != str(inner.get(name, before.get(name))).lower():
            message = f"The '{name}' of the compute '{write.name}' cannot be changed from {before.get(name)}."
            raise AzureError(400, "UserError", message)
    defaults = {
        "osType": "Linux",
        "vmPriority": "Dedicated",
        "enableNodePublicIp": True,
        "isolatedNetwork": False,
        "remoteLoginPortPublicAccess": "NotSpecified",
    }
    states = ("idle", "running", "preparing", "unusable", "leaving", "preempted")
    computed = {
        "scaleSettings": {"nodeIdleTimeBeforeScaleDown": "PT120S"} | scale | {"minNodeCount": low},
        "allocationState": "Steady",
        "allocationStateTransitionTime": now(),
        "errors": None,
        "currentNodeCount": low,
        "targetNodeCount": low,
        "nodeStateCounts": {f"{state}NodeCount": 0 for state in states} | {"idleNodeCount": low},
    }
    return defaults | inner | computed


def _check_scale(scale: dict[str, Any]) -> None:
    low, high = scale["minNodeCount"], scale["maxNodeCount"]
    if not 0 <= low <= high:
        raise AzureError(400, "ValidationError", f"minNodeCount {low} and maxNodeCount {high} do not go together.")


KIND = Kind(
    type="Microsoft.MachineLearningServices/workspaces/computes",
    path=f"{WORKSPACE}/computes",
    name=re.compile(r"[a-zA-Z](?![a-zA-Z0-9-]*-\d+$)[a-zA-Z0-9-]{1,23}"),
    parent=workspace_id,
    segment="computes",
    shape=_shape,
    types={
        "properties.computeType": str,
        "properties.properties": dict,
        "properties.properties.scaleSettings": dict,
        "properties.properties.scaleSettings.minNodeCount": int,
        "properties.properties.scaleSettings.maxNodeCount": int,
    },
)


def patch(request: Request, body: Any) -> JSONResponse:
    """`PATCH …/computes/{name}` of a cluster: its scale settings.

    Raises:
        AzureError: 404; 400: not a cluster.
    """
    document = find(KIND, request)
    if document["properties"]["computeType"] != "AmlCompute":
        raise AzureError(400, "UserError", f"The compute '{document['name']}' has no scale settings.")
    check_types(object_body(body), {"properties": dict, **KIND.types})
    sent = (body.get("properties") or {}).get("properties") or {}
    inner = document["properties"]["properties"]
    given = {name: value for name, value in (sent.get("scaleSettings") or {}).items() if value is not None}
    inner["scaleSettings"] |= given
    _check_scale(inner["scaleSettings"])
    return JSONResponse(shown(world(request).documents.put(document["id"], document)))


ROUTES = [
    route(f"{KIND.path}/{{name}}", patch, ["PATCH"]),
    *routes_of(KIND),
]
