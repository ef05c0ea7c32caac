"""`AssetVersion`: a slot for one immutable version of a code, environment, component or data asset.

The id names the asset, not the version, so another version is an update of the slot; `armId` names the version.
What is registered is never changed and never deleted: going back to a version finds it there and writes nothing.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from amlkit.errors import AmlkitError, ServiceError
from amlkit.manifest import DEFINITION_PROPERTY

from .cloud import Document
from .verbs import Call, Checked, Difference, Failure, Live, Values, compare, is_known, joined, missing

REFRESHED = False  # a version cannot change

COLLECTIONS = {"code": "codes", "environment": "environments", "component": "components", "data": "data"}
_IDENTITY = ("workspaceId", "kind", "name")
_LONGEST_VERSION = 30  # Azure ML's limit


def check(olds: Values, news: Values, call: Call) -> Checked:
    """Required inputs, a kind that exists, a version that Azure takes."""
    failures = missing(news, (*_IDENTITY, "version", "definition", "body"))
    if is_known(news.get("kind")) and news.get("kind") not in COLLECTIONS:
        failures += (Failure("kind", f"not one of {', '.join(COLLECTIONS)}: {news.get('kind')}"),)
    if is_known(news.get("version")) and len(news.get("version") or "") > _LONGEST_VERSION:
        failures += (Failure("version", f"longer than {_LONGEST_VERSION} characters: {news['version']}"),)
    return Checked(dict(news), failures)


def diff(olds: Values, news: Values) -> Difference:
    """Another asset is another resource, anything else another version in the same slot."""
    return compare(olds, news, _IDENTITY)


def preview(news: Values, outputs: Values) -> dict[str, Any]:
    """All of it: the version is an input."""
    return {**news, "armId": joined(_slot(news), "/versions/", news["version"])}


def create(news: Values, call: Call) -> Live:
    """Register the version, or find it registered."""
    outputs = preview(news, {})
    _register(outputs, call)
    return Live(_slot(news), dict(news), outputs)


def read(id_: str, inputs: Values, outputs: Values, call: Call) -> Live | None:
    """The version in the slot; the slot is gone if somebody deleted that version."""
    stored = preview(inputs or _from_outputs(id_, outputs), outputs)
    document = call.cloud.get(stored["armId"])
    if document is None or (not id_ and not _is_ours(document, stored)):
        return None
    return Live(_slot(stored), {key: stored[key] for key in stored if key != "armId"}, stored)


def update(id_: str, olds: Values, news: Values, call: Call) -> dict[str, Any]:
    """As create: the version before stays registered, older deployments go on using it."""
    return create(news, call).outputs


def delete(id_: str, inputs: Values, call: Call) -> None:
    """Nothing: versions are kept, other pipelines and stacks may use them."""


def _slot(values: Values) -> str:
    if not is_known(values["kind"]):
        return joined(values["kind"])
    return joined(values["workspaceId"], "/", COLLECTIONS[values["kind"]], "/", values["name"])


def _register(wanted: Values, call: Call) -> None:
    arm_id = wanted["armId"]
    document = call.cloud.get(arm_id)
    if document is None:
        try:
            call.cloud.put(arm_id, {"properties": wanted["body"]})
        except ServiceError as error:
            if error.status != HTTPStatus.CONFLICT:
                raise
            document = call.cloud.get(arm_id)  # another pipeline of this run was faster
            if document is None:
                raise
    if document is not None and not _is_ours(document, wanted):
        raise AmlkitError(
            "this version exists, but was not made from this definition",
            where=arm_id,
            hint="versions are digests: somebody registered this one by hand; archive it under another name",
        )


def _is_ours(document: Document, wanted: Values) -> bool:
    """The version is a digest of the body; Azure completes and reorders bodies, so the recorded digest decides."""
    properties = document.properties.get("properties") or {}
    return bool(properties.get(DEFINITION_PROPERTY) == wanted["definition"])


def _from_outputs(id_: str, outputs: Values) -> Values:
    if not outputs:
        raise AmlkitError("cannot be imported", where=id_, hint="`up` finds and adopts what is registered")
    return {key: value for key, value in outputs.items() if key != "armId"}
