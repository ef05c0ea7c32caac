"""Versioned assets, and the endpoints and deployments that run them."""

import uuid
from typing import Any

import pytest

from .conftest import Workspace, error_of


def component(command: str = "echo hi") -> dict[str, Any]:
    spec = {"type": "command", "command": command, "inputs": {"a": {"type": "number", "default": None}}}
    return {"properties": {"componentSpec": spec, "isAnonymous": False, "properties": {"amlkit.definition": "d"}}}


def pipeline() -> dict[str, Any]:
    return {"properties": {"componentSpec": {"type": "pipeline", "jobs": {}}}}


def test_a_version_is_immutable_but_for_its_description_and_tags(workspace: Workspace) -> None:
    made = workspace.made("components/train/versions/1", component())
    assert made["properties"]["componentSpec"].items() >= {"name": "train", "version": "1"}.items()
    assert workspace.call("PUT", "components/train/versions/1", component()).status_code == 200
    described = component()
    described["properties"] |= {"description": "new", "tags": {"a": "b"}}
    assert workspace.call("PUT", "components/train/versions/1", described).json()["properties"]["description"] == "new"
    changed = workspace.call("PUT", "components/train/versions/1", component("echo ho"))
    assert error_of(changed) == (409, "Conflict")
    kept = workspace.call("GET", "components/train/versions/1").json()
    assert kept["properties"]["componentSpec"]["command"] == "echo hi"


def test_a_container_knows_its_latest_and_next_version(workspace: Workspace) -> None:
    assert error_of(workspace.call("GET", "environments/e")) == (404, "ResourceNotFound")
    for version in ("1", "9", "10"):
        workspace.made(f"environments/e/versions/{version}", {"properties": {"image": "i"}})
    properties = workspace.call("GET", "environments/e").json()["properties"]
    assert (properties["latestVersion"], properties["nextVersion"]) == ("10", "11")


def test_versions_are_listed_newest_first_and_by_label(workspace: Workspace) -> None:
    for version in ("1", "2", "3"):
        workspace.made(f"components/c/versions/{version}", component(version))
    query = {"$orderBy": "createdtime desc", "$top": "1"}
    newest = workspace.call("GET", "components/c/versions", query=query).json()["value"]
    assert [each["name"] for each in newest] == ["3"]
    assert workspace.call("GET", "components/c/versions/azureml_default").json()["name"] == "3"


def test_archived_and_anonymous_ones_are_not_listed(workspace: Workspace) -> None:
    workspace.made("components/kept/versions/1", component())
    workspace.made(f"components/azureml_anonymous/versions/{uuid.uuid4()}", component())
    workspace.made("components/old/versions/1", component())
    workspace.call("PUT", "components/old", {"properties": {"isArchived": True}})
    names = [each["name"] for each in workspace.call("GET", "components").json()["value"]]
    assert names == ["kept"]
    archived = workspace.call("GET", "components", query={"listViewType": "ArchivedOnly"}).json()["value"]
    assert [each["name"] for each in archived] == ["old"]


def test_code_is_found_by_its_hash_under_any_name(workspace: Workspace) -> None:
    body = {"properties": {"codeUri": "https://x", "properties": {"hash_sha256": "abc", "hash_version": "202208"}}}
    made = workspace.made("codes/first/versions/1", body)
    path = f"codes/{uuid.uuid4()}/versions"
    found = workspace.call("GET", path, query={"hash": "abc", "hashVersion": "202208"}).json()["value"]
    assert [each["id"] for each in found] == [made["id"]]
    assert workspace.call("GET", path, query={"hash": "other"}).json()["value"] == []


def test_every_pending_upload_gets_a_container_of_its_own(workspace: Workspace) -> None:
    uris = set()
    for _ in range(2):
        path = f"codes/{uuid.uuid4()}/versions/1/startPendingUpload"
        answer = workspace.call("POST", path, {"pendingUploadType": "TemporaryBlobReference"}).json()
        reference = answer["blobReferenceForConsumption"]
        assert reference["credential"]["sasUri"].startswith(f"{reference['blobUri']}?")
        uris.add(reference["blobUri"])
    folder = workspace.stand_in.home.data / workspace.account
    assert all((folder / uri.rpartition("/")[2]).is_dir() for uri in uris)
    assert len(uris) == 2


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("components/-bad/versions/1", component()),
        ("components/c/versions/" + "1" * 31, component()),
        ("components/c/versions/latest", component()),
        ("components/c/versions/1", {"properties": {}}),
        ("environments/e/versions/1", {"properties": {"description": "no image"}}),
        ("codes/c/versions/1", {"properties": {"codeUri": None}}),
    ],
)
def test_illegal_names_and_incomplete_bodies_are_refused(workspace: Workspace, path: str, body: Any) -> None:
    assert error_of(workspace.call("PUT", path, body)) == (400, "ValidationError")


def endpoint(name: str, workspace: Workspace, **properties: Any) -> Any:
    body = {"location": "westeurope", "properties": {"authMode": "aadToken"} | properties}
    return workspace.call("PUT", f"batchEndpoints/{name}", body)


