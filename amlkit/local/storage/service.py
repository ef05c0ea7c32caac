"""What a service says of the account as a whole: its kind, its settings, and the keys that it gives to users."""

from __future__ import annotations

from xml.etree import ElementTree

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from . import delegation
from .call import API_VERSION, Call
from .listing import xml
from .xmlbody import parsed

_OFF = "<Enabled>false</Enabled>"
_METRICS = f"<Version>1.0</Version>{_OFF}<RetentionPolicy>{_OFF}</RetentionPolicy>"
_LOGGING = (
    "<Logging><Version>1.0</Version><Delete>false</Delete><Read>false</Read><Write>false</Write>"
    f"<RetentionPolicy>{_OFF}</RetentionPolicy></Logging>"
)
_DEFAULTS = {
    "Logging": _LOGGING,
    "HourMetrics": f"<HourMetrics>{_METRICS}</HourMetrics>",
    "MinuteMetrics": f"<MinuteMetrics>{_METRICS}</MinuteMetrics>",
    "Cors": "<Cors/>",
    "DeleteRetentionPolicy": f"<DeleteRetentionPolicy>{_OFF}</DeleteRetentionPolicy>",
    "StaticWebsite": f"<StaticWebsite>{_OFF}</StaticWebsite>",
}
_OF_BLOBS = ("Logging", "DeleteRetentionPolicy", "StaticWebsite")
_KIND = "service"


async def account_information(call: Call) -> Response:
    """`GET ?restype=account&comp=properties`: what kind of account this is."""
    call.grant.check("racwdl", "s" if "s" in call.grant.types else "o")
    world = call.store.world
    document = world.documents.get(world.blobs.account_id(call.account)) or {}
    sku, kind = (document.get("sku") or {}).get("name", "Standard_LRS"), document.get("kind", "StorageV2")
    hierarchical = "true" if call.hierarchical else "false"
    headers = {"x-ms-sku-name": sku, "x-ms-account-kind": kind, "x-ms-is-hns-enabled": hierarchical}
    return Response(status_code=200, headers=headers)


async def properties(call: Call) -> Response:
    """`GET ?restype=service&comp=properties`: what was set, else that nothing is on."""
    call.grant.check("r", "s")
    kept: dict[str, str] = call.store.records.note(call.space, "", "", _KIND) or {}
    names = [name for name in _DEFAULTS if call.place.service != "file" or name not in _OF_BLOBS]
    return xml(
        f"<StorageServiceProperties>{''.join(kept.get(name, _DEFAULTS[name]) for name in names)}"
        "</StorageServiceProperties>"
    )


async def set_properties(call: Call) -> Response:
    """`PUT ?restype=service&comp=properties`: kept and told; nothing here acts on them."""
    call.grant.check("w", "s")
    body = await call.request.body()
    items = {item.tag: ElementTree.tostring(item, "unicode") for item in parsed(body)}
    await run_in_threadpool(_keep, call, {name: text for name, text in items.items() if name in _DEFAULTS})
    return Response(status_code=202)


def _keep(call: Call, items: dict[str, str]) -> None:
    with call.store.lock:
        kept = call.store.records.note(call.space, "", "", _KIND) or {}
        call.store.records.set_note(call.space, "", "", _KIND, kept | items)


async def delegation_key(call: Call) -> Response:
    """`POST ?restype=service&comp=userdelegationkey`: a key to sign with, for the holder of a token."""
    body = await call.request.body()
    version = call.headers.get("x-ms-version", API_VERSION)
    letter = "f" if call.place.service == "file" else "b"
    who = call.grant.who if "s" in call.grant.types else {}
    return xml(delegation.issue(call.store.world, call.account, who, letter, version, body))
