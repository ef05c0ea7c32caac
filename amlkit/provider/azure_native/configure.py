"""The plugin's configuration: Pulumi's keys and the ARM_ variables to a door to ARM. Refuses all but loopback.

Credentials are azure-identity's default chain; the official keys for others are read by nobody here.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from threading import Event
from urllib.parse import urlsplit

from amlkit.errors import SetupError
from amlkit.home import SUBSCRIPTION
from amlkit.rest import LOOPBACK
from amlkit.target import PUBLIC_ARM, Service, Target

from .arm import Arm

_PREFIX = "azure-native:config:"
_HINT = 'eval "$(amlkit local env)" points at the local Azure ML; stacks on Azure use the official plugin'
_NO_SUBSCRIPTION = "A Subscription ID must be configured when authenticating using the Default Azure Credential"


@dataclass(frozen=True)
class Configured:
    """What Configure left: the door, and the location of resources that have none."""

    arm: Arm
    location: str | None


def configured(
    variables: Mapping[str, str], cancelled: Event, environment: Mapping[str, str] = os.environ
) -> Configured:
    """From the request's variables. A key that is there, even empty, beats the environment.

    Raises:
        SetupError: no subscription, or a target that is not on loopback.
        ServiceError: the subscription's id is none.
        UnreachableError: the target's metadata cannot be read.
    """
    config = {name.removeprefix(_PREFIX): value for name, value in variables.items()}
    host = config.get("metadataHost", environment.get("ARM_METADATA_HOSTNAME", ""))
    _only_loopback(host)
    target = Target.from_environment({"ARM_METADATA_HOSTNAME": host})
    if not target.is_local:
        raise _refused(target.resource_manager)
    subscription = config.get("subscriptionId", environment.get("ARM_SUBSCRIPTION_ID", ""))
    if not subscription:
        raise SetupError(_NO_SUBSCRIPTION, hint="pulumi config set azure-native:subscriptionId <value>")
    service = Service(target)
    if subscription.lower() != SUBSCRIPTION:  # a rehearsed stack's, or that of a provider of its own
        service.call("PUT", f"{target.resource_manager}/control/subscriptions/{subscription}", target.resource_manager)
    return Configured(Arm(service, subscription, cancelled), config.get("location") or None)


def _only_loopback(host: str) -> None:
    """Refused before anything is sent there."""
    if not host:
        raise _refused(PUBLIC_ARM)
    if urlsplit(host if "://" in host else f"https://{host}").hostname not in LOOPBACK:
        raise _refused(host)


def _refused(where: str) -> SetupError:
    return SetupError(f"the local azure-native plugin only talks to loopback, not to {where}", hint=_HINT)
