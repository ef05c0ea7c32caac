"""What a write of each kind of compute becomes: checked as Azure does, with what Azure adds, secrets kept apart.

Used by `computes.py`. Where Azure's own check is not documented, the comment says inferred.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from ... import vmsizes
from ...home import SUBSCRIPTION, TENANT
from .. import inert
from ..arm import Put, guid_of
from ..clock import now, text_of
from ..nodes import idle_time
from ..web import AzureError, check_types

SECRETS = "_secrets"
_SIZE_NAME = re.compile(r"(standard|basic)_[a-z]+\d+[a-z]*(-\d+[a-z]*)?(_[a-z0-9]+)*", re.IGNORECASE)
_CLUSTER_FIXED = ("vmSize", "vmPriority", "osType", "subnet", "userAccountCredentials", "remoteLoginPortPublicAccess")
_KEPT_HERE = (
    "Microsoft.Databricks/workspaces",
    "Microsoft.DataLakeAnalytics/accounts",
    "Microsoft.DataFactory/factories",
)
_WANTS = {"Databricks": _KEPT_HERE[0], "DataLakeAnalytics": _KEPT_HERE[1], "DataFactory": _KEPT_HERE[2]}
_WITHOUT_RESOURCE = ("DataFactory",)  # Azure makes one of its own
_KEY_NAMES = {"databricksAccessToken": "", "administratorAccount": "username"}  # a secret, and what of it is none

Shape = Callable[[Put, dict[str, Any]], tuple[dict[str, Any], dict[str, Any]]]


def cluster(write: Put, inner: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """An AmlCompute: its properties and its secrets.

    Raises:
        AzureError: 400.
    """
    scale = inner.get("scaleSettings") or {}
    low, high = scale.get("minNodeCount") or 0, scale.get("maxNodeCount")
    if not inner.get("vmSize") or high is None:
        raise AzureError(400, "ValidationError", "An AmlCompute needs 'vmSize' and 'scaleSettings.maxNodeCount'.")
    check_size(inner["vmSize"])
    check_scale({**scale, "minNodeCount": low})
    _check_subnet(write, inner.get("subnet"))
    inner, secrets = _without_password(inner)
    _check_fixed(write, inner, _CLUSTER_FIXED)
    defaults = {
        "osType": "Linux",
        "vmPriority": "Dedicated",
        "enableNodePublicIp": True,
        "isolatedNetwork": False,
        "remoteLoginPortPublicAccess": "NotSpecified",
    }
    computed = {
        "scaleSettings": {"nodeIdleTimeBeforeScaleDown": "PT120S"} | scale | {"minNodeCount": low},
        "allocationStateTransitionTime": now(),
    }
    return defaults | inner | computed, secrets


def instance(write: Put, inner: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """A ComputeInstance, running when it is made.

    Raises:
        AzureError: 400.
    """
    if not inner.get("vmSize"):
        raise AzureError(400, "ValidationError", "A ComputeInstance needs 'vmSize'.")
    check_size(inner["vmSize"])
    _check_subnet(write, inner.get("subnet"))
    if idle_time(inner.get("idleTimeBeforeShutdown")) is None:
        raise AzureError(400, "ValidationError", "'idleTimeBeforeShutdown' is a duration in ISO 8601, as 'PT30M'.")
    _check_fixed(write, inner, ("vmSize", "subnet", "sshSettings"))
    id_ = guid_of(write.id)
    schedules = {"computeStartStop": [_scheduled(each) for each in _start_stops(inner)]}
    defaults = {"applicationSharingPolicy": "Shared", "computeInstanceAuthorizationType": "personal"}
    before = write.kept("properties", {})
    computed = {
        "sshSettings": {"sshPublicAccess": "Disabled", "sshPort": 22} | (inner.get("sshSettings") or {}),
        "schedules": schedules,
        "state": before.get("state", "Running"),
        "lastOperation": before.get("lastOperation", operation("Create", text_of(write.world.clock.time()))),
        "applications": [],
        "connectivityEndpoints": {"privateIpAddress": None, "publicIpAddress": None},
        "createdBy": {"userName": "amlkit local", "userOrgId": TENANT, "userId": id_},
        "errors": [],
        "versions": {"runtime": None},
        "containers": [],
        "dataDisks": [],
        "dataMounts": [],
    }
    return defaults | inner | computed, {}


def attachment(write: Put, inner: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """A compute that lives elsewhere. Attaching again takes what is given now, a rotated token too.

    Raises:
        AzureError: 400: no such resource.
    """
    kind, resource = write.properties["computeType"], write.properties.get("resourceId")
    if resource is None and kind not in _WITHOUT_RESOURCE:
        raise AzureError(400, "ValidationError", f"A compute of type {kind} needs 'resourceId'.")
    if resource is not None:
        _check_resource(write, kind, str(resource))
    secrets = {name: inner.pop(name) for name in _KEY_NAMES if inner.get(name)}
    for name, shown in _KEY_NAMES.items():
        if shown and isinstance(secrets.get(name), dict):
            inner[name] = {shown: secrets[name].get(shown)}
    return inner, secrets


def operation(name: str, time: str, trigger: str = "User") -> dict[str, str]:
    """`lastOperation` of a compute instance."""
    return {
        "operationName": name,
        "operationTime": time,
        "operationStatus": "Succeeded",
        "operationTrigger": trigger,
    }


def check_size(name: Any) -> None:
    """Refuse what cannot be a size of a virtual machine. A size that is not in our table may exist in Azure.

    Raises:
        AzureError: 400, with close matches.
    """
    if isinstance(name, str) and (vmsizes.find(name) or _SIZE_NAME.fullmatch(name)):
        return
    close = ", ".join(vmsizes.close(str(name)))
    message = f"The virtual machine size '{name}' is not supported." + (f" Near it are: {close}." if close else "")
    raise AzureError(400, "InvalidVmSize", message)  # inferred


def check_scale(scale: dict[str, Any]) -> None:
    """Refuse scale settings that do not go together.

    Raises:
        AzureError: 400.
    """
    low, high = scale["minNodeCount"], scale["maxNodeCount"]
    if not 0 <= low <= high:
        raise AzureError(400, "ValidationError", f"minNodeCount {low} and maxNodeCount {high} do not go together.")
    if idle_time(scale.get("nodeIdleTimeBeforeScaleDown")) is None:
        message = "'nodeIdleTimeBeforeScaleDown' is a duration in ISO 8601, as 'PT120S'."
        raise AzureError(400, "ValidationError", message)


def _check_fixed(write: Put, inner: dict[str, Any], names: tuple[str, ...]) -> None:
    before = write.kept("properties", {})
    for name in names if write.before else ():
        if inner.get(name) is not None and _plain(before.get(name)) != _plain(_whole(before.get(name), inner[name])):
            message = f"The '{name}' of the compute '{write.name}' cannot be changed from {before.get(name)}."
            raise AzureError(400, "UserError", message)


def _check_subnet(write: Put, subnet: Any) -> None:
    id_ = str(subnet.get("id") or "") if isinstance(subnet, dict) else ""
    if _is_ours(id_) and inert.document(write.world, id_) is None:
        raise AzureError(400, "ValidationError", f"The subnet of the compute does not exist: '{id_}'.")


def _check_resource(write: Put, kind: str, id_: str) -> None:
    type_ = _WANTS.get(kind, "")
    if type_ and f"/providers/{type_}/".lower() not in id_.lower():
        raise AzureError(400, "ValidationError", f"The 'resourceId' of a {kind} compute is a {type_}, not '{id_}'.")
    if type_ and _is_ours(id_) and write.world.documents.get(id_) is None:
        raise AzureError(400, "ValidationError", f"The resource of the compute does not exist: '{id_}'.")  # inferred


def _is_ours(id_: str) -> bool:
    """Is it in the stand-in's own subscription? What others hold, rehearsed ones too, is taken as given."""
    return id_.lower().startswith(f"/subscriptions/{SUBSCRIPTION}/")


