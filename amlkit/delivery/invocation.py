"""Running a published pipeline through its REST endpoint, as any client does."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from amlkit.errors import RunError, near
from amlkit.manifest import EXPERIMENT_PROPERTY, PIPELINE_TAG

from .data import uri_of
from .parameters import Given, declared, value_of
from .stacks import MACHINE_LEARNING, Workspace

JOB_INPUT_TYPES = {
    "uri_folder": "UriFolder",
    "uri_file": "UriFile",
    "mltable": "MLTable",
    "mlflow_model": "MLFlowModel",
    "custom_model": "CustomModel",
    "triton_model": "TritonModel",
}


def find_endpoint(workspace: Workspace, pipeline: str) -> dict[str, Any]:
    """The endpoint of a pipeline (by its tag), or the endpoint of that very name, as ARM gives it.

    Raises:
        RunError: nothing of that name is published; the hint names what is.
    """
    by_name: dict[str, dict[str, Any]] = {}
    named: dict[str, dict[str, Any]] = {}
    for endpoint in workspace.listed("/batchEndpoints"):
        by_name[endpoint["name"]] = endpoint
        named[(endpoint.get("tags") or {}).get(PIPELINE_TAG, endpoint["name"])] = endpoint
    if found := named.get(pipeline) or by_name.get(pipeline):
        return found
    close = near(pipeline, named)
    hint = f"did you mean `{close[0]}`?" if close else f"published are: {', '.join(sorted(named)) or 'none'}"
    raise RunError(f"no pipeline `{pipeline}` is published", hint=hint)


def serving_component(workspace: Workspace, endpoint: Mapping[str, Any]) -> dict[str, Any]:
    """The properties of the pipeline component behind the serving deployment.

    Raises:
        RunError: nothing serves.
    """
    name = (endpoint["properties"].get("defaults") or {}).get("deploymentName")
    if not name:
        raise RunError(f"endpoint `{endpoint['name']}` serves nothing", hint="publish with `amlkit up`")
    deployment = workspace.get(f"/batchEndpoints/{endpoint['name']}/deployments/{name}")["properties"]
    component = deployment["deploymentConfiguration"]["componentId"]["assetId"]
    found: dict[str, Any] = workspace.service.arm("GET", component, MACHINE_LEARNING).json()["properties"]
    return found


def submit(workspace: Workspace, endpoint: Mapping[str, Any], component: Mapping[str, Any], given: Given) -> str:
    """Invoke an endpoint's serving deployment, whose component this is, with what was given; the id of the new run.

    Raises:
        DefinitionError: data that does not exist.
        ServiceError: the service refused.
    """
    data = _data(workspace, endpoint, component, given)
    url = endpoint["properties"]["scoringUri"]
    headers = {"repeatability_request-id": str(uuid.uuid4())}
    experiment = (component.get("properties") or {}).get(EXPERIMENT_PROPERTY)
    more = {"properties": {"experimentName": experiment}} if experiment else {}
    body = {"properties": {"inputData": data, "outputData": {}, **more}}
    answer = workspace.service.call("POST", url, workspace.service.target.ml_audience, body, headers).json()
    return str(answer["name"])


def _data(
    workspace: Workspace, endpoint: Mapping[str, Any], component: Mapping[str, Any], given: Given
) -> dict[str, dict[str, Any]]:
    """What was given, and where data lies by default: Azure ML keeps none, so `compile` left it as properties."""
    found: dict[str, dict[str, Any]] = {}
    for each in declared(component):
        if each.name in given.literals:
            value = value_of(each, given.literals[each.name])
            found[each.name] = {"jobInputType": "Literal", "value": value}
        elif each.is_data and (text := given.data.get(each.name) or each.default):
            uri = uri_of(workspace, str(text), each.type, f"{endpoint['name']}.{each.name}")
            found[each.name] = {"jobInputType": JOB_INPUT_TYPES[each.type], "uri": uri}
    return found
