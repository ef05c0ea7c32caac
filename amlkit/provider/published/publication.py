"""`Publication`: says which deployment an endpoint serves, and honours a pin.

It is read before every preview and update, so drift shows in a plain preview; what Read finds pinned lies in the
stored inputs, where Check honours it without a call. One PUT moves the default, remembers the one before and drops a
pin that a promote clears: there is never a moment without a default.
"""

from __future__ import annotations

from typing import Any

from amlkit.errors import AmlkitError

from .cloud import Document
from .deployment import DIGEST_TAG
from .endpoint import default_of, written
from .pins import PIN_TAG, PREVIOUS_TAG, cleared, described, pin_of
from .verbs import Call, Checked, Difference, Live, Values, compare, is_known, joined, missing

REFRESHED = True

_IDENTITY = ("endpointId",)
_IGNORED = ("pin", "clears")


def check(olds: Values, news: Values, call: Call) -> Checked:
    """Required inputs; while there is a pin that nobody clears, what is wanted is what is pinned."""
    inputs = {key: value for key, value in news.items() if key != "pin"}
    failures = missing(news, ("endpointId", "deployment", "digest"))
    pin = olds.get("pin")
    if pin and not failures and not cleared(pin, news.get("clears")):
        wanted = inputs["deployment"] if is_known(inputs["deployment"]) else "a new version"
        call.warn(described(pin, wanted))
        inputs.update(deployment=pin["deployment"], digest=pin["digest"], pin=pin)
    return Checked(inputs, failures)


def diff(olds: Values, news: Values) -> Difference:
    """Another deployment serves, or a pin goes: also when it held the very deployment that is wanted."""
    found = compare(olds, news, _IDENTITY, _IGNORED)
    if olds.get("pin") and not news.get("pin"):
        return Difference(tuple(sorted((*found.changed, "pin"))), found.replaced)
    return found


def preview(news: Values, outputs: Values) -> dict[str, Any]:
    """What is wanted will serve."""
    return {**news, "serving": news["deployment"]}


def create(news: Values, call: Call) -> Live:
    """Move the default."""
    return Live(_id(news), dict(news), _publish(news, call))


def read(id_: str, inputs: Values, outputs: Values, call: Call) -> Live | None:
    """What serves, with the pin; a warning if it is not what the stack says."""
    if not inputs:
        raise AmlkitError("cannot be imported", where=id_, hint="`up` publishes what the program says")
    endpoint = call.cloud.get(inputs["endpointId"])
    if endpoint is None:
        return None
    default, pin = default_of(endpoint), pin_of(endpoint)
    if not id_ and default != inputs["deployment"]:
        return None
    found = {key: value for key, value in inputs.items() if key != "pin"}
    if default != inputs["deployment"]:
        found.update(deployment=default, digest=_digest(inputs["endpointId"], default, pin, call))
        if not pin:
            serves = default or "nothing"
            said = inputs["deployment"]
            what = "`up` publishes what the program says"
            call.warn(f"drift: the endpoint serves {serves}, the state says {said}; {what}")
    if pin:
        found["pin"] = pin
    return Live(_id(inputs), found, {**found, "serving": default})


def update(id_: str, olds: Values, news: Values, call: Call) -> dict[str, Any]:
    """Move the default."""
    return _publish(news, call)


def delete(id_: str, inputs: Values, call: Call) -> None:
    """Nothing: what it says goes with its endpoint."""


def _publish(news: Values, call: Call) -> dict[str, Any]:
    """The one PUT, unless the endpoint already is as it should be.

    The live pin decides, not the stored one: a rollback may have come since, and a lost state knows of none.
    """
    endpoint = call.cloud.get_settled(news["endpointId"])
    if endpoint is None:
        raise AmlkitError("the endpoint is gone", where=news["endpointId"], hint="`up` again makes it")
    pin = pin_of(endpoint)
    wanted = {key: value for key, value in news.items() if key != "pin"}
    if pin and not cleared(pin, news.get("clears")):
        if pin["deployment"] != news["deployment"]:
            call.warn(described(pin, news["deployment"]))
        wanted.update(deployment=pin["deployment"], digest=pin["digest"], pin=pin)
    tags = dict(endpoint.tags)
    if "pin" not in wanted:
        tags.pop(PIN_TAG, None)
    default, target = default_of(endpoint), wanted["deployment"]
    if default and default != target:
        tags[PREVIOUS_TAG] = default
    if default != target or tags != endpoint.tags:
        call.cloud.put(news["endpointId"], written(endpoint, tags, target), endpoint.etag)
    return {**wanted, "serving": target}


def _digest(endpoint_id: str, default: str, pin: dict[str, Any] | None, call: Call) -> str:
    if pin and pin["deployment"] == default:
        return str(pin["digest"])
    deployment: Document | None = call.cloud.get(f"{endpoint_id}/deployments/{default}") if default else None
    return deployment.tags.get(DIGEST_TAG, "") if deployment else ""


def _id(values: Values) -> str:
    return joined(values["endpointId"], "#publication")
