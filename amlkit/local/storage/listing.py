"""Lists of names in pages, and the list of the blobs of a container."""

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

from ..blobs import segments
from ..web import AzureError
from .access import access_headers
from .call import FOLDER_MARK, Call
from .errors import storage_error
from .leases import lease_headers, leases_of
from .records import Blob

PAGE = 5000  # Azure's largest page
_NOT_XML = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff]")
_NO_TEXT = re.compile(r"[\ud800-\udfff]")  # a byte that is not UTF-8
_INCLUDES = {"snapshots", "metadata", "uncommittedblobs", "copy", "deleted", "tags", "versions", "permissions"}
_INCLUDES |= {"deletedwithversions", "immutabilitypolicy", "legalhold"}


@dataclass(frozen=True)
class Page:
    """Some of the names; where the next page begins, empty if there is none; how many were asked for."""

    items: list[str]
    size: int
    next: str


def page_of(names: list[str], size: str | None, marker: str, most: int = PAGE) -> Page:
    """The page that a request asks for, of sorted names.

    Raises:
        AzureError: 400: no such size or marker.
    """
    try:
        count = int(size) if size is not None else most
        after = base64.urlsafe_b64decode(marker).decode()
    except ValueError as error:
        raise storage_error("InvalidQueryParameterValue", "The size of the page, or the marker.") from error
    if count < 1:
        raise storage_error("OutOfRangeQueryParameterValue", "The size of the page.")
    left = [name for name in names if name > after] if after else names
    items = left[: min(count, most)]
    following = base64.urlsafe_b64encode(items[-1].encode()).decode() if len(left) > len(items) else ""
    return Page(items, min(count, most), following)


async def list_blobs(call: Call) -> Response:
    """`GET ?restype=container&comp=list`, with prefix, delimiter, marker, maxresults and include."""
    call.grant.check("l", "c")
    return await run_in_threadpool(_list_blobs, call)


def _list_blobs(call: Call) -> Response:
    folder = call.folder()
    prefix, delimiter = call.query.get("prefix", ""), call.query.get("delimiter", "")
    include = {word for word in call.query.get("include", "").split(",") if word}
    if include - _INCLUDES:
        raise storage_error("InvalidQueryParameterValue", f"include: {', '.join(sorted(include - _INCLUDES))}.")
    if delimiter == "/":
        found = _level(folder, prefix, empty=call.hierarchical)
    else:
        found = names_below(folder, prefix, folders="" if call.hierarchical else None)
    names = sorted(name for name in found if name.startswith(prefix))
    page = page_of(_grouped(names, prefix, delimiter), call.query.get("maxresults"), call.query.get("marker", ""))
    files = {name: folder / name for name in page.items if not (delimiter and name.endswith(delimiter))}
    records = call.store.records
    blobs = {
        blob.name: blob for blob in records.read_many(call.space, call.container, files, folders=call.hierarchical)
    }
    leases = leases_of(records, call.space, call.container)
    parts = []
    for name in page.items:
        if name in blobs:
            parts.append(_blob_xml(call, blobs[name], include, lease_headers(leases.get(name))))
        elif name not in files:
            parts.append(f"<BlobPrefix>{xml_name(name)}</BlobPrefix>")
    root = f"<EnumerationResults ServiceEndpoint={endpoint(call)} ContainerName={quoteattr(call.container)}>"
    shown = echo(call, page) + (f"<Delimiter>{escape(delimiter)}</Delimiter>" if delimiter else "")
    body = f"<Blobs>{''.join(parts)}</Blobs>{next_marker(page)}"
    return xml(f"{root}{shown}{body}</EnumerationResults>")


def names_below(root: Path, prefix: str = "", *, folders: str | None = None) -> Iterator[str]:
    """The files below the deepest folder that the prefix names, as paths from the root, in no order; folders too if it
    is said what their names end in.
    """
    waiting = _deepest(root, prefix)
    while waiting:
        folder, head = waiting.pop()
        for entry in entries_of(folder):
            if entry.is_dir():
                if not entry.is_symlink():  # one may lead round in a circle
                    waiting.append((Path(entry.path), f"{head}{entry.name}/"))
                if folders is not None:
                    yield f"{head}{entry.name}{folders}"
            else:
                yield head + entry.name


def entries_of(folder: Path) -> list[os.DirEntry[str]]:
    """What is in a folder, in no order, without what steps gave a name that is no text; nothing if it is none."""
    try:
        with os.scandir(folder) as entries:
            return [entry for entry in entries if not _NO_TEXT.search(entry.name)]
    except (FileNotFoundError, NotADirectoryError):
        return []


