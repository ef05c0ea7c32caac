"""What one operation has at hand: the record that its parts share. Made by `operations`, passed on, never global."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from pathlib import Path

from .gate import Gate
from .hooks import Hooks
from .registry import Registry
from .reporter import Reporter
from .snapshot import Snapshot


@dataclass(frozen=True)
class Run:
    """One preview, update, refresh or destroy of one stack.

    `root` is the folder of Pulumi.yaml, `program_folder` the program's working directory. `config` has whole keys,
    secrets marked. `program_done` is set when the program has nothing more to register, `finished` when the engine
    needs its hooks no more.
    """

    project: str
    stack: str
    preview: bool
    root: Path
    program_folder: Path
    config: dict[str, object]
    snapshot: Snapshot
    registry: Registry
    hooks: Hooks
    reporter: Reporter
    gate: Gate
    parallel: int
    program_done: threading.Event = field(default_factory=threading.Event)
    finished: threading.Event = field(default_factory=threading.Event)
