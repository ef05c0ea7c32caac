"""What one operation has at hand: the records that its parts share. Made by `session`, passed on, never global."""

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
class Tools:
    """What an operation works with, from its first moment on.

    `root` is the folder of Pulumi.yaml, `program_folder` the program's working directory. `config` has whole keys,
    secrets marked.
    """

    project: str
    stack: str
    preview: bool
    root: Path
    program_folder: Path
    config: dict[str, object]
    registry: Registry
    callbacks: Callbacks
    hooks: Hooks
    reporter: Reporter
    gate: Gate
    parallel: int


@dataclass(frozen=True)
class Manner:
    """How an operation goes about its work.

    `continue_on_error`: a failed step fails only what depends on it. `dismantles` and `refreshes`: the program runs for
    a destroy or a refresh. `reads`: each resource is read when it is registered. `kept`: URNs that a destroy leaves
    alone.
    """

    continue_on_error: bool = False
    dismantles: bool = False
    refreshes: bool = False
    reads: bool = False
    kept: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True)
class Run(Tools):
    """One preview, update, refresh or destroy of one stack, with its state.

    `program_done` is set when the program has nothing more to register, `finished` when the engine needs its hooks no
    more.
    """

    snapshot: Snapshot
    manner: Manner
    program_done: threading.Event = field(default_factory=threading.Event)
    finished: threading.Event = field(default_factory=threading.Event)
