"""Containers, and the list of their blobs."""

from __future__ import annotations

import base64
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote
from xml.sax.saxutils import escape, quoteattr

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from ..blobs import CONTAINER_NAME
from ..web import AzureError
from .call import Call
from .errors import storage_error
from .records import CONTAINER, Blob, Content, change_headers, etag_of, http_date

PAGE = 5000  # Azure's largest page
_NOT_XML = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff]")


async def create(call: Call) -> Response:
    """`PUT ?restype=container`."""
    call.grant.check("cw", "m")
    if not CONTAINER_NAME.fullmatch(call.container):
        raise AzureError(400, "InvalidResourceName", "The specified resource name contains invalid characters.")
    return await run_in_threadpool(_create, call)


def _create(call: Call) -> Response:
    with call.store.lock:
        if not call.store.world.blobs.create_container(call.account, call.container):
            raise storage_error("ContainerAlreadyExists")
        _keep_metadata(call)
    return Response(status_code=201, headers=_headers(call.folder()))


async def properties(call: Call) -> Response:
    """`GET` or `HEAD ?restype=container`."""
    call.grant.check("rl", "c")
    metadata = call.store.records.container_metadata(call.account, call.container)
    fixed = {
        "x-ms-lease-status": "unlocked",
        "x-ms-lease-state": "available",
        "x-ms-has-immutability-policy": "false",
        "x-ms-has-legal-hold": "false",
        "x-ms-default-encryption-scope": "$account-encryption-key",
        "x-ms-deny-encryption-scope-override": "false",
    }
    own = {f"x-ms-meta-{name}": value for name, value in metadata.items()}
    return Response(status_code=200, headers=_headers(call.folder()) | fixed | own)


async def set_metadata(call: Call) -> Response:
    """`PUT ?restype=container&comp=metadata`."""
    call.grant.check("w", "m")
    folder = call.folder()
    await run_in_threadpool(_keep_metadata, call)
    return Response(status_code=200, headers=_headers(folder))


async def delete(call: Call) -> Response:
    """`DELETE ?restype=container`, with all blobs."""
    call.grant.check("d", "m")
    return await run_in_threadpool(_delete, call)


def _delete(call: Call) -> Response:
    with call.store.lock:
        call.folder()
        call.store.world.blobs.delete_container(call.account, call.container)
        call.store.records.forget(call.account, call.container)
    return Response(status_code=202)


async def account_information(call: Call) -> Response:
    """`GET ?restype=account&comp=properties`: what kind of account this is."""
    call.grant.check("racwdl", "s" if "s" in call.grant.types else "o")
    headers = {"x-ms-sku-name": "Standard_LRS", "x-ms-account-kind": "StorageV2", "x-ms-is-hns-enabled": "false"}
    return Response(status_code=200, headers=headers)


async def list_containers(call: Call) -> Response:
    """`GET ?comp=list` of an account."""
    call.grant.check("l", "s")
    prefix = call.query.get("prefix", "")
    names = [name for name in call.store.world.blobs.containers(call.account) if name.startswith(prefix)]
    page = _page(call, names)
    items = "".join(_container_xml(call, name) for name in page.items)
    body = f"<Containers>{items}</Containers>"
    root = f"<EnumerationResults ServiceEndpoint={_endpoint(call)}>"
    return _xml(f"{root}{_echo(call, page)}{body}<NextMarker>{page.next}</NextMarker></EnumerationResults>")


async def list_blobs(call: Call) -> Response:
    """`GET ?restype=container&comp=list`, with prefix, delimiter, marker, maxresults and include."""
    call.grant.check("l", "c")
    return await run_in_threadpool(_list_blobs, call)


def _list_blobs(call: Call) -> Response:
    folder = call.folder()
    prefix, delimiter = call.query.get("prefix", ""), call.query.get("delimiter", "")
    include = set(call.query.get("include", "").split(","))
    names = sorted(name for name in _names(folder, prefix) if name.startswith(prefix))
    page = _page(call, _grouped(names, prefix, delimiter))
    parts = []
    for name in page.items:
        if delimiter and name.endswith(delimiter):
            parts.append(f"<BlobPrefix>{_name(name)}</BlobPrefix>")
        elif blob := call.store.records.read(call.account, call.container, name, folder / name):
            parts.append(_blob_xml(blob, metadata="metadata" in include))
    root = f"<EnumerationResults ServiceEndpoint={_endpoint(call)} ContainerName={quoteattr(call.container)}>"
    echo = _echo(call, page) + (f"<Delimiter>{escape(delimiter)}</Delimiter>" if delimiter else "")
    body = f"<Blobs>{''.join(parts)}</Blobs><NextMarker>{page.next}</NextMarker>"
    return _xml(f"{root}{echo}{body}</EnumerationResults>")


