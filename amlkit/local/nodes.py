"""The nodes of clusters: they come when steps need them, idle, and go after the idle time of the scale settings.

`jobs/slots.py` tells which steps take places; the routes of computes read. Nothing polls: what should have gone by now
is gone when somebody looks. Nodes are this process's: after a start a cluster has its least number of them. Where Azure
takes minutes to bring a node, here it is there at once.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

_DURATION = re.compile(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?")
_DEFAULT_IDLE = timedelta(seconds=120)


@dataclass(frozen=True)
class Node:
    """One node. `run` is the name of the job on it, empty while it idles, which it does `since`."""

    number: int
    run: str
    since: datetime


class Nodes:
    """The nodes of all clusters, by the ARM id of the cluster. Safe to use from any thread."""

    def __init__(self, time: Callable[[], datetime]) -> None:
        self._time = time
        self._lock = threading.Lock()
        self._nodes: dict[str, list[Node]] = {}

    def begin(self, cluster: str, run: str, count: int) -> None:
        """A step takes so many nodes: idle ones first."""
        if not cluster or not count:
            return
        with self._lock:
            nodes = self._nodes.setdefault(cluster.lower(), [])
            for place, node in enumerate(nodes):
                if count and not node.run:
                    nodes[place] = Node(node.number, run, self._time())
                    count -= 1
            for _ in range(count):
                nodes.append(Node(_free_number(nodes), run, self._time()))

    def end(self, cluster: str, run: str) -> None:
        """A step gives its nodes back: they idle."""
        with self._lock:
            nodes = self._nodes.get(cluster.lower(), [])
            nodes[:] = [Node(node.number, "", self._time()) if node.run == run else node for node in nodes]

    def of(self, cluster: str, least: int, idle: timedelta) -> list[Node]:
        """The nodes of a cluster now, by number; `least` and `idle` are those of its scale settings."""
        with self._lock:
            nodes = self._nodes.setdefault(cluster.lower(), [])
            for node in sorted(nodes, key=lambda each: each.since):
                if len(nodes) > least and not node.run and self._time() - node.since >= idle:
                    nodes.remove(node)
            while len(nodes) < least:
                nodes.append(Node(_free_number(nodes), "", self._time()))
            return sorted((replace(node) for node in nodes), key=lambda each: each.number)

    def forget(self, cluster: str) -> None:
        """The cluster is deleted."""
        with self._lock:
            self._nodes.pop(cluster.lower(), None)

    def clear(self) -> None:
        """All clusters are deleted."""
        with self._lock:
            self._nodes.clear()


def idle_time(text: str | None) -> timedelta | None:
    """An ISO 8601 duration of days, hours, minutes and seconds (`PT2M`); none given: two minutes; None: no duration."""
    if not text:
        return _DEFAULT_IDLE
    match = _DURATION.fullmatch(text)
    if match is None or not any(match.groups()):
        return None
    days, hours, minutes, seconds = (float(part or 0) for part in match.groups())
    return timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)


def _free_number(nodes: list[Node]) -> int:
    taken = {node.number for node in nodes}
    return next(number for number in range(len(nodes) + 1) if number not in taken)
