"""Deployments of ARM templates into a resource group: how azure-ai-ml makes workspaces. Done when they answer.

Every resource is put over HTTP as any client would, in the order of `dependsOn`: what is refused there is refused here.
Modes other than incremental, copy loops and linked templates are refused by name.
"""

from __future__ import annotations

import json
import re
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http.client import HTTPSConnection
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse

from ...home import HOST, TENANT
from ..arm import GROUP, Kind, check_name, find, group_id, shown
from ..clock import now
from ..templates import Scope, evaluated, id_of
from ..web import AzureError, Types, check_types, object_body, route, world
from ..world import World

_SECONDS = 120
_NESTED = "Microsoft.Resources/deployments"
_MEMBERS = ("location", "tags", "kind", "sku", "identity", "plan", "properties", "zones")
_TYPES: Types = {
    "properties": dict,
    "properties.mode": str,
    "properties.template": dict,
    "properties.template.parameters": dict,
    "properties.template.variables": dict,
    "properties.template.resources": list,
    "properties.parameters": dict,
}
KIND = Kind(
    type=_NESTED,
    path=f"{GROUP}/providers/Microsoft.Resources/deployments",
    name=re.compile(r"[-\w._()]{1,64}"),
    parent=group_id,
    shape=lambda write: write.body,
    parameter="deployment",
    needs_location=False,
)


@dataclass
class _Run:
    """One deployment under way: what was put so far."""

    world: World
    authorization: str
    done: list[dict[str, Any]] = field(default_factory=list)

    def send(self, method: str, path: str, version: str, body: Any = None) -> tuple[int, dict[str, Any]]:
        """A call to this stand-in."""
        context = ssl.create_default_context(cafile=self.world.home.ca / "ca.pem")
        connection = HTTPSConnection(HOST, self.world.address.port, timeout=_SECONDS, context=context)
        headers = {"Authorization": self.authorization, "Content-Type": "application/json"}
        try:
            text = json.dumps(body) if body is not None else None
            connection.request(method, f"{path}?api-version={version}", text, headers)
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read() or b"{}")
        except OSError as error:
            raise AzureError(500, "InternalServerError", f"{method} {path}: {error}") from error
        finally:
            connection.close()

    def read(self, id_: str) -> dict[str, Any]:
        """The document of a resource.

        Raises:
            AzureError: 404.
        """
        found = self.world.documents.get(id_)
        if found is None:
            raise AzureError(404, "ResourceNotFound", f"The resource '{id_}' was not found.")
        return shown(found)


def put(request: Request, body: Any) -> JSONResponse:
    """`PUT …/deployments/{deployment}`. One that fails says so at once, as Azure's validation before it begins does.

    Raises:
        AzureError: 400: the template or one of its resources is refused; 501: what the stand-in does not deploy.
    """
    here, group, name = world(request), group_id(request), request.path_params["deployment"]
    check_name(KIND, name)
    check_types(object_body(body), _TYPES)
    given = body.get("properties") or {}
    template = given.get("template")
    if not template or str(given.get("mode", "")).lower() != "incremental":
        raise AzureError(501, "NotImplemented", "The local Azure ML deploys templates in the body, incrementally.")
    run, begun, refusal = _Run(here, request.headers["authorization"]), now(), None
    try:
        _deploy(run, template, _scope(run, group, template, given.get("parameters") or {}))
    except AzureError as error:
        refusal = error
    properties = {
        "provisioningState": "Failed" if refusal else "Succeeded",
        "mode": "Incremental",
        "timestamp": begun,
        "duration": "PT1S",
        "outputResources": [{"id": each["id"]} for each in run.done],
    }
    document = {"name": name, "type": KIND.type, "properties": properties, "_operations": run.done}
    stored = here.documents.put(f"{group}/{KIND.collection}/{name}", document)
    if refusal is None:
        return JSONResponse(shown(stored), 201)
    if refusal.status >= 500:
        raise refusal
    detail = {"code": refusal.code, "message": refusal.message}
    message = f"The template deployment '{name}' is not valid: {refusal.message}"
    raise AzureError(400, "InvalidTemplateDeployment", message, [detail])


