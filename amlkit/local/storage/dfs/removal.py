"""Deleting files, and directories with all that is in them."""

from __future__ import annotations

import shutil

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from ..call import Call
from ..errors import storage_error
from ..leases import leases_of


async def delete(call: Call) -> Response:
    """`DELETE ?recursive=true|false`; everything goes in one request, so no continuation is ever given."""
    call.grant.check("d", "o")
    return await run_in_threadpool(_delete, call)


def _delete(call: Call) -> Response:
    with call.store.lock:
        blob = call.existing("PathNotFound", writes=True)
        recursive = call.query.get("recursive", "").lower() == "true"
        if not blob.is_folder:
            blob.path.unlink()
        elif recursive:
            check_leases_below(call, call.name)
            shutil.rmtree(blob.path)
        elif any(blob.path.iterdir()):
            raise storage_error("DirectoryNotEmpty")
        else:
            blob.path.rmdir()
        call.store.records.forget_below(call.space, call.container, call.name)
    return Response(status_code=200, headers={"x-ms-delete-type-permanent": "true"})


def check_leases_below(call: Call, name: str) -> None:
    """Refuse what would take away a leased file below a directory.

    Raises:
        AzureError: 412.
    """
    for below, lease in leases_of(call.store.records, call.space, call.container).items():
        if below.startswith(f"{name}/") and lease.is_held:
            raise storage_error("LeaseIdMissing")
