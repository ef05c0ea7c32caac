"""The plan's word on quotas of cores: a cluster that may never get all of its nodes.

Azure ML has quotas of its own, by family of VM sizes and for a region as a whole
(`…/providers/Microsoft.MachineLearningServices/locations/{location}/usages`). They are asked where that is allowed and
cheap: on the local Azure ML, and on Azure if the stack says `amlkit:target: azure`. Without an answer the plan goes on
without the check, and says why among its debug messages.
"""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import pulumi

from amlkit import vmsizes
from amlkit.errors import AmlkitError
from amlkit.rest import LOOPBACK
from amlkit.target import Service, Target

from ..ids import subscription_of
from .base import Workspacelike

API_VERSION = "2025-12-01"
_SECONDS = 10.0  # a plan does not wait longer for a check that it can do without
_REGION = {False: "totalclusterdedicatedregionalvcpus", True: "totalclusterlowpriorityregionalvcpus"}


@dataclass(frozen=True)
class Wish:
    """What a cluster may grow to."""

    vm_size: str
    nodes: int
    low_priority: bool


def watch(compute: pulumi.Resource, workspace: Workspacelike, wish: Wish) -> None:
    """Warn at `compute`, in preview and update, if the workspace's region will not give what it wishes."""
    reason = _unasked()
    if reason or vmsizes.find(wish.vm_size) is None:
        pulumi.log.debug(f"the quota of cores was not checked: {reason or f'unknown size {wish.vm_size}'}", compute)
        return
    config = pulumi.Config("azure-native")
    named = config.get("subscriptionId") or os.environ.get("ARM_SUBSCRIPTION_ID")
    subscription = pulumi.Output.from_input(named) if named else workspace.id.apply(subscription_of)

    async def check(place: list[Any]) -> str:
        try:
            usages = await asyncio.wait_for(asyncio.to_thread(_usages, *place), _SECONDS)
        except (AmlkitError, TimeoutError) as error:
            pulumi.log.debug(f"the quota of cores was not checked: {error or 'no answer in time'}", compute)
            return ""
        if text := shortage(usages, wish, place[1]):
            pulumi.log.warn(text, compute)
        return text

    places: pulumi.Output[list[Any]] = pulumi.Output.all(subscription, workspace.location)
    _told: pulumi.Output[str] = places.apply(check)


def shortage(usages: Iterable[Mapping[str, Any]], wish: Wish, location: str) -> str:
    """Why the wish will not come true; empty: nothing says so. `usages` are as ARM lists them."""
    size = vmsizes.find(wish.vm_size)
    if size is None:
        return ""
    wanted = {_REGION[wish.low_priority]} | (set() if wish.low_priority else {_plain(size.family)})
    need = wish.nodes * size.cores
    found = [each for each in usages if wanted & set(_names(each)) and int(each.get("limit", -1)) >= 0]
    short = [each for each in found if int(each["limit"]) < need]
    if not short:
        return ""
    least = min(short, key=lambda each: int(each["limit"]))
    label, limit = str(least["name"].get("localizedValue") or least["name"]["value"]), int(least["limit"])
    fits = limit // size.cores
    enough = "not one of them starts" if fits == 0 else f"{fits} of them fit"
    used = f", {least['currentValue']} of them in use" if least.get("currentValue") else ""
    return (
        f"max_nodes is {wish.nodes}: that many {size.name} need {need} cores, and the quota in {location} is {limit}"
        f"{used} ({label}): {enough}; ask for more quota, or lower max_nodes"
    )


def _unasked() -> str:
    """Why the service is not to be asked; empty: it is."""
    host = os.environ.get("ARM_METADATA_HOSTNAME", "")
    if host and urlsplit(host if "://" in host else f"https://{host}").hostname in LOOPBACK:
        return ""
    target = pulumi.Config("amlkit").get("target")
    return "" if target == "azure" else "the stack does not say `amlkit:target: azure`"


@cache
def _usages(subscription: str, location: str) -> list[dict[str, Any]]:
    """All quotas of a region, asked once a run."""
    path = f"/subscriptions/{subscription}/providers/Microsoft.MachineLearningServices/locations/{location}/usages"
    answer = Service(Target.from_environment()).arm("GET", path, API_VERSION).json()
    listed = answer.get("value") if isinstance(answer, dict) else None
    return listed if isinstance(listed, list) else []


def _names(usage: Mapping[str, Any]) -> Iterable[str]:
    name = usage.get("name") or {}
    return [_plain(str(name.get(key) or "")) for key in ("value", "localizedValue")]


def _plain(name: str) -> str:
    """`Standard DSv2 Family Cluster Dedicated vCPUs` and `standardDSv2Family` are one family."""
    text = re.sub(r"[^a-z0-9]", "", name.lower())
    return re.sub(r"(?<=family)clusterdedicatedvcpus$", "", text)
