"""Lists of more than one page, labels in the place of versions, and environments that Azure ML keeps."""

import time
from typing import Any

from amlkit.home import ML_AUDIENCE

from .conftest import Workspace, error_of


def followed(workspace: Workspace, page: dict[str, Any]) -> tuple[list[str], int]:
    """The names on all pages, and how many pages there were."""
    stand_in, names, pages = workspace.stand_in, [], 1
    headers = {"Authorization": f"Bearer {stand_in.token()}"}
    while True:
        names += [
            each.get("name") if "properties" in each and "id" in each else each["runId"] for each in page["value"]
        ]
        if not page.get("nextLink"):
            return names, pages
        page, pages = stand_in.http.get(page["nextLink"], headers=headers).json(), pages + 1


def component(workspace: Workspace, name: str = "c") -> str:
    environment = workspace.made("environments/bare/versions/1", {"properties": {"image": "ubuntu"}})["id"]
    spec = {"name": name, "version": "1", "type": "command", "command": "true", "environment": environment}
    body = {"properties": {"componentSpec": spec}}
    return str(workspace.made(f"components/{name}/versions/1", body)["id"])


def over(workspace: Workspace, job: str) -> str:
    while (state := workspace.call("GET", f"jobs/{job}").json()["properties"]["status"]) in ("NotStarted", "Running"):
        time.sleep(0.05)
    return str(state)


def test_jobs_are_listed_page_by_page_newest_first(workspace: Workspace) -> None:
    body = {
        "properties": {"jobType": "Pipeline", "jobs": {"s": {"type": "command", "componentId": component(workspace)}}}
    }
    made = [f"job-{number:03}" for number in range(120)]
    for name in made:
        assert workspace.call("PUT", f"jobs/{name}", body).status_code == 201
    page = workspace.call("GET", "jobs", query={"tag": ""}).json()
    assert followed(workspace, page) == (made[::-1], 2)
    top = workspace.call("GET", "jobs", query={"$top": "3"}).json()
    assert ([each["name"] for each in top["value"]], "nextLink" in top) == (made[:-4:-1], False)


def test_children_of_a_job_are_listed_page_by_page(workspace: Workspace) -> None:
    node = {"type": "command", "componentId": component(workspace)}
    graph = {f"s{number:03}": node for number in range(501)}
    workspace.call("PUT", "jobs/wide", {"properties": {"jobType": "Pipeline", "jobs": graph}})
    headers = {"Authorization": f"Bearer {workspace.stand_in.token(ML_AUDIENCE)}"}
    url = f"/history/v1.0{workspace.id}/runs/wide/children"
    page = workspace.stand_in.http.get(url, headers=headers).json()
    assert page["continuationToken"] == "500"
    assert followed(workspace, page) == ([f"wide-{name}" for name in graph], 2)
    workspace.call("POST", "jobs/wide/cancel")
    over(workspace, "wide")


def test_assets_are_listed_page_by_page(workspace: Workspace) -> None:
    body = {"properties": {"dataType": "uri_folder", "dataUri": "azureml://datastores/workspaceblobstore/paths/x"}}
    for number in range(201):
        assert workspace.call("PUT", f"data/d/versions/{number + 1}", body).status_code == 201
    names, pages = followed(workspace, workspace.call("GET", "data/d/versions").json())
    assert (names[0], names[-1], len(names), pages) == ("201", "1", 201, 2)


def test_a_label_means_the_newest_version_that_is_not_archived(workspace: Workspace) -> None:
    body = {"dataType": "uri_folder", "dataUri": "azureml://datastores/workspaceblobstore/paths/x"}
    for version in ("1", "2"):
        workspace.made(f"data/d/versions/{version}", {"properties": body})
    workspace.call("PUT", "data/d/versions/2", {"properties": {**body, "isArchived": True}})
    assert workspace.call("GET", "data/d/versions/latest").json()["name"] == "1"
    known = workspace.call("GET", "data/d").json()["properties"]
    assert (known["latestVersion"], known["nextVersion"]) == ("1", "3")
    assert workspace.call("GET", "data/azureml:d").json()["name"] == "d"
    assert error_of(workspace.call("GET", "data/d/versions/other"))[0] == 404


def test_environments_of_azure_ml_are_there_without_being_registered(workspace: Workspace) -> None:
    name = "AzureML-sklearn-1.5"
    found = workspace.call("GET", f"environments/{name}/versions/7").json()["properties"]
    assert (found["environmentType"], found["image"]) == ("Curated", "mcr.microsoft.com/azureml/curated/sklearn-1.5:7")
    assert workspace.call("GET", f"environments/{name}").json()["properties"]["latestVersion"] == "1"
    assert len(workspace.call("GET", f"environments/{name}/versions").json()["value"]) == 1
    assert error_of(workspace.call("GET", "environments/sklearn/versions/1"))[0] == 404


def test_a_model_of_a_job_that_made_no_such_thing_is_refused(workspace: Workspace) -> None:
    body = {"properties": {"modelType": "custom_model", "modelUri": "azureml://jobs/none/outputs/model"}}
    answer = workspace.call("PUT", "models/m/versions/1", body)
    assert error_of(answer) == (400, "UserError")
    assert "Job 'none' is not there" in answer.json()["error"]["message"]