def _scope(run: _Run, group: str, template: dict[str, Any], given: dict[str, Any]) -> Scope:
    parameters = {}
    for name, declared in (template.get("parameters") or {}).items():
        value = given.get(name)
        if isinstance(value, dict) and "value" in value:
            parameters[name] = value["value"]
        elif isinstance(declared, dict) and "defaultValue" in declared:
            parameters[name] = declared["defaultValue"]
        else:
            message = f"The value for the template parameter '{name}' is not provided."
            raise AzureError(400, "InvalidTemplate", message)
    location = str(run.read(group)["location"])
    return Scope(group, location, TENANT, parameters, template.get("variables") or {}, run.read)


def _deploy(run: _Run, template: Mapping[str, Any], scope: Scope) -> None:
    waiting = [(_id(each, scope), each) for each in template.get("resources") or [] if _is_wanted(each, scope)]
    while waiting:
        names = {name.lower() for id_, _ in waiting for name in (id_, id_.rpartition("/")[2])}
        ready = [(id_, each) for id_, each in waiting if not names & set(_dependencies(each, scope))]
        if not ready:
            raise AzureError(400, "InvalidTemplate", "Deployment template validation failed: a circle of dependsOn.")
        for id_, each in ready:
            _deploy_one(run, id_, each, scope)
        waiting = [pair for pair in waiting if pair not in ready]


def _is_wanted(resource: Any, scope: Scope) -> bool:
    if not isinstance(resource, dict) or "copy" in resource:
        raise AzureError(501, "NotImplemented", "The local Azure ML deploys no copy loops.")
    return bool(evaluated(resource.get("condition", True), scope))


def _id(resource: dict[str, Any], scope: Scope) -> str:
    at = evaluated(resource.get("scope"), scope) or scope.group
    return id_of(str(at), str(resource.get("type")), str(evaluated(resource.get("name"), scope)))


def _dependencies(resource: dict[str, Any], scope: Scope) -> Iterator[str]:
    for each in resource.get("dependsOn") or []:
        yield str(evaluated(each, scope)).lower()


def _deploy_one(run: _Run, id_: str, resource: dict[str, Any], scope: Scope) -> None:
    if resource["type"] == _NESTED:
        _deploy_nested(run, resource, scope)
        return
    body = {name: evaluated(resource[name], scope) for name in _MEMBERS if name in resource}
    status, answer = run.send("PUT", id_, str(resource.get("apiVersion")), body)
    if status >= 300:
        error = answer.get("error") or {}
        raise AzureError(status, error.get("code", "DeploymentFailed"), f"{id_}: {error.get('message', status)}")
    run.done.append({"id": id_, "type": resource["type"], "status": status})


def _deploy_nested(run: _Run, resource: dict[str, Any], scope: Scope) -> None:
    """A template in a template, whose expressions are those of the outer one, as is the default."""
    properties = resource.get("properties") or {}
    inner = properties.get("template")
    if not inner or (properties.get("expressionEvaluationOptions") or {}).get("scope") == "inner":
        raise AzureError(501, "NotImplemented", "The local Azure ML deploys nested templates of the outer scope only.")
    group = scope.group
    if resource.get("resourceGroup"):
        group = f"/subscriptions/{scope.subscription}/resourceGroups/{evaluated(resource['resourceGroup'], scope)}"
    _deploy(run, inner, Scope(group, scope.location, scope.tenant, scope.parameters, scope.variables, scope.read))


def operations(request: Request, _: Any) -> dict[str, Any]:
    """`GET …/deployments/{deployment}/operations`: one for each resource that was put."""
    document = find(KIND, request)
    return {
        "value": [
            {
                "id": f"{document['id']}/operations/{number}",
                "operationId": str(number),
                "properties": {
                    "provisioningOperation": "Create",
                    "provisioningState": "Succeeded",
                    "timestamp": document["properties"]["timestamp"],
                    "duration": "PT1S",
                    "statusCode": "Created" if each["status"] == 201 else "OK",
                    "targetResource": {
                        "id": each["id"],
                        "resourceType": each["type"],
                        "resourceName": each["id"].rpartition("/")[2],
                    },
                },
            }
            for number, each in enumerate(document["_operations"])
        ]
    }


_ONE = f"{KIND.path}/{{deployment}}"
ROUTES = [
    route(_ONE, put, ["PUT"]),
    route(_ONE, lambda request, _: shown(find(KIND, request)), ["GET"]),
    route(f"{GROUP}/deployments/{{deployment}}/operations", operations, ["GET"]),
    route(f"{_ONE}/operations", operations, ["GET"]),
]
