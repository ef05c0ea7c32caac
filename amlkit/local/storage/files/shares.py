"""Shares: make, describe and list them, and keep the permissions that their files name. See `containers.py` too."""

from __future__ import annotations

import json
import os
from pathlib import Path

from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response

from ...blobs import SHARE_NAME
from ..answers import Described
from ..call import Call
from ..containers import check_name, headers_of, keep_metadata
from ..errors import storage_error
from ..listing import echo, elements, endpoint, metadata_xml, next_marker, page_of, xml, xml_name
from ..records import CONTAINER, etag_of, http_date
from .entries import keep_permission, permission_of

_QUOTA = 5120  # gibibytes, Azure's default
_MOST = 102_400
_TIER = "TransactionOptimized"
_KIND = "share"


async def create(call: Call) -> Response:
    """`PUT ?restype=share`."""
    call.grant.check("cw", "m")
    check_name(call.container, SHARE_NAME)
    return await run_in_threadpool(_create, call)


def _create(call: Call) -> Response:
    with call.store.lock:
        metadata, settings = call.metadata(), _settings(call)
        if not call.store.world.blobs.create_share(call.account, call.container):
            raise storage_error("ShareAlreadyExists")
        keep_metadata(call, metadata)
        call.store.records.set_note(call.space, call.container, CONTAINER, _KIND, settings)
    return Response(status_code=201, headers=headers_of(call.folder()))


async def properties(call: Call) -> Response:
    """`GET ?restype=share`."""
    call.grant.check("rl", "m")
    folder = call.folder()
    metadata = call.store.records.container_metadata(call.space, call.container)
    own = {f"x-ms-meta-{name}": value for name, value in metadata.items()}
    leases = call.leases("")
    leases.check(call.headers.get("x-ms-lease-id"), writes=False)
    return Described(status_code=200, headers=headers_of(folder) | _told(call, call.container) | leases.headers() | own)


async def set_properties(call: Call) -> Response:
    """`PUT ?restype=share&comp=properties`: the quota in gibibytes (told, not enforced) and the tier."""
    call.grant.check("w", "m")
    return await run_in_threadpool(_set_properties, call)


def _set_properties(call: Call) -> Response:
    with call.store.lock:
        folder = call.folder()
        call.leases("").check(call.headers.get("x-ms-lease-id"))
        kept = call.store.records.note(call.space, call.container, CONTAINER, _KIND) or {}
        call.store.records.set_note(call.space, call.container, CONTAINER, _KIND, kept | _settings(call))
        folder.touch()
    return Response(status_code=200, headers=headers_of(folder))


async def statistics(call: Call) -> Response:
    """`GET ?restype=share&comp=stats`: the bytes of all files."""
    call.grant.check("rl", "m")
    return await run_in_threadpool(_statistics, call)


def _statistics(call: Call) -> Response:
    folder = call.folder()
    size = sum((Path(top) / name).lstat().st_size for top, _, names in os.walk(folder) for name in names)
    answer = xml(f"<ShareStats><ShareUsageBytes>{size}</ShareUsageBytes></ShareStats>")
    answer.headers.update(headers_of(folder))
    return answer


async def create_permission(call: Call) -> Response:
    """`PUT ?restype=share&comp=filepermission`: keep a permission, for files to name."""
    call.grant.check("cw", "m")
    call.folder()
    try:
        text = json.loads(await call.request.body())["permission"]
    except (ValueError, KeyError, TypeError) as error:
        raise storage_error("InvalidInput", "The permission.") from error
    key = await run_in_threadpool(keep_permission, call, str(text))
    return Response(status_code=201, headers={"x-ms-file-permission-key": key})


async def get_permission(call: Call) -> Response:
    """`GET ?restype=share&comp=filepermission`."""
    call.grant.check("r", "m")
    call.folder()
    return JSONResponse({"permission": permission_of(call, call.headers.get("x-ms-file-permission-key", ""))})


async def list_shares(call: Call) -> Response:
    """`GET ?comp=list` of an account."""
    call.grant.check("l", "s")
    return await run_in_threadpool(_list_shares, call)


def _list_shares(call: Call) -> Response:
    prefix = call.query.get("prefix", "")
    names = [name for name in call.store.world.blobs.shares(call.account) if name.startswith(prefix)]
    page = page_of(names, call.query.get("maxresults"), call.query.get("marker", ""))
    items = "".join(_share_xml(call, name) for name in page.items)
    root = f"<EnumerationResults ServiceEndpoint={endpoint(call)}>"
    return xml(f"{root}{echo(call, page)}<Shares>{items}</Shares>{next_marker(page)}</EnumerationResults>")


def _share_xml(call: Call, name: str) -> str:
    modified = call.store.world.blobs.share(call.account, name).stat().st_mtime_ns
    told = _told(call, name)
    values = {
        "Last-Modified": http_date(modified),
        "Etag": etag_of(modified),
        "Quota": told["x-ms-share-quota"],
        "AccessTier": told["x-ms-access-tier"],
        "LeaseStatus": "unlocked",
        "LeaseState": "available",
    }
    metadata = ""
    if "metadata" in call.query.get("include", "").split(","):
        metadata = metadata_xml(call.store.records.container_metadata(call.space, name))
    return f"<Share>{xml_name(name)}<Properties>{elements(values)}</Properties>{metadata}</Share>"


def _told(call: Call, name: str) -> dict[str, str]:
    kept = call.store.records.note(call.space, name, CONTAINER, _KIND) or {}
    return {
        "x-ms-share-quota": str(kept.get("quota", _QUOTA)),
        "x-ms-access-tier": kept.get("tier", _TIER),
        "x-ms-enabled-protocols": "SMB",
        "x-ms-has-immutability-policy": "false",
        "x-ms-has-legal-hold": "false",
    }


def _settings(call: Call) -> dict[str, object]:
    found: dict[str, object] = {}
    quota = call.headers.get("x-ms-share-quota")
    if quota is not None:
        if not quota.isdecimal() or not 0 < int(quota) <= _MOST:
            raise storage_error("InvalidHeaderValue", f"x-ms-share-quota: {quota}.")
        found["quota"] = int(quota)
    if "x-ms-access-tier" in call.headers:
        found["tier"] = call.headers["x-ms-access-tier"]
    return found
