"""How the user wants an operation done: Pulumi's flags as a record, from `cli` and `choice` to `operations`."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Options:
    """`parallel` 0: four times the processors. `refresh`: read everything before the program runs.

    `clear_pending_creates` (of a refresh): forget creations that cannot be looked for. `continue_on_error` (of an
    update or destroy): a failure fails only what depends on it. `run_program`: the program runs for a destroy or a
    refresh, or what `refresh` reads is read when the program registers it. `exclude_protected` (of a destroy):
    protected resources stay with all that they need. `message` goes into the history.
    `debug`: the SDK tells its debug lines, at a price.
    """

    parallel: int = 0
    refresh: bool = False
    clear_pending_creates: bool = False
    continue_on_error: bool = False
    run_program: bool = False
    exclude_protected: bool = False
    message: str = ""
    debug: bool = False
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)
