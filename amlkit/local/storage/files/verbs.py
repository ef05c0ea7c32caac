"""Which function answers which request to the file service."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response

from .. import containers, service
from ..auth import Place
from ..blobs import lease
from ..call import Call
from . import content, directories, handles, listing, ranges, renaming, shares

# method, resource, restype, comp
VERBS: dict[tuple[str, str, str, str], Callable[[Call], Awaitable[Response]]] = {
    ("GET", "account", "", "list"): shares.list_shares,
    ("GET", "account", "service", "properties"): service.properties,
    ("PUT", "account", "service", "properties"): service.set_properties,
    ("POST", "account", "service", "userdelegationkey"): service.delegation_key,
    ("PUT", "share", "share", ""): shares.create,
    ("GET", "share", "share", ""): shares.properties,
    ("HEAD", "share", "share", ""): shares.properties,
    ("DELETE", "share", "share", ""): containers.delete,
    ("PUT", "share", "share", "properties"): shares.set_properties,
    ("PUT", "share", "share", "metadata"): containers.set_metadata,
    ("GET", "share", "share", "metadata"): shares.properties,
    ("GET", "share", "share", "acl"): containers.get_policies,
    ("PUT", "share", "share", "acl"): containers.set_policies,
    ("GET", "share", "share", "stats"): shares.statistics,
    ("PUT", "share", "share", "lease"): lease,
    ("PUT", "share", "share", "filepermission"): shares.create_permission,
    ("GET", "share", "share", "filepermission"): shares.get_permission,
    ("PUT", "directory", "directory", ""): directories.create,
    ("GET", "directory", "directory", ""): directories.properties,
    ("HEAD", "directory", "directory", ""): directories.properties,
    ("DELETE", "directory", "directory", ""): directories.delete,
    ("PUT", "directory", "directory", "properties"): directories.set_properties,
    ("PUT", "directory", "directory", "metadata"): directories.set_metadata,
    ("GET", "directory", "directory", "metadata"): directories.properties,
    ("GET", "directory", "directory", "list"): listing.list_entries,
    ("PUT", "directory", "directory", "rename"): renaming.rename,
    ("GET", "directory", "", "listhandles"): handles.listed,
    ("PUT", "directory", "", "forceclosehandles"): handles.closed,
    ("PUT", "file", "", ""): content.create,
    ("GET", "file", "", ""): content.read,
    ("HEAD", "file", "", ""): content.properties,
    ("DELETE", "file", "", ""): content.delete,
    ("PUT", "file", "", "properties"): content.set_properties,
    ("PUT", "file", "", "metadata"): content.set_metadata,
    ("GET", "file", "", "metadata"): content.properties,
    ("PUT", "file", "", "lease"): lease,
    ("PUT", "file", "", "copy"): content.abort_copy,
    ("PUT", "file", "", "rename"): renaming.rename,
    ("PUT", "file", "", "range"): ranges.put,
    ("GET", "file", "", "rangelist"): ranges.listed,
    ("GET", "file", "", "listhandles"): handles.listed,
    ("PUT", "file", "", "forceclosehandles"): handles.closed,
}


def key_of(request: Request, place: Place) -> tuple[str, str, str, str]:
    """What is asked."""
    query = request.query_params
    restype, comp = query.get("restype", "").lower(), query.get("comp", "").lower()
    if not place.container:
        resource = "account"
    elif restype == "directory" or (not place.path and comp.endswith("handles")):
        resource = "directory"
    else:
        resource = "file" if place.path else "share"
    return request.method, resource, restype, comp
