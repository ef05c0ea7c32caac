"""Shows an operation while it runs, and how it ended: a live tree on a terminal, plain lines elsewhere, or JSON.

The operations of either engine emit events into a display. Words and layout are those of the Pulumi CLI. Secrets are
never shown. Everything goes to one stream, standard output by default, as the CLI's does.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Literal, Protocol, TextIO

from ..events import Event, Result
from ..naming import PROGRAM
from .ledger import Ledger

Kind = Literal["preview", "up", "refresh", "destroy"]


class Display(Protocol):
    """Where events go. `emit` may be called by many threads at once; `close` once, at the end."""

    def emit(self, event: Event) -> None:
        """Take in one event."""

    def close(self, result: Result) -> None:
        """Show how it ended; nothing is emitted after it."""

    def abandon(self) -> None:
        """Instead of `close` where there is no result: an error, which is told next, kept it from beginning."""


def open_display(
    kind: Kind,
    stack: str,
    *,
    preview: bool = False,
    json: bool = False,
    diff: bool = False,
    config: Mapping[str, str] | None = None,
    program: str = PROGRAM,
    stream: TextIO | None = None,
) -> Display:
    """A display for one operation on a stack.

    `preview` says that `refresh` or `destroy` only show what they would do (kind `preview` is that of `up`). `config`
    (full key → text, secrets already masked) is part of the JSON forms only. `program` is the name of the commands
    that the user is told to run.
    """
    out = stream or sys.stdout
    planned = preview or kind == "preview"
    if json:
        from .jsonform import EventLines, PreviewDocument

        return PreviewDocument(out, config or {}) if planned else EventLines(out, config or {})
    ledger = Ledger("up" if kind == "preview" else kind, stack, planned, program)
    if diff:
        from .details import Details

        return Details(ledger, out)
    if out.isatty():
        from .tree import LiveTree

        return LiveTree(ledger, out)
    from .plain import PlainLines

    return PlainLines(ledger, out)
