"""Workspaces that were deleted softly: their names stay taken for 14 days, or until they are purged.

What Microsoft's page on soft deletion says, as far as a client of ARM sees it. Recovery has no documented call and is
not there; jobs and data of a deleted workspace are gone at once. Used by `workspaces.py`.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from ..clock import text_of
from ..web import AzureError
from ..world import World

RETENTION = timedelta(days=14)
_TYPE = "amlkit/deletedWorkspaces"
_ROOT = "/deleted"  # no ARM id begins so: nobody sees these documents


def add(here: World, workspace: dict[str, Any]) -> None:
    """Keep the name of a workspace that was deleted softly."""
    until = text_of(here.clock.time() + RETENTION)
    here.documents.put(f"{_ROOT}{workspace['id']}", {"name": workspace["name"], "type": _TYPE, "until": until})


def purge(here: World, id_: str) -> None:
    """Give the name of a workspace free; `id_` is its ARM id, or that of its resource group: all of that one."""
    here.documents.delete(f"{_ROOT}{id_}")


def check_name(here: World, id_: str) -> None:
    """Refuse the id of a workspace that was deleted softly.

    Raises:
        AzureError: 400.
    """
    found = here.documents.get(f"{_ROOT}{id_}")
    if found is None:
        return
    if datetime.fromisoformat(found["until"]) <= here.clock.time():
        purge(here, id_)
        return
    message = "Soft-deleted workspace exists. Please purge or recover it. https://aka.ms/wsoftdelete"
    raise AzureError(400, "BadRequest", message)
