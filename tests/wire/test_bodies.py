"""Field by field: what amlkit registers and submits is what azure-ai-ml 1.35 sends for the same definitions.

A difference is legal if `differences.json` names it with its reason; one that is listed and gone fails too.
"""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest
import yaml

from amlkit import compile, target
from amlkit.delivery import parameters, submission
from amlkit.delivery.binding import Wanted
from amlkit.delivery.stacks import Workspace as DeliveryWorkspace
from amlkit.delivery.submission import Choices
from amlkit.home import SUBSCRIPTION
from amlkit.manifest import Asset, Manifest, bind, references
from amlkit.target import Service, Target
from tests.local.conftest import StandIn, Workspace, make_workspace

from .sample.definitions import outer

HERE = Path(__file__).parent
DIFFERENCES: dict[str, dict[str, str]] = json.loads((HERE / "differences.json").read_text())
ABSENT = "absent"


@pytest.fixture(scope="module")
def manifest() -> Manifest:
    """Ours."""
    return compile(outer)


@pytest.fixture(scope="module")
def recorded(stand_in: StandIn) -> Workspace:
    """The workspace that both sides talk to."""
    group = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-wire"
    stand_in.made(group, {"location": "westeurope"})
    workspace = make_workspace(stand_in, group)
    body = {"datastoreType": "AzureBlob", "accountName": workspace.account, "containerName": "corpora"}
    workspace.made("datastores/corpora", {"properties": {**body, "credentials": {"credentialsType": "None"}}})
    return workspace


@pytest.fixture(scope="module")
def theirs(
    stand_in: StandIn, recorded: Workspace, tmp_path_factory: pytest.TempPathFactory, manifest: Manifest
) -> dict[str, Any]:
    """Theirs: bodies by path below the workspace."""
    conda = tmp_path_factory.mktemp("wire") / "conda.yaml"
    conda.write_text(asset(manifest, "environment", "train").body["condaFile"])
    arguments = (SUBSCRIPTION, recorded.group, recorded.name, str(HERE / "sample"), str(conda))
    said = stand_in.script((HERE / "theirs.py").read_text(), *arguments)
    bodies: dict[str, Any] = json.loads(said.rpartition("SENT")[2])
    return {path: _without_ids(body) for path, body in bodies.items()}


@pytest.mark.parametrize("name", ["train", "shell", "score", "inner", "outer"])
def test_a_component_is_what_azure_ai_ml_registers(name: str, manifest: Manifest, theirs: dict[str, Any]) -> None:
    ours = bound(asset(manifest, "component", name))
    assert unlisted(name, differences(ours, theirs[f"components/{name}/versions/1"]["properties"])) == {}


def test_an_environment_is_what_azure_ai_ml_registers(manifest: Manifest, theirs: dict[str, Any]) -> None:
    ours, sent = bound(asset(manifest, "environment", "train")), theirs["environments/sample/versions/1"]["properties"]
    for body in (ours, sent):  # YAML of two writers
        body["condaFile"] = yaml.safe_load(body["condaFile"])
    assert unlisted("environment", differences(ours, sent)) == {}


def test_a_job_is_what_azure_ai_ml_submits(
    manifest: Manifest, theirs: dict[str, Any], stand_in: StandIn, recorded: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pointed(stand_in, monkeypatch) as service:
        where = DeliveryWorkspace(recorded.id, service)
        given = {"features": "azureml://datastores/corpora/paths/digits/", "rate": 0.4}
        checked = parameters.checked(parameters.declared(manifest.pipeline.body), given, manifest.name)
        ours = submission.prepare(where, manifest, checked, Wanted(), Choices())
    assert unlisted("job", differences(_without_ids(ours.body), theirs["jobs/wire-job"]["properties"])) == {}


def test_every_difference_has_a_reason() -> None:
    assert all(reason for listed in DIFFERENCES.values() for reason in listed.values())


def asset(manifest: Manifest, kind: str, name: str) -> Asset:
    """The asset of that kind and name."""
    return next(each for each in manifest.assets if (each.kind, each.name) == (kind, name))


def bound(found: Asset) -> dict[str, Any]:
    """Its body, with what the names stand for where references were."""
    values = {name: f"<{name.split(':')[0]}>" for name in references(found.body)} | {"datastore:corpora": "corpora"}
    body: dict[str, Any] = bind(found.body, values)
    return body


def differences(ours: Any, theirs: Any) -> dict[str, tuple[Any, Any]]:
    """The dotted paths of leaves that differ: ours, theirs."""
    left, right = dict(_leaves(ours)), dict(_leaves(theirs))
    found = {path: (left.get(path, ABSENT), right.get(path, ABSENT)) for path in left.keys() | right.keys()}
    return {path: pair for path, pair in sorted(found.items()) if pair[0] != pair[1]}


def unlisted(name: str, found: Mapping[str, Any]) -> dict[str, Any]:
    """Differences without a reason, and reasons without a difference."""
    listed = DIFFERENCES["everywhere"] | DIFFERENCES[name]
    new = {path: pair for path, pair in found.items() if not any(fnmatchcase(path, each) for each in listed)}
    stale = [each for each in DIFFERENCES[name] if not any(fnmatchcase(path, each) for path in found)]
    return new | dict.fromkeys(stale, "listed, and no difference any more")


@contextmanager
def pointed(stand_in: StandIn, patch: pytest.MonkeyPatch) -> Iterator[Service]:
    """This process talks to the stand-in."""
    for name in os.environ.keys() - stand_in.environment.keys():
        patch.delenv(name)
    for name, value in stand_in.environment.items():
        patch.setenv(name, value)
    target.client.cache_clear()
    target.credential.cache_clear()
    yield Service(Target.from_environment())
    target.client.cache_clear()
    target.credential.cache_clear()


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping) and value:
        for key, item in value.items():
            yield from _leaves(item, f"{path}.{key}".lstrip("."))
    elif isinstance(value, list) and value:
        for index, item in enumerate(value):
            yield from _leaves(item, f"{path}.{index}")
    else:
        yield path, value


def _without_ids(value: Any) -> Any:
    """ARM ids as `<kind>`."""
    if isinstance(value, Mapping):
        return {key: _without_ids(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_without_ids(item) for item in value]
    if isinstance(value, str) and "/workspaces/" in value and not value.startswith("azureml://"):
        kind = value.split("/workspaces/")[1].split("/")[1].removesuffix("s")
        return ("azureml:" if value.startswith("azureml:") else "") + f"<{kind}>"
    return value
