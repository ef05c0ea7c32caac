"""Processes of steps: started in a session of their own, ended with everything they started.

Every process of a step inherits a variable that names the checkout, so that those of a former life of the stand-in are
found by reading `/proc`, whatever they forked and whether or not anything was written down about them.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

MARK = "AMLKIT_STEP_OF"  # its value is the checkout's folder
_PATIENCE_SECONDS = 5.0


def spawn(command: list[str], folder: Path, environment: Mapping[str, str], log: Path) -> subprocess.Popen[bytes]:
    """Start a command as the leader of a session. It writes to the log file itself, so nothing is lost with us.

    Raises:
        OSError: it cannot be started.
    """
    with log.open("ab") as output:
        return subprocess.Popen(
            command,
            cwd=folder,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def wait(process: subprocess.Popen[bytes]) -> int:
    """Wait for the end of the leader and end what it left running; its exit code, negative after a signal."""
    with contextlib.suppress(ChildProcessError):
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)  # not reaped: the group's number stays ours
    signal_group(process.pid, signal.SIGKILL)
    return process.wait()


def signal_group(leader: int, number: signal.Signals) -> None:
    """Send a signal to a whole group; nothing happens if it is gone."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, number)


def end_marked(mark: str) -> list[int]:
    """Kill every process whose environment carries `mark`, and wait until none is left; the ids that were killed."""
    ended: list[int] = []
    until = time.monotonic() + _PATIENCE_SECONDS
    while (found := _marked(mark)) and time.monotonic() < until:
        for process in found:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(process, signal.SIGKILL)
        ended += [process for process in found if process not in ended]
        time.sleep(0.005)  # the kernel has no event for the end of a process that is not our child
    return ended


def _marked(mark: str) -> list[int]:
    wanted = f"{MARK}={mark}".encode()
    found = []
    for entry in Path("/proc").iterdir() if Path("/proc").is_dir() else ():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        with contextlib.suppress(OSError):
            if wanted in (entry / "environ").read_bytes().split(b"\0") and not _is_zombie(entry):
                found.append(int(entry.name))
    return found


def _is_zombie(entry: Path) -> bool:
    return (entry / "stat").read_text().rpartition(")")[2].split()[0] == "Z"
