"""Which function answers which request to the Data Lake service."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response

from .. import containers, service
from ..auth import Place
from ..call import Call
from . import access, filesystems, listing, paths, removal, renaming, writing

# method, resource, restype, and what `resource`, `action`, `mode` or `comp` say
VERBS: dict[tuple[str, str, str, str], Callable[[Call], Awaitable[Response]]] = {
    ("GET", "account", "", "account"): filesystems.list_filesystems,
    ("GET", "account", "account", "properties"): service.account_information,
    ("POST", "account", "service", "userdelegationkey"): service.delegation_key,
    ("PUT", "filesystem", "", "filesystem"): filesystems.create,
    ("HEAD", "filesystem", "", "filesystem"): filesystems.properties,
    ("PATCH", "filesystem", "", "filesystem"): filesystems.set_properties,
    ("DELETE", "filesystem", "", "filesystem"): containers.delete,
    ("GET", "filesystem", "", "filesystem"): listing.list_paths,
    ("HEAD", "filesystem", "", "getaccesscontrol"): access.get,
    ("PATCH", "filesystem", "", "setaccesscontrol"): access.set_,
    ("PATCH", "filesystem", "", "setaccesscontrolrecursive"): access.set_recursive,
    ("PUT", "path", "", "file"): paths.create,
    ("PUT", "path", "", "directory"): paths.create,
    ("PUT", "path", "", "rename"): renaming.rename,
    ("GET", "path", "", ""): paths.read,
    ("HEAD", "path", "", ""): paths.properties,
    ("HEAD", "path", "", "getstatus"): paths.properties,
    ("HEAD", "path", "", "getaccesscontrol"): access.get,
    ("PATCH", "path", "", "append"): writing.append,
    ("PATCH", "path", "", "flush"): writing.flush,
    ("PATCH", "path", "", "setproperties"): paths.set_properties,
    ("PATCH", "path", "", "setaccesscontrol"): access.set_,
    ("PATCH", "path", "", "setaccesscontrolrecursive"): access.set_recursive,
    ("POST", "path", "", "lease"): paths.lease,
    ("DELETE", "path", "", ""): removal.delete,
}


def key_of(request: Request, place: Place) -> tuple[str, str, str, str]:
    """What is asked."""
    query, headers = request.query_params, request.headers
    named = bool(place.path.strip("/"))
    resource = "path" if named else "filesystem" if place.container else "account"
    what = query.get("action") or query.get("resource") or query.get("comp") or ""
    if named and request.method == "PUT" and "x-ms-rename-source" in headers:
        what = "rename"
    if named and request.method == "POST" and "x-ms-lease-action" in headers:
        what = "lease"
    return request.method, resource, query.get("restype", "").lower(), what.lower()
