"""Which function answers which request to the blob service."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from . import blobs, blocks, containers, copying, listing, service, uploads
from .auth import Place
from .call import Call


async def _abort_copy(call: Call) -> Response:
    call.grant.check("w", "o")
    return await run_in_threadpool(copying.abort_copy, call)


async def _batch(call: Call) -> Response:
    raise AssertionError("answered by the application")


# method, resource, restype, comp
VERBS: dict[tuple[str, str, str, str], Callable[[Call], Awaitable[Response]]] = {
    ("GET", "account", "", "list"): containers.list_containers,
    ("GET", "account", "account", "properties"): service.account_information,
    ("HEAD", "account", "account", "properties"): service.account_information,
    ("GET", "account", "service", "properties"): service.properties,
    ("PUT", "account", "service", "properties"): service.set_properties,
    ("POST", "account", "service", "userdelegationkey"): service.delegation_key,
    ("POST", "account", "", "batch"): _batch,
    ("GET", "container", "account", "properties"): service.account_information,
    ("PUT", "container", "container", ""): containers.create,
    ("GET", "container", "container", ""): containers.properties,
    ("HEAD", "container", "container", ""): containers.properties,
    ("GET", "container", "container", "metadata"): containers.properties,
    ("HEAD", "container", "container", "metadata"): containers.properties,
    ("PUT", "container", "container", "metadata"): containers.set_metadata,
    ("GET", "container", "container", "acl"): containers.get_policies,
    ("HEAD", "container", "container", "acl"): containers.get_policies,
    ("PUT", "container", "container", "acl"): containers.set_policies,
    ("PUT", "container", "container", "lease"): blobs.lease,
    ("DELETE", "container", "container", ""): containers.delete,
    ("GET", "container", "container", "list"): listing.list_blobs,
    ("POST", "container", "container", "batch"): _batch,
    ("GET", "blob", "", ""): blobs.get,
    ("HEAD", "blob", "", ""): blobs.head,
    ("DELETE", "blob", "", ""): blobs.delete,
    ("PUT", "blob", "", "metadata"): blobs.set_metadata,
    ("GET", "blob", "", "metadata"): blobs.get_metadata,
    ("HEAD", "blob", "", "metadata"): blobs.get_metadata,
    ("PUT", "blob", "", "properties"): blobs.set_properties,
    ("PUT", "blob", "", "tier"): blobs.set_tier,
    ("PUT", "blob", "", "lease"): blobs.lease,
    ("PUT", "blob", "", "copy"): _abort_copy,
    ("PUT", "blob", "", "appendblock"): uploads.append_block,
    ("PUT", "blob", "", ""): uploads.put_blob,
    ("PUT", "blob", "", "block"): blocks.put_block,
    ("PUT", "blob", "", "blocklist"): blocks.put_block_list,
    ("GET", "blob", "", "blocklist"): blocks.get_block_list,
    ("GET", "blob", "account", "properties"): service.account_information,
}


def key_of(request: Request, place: Place) -> tuple[str, str, str, str]:
    """What is asked."""
    resource = "blob" if place.path else "container" if place.container else "account"
    query = request.query_params
    return request.method, resource, query.get("restype", "").lower(), query.get("comp", "").lower()
