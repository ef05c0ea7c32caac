"""The control door, for tests and rehearsals: inert types, the time of waits, faults, reset. Azure has none of it."""

from __future__ import annotations

import re
from typing import Any

from starlette.requests import Request

from .. import inert
from ..clock import text_of
from ..faults import Fault
from ..inert import Inert
from ..web import AzureError, Types, check_types, object_body, route, world
from . import deleted_workspaces, storage_accounts, vaults, workspaces

INERT = "/control/inert"
TIME = "/control/time"
FAULTS = "/control/faults"
PURGE = "/control/purge"
RESET = "/control/reset"
_FAULT: Types = {
    "method": str,
    "path": str,
    "when": str,
    "status": int,
    "code": str,
    "message": str,
    "retryAfter": int,
    "drop": bool,
    "count": int,
    "skip": int,
}
_LONGEST_SECONDS = 3600.0
_FARTHEST_SECONDS = 10 * 365 * 86400.0


def put_inert(request: Request, body: Any) -> dict[str, Any]:
    """`PUT`, `{"types": ["Microsoft.Network", "Microsoft.Authorization/locks"], "owner": "prod"}`: this owner's list.

    Raises:
        AzureError: 400: neither a namespace nor a type.
    """
    given = object_body(body)
    check_types(given, {"types": list, "owner": str})
    Inert(world(request).database).put(given.get("owner") or "", given.get("types") or [])
    return get_inert(request, None)


def get_inert(request: Request, _: Any) -> dict[str, Any]:
    """`GET`: the lists by owner, and the documents that are kept of such types."""
    here = world(request)
    kept = [{"id": each["id"], "type": each["type"]} for each in inert.documents(here)]
    return {"owners": Inert(here.database).all(), "documents": kept}


def get_time(request: Request, _: Any) -> dict[str, Any]:
    """`GET`: the time that waits are measured with, and how many seconds it is ahead of the computer's."""
    clock = world(request).clock
    return {"time": text_of(clock.time()), "ahead": clock.ahead}


def put_time(request: Request, body: Any) -> dict[str, Any]:
    """`PUT`, `{"advance": seconds}` from where it is, or `{"ahead": seconds}` of the computer's time; 0: as it was.

    Raises:
        AzureError: 400: no number of seconds.
    """
    given, clock = object_body(body), world(request).clock
    if ("advance" in given) == ("ahead" in given):
        raise AzureError(400, "InvalidRequestContent", "Give either 'advance' or 'ahead', in seconds.")
    seconds = _number(given, "advance") + clock.ahead if "advance" in given else _number(given, "ahead")
    if abs(seconds) > _FARTHEST_SECONDS:
        raise AzureError(400, "InvalidRequestContent", f"The time moves by {_FARTHEST_SECONDS:.0f} seconds at most.")
    clock.set_ahead(seconds)
    return get_time(request, None)


def add_fault(request: Request, body: Any) -> dict[str, Any]:
    """`POST`, `{"method": "PUT", "path": "storageAccounts/x$", "when": "after", "status": 500, "count": 2}`.

    `path` is a regular expression that is searched for in `<host>:<port><path>`, in any case. One of `status` (with
    `code`, `message`, `retryAfter`), `drop` (true) and `hang` (seconds, then the connection is dropped) is given.

    Raises:
        AzureError: 400: not such a rule.
    """
    given = object_body(body)
    check_types(given, _FAULT)
    world(request).faults.add(_fault(given))
    return get_faults(request, None)


def get_faults(request: Request, _: Any) -> dict[str, Any]:
    """`GET`: all rules with their hits, oldest first."""
    return {"value": [each.as_json() for each in world(request).faults.rules()]}


def clear_faults(request: Request, _: Any) -> None:
    """`DELETE`: no rules any more."""
    world(request).faults.clear()


def purge(request: Request, body: Any) -> None:
    """`POST`, `{"scope": "<id>"}`: vaults and workspaces that were deleted softly in this scope give their names free.

    Raises:
        AzureError: 400: no scope.
    """
    given = object_body(body)
    check_types(given, {"scope": str})
    scope = str(given.get("scope") or "").rstrip("/")
    if not scope.lower().startswith("/subscriptions/"):
        raise AzureError(400, "InvalidRequestContent", f"Not a scope of ARM: '{scope}'.")
    deleted_workspaces.purge(world(request), scope)
    vaults.purge_below(world(request), scope)


def reset(request: Request, _: Any) -> None:
    """`POST`: as after the first start: no resources, jobs or data, nothing inert, no faults, the computer's time."""
    here = world(request)
    for kind in (workspaces.KIND, storage_accounts.KIND):  # jobs end before their data goes
        for each in here.documents.of_type("/subscriptions", kind.type):
            kind.removed(here, each)
    with here.database.transaction() as connection:
        connection.execute("DELETE FROM documents")
        connection.execute("DELETE FROM inert")
    here.nodes.clear()
    here.clock.set_ahead(0)
    here.faults.clear()


def _fault(given: dict[str, Any]) -> Fault:
    try:
        path = re.compile(given.get("path") or "", re.IGNORECASE)
    except re.error as error:
        raise AzureError(400, "InvalidRequestContent", f"'path' is not a regular expression: {error}.") from error
    hang = _number(given, "hang") if "hang" in given else 0.0
    when, status, drop = given.get("when", "before"), given.get("status", 0), given.get("drop", False)
    if when not in ("before", "after"):
        raise AzureError(400, "InvalidRequestContent", f"'when' is 'before' or 'after', not '{when}'.")
    if bool(status) + bool(drop) + bool(hang) != 1 or (status and not 200 <= status <= 599):
        raise AzureError(400, "InvalidRequestContent", "Give one of 'status' (200 to 599), 'drop' and 'hang'.")
    if not 0 <= hang <= _LONGEST_SECONDS or given.get("count", 1) < 0 or given.get("skip", 0) < 0:
        raise AzureError(400, "InvalidRequestContent", "'hang', 'count' and 'skip' are not negative, an hour at most.")
    return Fault(
        path=path,
        method=str(given.get("method", "")).upper(),
        when=when,
        status=status,
        code=given.get("code", "InternalServerError"),
        message=given.get("message", "A fault that was asked for."),
        retry_after=given.get("retryAfter"),
        drop=drop,
        hang=hang,
        count=given.get("count", 1),
        skip=given.get("skip", 0),
    )


def _number(given: dict[str, Any], name: str) -> float:
    value = given[name]
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise AzureError(400, "InvalidRequestContent", f"The value of '{name}' is no number of seconds.")
    return float(value)


ROUTES = [
    route(INERT, get_inert, ["GET"]),
    route(INERT, put_inert, ["PUT"]),
    route(TIME, get_time, ["GET"]),
    route(TIME, put_time, ["PUT"]),
    route(FAULTS, get_faults, ["GET"]),
    route(FAULTS, add_fault, ["POST"]),
    route(FAULTS, clear_faults, ["DELETE"]),
    route(PURGE, purge, ["POST"]),
    route(RESET, reset, ["POST"]),
]
