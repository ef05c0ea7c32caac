"""Processes of steps: started in sessions of their own, ended with everything they started.

Every process of a step inherits two variables, which name the checkout and the job. So what a step forked and let go
(`setsid`, a daemon) is found by reading `/proc` when the step is over, and what a former life of the stand-in left
behind is found at the next start, whether or not anything was written down about it.

Run as a script with the mark of a checkout, this file is the stand-in's guard: see `guard`. So it imports nothing that
takes time.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping
from pathlib import Path

MARK = "AMLKIT_STEP_OF"  # its value is the checkout's folder
JOB = "AMLKIT_JOB"  # its value is the job's name
_PATIENCE_SECONDS = 5.0
_PROC = Path("/proc")
Known = tuple[int, int]  # a process and when it was started: ids are given anew
_EXPENDABLE = "500"  # of -1000 to 1000: when memory ends, the kernel shall take a step and not the stand-in


def guard(mark: str, lock: int) -> subprocess.Popen[bytes]:
    """Start a process that kills all that carries `mark` when we are gone, also by kill -9; it costs 10 ms and 10 MB.

    The pipe between us ends with us. Meanwhile it holds the lock behind the descriptor `lock` too, so that a new
    stand-in, whose steps carry the same mark, begins after that.
    """
    command = [sys.executable, "-I", "-S", __file__, mark]
    return subprocess.Popen(command, stdin=subprocess.PIPE, pass_fds=[lock], start_new_session=True)


def spawn(command: list[str], folder: Path, environment: Mapping[str, str], log: Path) -> subprocess.Popen[bytes]:
    """Start a command as the leader of a session. It writes to the log file itself, so nothing is lost with us.

    Raises:
        OSError: it cannot be started.
    """
    with log.open("ab") as output:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    with contextlib.suppress(OSError):
        (_PROC / str(process.pid) / "oom_score_adj").write_text(_EXPENDABLE)
    return process


def wait(process: subprocess.Popen[bytes]) -> int:
    """Wait for the end of the leader and end what is left of its group; its exit code, negative after a signal."""
    ended = None
    with contextlib.suppress(ChildProcessError):
        ended = os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)  # not reaped: the group's number stays ours
    signal_group(process.pid, signal.SIGKILL)
    code = process.wait()
    if ended is None:
        return code
    return ended.si_status if ended.si_code == os.CLD_EXITED else -ended.si_status


def signal_group(leader: int, number: signal.Signals) -> None:
    """Send a signal to a whole group; nothing happens if it is gone."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, number)


def below(leaders: Iterable[int]) -> frozenset[Known]:
    """All that descends from these processes now, in whatever session and with whatever variables it is."""
    started: dict[int, int] = {}
    children: dict[int, list[int]] = {}
    for process in _ids():
        with contextlib.suppress(OSError, IndexError):
            stat = _stat(process)
            started[process] = int(stat[19])
            children.setdefault(int(stat[1]), []).append(process)
    found, waiting = [], list(leaders)
    while waiting:
        more = children.get(waiting.pop(), [])
        found += more
        waiting += more
    return frozenset((process, started[process]) for process in found)


def end_known(known: Iterable[Known]) -> None:
    """Kill processes that were seen before, if they are the same still."""
    for process, started in known:
        with contextlib.suppress(OSError, IndexError):
            if int(_stat(process)[19]) == started:
                _kill(process)


def end_marked(mark: str, job: str = "", since: int = 0) -> list[int]:
    """Kill every process that carries `mark` (and `job`), and wait until none is left; the ids that were killed.

    `since` is a process of the job that was started first: only younger ones are looked at.
    """
    wanted = {f"{MARK}={mark}".encode(), *([f"{JOB}={job}".encode()] if job else [])}
    ended: list[int] = []
    until = time.monotonic() + _PATIENCE_SECONDS
    while (found := _carrying(wanted, since)) and time.monotonic() < until:
        for process in found:
            _kill(process)
        ended += [process for process in found if process not in ended]
        time.sleep(0.005)  # the kernel has no event for the end of a process that is not our child
    return ended


def _kill(process: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(process, signal.SIGKILL)


def _carrying(wanted: set[bytes], since: int) -> list[int]:
    found = []
    for process in _younger(since):
        with contextlib.suppress(OSError):
            variables = (_PROC / str(process) / "environ").read_bytes().split(b"\0")
            if wanted.issubset(variables) and _stat(process)[0] != "Z":
                found.append(process)
    return found


def _younger(since: int) -> list[int]:
    """All processes but us; where ids have not begun anew meanwhile, only those that were started after `since`."""
    there = [number for number in _ids() if number != os.getpid()]
    if not since or not there or _last_id() < since:
        return there
    return [number for number in there if number > since]


def _ids() -> list[int]:
    return [int(name) for name in os.listdir(_PROC) if name.isdigit()] if _PROC.is_dir() else []  # noqa: PTH208  faster


def _last_id() -> int:
    try:
        return int((_PROC / "loadavg").read_text().split()[-1])
    except (OSError, ValueError):
        return 0


def _stat(process: int) -> list[str]:
    """What `/proc/<id>/stat` says from the state on: 0 the state, 1 the parent, 19 when it was started."""
    return (_PROC / str(process) / "stat").read_text().rpartition(")")[2].split()


if __name__ == "__main__":
    sys.stdin.buffer.read()
    end_marked(sys.argv[1])
