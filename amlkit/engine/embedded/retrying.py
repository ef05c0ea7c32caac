"""Tries a provider's call again where the program's error hooks ask for it; `steps` calls it.

Order, number of tries and texts are Pulumi's.
"""

from __future__ import annotations

from collections.abc import Callable

from amlkit.errors import EngineError

from .providers import Outcome
from .resource import Resource
from .run import Run

MOST_TRIES = 100
"""How often an operation is tried at most."""


def retried(
    run: Run, operation: str, attempt: Callable[[], Outcome], *, old: Resource | None, new: Resource | None
) -> Outcome:
    """What `attempt` made in the end. `operation` is `create`, `update` or `delete`, as hooks are told.

    A resource that was made but is unwell counts as failed; it is returned when nobody wants another try.

    Raises:
        EngineError: it failed and nobody wants another try, a hook failed, or there were too many tries.
    """
    failures: list[str] = []
    while True:
        outcome: Outcome | None = None
        try:
            outcome = attempt()
            if not outcome.init_errors:
                return outcome
            failure = EngineError(unwell(outcome))
        except EngineError as error:
            failure = error
        failures.insert(0, str(failure))
        try:
            again = _again(run, operation, old, new, failures)
        except EngineError as error:
            again = False
            failure = failure if operation == "delete" else error  # of a deletion its own error is told
        if not again:
            if outcome is not None:
                return outcome
            raise failure


def unwell(outcome: Outcome) -> str:
    """What the provider says of a resource that it left half-made, in Pulumi's words."""
    count = len(outcome.init_errors)
    listed = "\n\t".join(f"* {reason}" for reason in outcome.init_errors)
    return f"{count} error{'' if count == 1 else 's'} occurred:\n\t{listed}\n\n"


def _again(run: Run, operation: str, old: Resource | None, new: Resource | None, failures: list[str]) -> bool:
    subject = new or old
    assert subject is not None  # noqa: S101  one of the two is there
    if len(failures) >= MOST_TRIES:
        text = f"maximum number of error hook retries ({MOST_TRIES}) reached"
        run.reporter.message("warning", text, subject.urn)
        raise EngineError("maximum number of error hook retries reached")
    wanted = run.hooks.wants_retry(operation, subject, old, new, failures)
    if wanted:
        text = f"retrying {operation} due to on-error hook request ({len(failures)}/{MOST_TRIES})"
        run.reporter.message("warning", text, subject.urn)
    return wanted
