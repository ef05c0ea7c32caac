"""Bodies that no client of ours would send: every route answers them as Azure does, with a refusal, and never breaks.

Each example is a good body in which one part was replaced by arbitrary JSON, or left out.
"""

import copy
import uuid
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from amlkit.home import ML_AUDIENCE, SUBSCRIPTION

from .conftest import VERSION, StandIn, Workspace, error_of, make_workspace

EXAMPLES = settings(
    max_examples=20, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)
TEXTS = st.one_of(
    st.text(max_size=6),
    st.sampled_from(
        ["..", "a/b", "azureml:x:1", "azureml://datastores/x/paths/y", "/data/versions/", "https://[", "-1"]
    ),
)
SCALARS = st.one_of(st.none(), st.booleans(), st.integers(), st.sampled_from([2**70, -1, 1.5, 1e300]), TEXTS)
JUNK = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(TEXTS, inner, max_size=2), max_leaves=4
)

LITERAL = {"jobInputType": "literal", "value": "0.5"}
FOLDER = {"jobOutputType": "uri_folder", "uri": "azureml://datastores/workspaceblobstore/paths/mine", "mode": "upload"}
NODE = {
    "type": "command",
    "display_name": "One",
    "componentId": "{workspace}/components/c/versions/1",
    "computeId": "azureml:cpu",
    "inputs": {"rate": {"job_input_type": "literal", "value": "${{parent.inputs.rate}}"}},
    "outputs": {"o": {"value": "${{parent.outputs.r}}", "type": "literal"}},
    "limits": {"timeout": "PT1H"},
    "resources": {"instance_count": 1},
    "environment_variables": {"A": "b"},
    "tags": {"a": "b"},
}
RUN = {"displayName": "Mine", "experimentName": "e", "tags": {"a": "b"}, "properties": {"a": "b"}, "isArchived": False}
PIPELINE = {
    "jobType": "Pipeline",
    "settings": {"default_compute": "cpu", "force_rerun": False},
    "inputs": {"rate": LITERAL},
    "outputs": {"r": FOLDER},
    "jobs": {"one": NODE},
    **RUN,
}
COMMAND = {
    "jobType": "Command",
    "command": "true ${{inputs.rate}}",
    "environmentId": "{workspace}/environments/bare/versions/1",
    "computeId": "cpu",
    "inputs": {"rate": LITERAL},
    "environmentVariables": {"A": "b"},
    "limits": {"timeout": "PT1H"},
    **RUN,
}
INVOCATION = {"inputData": {"rate": {"jobInputType": "Literal", "value": 3.0}}, "outputData": {"r": FOLDER}}
METRIC = {"key": "m", "value": 1.5, "timestamp": 1, "step": 0}
PAIRS = [{"key": "a", "value": "b"}]
SPEC = {
    "name": "x",
    "version": "1",
    "type": "command",
    "command": "true ${{inputs.rate}}",
    "environment": "{workspace}/environments/bare/versions/1",
    "code": "azureml:code:1",
    "is_deterministic": True,
    "inputs": {"rate": {"type": "number", "default": "0.1", "optional": False, "mode": "direct"}},
    "outputs": {"o": {"type": "uri_folder"}},
    "environment_variables": {"A": "b"},
}
MLFLOW = "/mlflow/v1.0{workspace}/api/2.0/mlflow"
OF_JOBS: list[tuple[str, str, dict[str, Any]]] = [
    ("PUT", "{workspace}/jobs/{new}", {"properties": PIPELINE}),
    ("PUT", "{workspace}/jobs/{new}", {"properties": COMMAND}),
    ("PUT", "{workspace}/jobs/base", {"properties": COMMAND}),
    ("PUT", "{workspace}/jobs/{new}", {"componentId": "{workspace}/components/p/versions/1", "inputs": {"r": LITERAL}}),
    (
        "POST",
        "/batch{workspace}/batchEndpoints/e{unique}/jobs",
        {"properties": INVOCATION | {"properties": {"a": "b"}}},
    ),
    ("PATCH", "/history/v1.0{workspace}/runs/base", {"hidden": False, "description": "d", **RUN}),
    ("POST", "/history/v1.0{workspace}/rundata", {"runId": "base", "selectRunMetadata": True}),
    ("POST", "/data/v1.0{workspace}/dataversion/batchGetResolvedUris", {"values": ["azureml://x"]}),
    ("POST", f"{MLFLOW}/experiments/create", {"name": "n"}),
    ("POST", f"{MLFLOW}/runs/create", {"experiment_id": "{experiment}", "run_name": "n", "tags": PAIRS}),
    ("POST", f"{MLFLOW}/runs/search", {"experiment_ids": ["{experiment}"], "max_results": 5, "page_token": "0"}),
    ("POST", f"{MLFLOW}/runs/update", {"run_id": "base", "status": "RUNNING", "run_name": "n"}),
    ("POST", f"{MLFLOW}/runs/log-metric", {"run_id": "base", **METRIC}),
    ("POST", f"{MLFLOW}/runs/log-parameter", {"run_id": "base", "key": "k", "value": "v"}),
    ("POST", f"{MLFLOW}/runs/set-tag", {"run_id": "base", "key": "k", "value": "v"}),
    ("POST", f"{MLFLOW}/runs/log-batch", {"run_id": "base", "metrics": [METRIC], "params": PAIRS, "tags": PAIRS}),
    ("POST", f"{MLFLOW}/logged-models/search", {"experiment_ids": ["0"]}),
]
CLUSTER = {"vmSize": "Standard_DS3_v2", "scaleSettings": {"minNodeCount": 0, "maxNodeCount": 1}}
BLOB = {
    "datastoreType": "AzureBlob",
    "accountName": "a",
    "containerName": "c",
    "credentials": {"credentialsType": "None"},
}
CONFIGURATION = {"componentId": {"assetId": "{workspace}/components/p/versions/1"}, "settings": {"force_rerun": True}}
CONFIGURATION |= {"deploymentConfigurationType": "PipelineComponent"}
ASSET = {"isAnonymous": False, "tags": {}, "properties": {"a": "b"}, "description": "d"}
PLACED = {
    "location": "westeurope",
    "tags": {"a": "b"},
    "identity": {"type": "SystemAssigned"},
    "sku": {"name": "Basic"},
}
PROVIDERS = "{group}/providers"
OF_ARM: list[tuple[str, str, dict[str, Any]]] = [
    ("PUT", "{group}", PLACED),
    ("PUT", f"{PROVIDERS}/Microsoft.Storage/storageAccounts/x{{unique}}", PLACED | {"kind": "StorageV2"}),
    (
        "PUT",
        f"{PROVIDERS}/Microsoft.KeyVault/vaults/x-1",
        PLACED | {"properties": {"tenantId": "t", "sku": {"name": "s"}}},
    ),
    ("PUT", f"{PROVIDERS}/Microsoft.Insights/components/x", PLACED | {"properties": {"Application_Type": "web"}}),
    ("PUT", f"{PROVIDERS}/Microsoft.ContainerRegistry/registries/x1234", PLACED),
    ("PUT", "{workspace}", PLACED | {"properties": {"storageAccount": "s", "keyVault": "k", "hbiWorkspace": False}}),
    ("PUT", "{workspace}/datastores/x", {"properties": BLOB}),
    ("POST", "{workspace}/datastores/workspaceblobstore/listSecrets", {"expirableSecret": True, "expireAfterHours": 1}),
    ("PUT", "{workspace}/computes/x12", PLACED | {"properties": {"computeType": "AmlCompute", "properties": CLUSTER}}),
    ("PATCH", "{workspace}/computes/cpu", {"properties": {"properties": {"scaleSettings": {"maxNodeCount": 2}}}}),
    ("PUT", "{workspace}/components/{new}", {"properties": ASSET}),
    ("PUT", "{workspace}/components/{new}/versions/1", {"properties": ASSET | {"componentSpec": SPEC}}),
    ("PUT", "{workspace}/codes/{new}/versions/1", {"properties": ASSET | {"codeUri": "https://x"}}),
    ("PUT", "{workspace}/environments/{new}/versions/1", {"properties": ASSET | {"image": "i", "condaFile": "a: b"}}),
    ("PUT", "{workspace}/data/{new}/versions/1", {"properties": ASSET | {"dataType": "uri_folder", "dataUri": "u"}}),
    ("POST", "{workspace}/codes/x/versions/1/startPendingUpload", {"pendingUploadType": "TemporaryBlobReference"}),
    ("PUT", "{workspace}/batchEndpoints/x{unique}", PLACED | {"properties": {"authMode": "AADToken", "defaults": {}}}),
    (
        "PUT",
        "{workspace}/batchEndpoints/e{unique}/deployments/two",
        PLACED | {"properties": {"deploymentConfiguration": CONFIGURATION, "miniBatchSize": 1}},
    ),
]


