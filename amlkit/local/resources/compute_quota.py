"""Sizes of virtual machines, quotas of cores, and how much of them is in use, region by region.

Nothing is limited until somebody sets a limit (`updateQuotas`); -1 means none, as in Azure. Azure makes a cluster
whatever its quota is, and minds the quota when nodes are allocated. Steps that run here do not wait for it; the nodes
that a cluster keeps idle do.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from starlette.requests import Request

from ... import vmsizes
from ...vmsizes import VmSize
from ..nodes import Node, idle_time
from ..web import AzureError, object_body, route, world
from ..world import World

_TYPE = "Microsoft.MachineLearningServices"
_LOCATION = f"/subscriptions/{{subscription}}/providers/{_TYPE}/locations/{{location}}"
_COMPUTES = f"{_TYPE}/workspaces/computes"
_UNLIMITED = -1
_MOST_CLUSTERS = 500  # a region: Azure ML's quota page
_TOTALS = {
    "TotalDedicatedCores": "Total Cluster Dedicated Regional vCPUs",
    "TotalLowPriorityCores": "Total Cluster Low Priority Regional vCPUs",
}
_FIRST, _LETTERS = re.compile(r"^standard"), re.compile(r"Family$")


def sizes(request: Request, _: Any) -> dict[str, Any]:
    """`GET …/locations/{location}/vmSizes`: the same everywhere; memory and disks are not in our table.

    Up to the api-versions of 2020 the list has another name, which clients of that time look for.
    """
    name = "value" if request.query_params["api-version"] >= "2021" else "amlCompute"
    return {name: [_shown(each) for each in vmsizes.every()]}


def usages(request: Request, _: Any) -> dict[str, Any]:
    """`GET …/locations/{location}/usages`: cores in use and their limits, by family and in all, and clusters."""
    here, location = world(request), _location(request)
    subscription = request.path_params["subscription"]
    used, clusters = _used(here, subscription, location)
    base = f"/subscriptions/{subscription}/providers/{_TYPE}/locations/{location}"
    found = [
        _usage(base, "vmFamily/dedicatedCores", family, _label(family), used.get(family, 0), limit)
        for family, limit in ((each, _limit(here, subscription, location, each)) for each in _families())
    ]
    for name, label in _TOTALS.items():
        kind = "lowPriorityCores" if "LowPriority" in name else "totalDedicatedCores"
        found.append(_usage(base, kind, name, label, used[name], _limit(here, subscription, location, name)))
    found.append(_usage(base, "totalClusters", "TotalClusters", "Clusters", clusters, _MOST_CLUSTERS))
    return {"value": found}


def quotas(request: Request, _: Any) -> dict[str, Any]:
    """`GET …/locations/{location}/quotas`: the limits by family."""
    here, location = world(request), _location(request)
    subscription = request.path_params["subscription"]
    base = f"/subscriptions/{subscription}/providers/{_TYPE}/locations/{location}/quotas"
    return {
        "value": [
            {
                "id": f"{base}/{family}",
                "type": f"{_TYPE}/vmFamily/dedicatedCores/quotas",
                "limit": _limit(here, subscription, location, family),
                "unit": "Count",
                "name": {"value": family, "localizedValue": _label(family)},
            }
            for family in _families()
        ]
    }


def update_quotas(request: Request, body: Any) -> dict[str, Any]:
    """`POST …/locations/{location}/updateQuotas`: limits; the last segment of an `id` is the family or the total.

    Raises:
        AzureError: 400: no such limit.
    """
    here, location, answers = world(request), _location(request), []
    for each in object_body(body).get("value") or []:
        name = str(each.get("id", "")).rpartition("/")[2] if isinstance(each, dict) else ""
        known = {other.lower(): other for other in (*_families(), *_TOTALS)}.get(name.lower())
        limit = each.get("limit") if isinstance(each, dict) else None
        if known is None or type(limit) is not int or limit < _UNLIMITED:
            raise AzureError(400, "BadRequest", f"Not a limit of cores: '{name}'.")
        here.documents.put(_limit_id(request.path_params["subscription"], location, known), {"limit": limit})
        answers.append({"id": each["id"], "type": each.get("type"), "limit": limit, "unit": "Count"})
    return {"value": [{**each, "status": "Success"} for each in answers]}


def nodes_of(here: World, cluster: dict[str, Any]) -> list[Node]:
    """The nodes of a cluster now: what runs on it, what idles still, never less than it wants and its quota allows."""
    scale = cluster["properties"]["properties"]["scaleSettings"]
    idle = idle_time(scale.get("nodeIdleTimeBeforeScaleDown"))
    assert idle is not None  # noqa: S101  it was checked when it was written
    least = min([scale["minNodeCount"], *(limit // cores for _, limit, cores in _limits(here, cluster))])
    return here.nodes.of(cluster["id"], least, idle)


def errors(here: World, cluster: dict[str, Any]) -> list[dict[str, Any]] | None:
    """What keeps a cluster from its least number of nodes; None: nothing."""
    least = cluster["properties"]["properties"]["scaleSettings"]["minNodeCount"]
    for name, limit, cores in _limits(here, cluster):
        if least * cores > limit:
            message = f"The quota of {name} is {limit} vCPUs, and {least} nodes need {least * cores}."
            return [{"error": {"code": "ClusterMinNodesExceedCoreQuota", "message": message}}]
    return None


def _limits(here: World, cluster: dict[str, Any]) -> Iterator[tuple[str, int, int]]:
    """The limits that concern a cluster: name, limit, and cores of one node."""
    inner = cluster["properties"]["properties"]
    size = vmsizes.find(inner["vmSize"])
    if size is None:
        return
    low = inner["vmPriority"] == "LowPriority"
    for name in ["TotalLowPriorityCores"] if low else [size.family, "TotalDedicatedCores"]:
        limit = _limit(here, cluster["id"].split("/")[2], cluster["location"], name)
        if limit != _UNLIMITED:
            yield name, limit, size.cores


def _used(here: World, subscription: str, location: str) -> tuple[dict[str, int], int]:
    """Cores that nodes and running instances take, by family and in all, and the number of clusters."""
    used, clusters = dict.fromkeys(_TOTALS, 0), 0
    for each in here.documents.of_type(f"/subscriptions/{subscription}", _COMPUTES):
        properties = each["properties"]
        inner, kind = properties["properties"], properties["computeType"]
        if kind not in ("AmlCompute", "ComputeInstance") or each["location"] != location:
            continue
        count = len(nodes_of(here, each)) if kind == "AmlCompute" else int(inner["state"] == "Running")
        clusters += kind == "AmlCompute"
        size = vmsizes.find(inner["vmSize"])
        if size is None:
            continue
        low = inner.get("vmPriority") == "LowPriority"
        for name in ["TotalLowPriorityCores"] if low else [size.family, "TotalDedicatedCores"]:
            used[name] = used.get(name, 0) + count * size.cores
    return used, clusters


def _usage(base: str, kind: str, name: str, label: str, used: int, limit: int) -> dict[str, Any]:
    return {
        "id": f"{base}/{kind}/usages/{name}",
        "type": f"{_TYPE}/{kind}/usages",
        "unit": "Count",
        "currentValue": used,
        "limit": limit,
        "name": {"value": name, "localizedValue": label},
    }


def _limit_id(subscription: str, location: str, name: str) -> str:
    return f"/subscriptions/{subscription}/providers/{_TYPE}/locations/{location}/quotas/{name}"


def _limit(here: World, subscription: str, location: str, name: str) -> int:
    return int((here.documents.get(_limit_id(subscription, location, name)) or {"limit": _UNLIMITED})["limit"])


def _families() -> list[str]:
    return sorted({each.family for each in vmsizes.every()})


def _label(family: str) -> str:
    """`standardDSv2Family`: `Standard DSv2 Family Cluster Dedicated vCPUs`."""
    return f"{_LETTERS.sub(' Family', _FIRST.sub('Standard ', family))} Cluster Dedicated vCPUs"


def _shown(size: VmSize) -> dict[str, Any]:
    kinds = ["AmlCompute", "ComputeInstance"]
    return {
        "name": size.name,
        "family": size.family,
        "vCPUs": size.cores,
        "gpus": size.gpus,
        "lowPriorityCapable": size.low_priority,
        "supportedComputeTypes": kinds,
    }


def _location(request: Request) -> str:
    return str(request.path_params["location"]).replace(" ", "").lower()


ROUTES = [
    route(f"{_LOCATION}/vmSizes", sizes, ["GET"]),
    route(f"{_LOCATION}/usages", usages, ["GET"]),
    route(f"{_LOCATION}/quotas", quotas, ["GET"]),
    route(f"{_LOCATION}/updateQuotas", update_quotas, ["POST"]),
]
