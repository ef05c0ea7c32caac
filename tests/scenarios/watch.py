"""An environment in which every attempt to reach another machine, and every call of `pulumi` and `az`, is noted."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from pathlib import Path

from .project import ROOT

WATCH = """
import os, socket
_connect, _lookup = socket.socket.connect, socket.getaddrinfo

def _told(host):
    if isinstance(host, (str, bytes)) and str(host) not in ("127.0.0.1", "::1", "localhost", ""):
        with open(os.environ["WATCHED"], "a") as log:
            log.write(f"{host}\\n")
        raise OSError(f"blocked: {host}")

def connect(self, address):
    if isinstance(address, tuple):
        _told(address[0])
    return _connect(self, address)

def getaddrinfo(host, *more, **named):
    _told(host)
    return _lookup(host, *more, **named)

socket.socket.connect, socket.getaddrinfo = connect, getaddrinfo
"""
TOOL = '#!/bin/sh\necho "$0 $@" >> "$WATCHED"\nexit 1\n'
_OURS = ("PULUMI_", "ARM_", "AZURE")


def environment(folder: Path) -> dict[str, str]:
    """Variables for commands; what is noted lies in `folder`. Attempts fail."""
    tools = folder / "bin"
    tools.mkdir()
    (tools / "sitecustomize.py").write_text(WATCH)
    for name in ("pulumi", "az"):
        (tools / name).write_text(TOOL)
        (tools / name).chmod(stat.S_IRWXU)
    plain = {name: value for name, value in os.environ.items() if not name.startswith(_OURS)}
    return {
        **plain,
        "PATH": f"{tools}:{plain['PATH']}",
        "PYTHONPATH": f"{tools}:{ROOT}",
        "WATCHED": str(folder / "attempts"),
        "HOME": str(folder),
        "NO_COLOR": "1",
    }


def attempts(environment: Mapping[str, str]) -> str:
    """The hosts and commands, a line each."""
    log = Path(environment["WATCHED"])
    return log.read_text() if log.exists() else ""
