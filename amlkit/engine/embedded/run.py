"""What one operation has at hand: the record that its parts share. Made by `session`, passed on, never global."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from pathlib import Path

from .callbacks import Callbacks
from .gate import Gate
from .hooks import Hooks
from .registry import Registry
from .reporter import Reporter
from .snapshot import Snapshot


@dataclass(frozen=True)
class Run:
    """One preview, update, refresh or destroy of one stack.

    `root` is the folder of Pulumi.yaml, `program_folder` the program's working directory. `config` has whole keys,
    secrets marked. `continue_on_error`: a failed step fails only what depends on it. `dismantling`: the program
    runs for a destroy. `kept`: URNs that a destroy leaves alone. `program_done` is set when the program has nothing
    more to register, `finished` when the engine needs its hooks no more.
    """

    project: str
    stack: str
    preview: bool
    root: Path
    program_folder: Path
    config: dict[str, object]
    snapshot: Snapshot
    registry: Registry
    callbacks: Callbacks
    hooks: Hooks
    reporter: Reporter
    gate: Gate
    parallel: int
    continue_on_error: bool = False
    dismantling: bool = False
    kept: frozenset[str] = frozenset()
    program_done: threading.Event = field(default_factory=threading.Event)
    finished: threading.Event = field(default_factory=threading.Event)