def _without_password(inner: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    account = inner.get("userAccountCredentials")
    if not isinstance(account, dict):
        return inner, {}
    if not account.get("adminUserName"):
        raise AzureError(400, "ValidationError", "The 'userAccountCredentials' need 'adminUserName'.")
    password = account.get("adminUserPassword")
    shown = {name: value for name, value in account.items() if name != "adminUserPassword" and value is not None}
    return {**inner, "userAccountCredentials": shown}, {"adminUserPassword": password} if password else {}


def _start_stops(inner: dict[str, Any]) -> list[dict[str, Any]]:
    found = (inner.get("schedules") or {}).get("computeStartStop") or []
    for each in found:
        check_types(each, {"action": str, "triggerType": str})
    return list(found)


def _scheduled(each: dict[str, Any]) -> dict[str, Any]:
    id_ = each.get("id") or guid_of(repr(sorted(each)))
    return {"status": "Enabled", **each, "id": id_, "provisioningStatus": "Completed"}


def _whole(before: Any, given: Any) -> Any:
    """What is given, with what Azure had added to it."""
    return {**before, **given} if isinstance(before, dict) and isinstance(given, dict) else given


def _plain(value: Any) -> str:
    """For comparing: without regard to case, nulls and the order of members."""
    if isinstance(value, dict):
        return repr(sorted((name, _plain(each)) for name, each in value.items() if each is not None))
    return str(value).lower()
