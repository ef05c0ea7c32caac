"""The calls to Azure Resource Manager that the types share: read, write and delete until it is done.

The one place that decides whether this stack may talk to this target.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, TypeVar
from urllib.parse import urlsplit

from amlkit import home
from amlkit.errors import EngineError, ServiceError, SetupError, UnreachableError
from amlkit.rest import ANSWER_SECONDS, Response
from amlkit.retries import AZURE_PAUSES, LOCAL_PAUSES, repeated
from amlkit.target import Service, Target

API_VERSION = "2025-12-01"  # what azure-native 3.29 uses for Microsoft.MachineLearningServices

_FIRST_WAIT_SECONDS = 1.0
_LONGEST_WAIT_SECONDS = 10.0
_SHORTEST_ANSWER = 0.1
_REFUSAL_SECONDS = 2.0
_T = TypeVar("_T")
_ENDED = ("Succeeded", "Failed", "Canceled")


class NotLoggedInError(SetupError):
    """There is no credential: what the cloud holds cannot be known."""


@dataclass(frozen=True)
class Document:
    """An ARM resource as it was read: its body, and the tag that a conditional write gives back."""

    body: dict[str, Any]
    etag: str = ""

    @property
    def tags(self) -> dict[str, str]:
        """Its tags, empty if it has none."""
        return self.body.get("tags") or {}

    @property
    def properties(self) -> dict[str, Any]:
        """Its properties."""
        return self.body.get("properties") or {}

    @property
    def state(self) -> str:
        """Its provisioning state; a resource without one is done."""
        return self.properties.get("provisioningState") or "Succeeded"


class Connection:
    """The target of this process, found on first use and then kept. `is_local`: the stack says that it is local."""

    def __init__(self) -> None:
        self.is_local = False
        self._lock = threading.Lock()
        self._service: Service | None = None
        self._refusal: tuple[float, UnreachableError] | None = None  # until when, and what is said till then

    def service(self, arm_id: str) -> Service:
        """The door to the cloud that holds `arm_id`.

        Raises:
            UnreachableError: the target does not answer.
            SetupError: a resource of a local stack, but the target is not on loopback.
        """
        with self._lock:
            service = self._connected()
        ours = self.is_local or arm_id.lower().startswith(f"/subscriptions/{home.SUBSCRIPTION}/")
        if ours and not service.target.is_local:
            hint = 'eval "$(amlkit local env)"'
            raise SetupError(f"a local stack, but the target is {service.target.resource_manager}", hint=hint)
        return service

    def _connected(self) -> Service:
        """Many calls come at once: while nothing answers, they share one attempt instead of queueing for theirs."""
        if self._service is None:
            if self._refusal and time.monotonic() < self._refusal[0]:
                raise self._refusal[1]
            try:
                self._service = Service(Target.from_environment())
            except UnreachableError as error:
                self._refusal = time.monotonic() + _REFUSAL_SECONDS, error
                raise
        return self._service


@dataclass(frozen=True)
class Cloud:
    """ARM for one call of the engine: it waits for what it starts, until the deadline or until it is cancelled."""

    connection: Connection
    cancelled: threading.Event
    deadline: float  # of time.monotonic()

    def patiently(self, work: Callable[[], _T], arm_id: str) -> _T:
        """Work that may be done again from its beginning, repeated where Azure says that this may help.

        Whole pieces of work, not single calls: after a write whose answer was lost the work looks again what there is,
        and a conditional write is made anew with the tag of what is there then.
        """
        pauses = LOCAL_PAUSES if self.connection.service(arm_id).target.is_local else AZURE_PAUSES

        def wait(seconds: float, why: ServiceError) -> None:
            if time.monotonic() + seconds > self.deadline:
                raise why
            self._wait(arm_id, seconds)

        return repeated(work, pauses, wait)

    def get(self, arm_id: str, version: str = API_VERSION) -> Document | None:
        """A resource, None if there is none."""
        try:
            return _document(self._call("GET", arm_id, version=version))
        except ServiceError as error:
            if error.status == HTTPStatus.NOT_FOUND:
                return None
            raise

    def get_settled(self, arm_id: str) -> Document | None:
        """A resource as `get` gives it, but not while somebody is still making it: a killed engine leaves such."""
        found = self.get(arm_id)
        return self.settled(arm_id, found) if found else None

    def list(self, arm_id: str, version: str = API_VERSION) -> list[Document]:
        """All resources of a collection."""
        page = self._call("GET", arm_id, version=version).json()
        found = [Document(item) for item in page["value"]]
        while link := page.get("nextLink"):
            page = self._follow(arm_id, link).json()
            found += [Document(item) for item in page["value"]]
        return found

    def put(self, arm_id: str, body: dict[str, Any], etag: str = "") -> Document:
        """Write a resource and wait until Azure has made it. With an `etag` only if it is still the one read.

        Raises:
            ServiceError: refused, or it was accepted and then failed.
            EngineError: cancelled, or not done in time.
        """
        response = self._call("PUT", arm_id, body, etag)
        document = self.settled(arm_id, _document(response), _seconds(response))
        if document.state != "Succeeded":
            raise self._failure(arm_id, response, document.state)
        return document

    def delete(self, arm_id: str, query: str = "") -> None:
        """Delete a resource and wait until it is gone."""
        try:
            response = self._call("DELETE", arm_id, query=query)
        except ServiceError as error:
            if error.status == HTTPStatus.NOT_FOUND:
                return
            raise
        if response.status_code != HTTPStatus.ACCEPTED:
            return
        self.gone(arm_id, pause=_seconds(response))

    def post(self, arm_id: str, version: str = API_VERSION) -> None:
        """Ask for an action that needs no words."""
        self._call("POST", arm_id, version=version)

    def gone(self, arm_id: str, version: str = API_VERSION, pause: float = _FIRST_WAIT_SECONDS) -> None:
        """Wait until there is no such resource."""
        while self.get(arm_id, version) is not None:
            pause = self._wait(arm_id, pause)

    def settled(self, arm_id: str, document: Document, pause: float = _FIRST_WAIT_SECONDS) -> Document:
        """The resource once it is no longer being made, whoever makes it."""
        while document.state not in _ENDED:
            pause = self._wait(arm_id, pause)
            found = self.get(arm_id)
            if found is None:
                raise ServiceError(HTTPStatus.NOT_FOUND, "ResourceNotFound", f"gone while it was made: {arm_id}")
            document = found
        return document

    def _wait(self, arm_id: str, pause: float) -> float:
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise EngineError("not done in time", where=arm_id, hint="the next `up` goes on from there")
        if self.cancelled.wait(min(pause, left)):
            raise EngineError("cancelled", where=arm_id, hint="the next `up` goes on from there")
        return min(pause * 1.5, _LONGEST_WAIT_SECONDS)

    def _call(
        self, method: str, arm_id: str, body: Any = None, etag: str = "", version: str = API_VERSION, query: str = ""
    ) -> Response:
        service = self.connection.service(arm_id)
        manager = service.target.resource_manager
        url = f"{manager}{arm_id}?api-version={version}{query}"
        return self._logged_in(service, method, url, self._left(), body, {"If-Match": etag} if etag else None)

    def _left(self) -> float:
        """How many seconds an answer may take now."""
        return min(max(self.deadline - time.monotonic(), _SHORTEST_ANSWER), ANSWER_SECONDS)

    def _follow(self, arm_id: str, url: str) -> Response:
        """Go on at a link that Azure gave; never with our token to another host."""
        service = self.connection.service(arm_id)
        manager = service.target.resource_manager
        if urlsplit(url).netloc != urlsplit(manager).netloc:
            raise ServiceError(0, "ForeignLink", f"{manager} sends us to another host: {url}")
        return self._logged_in(service, "GET", url, self._left())

    @staticmethod
    def _logged_in(
        service: Service,
        method: str,
        url: str,
        seconds: float,
        body: Any = None,
        headers: dict[str, str] | None = None,
    ) -> Response:
        try:
            return service.call(method, url, service.target.resource_manager, body, headers, seconds=seconds)
        except SetupError as error:  # the target is known here: what is missing is the login
            first = error.problems[0]
            raise NotLoggedInError(first.what, hint=first.hint) from error

    def _failure(self, arm_id: str, response: Response, state: str) -> ServiceError:
        """Why something that Azure had accepted did not come to be; Azure says it at the operation only."""
        reason = {"code": state, "message": f"it was accepted, but ended as {state}: {arm_id}"}
        if link := response.headers.get("Azure-AsyncOperation"):
            reason = self._follow(arm_id, link).json().get("error") or reason
        return ServiceError(response.status_code, reason.get("code", state), reason.get("message", ""), where=arm_id)


def cloud_for(connection: Connection, cancelled: threading.Event, seconds: float) -> Cloud:
    """The cloud for a call that may take so long."""
    return Cloud(connection, cancelled, time.monotonic() + seconds)


def _document(response: Response) -> Document:
    body = response.json()
    etag = response.headers.get("ETag") or body.get("etag") or ""
    return Document(body, "" if etag.startswith("W/") else etag)  # a weak one never matches


def _seconds(response: Response) -> float:
    text = response.headers.get("Retry-After", "")
    return float(text) if text.isdigit() and int(text) else _FIRST_WAIT_SECONDS
