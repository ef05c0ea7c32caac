"""How many steps run at once: up to each cluster's size, and up to what this machine bears. First come, first served.

Used by the scheduler and by sweeps. Every task has a thread while it runs, which mostly waits for a process.
"""

from __future__ import annotations

import os
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..nodes import Nodes


@dataclass(frozen=True)
class Task:
    """Work that needs places: `nodes` on its cluster, of which there are `limit` (0: no limit of its own).

    A task of 0 nodes takes no place: it waits for others, as a sweep does for its trials. `job` is its name.
    """

    cluster: str
    limit: int
    run: Callable[[], None]
    nodes: int = 1
    job: str = ""


def host_limit() -> int:
    """One step a core, and one more, because steps start, end and wait."""
    return (os.cpu_count() or 1) + 1


class Slots:
    """The places. `take` never blocks: the task starts in a thread as soon as there is room."""

    def __init__(self, total: int, nodes: Nodes | None = None) -> None:
        self._nodes = nodes
        self._total = total
        self._free = total
        self._taken: Counter[str] = Counter()
        self._waiting: list[Task] = []
        self._lock = threading.Lock()

    def take(self, task: Task) -> None:
        """Queue a task. One that wants more than there ever is gets all of it."""
        if not task.nodes:
            self._begin(task)
            return
        with self._lock:
            self._waiting.append(task)
        self._start()

    def _start(self) -> None:
        """Start who may. Nobody overtakes on one cluster, so that a task of many nodes gets its turn."""
        with self._lock:
            starting: list[Task] = []
            full: set[str] = set()
            for task in self._waiting:
                if self._free < self._places(task):
                    break
                if task.limit and self._taken[task.cluster] + _nodes(task) > task.limit:
                    full.add(task.cluster)
                if task.cluster not in full or not task.limit:
                    self._free -= self._places(task)
                    self._taken[task.cluster] += _nodes(task)
                    starting.append(task)
            if starting:
                begun = {id(task) for task in starting}
                self._waiting = [task for task in self._waiting if id(task) not in begun]
        for task in starting:
            self._begin(task)

    def _places(self, task: Task) -> int:
        return min(task.nodes, self._total)

    def _begin(self, task: Task) -> None:
        threading.Thread(target=self._run, args=(task,), daemon=True, name=f"step on {task.cluster}").start()

    def _run(self, task: Task) -> None:
        try:
            if self._nodes and task.nodes:
                self._nodes.begin(task.cluster, task.job, _nodes(task))
            task.run()
        finally:
            if self._nodes and task.nodes:
                self._nodes.end(task.cluster, task.job)
            with self._lock:
                self._free += self._places(task)
                self._taken[task.cluster] -= _nodes(task)
            self._start()


def _nodes(task: Task) -> int:
    return min(task.nodes, task.limit) if task.limit else task.nodes
