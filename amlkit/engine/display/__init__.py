"""Shows an operation while it runs, and how it ended: a live tree on a terminal, plain lines elsewhere, or JSON.

The operations of either engine emit events into a display. Words and layout are those of the Pulumi CLI. Secrets are
never shown. Everything goes to one stream, standard output by default, as the CLI's does.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Literal, Protocol, TextIO

from ..events import Event, Result

Kind = Literal["preview", "up", "refresh", "destroy"]


class Display(Protocol):
    """Where events go. `emit` may be called by many threads at once; `close` once, at the end."""

    def emit(self, event: Event) -> None:
        """Take in one event."""

    def close(self, result: Result) -> None:
        """Show how it ended; nothing is emitted after it."""


def open_display(
    kind: Kind,
    stack: str,
    *,
    preview: bool = False,
    json: bool = False,
    diff: bool = False,
    config: Mapping[str, str] | None = None,
    stream: TextIO | None = None,
) -> Display:
    """A display for one operation on a stack.

    `preview` says that `refresh` or `destroy` only show what they would do (kind `preview` is that of `up`). `config`
    (full key → text, secrets already masked) is part of the JSON forms only.
    """
    out = stream or sys.stdout
    planned = preview or kind == "preview"
    verb: Kind = "up" if kind == "preview" else kind
    if json:
        from .jsonform import EventLines, PreviewDocument

        return PreviewDocument(out, config or {}) if planned else EventLines(out, config or {})
    if diff:
        from .details import Details

        return Details(verb, stack, planned, out)
    if out.isatty():
        from .tree import LiveTree

        return LiveTree(verb, stack, planned, out)
    from .plain import PlainLines

    return PlainLines(verb, stack, planned, out)
