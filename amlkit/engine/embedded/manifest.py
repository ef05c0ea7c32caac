"""The manifest of a state: when it was written, and by what."""

from __future__ import annotations

import hashlib
import time
from functools import cache


def manifest() -> dict[str, str]:
    """Time, version of the writer, and the checksum of that version which Pulumi asks for."""
    return {"time": now(), "magic": hashlib.sha256(writer().encode()).hexdigest(), "version": writer()}


@cache
def writer() -> str:
    """What wrote the state, in the form of a version of the Pulumi CLI."""
    from importlib.metadata import version

    return f"v{version('amlkit')}+amlkit"


def now() -> str:
    """This moment, RFC 3339 in UTC with nanoseconds."""
    nanoseconds = time.time_ns()
    whole, rest = divmod(nanoseconds, 1_000_000_000)
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(whole)) + f".{rest:09d}Z"
