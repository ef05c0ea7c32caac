"""Containers of blobs: make, describe, delete them, and say who may sign for them; half of it is for shares too."""

from __future__ import annotations

import re
from pathlib import Path

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from ..blobs import CONTAINER_NAME
from ..web import AzureError
from .answers import Described
from .call import Call
from .conditions import Conditions
from .errors import storage_error
from .leases import lease_headers, leases_of
from .listing import echo, elements, endpoint, metadata_xml, next_marker, page_of, xml, xml_name
from .policies import Policies
from .records import CONTAINER, Blob, Content, change_headers, etag_of, http_date


async def create(call: Call) -> Response:
    """`PUT ?restype=container`."""
    call.grant.check("cw", "m")
    check_name(call.container, CONTAINER_NAME)
    if call.headers.get("x-ms-blob-public-access"):
        _refuse_public_access(call)
    return await run_in_threadpool(_create, call)


def _create(call: Call) -> Response:
    with call.store.lock:
        metadata = call.metadata()
        if not call.store.world.blobs.create_container(call.account, call.container):
            raise storage_error("ContainerAlreadyExists")
        keep_metadata(call, metadata)
    return Response(status_code=201, headers=headers_of(call.folder()))


async def properties(call: Call) -> Response:
    """`GET` or `HEAD ?restype=container`, and with `comp=metadata`."""
    call.grant.check("rl", "c")
    metadata = call.store.records.container_metadata(call.space, call.container)
    own = {f"x-ms-meta-{name}": value for name, value in metadata.items()}
    if call.query.get("comp") == "metadata":
        return Described(status_code=200, headers=headers_of(call.folder()) | own)
    folder = call.folder()
    leases = call.leases("")
    leases.check(call.headers.get("x-ms-lease-id"), writes=False)
    fixed = {
        "x-ms-has-immutability-policy": "false",
        "x-ms-has-legal-hold": "false",
        "x-ms-default-encryption-scope": "$account-encryption-key",
        "x-ms-deny-encryption-scope-override": "false",
    }
    return Described(status_code=200, headers=headers_of(folder) | fixed | leases.headers() | own)


async def set_metadata(call: Call) -> Response:
    """`PUT ?restype=container&comp=metadata`, and of a share."""
    call.grant.check("w", "m")
    return await run_in_threadpool(_set_metadata, call)


def _set_metadata(call: Call) -> Response:
    with call.store.lock:
        folder = call.folder()
        _check(call, folder)
        metadata = call.metadata()
        folder.touch()
        keep_metadata(call, metadata)
    return Response(status_code=200, headers=headers_of(folder))


async def delete(call: Call) -> Response:
    """`DELETE ?restype=container`, with all blobs; and of a share, and of a file system."""
    call.grant.check("d", "m")
    return await run_in_threadpool(_delete, call)


def _delete(call: Call) -> Response:
    with call.store.lock:
        _check(call, call.folder())
        blobs = call.store.world.blobs
        (blobs.delete_share if call.place.service == "file" else blobs.delete_container)(call.account, call.container)
    return Response(status_code=202)


async def get_policies(call: Call) -> Response:
    """`GET ?restype=container&comp=acl`: the stored access policies; and of a share."""
    if not call.grant.is_owner:
        raise storage_error("AuthorizationPermissionMismatch")
    folder = call.folder()
    call.leases("").check(call.headers.get("x-ms-lease-id"), writes=False)
    answer = xml(Policies(call.store.records).as_xml(call.space, call.container))
    answer.headers.update(headers_of(folder))
    return answer


async def set_policies(call: Call) -> Response:
    """`PUT ?restype=container&comp=acl`: replace the stored access policies; and of a share."""
    if not call.grant.is_owner:
        raise storage_error("AuthorizationPermissionMismatch")
    if call.headers.get("x-ms-blob-public-access"):
        _refuse_public_access(call)
    body = await call.request.body()
    return await run_in_threadpool(_set_policies, call, body)


def _set_policies(call: Call, body: bytes) -> Response:
    with call.store.lock:
        folder = call.folder()
        _check(call, folder)
        Policies(call.store.records).replace(call.space, call.container, body)
        folder.touch()
    return Response(status_code=200, headers=headers_of(folder))


async def list_containers(call: Call) -> Response:
    """`GET ?comp=list` of an account."""
    call.grant.check("l", "s")
    prefix = call.query.get("prefix", "")
    names = [name for name in call.store.world.blobs.containers(call.account) if name.startswith(prefix)]
    page = page_of(names, call.query.get("maxresults"), call.query.get("marker", ""))
    items = "".join(_container_xml(call, name) for name in page.items)
    body = f"<Containers>{items}</Containers>"
    root = f"<EnumerationResults ServiceEndpoint={endpoint(call)}>"
    return xml(f"{root}{echo(call, page)}{body}{next_marker(page)}</EnumerationResults>")


def check_name(name: str, legal: re.Pattern[str]) -> None:
    """Refuse a name that a container or share cannot have.

    Raises:
        AzureError: 400.
    """
    if not 3 <= len(name) <= 63 and not name.startswith("$"):
        raise storage_error("OutOfRangeInput", "The length of the name.")
    if not legal.fullmatch(name):
        raise storage_error("InvalidResourceName")


def keep_metadata(call: Call, metadata: dict[str, str]) -> None:
    """Replace the metadata of the container or share."""
    call.store.records.write(call.space, call.container, CONTAINER, call.folder(), Content(metadata=metadata))


def headers_of(folder: Path) -> dict[str, str]:
    """When the container or share was last changed."""
    return change_headers(folder.stat().st_mtime_ns)


def _check(call: Call, folder: Path) -> None:
    is_share = call.place.service == "file"
    if not is_share:  # shares know no conditions
        found = Blob("", folder, 0, folder.stat().st_mtime_ns, Content(), is_folder=True)
        Conditions.of(call.headers).check(found, reads=False)
    writes = is_share or call.request.method == "DELETE"  # of a container only its deletion needs the lease's id
    call.leases("").check(call.headers.get("x-ms-lease-id"), writes=writes)


def _refuse_public_access(call: Call) -> None:
    account = call.store.world.documents.get(call.store.world.blobs.account_id(call.account))
    if not (account and account["properties"].get("allowBlobPublicAccess")):
        raise AzureError(409, "PublicAccessNotPermitted", "Public access is not permitted on this storage account.")
    raise AzureError(501, "NotImplemented", "Public access does not exist in the local Azure ML.")


def _container_xml(call: Call, name: str) -> str:
    modified = call.store.world.blobs.container(call.account, name).stat().st_mtime_ns
    records = call.store.records
    lease = lease_headers(leases_of(records, call.space, name).get(CONTAINER))
    values = {
        "Last-Modified": http_date(modified),
        "Etag": etag_of(modified).strip('"'),
        "LeaseStatus": lease["x-ms-lease-status"],
        "LeaseState": lease["x-ms-lease-state"],
        "LeaseDuration": lease.get("x-ms-lease-duration", ""),
        "HasImmutabilityPolicy": "false",
        "HasLegalHold": "false",
    }
    metadata = ""
    if "metadata" in call.query.get("include", "").split(","):
        metadata = metadata_xml(records.container_metadata(call.space, name))
    return f"<Container>{xml_name(name)}<Properties>{elements(values)}</Properties>{metadata}</Container>"
