"""`Deployment`: a slot for what an endpoint can serve; a new version is a new deployment beside the old ones.

Its name is of its content, so that going back finds the old one. An endpoint holds 20 deployments at most: straight
before a PUT that would be one too many the oldest of ours go, never one that serves, is pinned, served before, or is
not ours.
"""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import Any

from amlkit.errors import AmlkitError, ServiceError

from .cloud import Document
from .endpoint import default_of
from .pins import PREVIOUS_TAG, pin_of
from .verbs import (
    Call,
    Checked,
    Difference,
    Failure,
    Live,
    Values,
    compare,
    is_known,
    joined,
    missing,
    same_id,
    with_place_of,
)

REFRESHED = True

DIGEST_TAG = "amlkit.digest"  # of the definition: what promotion compares
VERSION_TAG = "amlkit.version"  # of what is deployed here, with this environment's bindings
FEWEST_KEPT, MOST_KEPT, DEFAULT_KEPT = 4, 19, 10

_IDENTITY = ("endpointId",)
_TOLD = ("source",)  # goes with a new deployment; another commit alone deploys nothing
_NAME = re.compile(r"(?!.*--)[A-Za-z][A-Za-z0-9-]{1,30}[A-Za-z0-9]")
_LIMIT = 20  # deployments an endpoint, Microsoft's quota
# Azure's batch fields that mean nothing for a pipeline; sent because the official client sends them
_BATCH = {
    "errorThreshold": -1,
    "maxConcurrencyPerInstance": 1,
    "miniBatchSize": 10,
    "outputFileName": "predictions.csv",
}


def check(olds: Values, news: Values, call: Call) -> Checked:
    """Required inputs, a legal name, a number of deployments to keep that an endpoint has room for."""
    inputs = {"keep": DEFAULT_KEPT, **news}
    failures = missing(news, (*_IDENTITY, "location", "name", "componentId", "digest", "version"))
    name, keep = news.get("name"), inputs["keep"]
    if name and is_known(name) and not _NAME.fullmatch(name):
        what = "not 3 to 32 letters, digits and single dashes that begin with a letter"
        failures += (Failure("name", f"{what}: {name}"),)
    if is_known(keep) and (not isinstance(keep, int) or not FEWEST_KEPT <= keep <= MOST_KEPT):
        failures += (Failure("keep", f"not a number from {FEWEST_KEPT} to {MOST_KEPT}: {keep}"),)
    return Checked(with_place_of(olds, inputs), failures)


def diff(olds: Values, news: Values) -> Difference:
    """Another endpoint is another resource, anything else another deployment in the same slot."""
    return compare(olds, news, _IDENTITY, _TOLD)


def preview(news: Values, outputs: Values) -> dict[str, Any]:
    """All of it follows from the inputs."""
    return {**news, "armId": _arm_id(news)}


def create(news: Values, call: Call) -> Live:
    """Deploy it, or find it deployed."""
    _deploy(news, call)
    return Live(_id(news), dict(news), preview(news, {}))


def read(id_: str, inputs: Values, outputs: Values, call: Call) -> Live | None:
    """The deployment in the slot, with the component that it really runs."""
    if not inputs:
        raise AmlkitError("cannot be imported", where=id_, hint="`up` finds and adopts the deployment that is there")
    live = call.cloud.get(_arm_id(inputs))
    if live is None or (not id_ and not (_is_ours(live, inputs) and live.state == "Succeeded")):
        return None
    found = dict(inputs)
    if not same_id(_component(live), inputs["componentId"]):
        found["componentId"] = _component(live)
    found["version"] = live.tags.get(VERSION_TAG, "")
    return Live(_id(inputs), found, preview(found, outputs))


def update(id_: str, olds: Values, news: Values, call: Call) -> dict[str, Any]:
    """As create: the deployment before stays, and serves until the publication moves."""
    return create(news, call).outputs


def delete(id_: str, inputs: Values, call: Call) -> None:
    """Nothing: deployments go with their endpoint."""


def _deploy(news: Values, call: Call) -> None:
    live = call.cloud.get_settled(_arm_id(news))
    if _stands(live, news):
        return
    if live is None:
        _prune(news, call)
    try:
        call.cloud.put(_arm_id(news), _body(news, live))
    except ServiceError as error:
        if error.status != HTTPStatus.CONFLICT or not _stands(call.cloud.get_settled(_arm_id(news)), news):
            raise


def _stands(live: Document | None, news: Values) -> bool:
    """Is it deployed as wanted?

    Raises:
        AmlkitError: the name is taken by something else.
    """
    if live is None:
        return False
    if not _is_ours(live, news):
        hint = "amlkit names deployments by digest: delete the one that somebody made under this name"
        raise AmlkitError("exists, but is not what this program deploys", where=_arm_id(news), hint=hint)
    runs = same_id(_component(live), news["componentId"])
    return runs and live.state == "Succeeded" and bool(live.tags.get(VERSION_TAG) == news["version"])


def _prune(news: Values, call: Call) -> None:
    endpoint = call.cloud.get(news["endpointId"])
    if endpoint is None:
        return  # the PUT says so better
    held = call.cloud.list(f"{news['endpointId']}/deployments")
    ours = [item for item in held if DIGEST_TAG in item.tags]
    pin = pin_of(endpoint) or {}
    safe = {default_of(endpoint), endpoint.tags.get(PREVIOUS_TAG), pin.get("deployment")}
    excess = max(len(ours) - (news["keep"] - 1), len(held) - (_LIMIT - 1))
    going = [item for item in sorted(ours, key=_age) if item.body["name"] not in safe][: max(excess, 0)]
    for item in going:
        call.cloud.delete(f"{news['endpointId']}/deployments/{item.body['name']}")
        call.inform(f"removed the old deployment {item.body['name']}: {news['keep']} are kept")


def _age(item: Document) -> tuple[str, str]:
    return ((item.body.get("systemData") or {}).get("createdAt") or "", item.body["name"])


def _body(news: Values, live: Document | None) -> dict[str, Any]:
    told = live.properties.get("properties") or {} if live else {}  # properties are added, never altered: Azure's rule
    tags = {**(news.get("tags") or {}), DIGEST_TAG: news["digest"], VERSION_TAG: news["version"]}
    configuration = {
        "deploymentConfigurationType": "PipelineComponent",
        "componentId": {"assetId": news["componentId"], "referenceType": "Id"},
        "settings": news.get("settings") or {},
    }
    properties = {
        "description": news.get("description", ""),
        "deploymentConfiguration": configuration,
        "properties": {**(news.get("source") or {}), **told},
        **_BATCH,
    }
    return {"location": news["location"], "tags": tags, "properties": properties}


def _component(live: Document) -> str:
    configuration = live.properties.get("deploymentConfiguration") or {}
    return (configuration.get("componentId") or {}).get("assetId") or ""


def _is_ours(live: Document, news: Values) -> bool:
    """By its tag; one that lost its tags but runs our component is ours too, and gets them back."""
    version = live.tags.get(VERSION_TAG)
    return bool(version == news["version"]) or (not version and same_id(_component(live), news["componentId"]))


def _arm_id(values: Values) -> str:
    return joined(values["endpointId"], "/deployments/", values["name"])


def _id(values: Values) -> str:
    return joined(values["endpointId"], "#deployment")
