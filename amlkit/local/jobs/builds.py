"""Builds of environments under way: one thread an environment, however many steps wait for it.

Used by the scheduler.
"""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from .environments import BuildError, Environment, Environments
from .records import EnvironmentSpec

Told = Callable[[Environment | None, str], None]


class Builds:
    """Who waits for what."""

    def __init__(self, environments: Environments) -> None:
        self._environments = environments
        self._waiting: dict[EnvironmentSpec, list[tuple[Path, Told]]] = {}
        self._lock = threading.Lock()

    def want(self, spec: EnvironmentSpec, log: Path, told: Told) -> None:
        """Have an environment built; `told` gets it, or None and the reason.

        The log of the first that wants it gets uv's words as they come, the logs of the others when it is over.
        """
        with self._lock:
            is_first = spec not in self._waiting
            self._waiting.setdefault(spec, []).append((log, told))
        if is_first:
            threading.Thread(target=self._build, args=(spec, log), daemon=True, name="environment").start()

    def _build(self, spec: EnvironmentSpec, log: Path) -> None:
        made, error = None, ""
        try:
            made = self._environments.build(spec, log)
        except (BuildError, OSError) as problem:
            error = str(problem)
        with self._lock:
            waiting = self._waiting.pop(spec)
        for other, told in waiting:
            if other != log:
                _copy(log, other)
            told(made, error)


def _copy(log: Path, other: Path) -> None:
    with suppress(OSError):  # a log is no reason to fail
        if log.exists():
            shutil.copyfile(log, other)
