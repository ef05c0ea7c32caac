"""Conditional headers: of a request against what it changes or reads, and of a copy against its source."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from ..web import AzureError
from .errors import storage_error
from .records import Blob


@dataclass(frozen=True)
class Conditions:
    """`If-Match`, `If-None-Match`, `If-Modified-Since`, `If-Unmodified-Since`; tags without their quotes."""

    match: str = ""
    none_match: str = ""
    since: datetime | None = None
    until: datetime | None = None

    @classmethod
    def of(cls, headers: Mapping[str, str], prefix: str = "") -> Conditions:
        """Those that the headers name; `prefix` is `x-ms-source-` for those of a copy's source.

        Raises:
            AzureError: 400: not a date.
        """
        match, none_match = (headers.get(f"{prefix}{name}", "").strip() for name in ("if-match", "if-none-match"))
        since, until = (_date(headers, f"{prefix}{name}") for name in ("if-modified-since", "if-unmodified-since"))
        return cls(match.strip('"'), none_match.strip('"'), since, until)

    def check(self, blob: Blob | None, *, reads: bool, source: bool = False, exists: str = "BlobAlreadyExists") -> None:
        """Refuse what does not hold. `exists`: the code where nothing may be there and something is.

        Raises:
            AzureError: 304, 400, 409, 412.
        """
        if self.none_match == "*" and reads and not source:
            raise storage_error("UnsatisfiableCondition")
        unmet = storage_error("SourceConditionNotMet" if source else "ConditionNotMet")
        if self.match and (blob is None or self.match not in ("*", blob.etag.strip('"'))):
            raise unmet
        if blob is None:
            return
        if self.none_match == "*" and not source:
            raise storage_error(exists)
        unmodified = AzureError(304, "ConditionNotMet", unmet.message) if reads and not source else unmet
        if self.none_match and self.none_match in ("*", blob.etag.strip('"')):
            raise unmodified
        changed = datetime.fromtimestamp(blob.modified // 1_000_000_000, UTC)
        if self.since and changed <= self.since and not (self.none_match and reads):
            raise unmodified
        if self.until and changed > self.until and not (self.match and reads):
            raise unmet


def _date(headers: Mapping[str, str], name: str) -> datetime | None:
    text = headers.get(name)
    try:
        found = parsedate_to_datetime(text) if text else None
    except ValueError as error:
        raise storage_error("InvalidHeaderValue", f"The header '{name}' is not a date: '{text}'.") from error
    return found.replace(tzinfo=UTC) if found and found.tzinfo is None else found
