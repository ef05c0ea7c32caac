"""Stops the local Azure ML of a test session when the session is over: `python -m amlkit.testing.guard FOLDER`.

Its standard input is a pipe from the session, which ends with it, however it ends.
"""

from __future__ import annotations

import signal
import sys
from pathlib import Path

from amlkit.home import Home
from amlkit.local import process


def main(folder: str) -> None:
    """Wait for the end of standard input, then stop what runs in `folder`."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    sys.stdin.buffer.read()
    process.stop(Home(Path(folder)))


if __name__ == "__main__":
    main(sys.argv[1])
