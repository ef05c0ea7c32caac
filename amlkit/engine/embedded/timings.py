"""Where the time of an operation went. `AMLKIT_TIMINGS=1` has it told at the end; without it nothing is measured.

`session` makes one, `plugins` and `monitor` let it watch their calls. Phases overlap: the program runs while providers
work and states are written, so their times are not a sum.
"""

from __future__ import annotations

import os
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

import grpc

T = TypeVar("T")
VARIABLE = "AMLKIT_TIMINGS"
_LAST_CALL = "SignalAndWaitForShutdown"


@dataclass
class Phase:
    """Wall seconds in which at least one thing of a phase was under way, and how many there were."""

    seconds: float = 0.0
    count: int = 0
    running: int = 0
    since: float = 0.0


@dataclass
class Timings:
    """Phases by name, and calls of providers by method. `environ` says whether anything is measured."""

    environ: Mapping[str, str] = field(default_factory=dict)
    phases: dict[str, Phase] = field(default_factory=dict)
    methods: Counter[str] = field(default_factory=Counter)
    began: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        self.wanted = self.environ.get(VARIABLE, "") not in ("", "0", "false")
        self._lock = threading.Lock()
        self._first_call = self._last_call = 0.0

    @contextmanager
    def spent(self, name: str) -> Iterator[None]:
        """Count what is inside to a phase; several at once count their time once."""
        if not self.wanted:
            yield
            return
        with self._lock:
            phase = self.phases.setdefault(name, Phase())
            phase.count += 1
            if not phase.running:
                phase.since = time.monotonic()
            phase.running += 1
        try:
            yield
        finally:
            with self._lock:
                phase.running -= 1
                if not phase.running:
                    phase.seconds += time.monotonic() - phase.since

    def timed(self, name: str, work: Callable[[T], None]) -> Callable[[T], None]:
        """A function whose calls count to a phase."""

        def timed(argument: T) -> None:
            with self.spent(name):
                work(argument)

        return timed if self.wanted else work

    @contextmanager
    def told(self, tell: Callable[[str], None]) -> Iterator[None]:
        """At the end of what is inside, tell the table."""
        try:
            yield
        finally:
            if self.wanted:
                tell(self.text())

    def watched(self, channel: grpc.Channel) -> grpc.Channel:
        """A provider's channel whose calls are counted."""
        return grpc.intercept_channel(channel, _Calls(self)) if self.wanted else channel

    def interceptors(self) -> list[grpc.ServerInterceptor]:
        """What notices the program's first call and its last."""
        return [_Program(self)] if self.wanted else []

    def called(self, method: str) -> None:
        """The program called the engine."""
        moment = time.monotonic()
        self._first_call = self._first_call or moment
        if method.endswith(_LAST_CALL):
            self._last_call = moment

    def text(self) -> str:
        """A table: seconds, phase, how often."""
        rows = [("start of the engine", _age() - (time.monotonic() - self.began), "")]
        for name, phase in self.phases.items():
            rows.append((name, phase.seconds, f"{phase.count} x" if phase.count > 1 else ""))
        if self._first_call:
            rows.append(("start of the program", self._first_call - self.began, ""))
            rows.append(("program", (self._last_call or time.monotonic()) - self._first_call, ""))
        rows.append(("all of it", _age(), ""))
        calls = ", ".join(f"{method} {count}" for method, count in self.methods.most_common())
        lines = [f"{seconds:8.3f} s  {name:<22} {note}".rstrip() for name, seconds, note in rows]
        return "\n".join(["Timings (phases overlap):", *lines, *([f"calls: {calls}"] if calls else [])])


class _Calls(grpc.UnaryUnaryClientInterceptor):
    def __init__(self, timings: Timings) -> None:
        self._timings = timings

    def intercept_unary_unary(self, continuation: Callable[[Any, Any], Any], details: Any, request: Any) -> Any:
        self._timings.methods[details.method.rsplit("/", 1)[-1]] += 1
        with self._timings.spent("providers"):
            call = continuation(details, request)
            call.code()  # waits for the answer
            return call


class _Program(grpc.ServerInterceptor):
    def __init__(self, timings: Timings) -> None:
        self._timings = timings

    def intercept_service(self, continuation: Callable[[Any], Any], details: Any) -> Any:
        self._timings.called(details.method)
        return continuation(details)


def _age() -> float:
    """Seconds since this process was started; where that is not told, its processor time."""
    try:
        with open("/proc/self/stat") as stat, open("/proc/uptime") as uptime:  # noqa: PTH123  not files of a project
            ticks = int(stat.read().rpartition(")")[2].split()[19])
            return float(uptime.read().split()[0]) - ticks / os.sysconf("SC_CLK_TCK")
    except OSError:
        return time.process_time()
