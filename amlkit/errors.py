"""Every error that amlkit raises on purpose, and how each is shown; the whole toolkit raises from here.

    AmlkitError
    ├── DefinitionError   a step, pipeline, or settings file is wrong: all its problems at once
    ├── SetupError        this machine or checkout is not ready: a port, a lock, a passphrase, no stand-in
    ├── EngineError       the Pulumi program or one of its resources failed
    ├── RunError          a pipeline run failed, or does not exist
    └── ServiceError      the service answered no; carries Azure's status, code and message
        └── UnreachableError   nothing answered at all

Errors carry facts; `AmlkitError.__str__` is the one place that makes them text.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class Problem:
    """One thing that is wrong: where (a dotted place or a file), what, and the next move."""

    where: str
    what: str
    hint: str = ""

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        return f"{place}{self.what}" + (f"\n  hint: {self.hint}" if self.hint else "")


def near(name: str, known: Iterable[str], count: int = 1) -> list[str]:
    """The known names that are spelt nearly so, the nearest first: for hints, which only a mistake needs."""
    from difflib import get_close_matches

    return get_close_matches(name, list(known), count)


class AmlkitError(Exception):
    """Base of all of them. `problems` is never empty."""

    def __init__(self, what: str, *, where: str = "", hint: str = "") -> None:
        super().__init__(what)
        self.problems: tuple[Problem, ...] = (Problem(where, what, hint),)

    def __str__(self) -> str:
        return "\n".join(str(problem) for problem in self.problems)


class DefinitionError(AmlkitError):
    """A definition is wrong; holds every problem that was found, sorted by place."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        found = tuple(sorted(problems))
        super().__init__(found[0].what)
        self.problems = found


class SetupError(AmlkitError):
    """The machine or the checkout is not ready for what was asked."""


class EngineError(AmlkitError):
    """The deployment failed. The state says how far it came; the next `up` goes on from there."""


class RunError(AmlkitError):
    """A run failed, was cancelled, or is not known."""


class ServiceError(AmlkitError):
    """The service refused. `status` is HTTP's, `code`, `message` and `details` are those of Azure's error body.

    `details` are single problems that it named, each with its place; empty where there is just one thing to say.
    `retry_after` is how many seconds it asks to wait before another try, 0 where it does not.
    """

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        where: str = "",
        hint: str = "",
        details: tuple[Problem, ...] = (),
        retry_after: float = 0.0,
    ) -> None:
        answer = f" ({code}, {status})" if status else ""
        super().__init__(message + answer, where=where, hint=hint)
        self.status = status
        self.code = code
        self.message = message
        self.details = details
        self.retry_after = retry_after


class UnreachableError(ServiceError):
    """No connection, no name, or no answer in time.

    `was_sent`: there was a connection, and it broke or stayed silent; what was asked for may have been done.
    """

    def __init__(self, url: str, why: str, *, hint: str = "", was_sent: bool = False) -> None:
        super().__init__(0, "Unreachable", f"no answer from {url}: {why}", hint=hint)
        self.was_sent = was_sent
