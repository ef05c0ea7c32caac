"""Functions of the SDK: `get<Type>` of every type in the table, the `list…` actions, who we are, a token.

Called by `plugin` with plain arguments; results are plain and, as the official provider's, not marked as secret.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from amlkit.errors import EngineError, ServiceError, UnreachableError

from . import body, inertrows, outputs
from .arm import Arm, Deadline, said
from .types import TYPES, ResourceType


@dataclass(frozen=True)
class Action:
    """A POST below a resource. `query` and `content` name the arguments that go there; the others are the path's."""

    path: str
    version: str
    query: Mapping[str, str] | None = None
    content: tuple[str, ...] = ()


def _below(type_name: str, action: str, **rules: Any) -> Action:
    row = TYPES[type_name]
    return Action(f"{row.path}/{action}", rules.pop("version", row.version), **rules)


_ML = "machinelearningservices"
ACTIONS: Mapping[str, Action] = {
    "containerregistry:listRegistryCredentials": _below(
        "containerregistry:Registry", "listCredentials", version="2024-11-01-preview"
    ),
    "operationalinsights:getSharedKeys": _below("operationalinsights:Workspace", "sharedKeys"),
    "storage:listStorageAccountKeys": _below("storage:StorageAccount", "listKeys", query={"expand": "$expand"}),
    f"{_ML}:listBatchEndpointKeys": _below(f"{_ML}:BatchEndpoint", "listkeys"),
    f"{_ML}:listComputeKeys": _below(f"{_ML}:Compute", "listKeys"),
    f"{_ML}:listComputeNodes": _below(f"{_ML}:Compute", "listNodes"),
    f"{_ML}:listDatastoreSecrets": _below(
        f"{_ML}:Datastore", "listSecrets", content=("expirableSecret", "expireAfterHours")
    ),
    f"{_ML}:listOnlineEndpointKeys": _below(f"{_ML}:OnlineEndpoint", "listKeys"),
    f"{_ML}:listWorkspaceConnectionSecrets": _below(f"{_ML}:WorkspaceConnection", "listsecrets"),
    f"{_ML}:listWorkspaceKeys": _below(f"{_ML}:Workspace", "listKeys"),
    f"{_ML}:listWorkspaceNotebookAccessToken": _below(f"{_ML}:Workspace", "listNotebookAccessToken"),
    f"{_ML}:listWorkspaceNotebookKeys": _below(f"{_ML}:Workspace", "listNotebookKeys"),
    f"{_ML}:listWorkspaceStorageAccountKeys": _below(f"{_ML}:Workspace", "listStorageAccountKeys"),
}


def invoke(arm: Arm, token: str, arguments: Mapping[str, Any], inert: Mapping[str, str]) -> dict[str, Any]:
    """The result of the function `azure-native:<module>:<function>`; `inert` are the stack's inert types.

    Raises:
        EngineError: it is not known, an argument is missing, or the service refused.
    """
    name = token.removeprefix("azure-native:")
    if name == "authorization:getClientConfig":
        return _client_config(arm)
    if name == "authorization:getClientToken":
        return {"token": arm.service.token(arguments.get("endpoint") or arm.service.target.resource_manager)}
    if name in ACTIONS:
        return _act(arm, ACTIONS[name], arguments)
    row = _getter(name, inert)
    if row is not None:
        return _get(arm, row, arguments)
    has = ", ".join(sorted([*ACTIONS, "authorization:getClientConfig", "authorization:getClientToken"]))
    raise EngineError(f"Invoke type {token} not found", hint=f"this local plugin has `get<Type>` of its types, {has}")


def _getter(name: str, inert: Mapping[str, str]) -> ResourceType | None:
    module, _, function = name.partition(":")
    if not function.startswith("get"):
        return None
    wanted = f"{module}:{function.removeprefix('get')}"
    return TYPES.get(wanted) or (inertrows.row(wanted, inert) if wanted in inert else None)


def _get(arm: Arm, row: ResourceType, arguments: Mapping[str, Any]) -> dict[str, Any]:
    id_ = body.resource_id(row.path, arguments, arm.subscription)
    try:
        document = arm.send("GET", id_, row.version, None, Deadline.after(0)).json()
    except UnreachableError:
        raise
    except ServiceError as error:
        raise EngineError(f"request failed {id_}: {said(error)}") from error
    return {**outputs.from_answer(row, document), "id": document.get("id") or id_}


def _act(arm: Arm, action: Action, arguments: Mapping[str, Any]) -> dict[str, Any]:
    id_ = body.resource_id(action.path, arguments, arm.subscription)
    pairs = [f"{wire}={arguments[name]}" for name, wire in (action.query or {}).items() if name in arguments]
    content = {name: arguments[name] for name in action.content if name in arguments}
    url = f"{id_}?{'&'.join(pairs)}" if pairs else id_
    try:
        result = arm.send("POST", url, action.version, content, Deadline.after(0)).json()
    except UnreachableError:
        raise
    except ServiceError as error:
        raise EngineError(f"request failed {id_}: {said(error)}") from error
    return result if isinstance(result, dict) else {"value": result}


def _client_config(arm: Arm) -> dict[str, Any]:
    claims = _claims(arm.service.token(arm.service.target.resource_manager))
    return {
        "clientId": claims.get("appid", ""),
        "objectId": claims.get("oid", ""),
        "subscriptionId": arm.subscription,
        "tenantId": claims.get("tid", ""),
    }


def _claims(token: str) -> dict[str, Any]:
    """What a token says of its bearer; not verified, because only the service can."""
    try:
        payload = token.split(".")[1]
        claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (IndexError, ValueError) as error:
        raise EngineError("the credential gave a token that is no JWT") from error
    return claims
