"""The processes of one step, from their start to the end of the last one and of all that they started.

Used by the runner. One process is the usual team; a distributed command has one a rank.
"""

from __future__ import annotations

import signal
import subprocess
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from . import processes

GRACE_SECONDS = 5.0


@dataclass(frozen=True)
class Launch:
    """One process to start. `serves`: it ends when all others are over, as a parameter server does."""

    command: Sequence[str]
    variables: Mapping[str, str]
    log: Path
    serves: bool = False


@dataclass(frozen=True)
class Ended:
    """How a team ended: the exit code of the first process that failed, negative after a signal, and which it was."""

    code: int
    rank: int = 0


class Team:
    """Runs the processes of a job. `end` may be called from any thread, before, while and after they run."""

    def __init__(self, mark: str, job: str) -> None:
        self._mark = mark
        self._job = job
        self._lock = threading.Lock()
        self._running: dict[int, subprocess.Popen[bytes]] = {}
        self._failed: Ended | None = None
        self._left = 0  # processes that do not only serve
        self._is_ending = False
        self._seen: set[processes.Known] = set()
        self._timer: threading.Timer | None = None

    def run(self, launches: Sequence[Launch], folder: Path) -> Ended:
        """Start all and wait for all; the first that fails ends the others.

        Raises:
            OSError: one cannot be started; none is left running.
        """
        self._left = sum(not launch.serves for launch in launches)
        first = 0
        try:
            threads = []
            for rank, launch in enumerate(launches):
                process = processes.spawn(list(launch.command), folder, launch.variables, launch.log)
                first = first or process.pid
                with self._lock:
                    self._running[rank] = process
                    is_late = self._is_ending
                if is_late:
                    processes.signal_group(process.pid, signal.SIGKILL)
                waiting = threading.Thread(target=self._wait, args=(rank, process, launch.serves), daemon=True)
                threads.append(waiting)
                if rank:
                    waiting.start()
            threads[0].run()  # the thread of the step itself waits for the first one
            for thread in threads[1:]:
                thread.join()
        except OSError:
            self.end(0.0)
            raise
        finally:
            if self._timer is not None:
                self._timer.cancel()
            if first:
                processes.end_marked(self._mark, self._job, first)
            processes.end_known(self._seen)
        return self._failed or Ended(0)

    def end(self, grace_seconds: float = GRACE_SECONDS) -> None:
        """A request to all that run, and after the grace the end of them and of all that they started."""
        with self._lock:
            self._is_ending = True
            running = list(self._running.values())
        number = signal.SIGTERM if grace_seconds else signal.SIGKILL
        if running:  # who hides from us is found while its parents live
            self._seen |= processes.below(process.pid for process in running)
        for process in running:
            processes.signal_group(process.pid, number)
        if not grace_seconds:
            return
        timer = self._timer = threading.Timer(grace_seconds, self.end, (0.0,))
        timer.daemon = True
        timer.start()

    def _wait(self, rank: int, process: subprocess.Popen[bytes], serves: bool) -> None:
        code = processes.wait(process)
        with self._lock:
            self._running.pop(rank, None)
            self._left -= not serves
            if code and not self._is_ending and self._failed is None:
                self._failed = Ended(code, rank)
            ends = bool(self._running) and not self._is_ending and (self._failed is not None or not self._left)
        if ends:
            self.end()
