"""The smoke check: what has to hold before an endpoint's traffic moves to a new deployment.

A hook on the Publication, so the deployment exists already and the old one still serves. If it fails, nothing moves,
and the next `up` tries again.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import pulumi

from amlkit.errors import EngineError, ServiceError
from amlkit.retries import AZURE_PAUSES, LOCAL_PAUSES, repeated
from amlkit.target import Service, Target

_API_VERSION = "2025-12-01"
_SECONDS = 120.0  # hooks have no time limit of their own
_PAUSE_SECONDS = 2.0

Smoke = Callable[[Service, str], None]
"""A check of one's own: called with the cloud and the ARM id of the deployment; raising stops the publication."""


def smoke_hook(name: str, check: Smoke) -> pulumi.ResourceHookBinding:
    """Runs `check` on the deployment that a Publication is about to serve."""

    async def smoke(args: pulumi.ResourceHookArgs) -> None:
        inputs = args.new_inputs or {}
        deployment_id = f"{inputs['endpointId']}/deployments/{inputs['deployment']}"
        await asyncio.to_thread(lambda: check(Service(Target.from_environment()), deployment_id))

    hook = pulumi.ResourceHook(name, smoke)
    return pulumi.ResourceHookBinding(before_create=[hook], before_update=[hook])


def is_deployed(service: Service, deployment_id: str) -> None:
    """The deployment is made and its component is registered.

    Raises:
        EngineError: it failed, or it was not ready within two minutes.
        ServiceError: it or its component does not exist.
    """
    deployment = _ready(service, deployment_id, time.monotonic() + _SECONDS)
    configuration = deployment["properties"].get("deploymentConfiguration") or {}
    component = (configuration.get("componentId") or {}).get("assetId") or ""
    if not component:
        raise EngineError("it has no component", where=deployment_id)
    _get(service, component.removeprefix("azureml:"))


def _ready(service: Service, deployment_id: str, deadline: float) -> dict[str, Any]:
    while True:
        document = _get(service, deployment_id)
        state = document["properties"].get("provisioningState")
        if state == "Succeeded":
            return document
        if state in ("Failed", "Canceled") or time.monotonic() > deadline:
            raise EngineError(f"not ready to serve: {state}", where=deployment_id)
        time.sleep(_PAUSE_SECONDS)


def _get(service: Service, arm_id: str) -> dict[str, Any]:
    pauses = LOCAL_PAUSES if service.target.is_local else AZURE_PAUSES
    try:
        answer = repeated(
            lambda: service.arm("GET", arm_id, _API_VERSION), pauses, lambda seconds, _: time.sleep(seconds)
        )
        document: dict[str, Any] = answer.json()
    except ServiceError as error:
        if error.status == HTTPStatus.NOT_FOUND:
            raise ServiceError(error.status, error.code, "does not exist", where=arm_id) from error
        raise
    return document
