"""Open handles: those of SMB clients, of which there are none here."""

from __future__ import annotations

from starlette.responses import Response

from ..call import Call
from ..errors import storage_error
from ..listing import xml


async def listed(call: Call) -> Response:
    """`GET ?comp=listhandles`: none."""
    call.grant.check("rl", "o" if "o" in call.grant.types else "c")
    _existing(call)
    return xml("<EnumerationResults><Entries/><NextMarker/></EnumerationResults>")


async def closed(call: Call) -> Response:
    """`PUT ?comp=forceclosehandles`: none was open."""
    call.grant.check("w", "o" if "o" in call.grant.types else "c")
    _existing(call)
    counts = {"x-ms-number-of-handles-closed": "0", "x-ms-number-of-handles-failed": "0"}
    return Response(status_code=200, headers=counts)


def _existing(call: Call) -> None:
    if call.name and call.find() is None:
        raise storage_error("ResourceNotFound")
    call.folder()
