"""How many steps run at once: up to each cluster's size, and up to what this machine bears. First come, first served.

Used by the scheduler. Every task has a thread while it runs, which mostly waits for a process.
"""

from __future__ import annotations

import os
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Task:
    """Work that needs a place on a cluster. `limit` is the cluster's size, 0: none of its own."""

    cluster: str
    limit: int
    run: Callable[[], None]


def host_limit() -> int:
    """One step a core, and one more, because steps start, end and wait."""
    return (os.cpu_count() or 1) + 1


class Slots:
    """The places. `take` never blocks: the task starts in a thread as soon as there is room."""

    def __init__(self, total: int) -> None:
        self._free = total
        self._taken: Counter[str] = Counter()
        self._waiting: list[Task] = []
        self._lock = threading.Lock()

    def take(self, task: Task) -> None:
        """Queue a task."""
        with self._lock:
            self._waiting.append(task)
        self._start()

    def _start(self) -> None:
        with self._lock:
            starting = []
            for task in list(self._waiting):
                if self._free == 0:
                    break
                if task.limit and self._taken[task.cluster] >= task.limit:
                    continue
                self._waiting.remove(task)
                self._free -= 1
                self._taken[task.cluster] += 1
                starting.append(task)
        for task in starting:
            threading.Thread(target=self._run, args=(task,), daemon=True, name=f"step on {task.cluster}").start()

    def _run(self, task: Task) -> None:
        try:
            task.run()
        finally:
            with self._lock:
                self._free += 1
                self._taken[task.cluster] -= 1
            self._start()
