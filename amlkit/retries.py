"""Which failures of a service may pass, and how often and after what time a call is repeated.

Used by the plugins and by the smoke check: what repeats must be a call that may be made twice. The rules are those of
Azure's SDKs: three repetitions, what the service asks for (`Retry-After`) comes before our own pauses, and if it asks
for more than the longest pause it is not waited for.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from http import HTTPStatus
from typing import TypeVar

from .errors import ServiceError, UnreachableError

LOCAL_PAUSES = (0.1, 0.3, 0.9)
"""Seconds before each repetition on loopback: nothing there takes longer to come back."""
AZURE_PAUSES = (1.0, 4.0, 16.0)
"""The same on Azure."""
LONGEST = 120.0
"""Seconds that a service may ask us to wait."""

_PASSING = (
    HTTPStatus.REQUEST_TIMEOUT,
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.INTERNAL_SERVER_ERROR,
    HTTPStatus.BAD_GATEWAY,
    HTTPStatus.SERVICE_UNAVAILABLE,
    HTTPStatus.GATEWAY_TIMEOUT,
)
_T = TypeVar("_T")


def repeated(call: Callable[[], _T], pauses: Sequence[float], wait: Callable[[float, ServiceError], None]) -> _T:
    """What `call` gives in the end. `wait` is told for how long and why; it may raise to give up.

    Raises:
        ServiceError: the last refusal, or one that does not pass by itself.
    """
    for pause in pauses:
        try:
            return call()
        except ServiceError as error:
            if not may_pass(error) or error.retry_after > LONGEST:
                raise
            failure = error
        wait(failure.retry_after or pause, failure)
    return call()


def may_pass(error: ServiceError) -> bool:
    """May the same call succeed a little later? Where nobody listens it is not waited for that somebody does."""
    if isinstance(error, UnreachableError):
        return error.was_sent
    return error.status in _PASSING or (
        error.status == HTTPStatus.CONFLICT and error.code == "AnotherOperationInProgress"
    )


def may_have_worked(error: ServiceError) -> bool:
    """Can it be that the call had its effect nevertheless?"""
    if isinstance(error, UnreachableError):
        return error.was_sent
    return error.status == HTTPStatus.REQUEST_TIMEOUT or error.status >= HTTPStatus.INTERNAL_SERVER_ERROR
