"""In which build of a build service an operation runs, by the variables that the service sets.

`surroundings` and `gitfacts` ask, for the history. Names, order and facts are the Pulumi CLI's, which knows some
services more.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

Variables = Mapping[str, str]


def build(variables: Variables) -> dict[str, str]:
    """What is known of the build that this runs in: `ci.…` as the history has it, `branch` and `message` of its commit.

    Nothing where the user wants no build looked for.
    """
    if variables.get("PULUMI_DISABLE_CI_DETECTION"):
        return {}
    for mark, name, facts in _SYSTEMS:
        if variables.get(mark):
            return {**facts(variables), "ci.system": name or variables[mark]}
    return {}


def _facts(**names: str) -> Callable[[Variables], dict[str, str]]:
    """Looks up one variable a fact."""
    return lambda variables: {_KEYS[key]: variables.get(name, "") for key, name in names.items()}


_KEYS = {
    "id": "ci.build.id",
    "number": "ci.build.number",
    "kind": "ci.build.type",
    "url": "ci.build.url",
    "head": "ci.pr.headSHA",
    "request": "ci.pr.number",
    "branch": "branch",
    "message": "message",
}


def _azure(variables: Variables) -> dict[str, str]:
    found = _facts(
        id="BUILD_BUILDID",
        kind="BUILD_REASON",
        head="BUILD_SOURCEVERSION",
        request="SYSTEM_PULLREQUEST_PULLREQUESTID",
        message="BUILD_SOURCEVERSIONMESSAGE",
    )(variables)
    collection = variables.get("SYSTEM_TEAMFOUNDATIONCOLLECTIONURI", "").removesuffix("/")
    found["ci.build.url"] = "{}/{}/_build/results?buildId={}".format(
        collection, variables.get("SYSTEM_TEAMPROJECT", ""), found["ci.build.id"]
    )
    if variables.get("BUILD_REPOSITORY_PROVIDER") == "GitHub":
        found |= _facts(head="SYSTEM_PULLREQUEST_SOURCECOMMITID", request="SYSTEM_PULLREQUEST_PULLREQUESTNUMBER")(
            variables
        )
    branch = "SYSTEM_PULLREQUEST_SOURCEBRANCH" if found["ci.pr.number"] else "BUILD_SOURCEBRANCHNAME"
    return {**found, "branch": variables.get(branch, "")}


def _github(variables: Variables) -> dict[str, str]:
    found = _facts(
        id="GITHUB_RUN_ID", number="GITHUB_RUN_NUMBER", kind="GITHUB_EVENT_NAME", head="GITHUB_SHA", branch="GITHUB_REF"
    )(variables)
    repository = variables.get("GITHUB_REPOSITORY")
    if repository and found["ci.build.id"]:
        found["ci.build.url"] = f"https://github.com/{repository}/actions/runs/{found['ci.build.id']}"
    if found["ci.build.type"] == "pull_request":
        with suppress(OSError, ValueError, KeyError, TypeError):
            event = json.loads(Path(variables.get("GITHUB_EVENT_PATH", "")).read_text())
            head = event["pull_request"]["head"]
            found |= {"ci.pr.number": str(event["number"]), "ci.pr.headSHA": head["sha"], "branch": head["ref"]}
    return found


_SYSTEMS: tuple[tuple[str, str, Callable[[Variables], dict[str, str]]], ...] = (
    (
        "PULUMI_CI_SYSTEM",
        "",
        _facts(
            id="PULUMI_CI_BUILD_ID",
            number="PULUMI_CI_BUILD_NUMBER",
            kind="PULUMI_CI_BUILD_TYPE",
            url="PULUMI_CI_BUILD_URL",
            head="PULUMI_CI_PULL_REQUEST_SHA",
            request="PULUMI_PR_NUMBER",
            branch="PULUMI_CI_BRANCH_NAME",
            message="PULUMI_COMMIT_MESSAGE",
        ),
    ),
    ("TF_BUILD", "Azure Pipelines", _azure),
    (
        "CIRCLECI",
        "CircleCI",
        _facts(id="CIRCLE_BUILD_NUM", url="CIRCLE_BUILD_URL", head="CIRCLE_SHA1", branch="CIRCLE_BRANCH"),
    ),
    ("GITHUB_ACTIONS", "GitHub Actions", _github),
    (
        "GITLAB_CI",
        "GitLab CI/CD",
        _facts(
            id="CI_PIPELINE_ID",
            number="CI_PIPELINE_IID",
            kind="CI_PIPELINE_SOURCE",
            url="CI_JOB_URL",
            head="CI_COMMIT_SHA",
            request="CI_MERGE_REQUEST_IID",
            branch="CI_COMMIT_REF_NAME",
            message="CI_COMMIT_MESSAGE",
        ),
    ),
    ("JENKINS_URL", "Jenkins", _facts(id="BUILD_NUMBER", url="BUILD_URL", head="GIT_COMMIT", branch="GIT_BRANCH")),
    ("APPVEYOR", "AppVeyor", _facts()),
    ("CODEBUILD_BUILD_ARN", "AWS CodeBuild", _facts()),
    ("bamboo_planKey", "Atlassian Bamboo", _facts()),
    ("DRONE", "Drone", _facts()),
    ("TEAMCITY_VERSION", "TeamCity", _facts()),
)
"""The variable that a service sets, its name (empty: what the variable says), and what it says of a build."""
