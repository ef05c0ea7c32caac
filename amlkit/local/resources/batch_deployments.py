"""Batch deployments: what an endpoint runs. Pipeline components only; a component must be registered first."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request

from ..arm import Kind, Put, delete, find, routes_of
from ..web import AzureError, not_found, route, world
from . import batch_endpoints

MOST = 20  # deployments an endpoint: Azure ML's quota page
_CONFIGURATION = "PipelineComponent"


def _parent(request: Request) -> str:
    try:
        return str(find(batch_endpoints.KIND, request)["id"])
    except AzureError as error:
        if error.code != "ResourceNotFound":
            raise
        name, group = request.path_params["endpoint"], request.path_params["group"]
        raise not_found(batch_endpoints.KIND.type, name, group) from error


def _shape(write: Put) -> dict[str, Any]:
    properties = write.properties
    configuration = properties.get("deploymentConfiguration") or {}
    kind = configuration.get("deploymentConfigurationType")
    if kind != _CONFIGURATION:
        raise AzureError(
            501, "NotImplemented", f"The local Azure ML deploys a {_CONFIGURATION}, not '{kind or 'Model'}'."
        )
    component = (configuration.get("componentId") or {}).get("assetId") or ""
    document = write.world.documents.get(component)
    if document is None:
        raise AzureError(400, "ValidationError", f"The component of the deployment does not exist: '{component}'.")
    if document["properties"]["componentSpec"].get("type") != "pipeline":
        raise AzureError(400, "ValidationError", f"The component of the deployment is not a pipeline: '{component}'.")
    endpoint = write.id.rpartition("/deployments/")[0]
    if write.before is None and len(write.world.documents.children(endpoint, "deployments")) >= MOST:
        raise AzureError(400, "DeploymentLimitExceeded", f"An endpoint has at most {MOST} deployments.")
    defaults = {
        "errorThreshold": -1,
        "loggingLevel": "Info",
        "maxConcurrencyPerInstance": 1,
        "miniBatchSize": 10,
        "outputAction": "AppendRow",
        "outputFileName": "predictions.csv",
        "properties": {},
        "environmentVariables": {},
    }
    return {
        "location": write.body["location"],
        "tags": write.body.get("tags") or {},
        "properties": defaults | properties | {"provisioningState": "Succeeded"},
    }


KIND = Kind(
    type="Microsoft.MachineLearningServices/workspaces/batchEndpoints/deployments",
    path=f"{batch_endpoints.KIND.path}/{{endpoint}}/deployments",
    name=batch_endpoints.NAME,
    parent=_parent,
    segment="deployments",
    parameter="deployment",
    shape=_shape,
    types={
        "properties.deploymentConfiguration": dict,
        "properties.deploymentConfiguration.settings": dict,
        "properties.deploymentConfiguration.componentId": dict,
        "properties.deploymentConfiguration.componentId.assetId": str,
    },
)


def remove(request: Request, _: Any) -> None:
    """`DELETE …/deployments/{deployment}`: an endpoint whose default it was has none from then on."""
    here = world(request)
    endpoint = find(batch_endpoints.KIND, request)
    with here.database.transaction():
        delete(KIND, request)
        defaults = endpoint["properties"]["defaults"]
        if str(defaults.get("deploymentName")).lower() == request.path_params["deployment"].lower():
            endpoint["properties"]["defaults"] = {}
            here.documents.put(endpoint["id"], endpoint)


ROUTES = [route(f"{KIND.path}/{{deployment}}", remove, ["DELETE"]), *routes_of(KIND)]
