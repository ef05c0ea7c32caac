"""How an operation is to be shown: Pulumi's display flags as a record, from `flags` to the displays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Colour = Literal["auto", "always", "never"]


@dataclass(frozen=True)
class Look:
    """Pulumi's display flags by their own names. `stream_preview`: a preview as JSON is lines too, not one document.

    `inert` are types whose resources are marked and counted: there is nothing behind them. `options` follow the stack
    in commands that the user is told to run.
    """

    json: bool = False
    diff: bool = False
    colour: Colour = "auto"
    debug: bool = False
    show_config: bool = False
    show_reads: bool = False
    show_replacement_steps: bool = False
    show_sames: bool = False
    show_secrets: bool = False
    suppress_outputs: bool = False
    urns: bool = False
    stream_preview: bool = False
    event_log: str = ""
    inert: frozenset[str] = frozenset()
    options: str = ""
