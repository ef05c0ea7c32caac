"""Running a published pipeline through its REST endpoint, as any client does."""

from __future__ import annotations

import difflib
import json
import uuid
from collections.abc import Mapping
from typing import Any

from amlkit.errors import DefinitionError, Problem, RunError
from amlkit.manifest import DEFAULT_PROPERTY, PIPELINE_TAG

from .stacks import MACHINE_LEARNING, Workspace

JOB_INPUT_TYPES = {"uri_folder": "UriFolder", "uri_file": "UriFile"}


def find_endpoint(workspace: Workspace, pipeline: str) -> dict[str, Any]:
    """The endpoint of a pipeline (by its tag), or the endpoint of that very name, as ARM gives it.

    Raises:
        RunError: nothing of that name is published; the hint names what is.
    """
    listed = workspace.get("/batchEndpoints")["value"]
    by_name: dict[str, dict[str, Any]] = {}
    for endpoint in listed:
        by_name[endpoint["name"]] = endpoint
        by_name[(endpoint.get("tags") or {}).get(PIPELINE_TAG, endpoint["name"])] = endpoint
    if pipeline in by_name:
        return by_name[pipeline]
    near = difflib.get_close_matches(pipeline, by_name, 1)
    hint = f"did you mean `{near[0]}`?" if near else f"published are: {', '.join(sorted(by_name)) or 'none'}"
    raise RunError(f"no pipeline `{pipeline}` is published", hint=hint)


def submit(workspace: Workspace, endpoint: Mapping[str, Any], parameters: Mapping[str, Any]) -> str:
    """Invoke an endpoint's serving deployment with literal parameters; the id of the new run.

    Raises:
        RunError: nothing serves.
        ServiceError: the service refused; an unknown parameter among the reasons.
    """
    data = _default_data(_component(workspace, endpoint))
    data |= {name: {"jobInputType": "Literal", "value": value} for name, value in parameters.items()}
    url = endpoint["properties"]["scoringUri"]
    headers = {"repeatability_request-id": str(uuid.uuid4())}
    body = {"properties": {"inputData": data, "outputData": {}}}
    answer = workspace.service.call("POST", url, workspace.service.target.ml_audience, body, headers).json()
    return str(answer["name"])


def parameters(workspace: Workspace, endpoint: Mapping[str, Any]) -> dict[str, Any]:
    """The literal parameters of the pipeline that an endpoint serves, with their defaults (None: it has to be given).

    Raises:
        RunError: nothing serves.
    """
    inputs = _component(workspace, endpoint)["componentSpec"].get("inputs") or {}
    defaults = {name: given.get("default") for name, given in inputs.items() if given["type"] not in JOB_INPUT_TYPES}
    return {name: _value(text) if isinstance(text, str) else text for name, text in defaults.items()}


def _component(workspace: Workspace, endpoint: Mapping[str, Any]) -> dict[str, Any]:
    """The pipeline component behind the serving deployment."""
    name = (endpoint["properties"].get("defaults") or {}).get("deploymentName")
    if not name:
        raise RunError(f"endpoint `{endpoint['name']}` serves nothing", hint="publish with `amlkit up`")
    deployment = workspace.get(f"/batchEndpoints/{endpoint['name']}/deployments/{name}")["properties"]
    component = deployment["deploymentConfiguration"]["componentId"]["assetId"]
    found: dict[str, Any] = workspace.service.arm("GET", component, MACHINE_LEARNING).json()["properties"]
    return found


def _default_data(found: Mapping[str, Any]) -> dict[str, Any]:
    """The data inputs' defaults. Azure ML keeps none for data, so `compile` left them as properties."""
    types = {key: given["type"] for key, given in (found["componentSpec"].get("inputs") or {}).items()}
    return {
        key: {"jobInputType": JOB_INPUT_TYPES[types[key]], "uri": uri}
        for property_, uri in (found.get("properties") or {}).items()
        if (key := property_.removeprefix(DEFAULT_PROPERTY)) != property_
    }


def parse_parameters(given: tuple[str, ...]) -> dict[str, Any]:
    """`("learning_rate=0.5",)` → `{"learning_rate": 0.5}`: JSON where it is JSON, else the text.

    Raises:
        DefinitionError: arguments without a `=`; all of them.
    """
    wrong = [text for text in given if "=" not in text]
    if wrong:
        raise DefinitionError(Problem(text, "not a parameter", "write `--param name=value`") for text in wrong)
    return {name: _value(text) for name, text in (item.split("=", 1) for item in given)}


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text