class Doors:
    """A workspace in which every good body is good, and a way to send others."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self._tokens = {audience: workspace.stand_in.token(audience) for audience in ("", ML_AUDIENCE)}
        self._names = {"workspace": workspace.id, "group": workspace.id.partition("/providers/")[0]}
        self._names["unique"] = uuid.uuid4().hex[:8]
        self._prepare()

    def send(self, method: str, path: str, body: Any) -> httpx.Response:
        """The answer to a body, in which `{workspace}` and the like are filled in."""
        names = self._names | {"new": uuid.uuid4().hex}
        path = path.format(**names)
        token = self._tokens[ML_AUDIENCE if path.startswith("/batch") else ""]
        headers = {"Authorization": f"Bearer {token}"}
        http = self.workspace.stand_in.http
        return http.request(method, path, params={"api-version": VERSION}, json=_filled(body, names), headers=headers)

    def good(self, method: str, path: str, body: Any) -> dict[str, Any]:
        """The answer to a body that must be accepted."""
        answer = self.send(method, path, body)
        assert answer.status_code < 300, answer.text
        return dict(answer.json())

    def _prepare(self) -> None:
        spec = {name: value for name, value in SPEC.items() if name != "code"}
        graph = {"type": "pipeline", "jobs": {"one": NODE | {"outputs": {}}}, "inputs": SPEC["inputs"]}
        for kind, properties in {
            "environments/bare": {"image": "ubuntu"},
            "components/c": {"componentSpec": spec},
            "components/p": {"componentSpec": graph},
        }.items():
            self.good("PUT", f"{{workspace}}/{kind}/versions/1", {"properties": properties})
        cluster = {"computeType": "AmlCompute", "properties": CLUSTER}
        self.good("PUT", "{workspace}/computes/cpu", PLACED | {"properties": cluster})
        endpoint = "{workspace}/batchEndpoints/e{unique}"
        settings = PLACED | {"properties": {"authMode": "AADToken", "defaults": {}}}
        self.good("PUT", endpoint, settings)
        deployment = PLACED | {"properties": {"deploymentConfiguration": CONFIGURATION}}
        self.good("PUT", f"{endpoint}/deployments/one", deployment)
        settings["properties"]["defaults"] = {"deploymentName": "one"}
        self.good("PUT", endpoint, settings)
        self.good("PUT", "{workspace}/jobs/base", {"properties": COMMAND})
        self._names["experiment"] = self.good("POST", f"{MLFLOW}/experiments/create", {"name": "e"})["experiment_id"]


def _filled(value: Any, names: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {key: _filled(item, names) for key, item in value.items()}
    if isinstance(value, list):
        return [_filled(item, names) for item in value]
    if isinstance(value, str):
        for name, text in names.items():
            value = value.replace(f"{{{name}}}", text)
    return value


def _places(value: Any, place: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [place] if place else []
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return found + [inner for key, item in items for inner in _places(item, (*place, key))]


@st.composite
def spoilt(draw: st.DrawFn, body: dict[str, Any]) -> Any:
    """The body with one part replaced or left out."""
    made = copy.deepcopy(body)
    *above, last = draw(st.sampled_from(_places(body)))
    holder = made
    for key in above:
        holder = holder[key]
    if draw(st.integers(0, 9)) == 0:
        del holder[last]
    else:
        holder[last] = draw(JUNK)
    return made


@pytest.fixture(scope="module")
def doors(stand_in: StandIn) -> Doors:
    group = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-{uuid.uuid4().hex[:8]}"
    stand_in.made(group, {"location": "westeurope"})
    return Doors(make_workspace(stand_in, group))


@pytest.mark.parametrize(("method", "path", "body"), OF_JOBS + OF_ARM, ids=[path for _, path, _ in OF_JOBS + OF_ARM])
def test_a_spoilt_body_is_accepted_or_refused_in_azures_shape(
    doors: Doors, method: str, path: str, body: dict[str, Any]
) -> None:
    @EXAMPLES
    @given(sent=spoilt(body))
    def check(sent: Any) -> None:
        answer = doors.send(method, path, sent)
        if answer.status_code >= 400:
            assert error_of(answer)[0] in (400, 404, 409, 501), answer.text

    check()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b'{"a": NaN}', "nan"),
        (b'{"a": 1e999}', "1e999"),
        (b'{"a": "\\ud800"}', "surrogate"),
        (b'{"a": "\\u0000"}', "U+0000"),
        (b'{"a": "\xff"}', "decode"),
        (b'{"a": ' + b"[" * 100_000, "recursion"),
        (b"[]", "object"),
        (b'"x"', "object"),
    ],
)
def test_what_is_no_json_that_can_be_kept_is_refused(doors: Doors, content: bytes, said: str) -> None:
    token = {"Authorization": f"Bearer {doors.workspace.stand_in.token()}"}
    path, query = f"{doors.workspace.id}/jobs/x", {"api-version": VERSION}
    answer = doors.workspace.stand_in.http.put(path, params=query, content=content, headers=token)
    assert error_of(answer) == (400, "InvalidRequestContent")
    assert said.lower() in answer.text.lower()


def test_all_that_is_wrong_with_a_body_is_said_at_once_with_its_place(doors: Doors) -> None:
    node = NODE | {"inputs": "x", "limits": ["y"], "environment_variables": {"A=B": {}}}
    body = {"properties": PIPELINE | {"jobs": {"one": node, "two": 3}, "settings": []}}
    answer = doors.send("PUT", "{workspace}/jobs/x", body)
    assert error_of(answer) == (400, "UserError")
    said = {item["target"]: item["message"] for item in answer.json()["error"]["details"]}
    assert said["settings"] == "it must be an object, not []"
    assert said["jobs.one.inputs"] == "it must be an object, not 'x'"
    assert said["jobs.one.limits"] == "it must be an object, not ['y']"
    assert said["jobs.two"] == "it must be an object, not 3"
    assert said["jobs.one.environment_variables"] == "not a name of a variable: 'A=B'"
    assert said["jobs.one.environment_variables.A=B"] == "it must be a string, not {}"


def test_names_that_become_parts_of_paths_cannot_leave_their_folder(doors: Doors) -> None:
    jobs = {"../../x": NODE | {"inputs": {}}}
    answer = doors.send("PUT", "{workspace}/jobs/x", {"properties": PIPELINE | {"jobs": jobs, "inputs": {}}})
    assert "jobs.../../x: the name of a step has letters" in answer.json()["error"]["message"]
    body = COMMAND | {"inputs": {"../x": LITERAL}, "command": "true"}
    answer = doors.send("PUT", "{workspace}/jobs/x", {"properties": body})
    assert "inputs.../x: the name of a port has letters" in answer.json()["error"]["message"]


def test_a_reference_to_something_of_another_kind_is_refused(doors: Doors) -> None:
    node = NODE | {"componentId": "{workspace}/computes/cpu"}
    answer = doors.send("PUT", "{workspace}/jobs/x", {"properties": PIPELINE | {"jobs": {"one": node}}})
    assert "jobs.one.componentId: it is none of the components" in answer.json()["error"]["message"]