@dataclass(frozen=True)
class _Page:
    items: list[str]
    size: int
    next: str


def _page(call: Call, names: list[str]) -> _Page:
    try:
        size = int(call.query.get("maxresults", PAGE))
        after = base64.urlsafe_b64decode(call.query.get("marker", "")).decode()
    except ValueError as error:
        raise AzureError(400, "InvalidQueryParameterValue", "maxresults or marker is not valid.") from error
    if size < 1:
        raise AzureError(400, "OutOfRangeQueryParameterValue", "maxresults must be at least 1.")
    left = [name for name in names if name > after]
    items = left[: min(size, PAGE)]
    following = base64.urlsafe_b64encode(items[-1].encode()).decode() if len(left) > len(items) else ""
    return _Page(items, size, following)


def _names(root: Path, prefix: str) -> Iterator[str]:
    """The blobs below the deepest folder that the prefix names, as paths from the container."""
    start = prefix.rpartition("/")[0]
    if any(segment in ("", ".", "..") for segment in start.split("/")) and start:
        return
    for folder, _, files in os.walk(root / start):
        relative = os.path.relpath(folder, root)
        head = "" if relative == "." else f"{relative}/"
        yield from (head + name for name in files)


def _grouped(names: list[str], prefix: str, delimiter: str) -> list[str]:
    if not delimiter:
        return names
    found = set()
    for name in names:
        head, cut, _ = name[len(prefix) :].partition(delimiter)
        found.add(prefix + head + cut)
    return sorted(found)


def _echo(call: Call, page: _Page) -> str:
    named = {"prefix": "Prefix", "marker": "Marker"}
    texts = [f"<{tag}>{escape(call.query[name])}</{tag}>" for name, tag in named.items() if call.query.get(name)]
    return "".join([*texts, f"<MaxResults>{page.size}</MaxResults>"])


def _endpoint(call: Call) -> str:
    return quoteattr(f"https://{call.headers['host']}/")


def _name(name: str) -> str:
    if _NOT_XML.search(name):
        return f'<Name Encoded="true">{quote(name)}</Name>'
    return f"<Name>{escape(name)}</Name>"


def _blob_xml(blob: Blob, *, metadata: bool) -> str:
    content = blob.content
    values = {
        "Creation-Time": blob.last_modified,
        "Last-Modified": blob.last_modified,
        "Etag": blob.etag.strip('"'),
        "Content-Length": str(blob.size),
        "Content-Type": content.type,
        "Content-Encoding": content.encoding,
        "Content-Language": content.language,
        "Content-MD5": content.md5,
        "Cache-Control": content.cache_control,
        "Content-Disposition": content.disposition,
        "BlobType": "BlockBlob",
        "AccessTier": "Hot",
        "AccessTierInferred": "true",
        "LeaseStatus": "unlocked",
        "LeaseState": "available",
        "ServerEncrypted": "true",
    }
    inner = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in values.items())
    extra = _metadata_xml(content.metadata) if metadata else ""
    return f"<Blob>{_name(blob.name)}<Properties>{inner}</Properties>{extra}<OrMetadata/></Blob>"


def _container_xml(call: Call, name: str) -> str:
    blobs = call.store.world.blobs
    modified = blobs.container(call.account, name).stat().st_mtime_ns
    values = {"Last-Modified": http_date(modified), "Etag": etag_of(modified).strip('"'), "LeaseState": "available"}
    inner = "".join(f"<{tag}>{escape(value)}</{tag}>" for tag, value in values.items())
    metadata = ""
    if "metadata" in call.query.get("include", "").split(","):
        metadata = _metadata_xml(call.store.records.container_metadata(call.account, name))
    return f"<Container><Name>{escape(name)}</Name><Properties>{inner}</Properties>{metadata}</Container>"


def _metadata_xml(metadata: dict[str, str]) -> str:
    return "<Metadata>" + "".join(f"<{key}>{escape(value)}</{key}>" for key, value in metadata.items()) + "</Metadata>"


def _keep_metadata(call: Call) -> None:
    content = Content(metadata=call.metadata())
    call.store.records.write(call.account, call.container, CONTAINER, call.folder(), content)


def _headers(folder: Path) -> dict[str, str]:
    return change_headers(folder.stat().st_mtime_ns)


def _xml(text: str) -> Response:
    return Response(f'<?xml version="1.0" encoding="utf-8"?>{text}', 200, media_type="application/xml")
