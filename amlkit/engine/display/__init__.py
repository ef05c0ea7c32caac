"""Shows an operation while it runs, and how it ended: a live tree on a terminal, plain lines elsewhere, or JSON.

The operations of either engine emit events into a display. Words and layout are those of the Pulumi CLI. Secrets are
never shown unless `Look` says so. Everything goes to one stream, standard output by default, as the CLI's does.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Protocol, TextIO

from ..events import Event, Result, Verb
from ..naming import PROGRAM
from .ledger import Ledger
from .look import Look

_PLAIN = Look()


class Display(Protocol):
    """Where events go. `emit` may be called by many threads at once; `close` once, at the end."""

    def emit(self, event: Event) -> None:
        """Take in one event."""

    def close(self, result: Result) -> None:
        """Show how it ended; nothing is emitted after it."""

    def abandon(self) -> None:
        """Instead of `close` where there is no result: an error, which is told next, kept it from beginning."""


def open_display(
    verb: Verb,
    stack: str,
    *,
    preview: bool = False,
    look: Look = _PLAIN,
    config: Mapping[str, str] | None = None,
    program: str = PROGRAM,
    stream: TextIO | None = None,
) -> Display:
    """A display for one operation on a stack.

    `preview` says that a verb only shows what it would do (`preview` itself is that of `up`). `config` (full key →
    text, secrets already masked) is shown where it is asked for. `program` is the name of the commands that the user
    is told to run.

    Raises:
        SetupError: the event log cannot be written.
    """
    planned = preview or verb == "preview"
    if not look.event_log:
        return _display(verb, stack, planned, look, config or {}, program, stream or sys.stdout)
    from .eventlog import Logged, log_file

    file = log_file(look.event_log)
    shown = _display(verb, stack, planned, look, config or {}, program, stream or sys.stdout)
    return Logged(shown, file, config or {}, planned=planned)


def _display(
    verb: Verb, stack: str, planned: bool, look: Look, config: Mapping[str, str], program: str, out: TextIO
) -> Display:
    if look.json:
        if planned and not look.stream_preview:
            from .jsonform import PreviewDocument

            return PreviewDocument(out, config, look)
        from .engineevents import EventLines

        return EventLines(out, config, planned=planned)
    ledger = Ledger("up" if verb == "preview" else verb, stack, planned, program, look, config)
    if look.diff:
        from .details import Details

        return Details(ledger, out)
    if out.isatty():
        from .tree import LiveTree

        return LiveTree(ledger, out)
    from .plain import PlainLines

    return PlainLines(ledger, out)
