"""Faults that tests ask for: the next requests of a kind are answered wrongly, before or after they had their effect.

The control door (`resources/control.py`) adds them; `server.py` puts `FaultGate` in front of every request, those for
storage included. They live as long as the process.
"""

from __future__ import annotations

import asyncio
import json
import re
import threading
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

from starlette.types import ASGIApp, Message, Receive, Scope, Send

_NEVER = "/control/"  # the door itself must stay open


@dataclass(frozen=True)
class Fault:
    """One rule: requests of `method` (empty: any) whose `<host><path>` holds a match of `path`, in any case.

    The first `skip` of them pass, the next `count` (0: all) get the fault: an answer of `status`, or a `drop`ped
    connection, or, with `hang`, neither for so many seconds and then a dropped connection. `when` says whether the
    request has its effect nevertheless.
    """

    path: re.Pattern[str]
    method: str = ""
    when: Literal["before", "after"] = "before"
    status: int = 0
    code: str = "InternalServerError"
    message: str = "A fault that was asked for."
    retry_after: int | None = None
    drop: bool = False
    hang: float = 0.0
    count: int = 1
    skip: int = 0
    hits: int = 0

    def concerns(self, method: str, target: str) -> bool:
        """Is this request one of those? `target` is host and path."""
        return (not self.method or method == self.method) and self.path.search(target) is not None

    @property
    def is_over(self) -> bool:
        """Were all requests that get the fault answered?"""
        return self.count > 0 and self.hits >= self.skip + self.count

    def as_json(self) -> dict[str, Any]:
        """What the door shows; `hits` counts the requests that it concerned, skipped ones included."""
        return {**asdict(replace(self, path=re.compile(""))), "path": self.path.pattern}


@dataclass
class Faults:
    """The rules of a running stand-in. Safe to use from any thread."""

    _rules: list[Fault] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, fault: Fault) -> None:
        """A rule more; of several that concern a request the oldest counts."""
        with self._lock:
            self._rules.append(fault)

    def clear(self) -> None:
        """No rules any more."""
        with self._lock:
            self._rules.clear()

    def rules(self) -> list[Fault]:
        """All rules, those that are over included."""
        with self._lock:
            return list(self._rules)

    def take(self, method: str, target: str) -> Fault | None:
        """The fault that this request gets, counted."""
        with self._lock:
            for place, rule in enumerate(self._rules):
                if not rule.is_over and rule.concerns(method, target):
                    self._rules[place] = replace(rule, hits=rule.hits + 1)
                    return rule if rule.hits >= rule.skip else None
        return None


class FaultGate:
    """The application behind the rules."""

    def __init__(self, app: ASGIApp, faults: Faults) -> None:
        self._app = app
        self._faults = faults

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        fault = self._fault_of(scope)
        if fault is None:
            await self._app(scope, receive, send)
            return
        if fault.when == "after":
            await self._app(scope, receive, _unheard)
        else:
            await _read(receive)
        if fault.status and not fault.drop and not fault.hang:
            await _answer(fault, send)
            return
        if fault.hang:
            await _wait(receive, fault.hang)
        # ASGI has no word for it: `send` is a method of uvicorn's request, which knows its connection
        send.__self__.transport.abort()  # type: ignore[attr-defined]

    def _fault_of(self, scope: Scope) -> Fault | None:
        if scope["type"] != "http" or scope["path"].startswith(_NEVER):
            return None
        host = next((value for name, value in scope["headers"] if name == b"host"), b"").decode("latin-1")
        return self._faults.take(scope["method"], f"{host}{scope['path']}")


async def _unheard(message: Message) -> None:
    """Where the true answer goes."""


async def _read(receive: Receive) -> None:
    while (message := await receive())["type"] == "http.request" and message.get("more_body"):
        pass


async def _wait(receive: Receive, seconds: float) -> None:
    """So long, or until the client gives up."""

    async def gone() -> None:
        while (await receive())["type"] != "http.disconnect":
            pass

    try:
        await asyncio.wait_for(gone(), seconds)
    except TimeoutError:
        return


async def _answer(fault: Fault, send: Send) -> None:
    body = json.dumps({"error": {"code": fault.code, "message": fault.message}}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    headers.append((b"x-ms-error-code", fault.code.encode()))
    if fault.retry_after is not None:
        headers.append((b"retry-after", str(fault.retry_after).encode()))
    await send({"type": "http.response.start", "status": fault.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
