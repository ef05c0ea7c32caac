"""`Endpoint`: the stable address of a pipeline; its Create and Update keep what they do not own.

Azure's PUT replaces a whole endpoint. So the live one is read first and merged: the default deployment, the
`amlkit.*` tags (pin, previous) and other people's tags survive an edit. `Publication` writes through `written` too.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from amlkit.errors import AmlkitError
from amlkit.propertyvalues import UNKNOWN

from .cloud import Document
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
    same_place,
    with_place_of,
)

REFRESHED = True

OWN_TAGS = "amlkit."  # tags with this prefix belong to Publication, rollback and promote
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]{1,30}[A-Za-z0-9]")  # Azure ML's rule for batch endpoints
_IDENTITY = ("workspaceId", "name", "location")


def check(olds: Values, news: Values, call: Call) -> Checked:
    """Required inputs, a legal name, no tag of ours among the program's."""
    failures = missing(news, _IDENTITY)
    name, tags = news.get("name"), news.get("tags") or {}
    if name and is_known(name) and not _NAME.fullmatch(name):
        what = "not 3 to 32 letters, digits and dashes that begin with a letter and do not end with a dash"
        failures += (Failure("name", f"{what}: {name}"),)
    failures += tuple(Failure("tags", f"the prefix `{OWN_TAGS}` is reserved: {key}") for key in _own(tags))
    return Checked(with_place_of(olds, dict(news)), failures)


def diff(olds: Values, news: Values) -> Difference:
    """Another name or workspace is another address."""
    return compare(olds, news, _IDENTITY)


def preview(news: Values, outputs: Values) -> dict[str, Any]:
    """The id follows from the inputs; Azure gives the address once."""
    return {**news, "armId": _id(news), "scoringUri": outputs.get("scoringUri", UNKNOWN)}


def create(news: Values, call: Call) -> Live:
    """Make it, or take over the one that is there without losing what it serves."""
    return Live(_id(news), dict(news), _write({}, news, call))


def read(id_: str, inputs: Values, outputs: Values, call: Call) -> Live | None:
    """As it lives; of its tags only those that the program set."""
    if not inputs:
        raise AmlkitError("cannot be imported", where=id_, hint="`up` finds and adopts the endpoint that is there")
    live = call.cloud.get(id_ or _id(inputs))
    if live is None:
        return None
    found = dict(inputs)
    tags = {key: live.tags[key] for key in inputs.get("tags") or {} if key in live.tags}
    found.update(description=live.properties.get("description"), tags=tags)
    if not same_place(live.body.get("location"), inputs["location"]):
        found["location"] = live.body.get("location")
    present = {key: value for key, value in found.items() if value or key in inputs}
    return Live(_id(inputs), present, _outputs(present, live))


def update(id_: str, olds: Values, news: Values, call: Call) -> dict[str, Any]:
    """Change what the program changed."""
    return _write(olds, news, call)


def delete(id_: str, inputs: Values, call: Call) -> None:
    """Take the address away, with its deployments."""
    call.cloud.delete(id_)


def written(live: Document, tags: Mapping[str, str], default: str | None, **properties: Any) -> dict[str, Any]:
    """The body that changes an endpoint: the live one's own fields, these tags, this default, these properties."""
    kept = {key: value for key in ("authMode", "description", "properties") if (value := live.properties.get(key))}
    defaults = {"deploymentName": default} if default else {}
    body: dict[str, Any] = {"location": live.body.get("location"), "tags": dict(tags)}
    body["properties"] = {"authMode": "aadToken", **kept, **properties, "defaults": defaults}
    if identity := live.body.get("identity"):
        users: dict[str, Any] = {name: {} for name in identity.get("userAssignedIdentities") or {}}
        body["identity"] = {"type": identity["type"], **({"userAssignedIdentities": users} if users else {})}
    return body


def default_of(live: Document) -> str:
    """The name of the deployment that serves, empty if none does."""
    return (live.properties.get("defaults") or {}).get("deploymentName") or ""


def _write(olds: Values, news: Values, call: Call) -> dict[str, Any]:
    live = call.cloud.get_settled(_id(news))
    start = live or Document({"location": news["location"]})
    dropped = (olds.get("tags") or {}).keys() - (news.get("tags") or {}).keys()
    tags = {key: value for key, value in start.tags.items() if key not in dropped} | (news.get("tags") or {})
    description = news.get("description", "")
    stands = live is not None and live.state == "Succeeded" and tags == live.tags
    if live is None or not stands or description != (live.properties.get("description") or ""):
        body = written(start, tags, default_of(start), description=description)
        live = call.cloud.put(_id(news), body, start.etag)
    return _outputs(news, live)


def _outputs(inputs: Values, live: Document) -> dict[str, Any]:
    return {**inputs, "armId": _id(inputs), "scoringUri": live.properties.get("scoringUri", "")}


def _id(values: Values) -> str:
    return joined(values["workspaceId"], "/batchEndpoints/", values["name"])


def _own(tags: Mapping[str, str]) -> list[str]:
    return sorted(key for key in tags if key.startswith(OWN_TAGS))
