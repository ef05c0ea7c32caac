"""`x-ms-properties`, metadata as Data Lake writes it: `name=base64,name=base64`; and the headers of a path."""

from __future__ import annotations

import base64
import binascii
import re

from ..access import access_headers
from ..answers import PREFIX
from ..call import METADATA_NAME, Call, content_headers
from ..errors import storage_error
from ..records import Blob

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def parsed(text: str) -> dict[str, str]:
    """Metadata of the header.

    Raises:
        AzureError: 400: not written like that, or what cannot be a header where the service of blobs tells it.
    """
    found = {}
    for item in filter(None, text.split(",")):
        name, cut, value = item.strip().partition("=")
        try:
            found[name] = base64.b64decode(value, validate=True).decode()
            found[name].encode("latin-1")
        except (binascii.Error, UnicodeError) as error:
            raise storage_error("InvalidInput", f"x-ms-properties: {item}.") from error
        if not cut or _CONTROL.search(found[name]):
            raise storage_error("InvalidInput", f"x-ms-properties: {item}.")
        if not METADATA_NAME.fullmatch(name):
            raise storage_error("InvalidPropertyName", f"x-ms-properties: {item}.")
    return found


def written(metadata: dict[str, str]) -> str:
    """The header of metadata."""
    return ",".join(f"{name}={base64.b64encode(value.encode()).decode()}" for name, value in metadata.items())


def path_headers(call: Call, blob: Blob) -> dict[str, str]:
    """The headers that describe a file or directory."""
    headers = {
        "ETag": blob.etag,
        "Last-Modified": blob.last_modified,
        "Accept-Ranges": "bytes",
        "x-ms-creation-time": blob.created,
        "x-ms-resource-type": "directory" if blob.is_folder else "file",
        "x-ms-server-encrypted": "true",
    }
    own = {name: value for name, value in content_headers(blob.content).items() if not name.startswith(PREFIX)}
    headers |= own | call.leases().headers() | access_headers(blob)
    if blob.content.metadata:
        headers["x-ms-properties"] = written(blob.content.metadata)
    return headers
