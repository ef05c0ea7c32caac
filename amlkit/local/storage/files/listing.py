"""The list of what is in a directory of a share."""

from __future__ import annotations

from urllib.parse import quote
from xml.sax.saxutils import quoteattr

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from ..call import Call
from ..errors import storage_error
from ..listing import echo, elements, endpoint, entries_of, next_marker, page_of, xml, xml_name
from ..records import Blob
from .entries import entry_headers, existing

_INCLUDES = {"timestamps", "etag", "attributes", "permissionkey"}


async def list_entries(call: Call) -> Response:
    """`GET ?restype=directory&comp=list`, with prefix, marker, maxresults and include."""
    call.grant.check("l", "c")
    return await run_in_threadpool(_list_entries, call)


def _list_entries(call: Call) -> Response:
    directory = existing(call, folder=True)
    include = {word.lower() for word in call.query.get("include", "").split(",") if word}
    if include - _INCLUDES:
        raise storage_error("InvalidQueryParameterValue", f"include: {', '.join(sorted(include - _INCLUDES))}.")
    prefix = call.query.get("prefix", "")
    names = sorted(entry.name for entry in entries_of(directory.path) if entry.name.startswith(prefix))
    page = page_of(names, call.query.get("maxresults"), call.query.get("marker", ""))
    head = f"{call.name}/" if call.name else ""
    files = {head + name: directory.path / name for name in page.items}
    found = call.store.records.read_many(call.space, call.container, files, folders=True)
    items = "".join(_entry_xml(call, blob, include) for blob in found)
    root = (
        f"<EnumerationResults ServiceEndpoint={endpoint(call)} ShareName={quoteattr(call.container)} "
        f"DirectoryPath={quoteattr(quote(call.name))}>"
    )
    number = f"<DirectoryId>{directory.path.stat().st_ino}</DirectoryId>"
    body = f"{echo(call, page)}{number}<Entries>{items}</Entries>{next_marker(page)}"
    return xml(f"{root}{body}</EnumerationResults>")


def _entry_xml(call: Call, blob: Blob, include: set[str]) -> str:
    headers = entry_headers(call, blob)
    values = {"Content-Length": "" if blob.is_folder else str(blob.size)}
    if "timestamps" in include:
        values["CreationTime"] = headers["x-ms-file-creation-time"]
        values["LastAccessTime"] = headers["x-ms-file-last-write-time"]
        values["LastWriteTime"] = headers["x-ms-file-last-write-time"]
        values["ChangeTime"] = headers["x-ms-file-change-time"]
        values["Last-Modified"] = headers["Last-Modified"]
    if "etag" in include:
        values["Etag"] = headers["ETag"]
    tag = "Directory" if blob.is_folder else "File"
    number = f"<FileId>{headers['x-ms-file-id']}</FileId>"
    name = xml_name(blob.name.rpartition("/")[2])
    more = {"Attributes": headers["x-ms-file-attributes"]} if "attributes" in include else {}
    if "permissionkey" in include:
        more["PermissionKey"] = headers["x-ms-file-permission-key"]
    return f"<{tag}>{number}{name}<Properties>{elements(values)}</Properties>{elements(more)}</{tag}>"
