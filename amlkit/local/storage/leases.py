"""Leases of blobs, containers, shares and files: acquire, renew, change, release, break; and the checks of writers.

Source of the rules: the tables of "Lease Blob" and "Lease Container" in the Azure Storage REST reference.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace

from .errors import storage_error
from .records import Records

_KIND = "lease"
_INFINITE = -1


@dataclass(frozen=True)
class Lease:
    """A lease: its id, seconds (-1: no end), and until when (seconds since 1970, 0: no end); `breaks`: when it broke or
    will have broken.
    """

    id: str
    seconds: int
    until: float
    breaks: float = 0

    @property
    def state(self) -> str:
        """As `x-ms-lease-state` says it."""
        now = time.time()
        if self.breaks:
            return "breaking" if now < self.breaks else "broken"
        return "expired" if self.until and now >= self.until else "leased"

    @property
    def is_held(self) -> bool:
        """Does it keep others out?"""
        return self.state in ("leased", "breaking")


@dataclass(frozen=True)
class Leases:
    """The leases of one resource. `noun`: as the codes of refusals name it, `Blob`, `Container` or `File`."""

    records: Records
    account: str
    container: str
    name: str
    noun: str = "Blob"

    def find(self) -> Lease | None:
        """The lease, whatever its state."""
        found = self.records.note(self.account, self.container, self.name, _KIND)
        return Lease(**found) if found else None

    def headers(self) -> dict[str, str]:
        """`x-ms-lease-status`, `-state` and `-duration`."""
        return lease_headers(self.find())

    def check(self, sent: str | None, *, writes: bool = True) -> None:
        """May a request with this lease id (None or empty: without one) go on? Readers need none, but no wrong one.

        Raises:
            AzureError: 412.
        """
        lease = self.find()
        held = lease is not None and lease.is_held
        if not sent:
            if held and writes:
                raise storage_error("LeaseIdMissing")
            return
        if lease is None or not held:
            raise storage_error(f"LeaseNotPresentWith{self.noun}Operation")
        if lease.id.lower() != sent.lower():
            raise storage_error(f"LeaseIdMismatchWith{self.noun}Operation")

    def written(self) -> None:
        """A write ends a lease that has run out."""
        lease = self.find()
        if lease is not None and not lease.is_held:
            self._keep(None)

    def act(self, headers: Mapping[str, str]) -> tuple[int, dict[str, str]]:
        """Do what `x-ms-lease-action` says; status and headers of the answer.

        Raises:
            AzureError: 400, 409.
        """
        action = headers.get("x-ms-lease-action", "").lower()
        if action == "acquire":
            return self._acquire(headers)
        if action == "break":
            return self._break(headers)
        if action not in ("renew", "change", "release"):
            raise storage_error("InvalidHeaderValue", f"x-ms-lease-action: {action}.")
        if "x-ms-lease-id" not in headers:
            raise storage_error("MissingRequiredHeader", "x-ms-lease-id.")
        lease, sent = self.find(), headers["x-ms-lease-id"].lower()
        if lease is None or (lease.state == "broken" and action == "change"):
            known = "LeaseNotPresentWithLeaseOperation" if action == "change" else "LeaseIdMismatchWithLeaseOperation"
            raise storage_error(known)
        if action == "change":
            return self._change(lease, sent, headers)
        if lease.id.lower() != sent:
            raise storage_error("LeaseIdMismatchWithLeaseOperation")
        if action == "release":
            self._keep(None)
            return 200, {}
        if lease.breaks:
            raise storage_error("LeaseIsBrokenAndCannotBeRenewed")
        self._keep(replace(lease, until=_end(lease.seconds)))
        return 200, {"x-ms-lease-id": lease.id}

    def _acquire(self, headers: Mapping[str, str]) -> tuple[int, dict[str, str]]:
        if "x-ms-lease-duration" not in headers and self.noun != "File":
            raise storage_error("MissingRequiredHeader", "x-ms-lease-duration.")
        seconds = _number(headers, "x-ms-lease-duration", str(_INFINITE))
        if seconds != _INFINITE and not 15 <= seconds <= 60:
            raise storage_error("InvalidHeaderValue", f"x-ms-lease-duration: {seconds}.")
        wanted = _guid(headers.get("x-ms-proposed-lease-id") or str(uuid.uuid4()))
        lease = self.find()
        if lease is not None and lease.state == "breaking":
            code = "LeaseIsBreakingAndCannotBeAcquired" if lease.id == wanted else "LeaseAlreadyPresent"
            raise storage_error(code)
        if lease is not None and lease.is_held and lease.id != wanted:
            raise storage_error("LeaseAlreadyPresent")
        self._keep(Lease(wanted, seconds, _end(seconds)))
        return 201, {"x-ms-lease-id": wanted}

    def _change(self, lease: Lease, sent: str, headers: Mapping[str, str]) -> tuple[int, dict[str, str]]:
        if "x-ms-proposed-lease-id" not in headers:
            raise storage_error("MissingRequiredHeader", "x-ms-proposed-lease-id.")
        wanted = _guid(headers["x-ms-proposed-lease-id"])
        if lease.state == "expired":
            raise storage_error("LeaseNotPresentWithLeaseOperation")
        if lease.id not in (sent, wanted):
            raise storage_error("LeaseIdMismatchWithLeaseOperation")
        if lease.state == "breaking":
            raise storage_error("LeaseIsBreakingAndCannotBeChanged")
        self._keep(replace(lease, id=wanted))
        return 200, {"x-ms-lease-id": wanted}

    def _break(self, headers: Mapping[str, str]) -> tuple[int, dict[str, str]]:
        lease, now = self.find(), time.time()
        if lease is None:
            raise storage_error("LeaseNotPresentWithLeaseOperation")
        if not lease.is_held:
            self._keep(replace(lease, breaks=lease.breaks or now))
            return 202, {"x-ms-lease-time": "0"}
        left = max(0.0, (lease.breaks or lease.until) - now) if lease.breaks or lease.until else 0.0
        asked = headers.get("x-ms-lease-break-period")
        if asked is not None:
            period = _number(headers, "x-ms-lease-break-period", "0")
            if not 0 <= period <= 60:
                raise storage_error("InvalidHeaderValue", f"x-ms-lease-break-period: {asked}.")
            left = min(left, period) if lease.breaks or lease.until else period
        self._keep(replace(lease, breaks=now + left if left else now))
        return 202, {"x-ms-lease-time": str(round(left))}

    def _keep(self, lease: Lease | None) -> None:
        self.records.set_note(self.account, self.container, self.name, _KIND, asdict(lease) if lease else None)


def lease_headers(lease: Lease | None) -> dict[str, str]:
    """`x-ms-lease-status`, `-state` and `-duration` of a lease, or of none."""
    if lease is None:
        return {"x-ms-lease-status": "unlocked", "x-ms-lease-state": "available"}
    found = {"x-ms-lease-status": "locked" if lease.is_held else "unlocked", "x-ms-lease-state": lease.state}
    if lease.state == "leased":
        found["x-ms-lease-duration"] = "infinite" if lease.seconds == _INFINITE else "fixed"
    return found


def leases_of(records: Records, account: str, container: str) -> dict[str, Lease]:
    """All leases in a container, by name."""
    return {name: Lease(**value) for name, value in records.notes(account, container, _KIND).items()}


def _end(seconds: int) -> float:
    return 0 if seconds == _INFINITE else time.time() + seconds


def _number(headers: Mapping[str, str], name: str, otherwise: str) -> int:
    try:
        return int(headers.get(name, otherwise))
    except ValueError as error:
        raise storage_error("InvalidHeaderValue", f"{name}: {headers[name]}.") from error


def _guid(text: str) -> str:
    try:
        return str(uuid.UUID(text))
    except ValueError as error:
        raise storage_error("InvalidHeaderValue", f"Not a lease id: {text}.") from error