def _level(root: Path, prefix: str, *, empty: bool) -> Iterator[str]:
    """The files in the deepest folder that the prefix names, and its folders, with a slash; `empty` ones too or not."""
    for folder, head in _deepest(root, prefix):
        for entry in entries_of(folder):
            if not entry.is_dir():
                yield head + entry.name
            elif empty or next(names_below(Path(entry.path)), None) is not None:
                yield f"{head}{entry.name}/"


def _deepest(root: Path, prefix: str) -> list[tuple[Path, str]]:
    """The deepest folder that the prefix names, with what names in it begin with; none if it can be none."""
    start = prefix.rpartition("/")[0]
    try:
        return [(root.joinpath(*segments(start)), f"{start}/" if start else "")]
    except AzureError:
        return []


def echo(call: Call, page: Page) -> str:
    """What a list repeats of its request."""
    values = {"Prefix": call.query.get("prefix", ""), "Marker": call.query.get("marker", "")}
    return elements(values | ({"MaxResults": str(page.size)} if "maxresults" in call.query else {}))


def endpoint(call: Call) -> str:
    """The address of the service, as an attribute."""
    return quoteattr(f"https://{call.headers['host']}/")


def next_marker(page: Page) -> str:
    """Where the next page begins."""
    return f"<NextMarker>{page.next}</NextMarker>" if page.next else "<NextMarker/>"


def xml_name(name: str) -> str:
    """A name as an element; one that XML cannot hold is quoted."""
    if _NOT_XML.search(name):
        return f'<Name Encoded="true">{quote(name)}</Name>'
    return f"<Name>{escape(name)}</Name>"


def metadata_xml(metadata: dict[str, str]) -> str:
    """Metadata as an element."""
    return "<Metadata>" + "".join(f"<{key}>{escape(value)}</{key}>" for key, value in metadata.items()) + "</Metadata>"


def xml(text: str, status: int = 200) -> Response:
    """An answer of this XML."""
    return Response(f'<?xml version="1.0" encoding="utf-8"?>{text}', status, media_type="application/xml")


def elements(values: dict[str, str]) -> str:
    """Elements in a row, without the empty ones."""
    return "".join(f"<{tag}>{escape(value)}</{tag}>" for tag, value in values.items() if value)


def _grouped(names: list[str], prefix: str, delimiter: str) -> list[str]:
    if not delimiter:
        return names
    found = set()
    for name in names:
        head, cut, _ = name[len(prefix) :].partition(delimiter)
        found.add(prefix + head + cut)
    return sorted(found)


def _blob_xml(call: Call, blob: Blob, include: set[str], lease: dict[str, str]) -> str:
    content = blob.content
    values = {
        "Creation-Time": blob.created,
        "Last-Modified": blob.last_modified,
        "Etag": blob.etag.strip('"'),
        "ResourceType": ("directory" if blob.is_folder else "file") if call.hierarchical else "",
        "Content-Length": str(blob.size),
        "Content-Type": content.type,
        "Content-Encoding": content.encoding,
        "Content-Language": content.language,
        "Content-MD5": content.md5,
        "Cache-Control": content.cache_control,
        "Content-Disposition": content.disposition,
        "BlobType": content.kind,
        "AccessTier": "" if content.kind == "AppendBlob" else content.tier or "Hot",
        "AccessTierInferred": "" if content.tier or content.kind == "AppendBlob" else "true",
        "LeaseStatus": lease["x-ms-lease-status"],
        "LeaseState": lease["x-ms-lease-state"],
        "LeaseDuration": lease.get("x-ms-lease-duration", ""),
        "ServerEncrypted": "true",
    }
    if "copy" in include and content.copy:
        names = {"id": "CopyId", "status": "CopyStatus", "source": "CopySource", "progress": "CopyProgress"}
        names["completion-time"] = "CopyCompletionTime"
        values |= {tag: content.copy[name] for name, tag in names.items() if name in content.copy}
    if "permissions" in include and call.hierarchical:
        access = access_headers(blob)
        values |= {name: access[f"x-ms-{name.lower()}"] for name in ("Owner", "Group", "Permissions")}
    extra = ""
    if "metadata" in include:
        extra = metadata_xml(content.metadata | ({FOLDER_MARK: "true"} if blob.is_folder else {}))
    return f"<Blob>{xml_name(blob.name)}<Properties>{elements(values)}</Properties>{extra}<OrMetadata/></Blob>"
