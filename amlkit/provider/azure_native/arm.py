"""Azure Resource Manager as the plugin uses it: retries, long-running operations, and errors in the official words.

Used by `operations`, `invokes` and, for a group's location, by `plugin`.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Event
from typing import Any
from urllib.parse import urljoin, urlsplit

from amlkit.errors import EngineError, ServiceError, SetupError, UnreachableError
from amlkit.rest import ANSWER_SECONDS, Response
from amlkit.retries import LOCAL_PAUSES, repeated
from amlkit.target import Service

_POLL_SECONDS = 1.0  # where the answer says nothing
_SHORTEST_POLL = 0.05
_SHORTEST_ANSWER = 0.1
_DEFAULT_TIMEOUT = 120 * 60.0
_ENDED_WELL = ("succeeded", "ready", "")
_ENDED_BADLY = ("failed", "canceled", "cancelled")


@dataclass(frozen=True)
class Deadline:
    """A moment after which an operation is given up. Monotonic seconds."""

    at: float

    @classmethod
    def after(cls, seconds: float) -> Deadline:
        """So many seconds from now; 0 means the official 120 minutes."""
        return cls(time.monotonic() + (seconds or _DEFAULT_TIMEOUT))

    @property
    def answer(self) -> float:
        """How many seconds an answer may take now."""
        return min(max(self.at - time.monotonic(), _SHORTEST_ANSWER), ANSWER_SECONDS)


@dataclass(frozen=True)
class Arm:
    """The door of one configured plugin. `cancelled` ends every wait."""

    service: Service
    subscription: str
    cancelled: Event = field(default_factory=Event)

    def get(self, id_: str, version: str, deadline: Deadline) -> dict[str, Any] | None:
        """The document at an id, or None: there is none, or no JSON object.

        Raises:
            ServiceError: any other answer than 200, 204 and 404.
        """
        try:
            response = self.send("GET", id_, version, None, deadline)
        except ServiceError as error:
            if error.status == 404:
                return None
            raise
        return _document(response)

    def send(self, method: str, path: str, version: str, content: Any, deadline: Deadline) -> Response:
        """One call, repeated where Azure says that a repetition may help.

        Raises:
            ServiceError: the last refusal.
            UnreachableError: nobody answers. Repeated only if the connection broke or stayed silent: the request may
                have had its effect, and a repeated PUT finds it.
            EngineError: it took too long, or was cancelled.
        """
        return self._repeated(
            lambda: self.service.arm(method, path, version, content, seconds=deadline.answer), deadline
        )

    def settle(self, response: Response, read: Callable[[], dict[str, Any] | None], deadline: Deadline) -> None:
        """Wait until what a PUT or DELETE began has ended; `read` gives the resource itself, for its state.

        Raises:
            ServiceError: it ended badly.
            EngineError: it did not end in time, or was cancelled.
        """
        operation = response.headers.get("azure-asyncoperation")
        location = response.headers.get("location") if response.status_code == 202 else None
        if operation:
            self._poll(operation, response, deadline, by_status=True)
        elif location:
            self._poll(location, response, deadline, by_status=False)
        elif response.method == "PUT":
            self._poll_state(_document(response), read, deadline)

    def _poll(self, url: str, first: Response, deadline: Deadline, by_status: bool) -> None:
        url = self._own(url)
        pause = _pause(first)
        while True:
            self._wait(pause, deadline)
            response = self._repeated(lambda: self._get(url, deadline), deadline)
            if not by_status:
                if response.status_code != 202:
                    return
            else:
                document = _document(response) or {}
                if _has_ended(str(document.get("status", "")), document):
                    return
            pause = _pause(response)

    def _poll_state(
        self, document: dict[str, Any] | None, read: Callable[[], dict[str, Any] | None], deadline: Deadline
    ) -> None:
        while document is not None:
            properties = document.get("properties")
            state = properties.get("provisioningState", "") if isinstance(properties, dict) else ""
            if _has_ended(str(state), document):
                return
            self._wait(_POLL_SECONDS, deadline)
            document = read()

    def _get(self, url: str, deadline: Deadline) -> Response:
        return self.service.call("GET", url, self.service.target.resource_manager, seconds=deadline.answer)

    def _repeated(self, call: Callable[[], Response], deadline: Deadline) -> Response:
        """The official provider waits 20, 60 and 120 s between its tries."""
        return repeated(call, LOCAL_PAUSES, lambda seconds, error: self._wait(seconds, deadline, error))

    def _own(self, url: str) -> str:
        """An operation's URL, made absolute; one on another host would get our token, and is refused."""
        manager = self.service.target.resource_manager
        whole = urljoin(f"{manager}/", url)
        if urlsplit(whole).netloc != urlsplit(manager).netloc:
            raise SetupError(f"{manager} sends its operations to another host: {whole}")
        return whole

    def _wait(self, seconds: float, deadline: Deadline, why: ServiceError | None = None) -> None:
        last = f"; the last answer: {said(why)}" if why else ""
        if time.monotonic() + seconds > deadline.at:
            raise EngineError(f"operation timed out{last}")
        if self.cancelled.wait(seconds):
            raise EngineError(f"operation cancelled{last}")


def said(error: ServiceError) -> str:
    """A refusal in the official provider's words: `Status=409 Code="X" Message="…"`."""
    if isinstance(error, UnreachableError):
        return str(error)
    code = f' Code="{error.code}"' if error.code else ""
    hint = error.problems[0].hint
    return f'Status={error.status}{code} Message="{error.message}"' + (f"\n  hint: {hint}" if hint else "")


def _has_ended(state: str, document: dict[str, Any]) -> bool:
    if state.lower() in _ENDED_BADLY:
        error = document.get("error") or {}
        raise ServiceError(200, error.get("code") or state, error.get("message") or f"the operation ended as {state}")
    return state.lower() in _ENDED_WELL


def _document(response: Response) -> dict[str, Any] | None:
    try:
        document = response.json()
    except ValueError:
        return None
    return document if isinstance(document, dict) and document else None


def _pause(response: Response) -> float:
    try:
        return max(_SHORTEST_POLL, float(response.headers["retry-after"]))
    except (KeyError, ValueError):
        return _POLL_SECONDS