def deployment(component_id: str) -> dict[str, Any]:
    configuration = {
        "deploymentConfigurationType": "PipelineComponent",
        "componentId": {"assetId": component_id, "referenceType": "Id"},
    }
    return {"location": "westeurope", "properties": {"deploymentConfiguration": configuration}}


@pytest.fixture
def published(workspace: Workspace) -> tuple[Workspace, str, str]:
    """A workspace, an endpoint in it, and a pipeline component's id."""
    name = f"ep-{uuid.uuid4().hex[:8]}"
    assert endpoint(name, workspace).status_code == 201
    return workspace, name, workspace.made("components/p/versions/1", pipeline())["id"]


def test_a_default_must_be_a_deployment_that_exists(published: tuple[Workspace, str, str]) -> None:
    workspace, name, component_id = published
    refused = endpoint(name, workspace, defaults={"deploymentName": "v1a"})
    assert error_of(refused) == (400, "ValidationError")
    workspace.made(f"batchEndpoints/{name}/deployments/v1a", deployment(component_id))
    accepted = endpoint(name, workspace, defaults={"deploymentName": "v1a"}).json()
    assert accepted["properties"]["defaults"] == {"deploymentName": "v1a"}
    assert accepted["properties"]["scoringUri"].startswith(workspace.stand_in.address.url)
    assert accepted["properties"]["provisioningState"] == "Succeeded"


def test_a_deployment_needs_a_registered_pipeline(published: tuple[Workspace, str, str]) -> None:
    workspace, name, component_id = published
    command = workspace.made("components/c/versions/1", component())["id"]
    for missing in (f"{component_id}0", command):
        answer = workspace.call("PUT", f"batchEndpoints/{name}/deployments/v1a", deployment(missing))
        assert error_of(answer) == (400, "ValidationError")
    nowhere = workspace.call("PUT", "batchEndpoints/nowhere/deployments/v1a", deployment(component_id))
    assert error_of(nowhere) == (404, "ResourceNotFound")


@pytest.mark.parametrize("bad", ["ab", "1ab", "a--b", "a_b", "a" * 33, "ab-"])
def test_illegal_deployment_names_are_refused(published: tuple[Workspace, str, str], bad: str) -> None:
    workspace, name, component_id = published
    answer = workspace.call("PUT", f"batchEndpoints/{name}/deployments/{bad}", deployment(component_id))
    assert error_of(answer) == (400, "InvalidResourceName")


def test_the_21st_deployment_is_refused(published: tuple[Workspace, str, str]) -> None:
    workspace, name, component_id = published
    for number in range(20):
        workspace.made(f"batchEndpoints/{name}/deployments/v{number:03}", deployment(component_id))
    one_more = workspace.call("PUT", f"batchEndpoints/{name}/deployments/v020", deployment(component_id))
    assert error_of(one_more)[0] == 400
    again = workspace.call("PUT", f"batchEndpoints/{name}/deployments/v000", deployment(component_id))
    assert again.status_code == 200


def test_deleting_an_endpoint_deletes_its_deployments(published: tuple[Workspace, str, str]) -> None:
    workspace, name, component_id = published
    path = f"batchEndpoints/{name}/deployments/v1a"
    workspace.made(path, deployment(component_id))
    assert workspace.call("DELETE", f"batchEndpoints/{name}").status_code == 200
    endpoint(name, workspace)
    assert workspace.call("GET", f"batchEndpoints/{name}/deployments").json()["value"] == []


def test_an_endpoint_name_is_unique_in_its_region(published: tuple[Workspace, str, str]) -> None:
    workspace, name, _ = published
    other = Workspace(workspace.stand_in, workspace.group, f"{workspace.id}-b", workspace.account)
    document = workspace.stand_in.arm("GET", workspace.id).json()
    body = {key: document[key] for key in ("location", "identity")}
    properties = {key: document["properties"][key] for key in ("storageAccount", "keyVault")}
    workspace.stand_in.made(other.id, body | {"properties": properties})
    assert error_of(endpoint(name, other)) == (409, "Conflict")


def test_a_write_against_an_old_etag_is_refused(published: tuple[Workspace, str, str]) -> None:
    workspace, name, _ = published
    path = f"batchEndpoints/{name}"
    old = workspace.call("GET", path).headers["etag"]
    body = {"location": "westeurope", "tags": {"a": "1"}, "properties": {"authMode": "AADToken"}}
    assert workspace.call("PUT", path, body, If_Match=old).status_code == 200
    assert error_of(workspace.call("PUT", path, body, If_Match=old)) == (412, "PreconditionFailed")


def test_a_user_assigned_identity_of_an_endpoint_is_refused(workspace: Workspace) -> None:
    body = {
        "location": "westeurope",
        "identity": {"type": "UserAssigned", "userAssignedIdentities": {"/x": {}}},
        "properties": {"authMode": "AADToken"},
    }
    assert error_of(workspace.call("PUT", "batchEndpoints/ep-x", body)) == (400, "ValidationError")
