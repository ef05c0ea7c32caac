"""What files and directories of a share have in common: where they are, their attributes, times and permissions."""

from __future__ import annotations

import hashlib
import os
import time
from dataclasses import replace
from datetime import UTC, datetime

from ..call import Call
from ..errors import storage_error
from ..records import CONTAINER, Blob, Content, change_headers

_PERMISSION = "permission:"
_NOW = ("now", "")
_PRESERVE = "preserve"
_TIMES = {"creation_time": "x-ms-file-creation-time", "last_write_time": "x-ms-file-last-write-time"}
INHERITED = "O:S-1-5-18G:S-1-5-18D:(A;;FA;;;SY)"  # the permission of what was given none


def existing(call: Call, *, folder: bool, writes: bool = False) -> Blob:
    """The file or directory of the request; the share itself where the path is empty.

    Raises:
        AzureError: 404: it or what it is in does not exist; 409: it is the other of the two; 412: a lease.
    """
    if not call.name:
        root = call.folder()
        blob = call.store.records.read(call.space, call.container, CONTAINER, root, folders=True)
        return replace(blob, content=Content()) if blob else _missing()
    check_parent(call)
    found = call.find()
    if found is None:
        raise storage_error("ResourceNotFound")
    if found.is_folder != folder:
        raise storage_error("ResourceNotFound" if not writes else "ResourceTypeMismatch")
    if not folder:
        call.leases().check(call.headers.get("x-ms-lease-id"), writes=writes)
    return found


def check_parent(call: Call) -> None:
    """Refuse a path whose directory does not exist.

    Raises:
        AzureError: 404.
    """
    above = call.name.rpartition("/")[0]
    if not call.path(above).is_dir():
        raise storage_error("ParentNotFound")


def entry_headers(call: Call, blob: Blob) -> dict[str, str]:
    """The headers about a file or directory as such, without those of its content."""
    more, number = blob.content.more, blob.path.stat().st_ino
    parent = blob.path.parent.stat().st_ino if call.name else 0
    return change_headers(blob.modified) | {
        "x-ms-file-attributes": more.get("attributes", "Directory" if blob.is_folder else "Archive"),
        "x-ms-file-creation-time": more.get("creation_time") or stamp(blob.content.created or blob.modified),
        "x-ms-file-last-write-time": more.get("last_write_time") or stamp(blob.modified),
        "x-ms-file-change-time": stamp(blob.modified),
        "x-ms-file-permission-key": more.get("permission_key") or keep_permission(call, INHERITED),
        "x-ms-file-id": str(number),
        "x-ms-file-parent-id": str(parent),
    }


def with_attributes(content: Content, call: Call, *, new: bool) -> Content:
    """The content with the attributes, times and permission that the request sends.

    Raises:
        AzureError: 400: a time that is none; a permission that nobody made.
    """
    more, headers = dict(content.more), call.headers
    attributes = headers.get("x-ms-file-attributes", "")
    if attributes and attributes.lower() not in ("none", _PRESERVE):
        more["attributes"] = attributes
    for name, header in _TIMES.items():
        text = headers.get(header, "")
        if text.lower() == _PRESERVE:
            continue
        more[name] = "" if text.lower() in _NOW else _time(text)
    permission, key = headers.get("x-ms-file-permission", ""), headers.get("x-ms-file-permission-key", "")
    if key:
        permission_of(call, key)
        more["permission_key"] = key
    elif permission and permission.lower() not in ("inherit", _PRESERVE):
        more["permission_key"] = keep_permission(call, permission)
    created = time.time_ns() if new else content.created
    return replace(content, created=created, more={name: value for name, value in more.items() if value})


def keep_permission(call: Call, text: str) -> str:
    """Keep a permission (SDDL) of the share; its key."""
    digest = int(hashlib.sha256(text.encode()).hexdigest()[:32], 16)
    key = f"{digest >> 64}*{digest & (1 << 64) - 1}"
    records = call.store.records
    if records.note(call.space, call.container, CONTAINER, _PERMISSION + key) is None:
        records.set_note(call.space, call.container, CONTAINER, _PERMISSION + key, text)
    return key


def permission_of(call: Call, key: str) -> str:
    """The permission with a key.

    Raises:
        AzureError: 400: nobody made it.
    """
    found = call.store.records.note(call.space, call.container, CONTAINER, _PERMISSION + key)
    if found is None:
        raise storage_error("FileInvalidPermissionKey")
    return str(found)


def touch(blob: Blob) -> None:
    """A change of headers is a change of the file: a new ETag."""
    if not blob.is_folder:
        os.utime(blob.path)


def stamp(modified: int) -> str:
    """RFC 3339 with seven digits of nanoseconds since 1970."""
    moment = datetime.fromtimestamp(modified // 1_000_000_000, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{modified % 1_000_000_000 // 100:07d}Z"


def _time(text: str) -> str:
    try:
        datetime.fromisoformat(text)
    except ValueError as error:
        raise storage_error("InvalidHeaderValue", f"Not a time: {text}.") from error
    return text


def _missing() -> Blob:
    raise storage_error("ShareNotFound")
