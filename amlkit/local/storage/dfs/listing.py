"""The list of the paths of a file system or of a directory, in pages."""

from __future__ import annotations

from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response

from ..access import access_headers
from ..call import Call
from ..errors import storage_error
from ..listing import entries_of, names_below, page_of
from ..records import Blob

_TICKS_AT_EPOCH = 116_444_736_000_000_000  # hundreds of nanoseconds from 1601 to 1970


async def list_paths(call: Call) -> Response:
    """`GET ?resource=filesystem&recursive=…&directory=…&continuation=…&maxResults=…`."""
    call.grant.check("l", "c")
    return await run_in_threadpool(_list_paths, call)


def _list_paths(call: Call) -> Response:
    root = call.folder()
    if "recursive" not in call.query:
        raise storage_error("InvalidQueryParameterValue", "recursive is missing.")
    directory = call.query.get("directory", "").strip("/")
    start = call.path(directory)
    if not start.exists():
        raise storage_error("PathNotFound")
    names = [directory] if start.is_file() else _names(call, directory)
    page = page_of(names, call.query.get("maxResults"), call.query.get("continuation", ""))
    files = {name: root / name for name in page.items}
    found = call.store.records.read_many(call.space, call.container, files, folders=True)
    headers = {"x-ms-continuation": page.next} if page.next else {}
    return JSONResponse({"paths": [_item(blob) for blob in found]}, headers=headers)


def _names(call: Call, directory: str) -> list[str]:
    head = f"{directory}/" if directory else ""
    if call.query["recursive"].lower() == "true":
        return sorted(names_below(call.folder(), head, folders=""))
    return sorted(head + entry.name for entry in entries_of(call.path(directory)))


def _item(blob: Blob) -> dict[str, str]:
    access = access_headers(blob)
    created = blob.content.created or blob.modified
    item = {
        "name": blob.name,
        "contentLength": str(blob.size),
        "creationTime": str(_TICKS_AT_EPOCH + created // 100),
        "etag": blob.etag.strip('"'),
        "lastModified": blob.last_modified,
        "owner": access["x-ms-owner"],
        "group": access["x-ms-group"],
        "permissions": access["x-ms-permissions"],
    }
    return item | ({"isDirectory": "true"} if blob.is_folder else {})
