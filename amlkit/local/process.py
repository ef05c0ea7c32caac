"""The stand-in's life: start it in the background, stop it, say whether it runs. Called by the commands and the tests.

The running stand-in holds a lock on its pid file for as long as it lives, so whether it runs never depends on a number
that another process may have by now. The starter binds both ports and hands the sockets over, so no other process can
take them in between, and early connections wait instead of failing.
"""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import select
import signal
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from http.client import HTTPSConnection
from pathlib import Path

from ..errors import SetupError
from ..home import HOST, Address, Home
from .certificates import ensure_certificates, write_bundle
from .settings import RULES, Settings, network_of, outside, points_at_a_stand_in

READY = b"ready\n"
_START_SECONDS = 60
_STOP_SECONDS = 60
_ANSWER_SECONDS = 10
_LOG_BYTES = 5_000_000
_LOG_TAIL = 12


@dataclass(frozen=True)
class Running:
    """A stand-in that runs: its process, since when (UTC, RFC 3339), and under which reuse rules."""

    pid: int
    since: str
    reuse: str
    address: Address


def status(home: Home) -> Running | None:
    """The stand-in of a checkout, or None when it does not run."""
    address = home.address()
    if address is None or not home.pid_file.is_file():
        return None
    with home.pid_file.open() as file:
        if _lock(file.fileno()):
            return None
        words = file.read().split()
    return Running(int(words[0]), words[1], words[2], address) if len(words) == 3 else None


def start(home: Home, reuse: str | None = None, environment: Mapping[str, str] = os.environ) -> tuple[Running, bool]:
    """Start the stand-in and wait until it answers; True if it was not running before.

    Raises:
        SetupError: a kept port is taken; it runs under other reuse rules; it did not come up.
    """
    home.folder.mkdir(parents=True, exist_ok=True)
    home.folder.chmod(0o700)
    with _alone(home):
        running = status(home)
        if running is not None and _answers(home, running):
            if reuse not in (None, running.reuse):
                what = f"the local Azure ML runs with other reuse rules: {running.reuse}"
                raise SetupError(what, hint=f"`amlkit local stop`, then `amlkit local start --reuse {reuse}`")
            return running, False
        return _start(home, reuse, environment), True


def stop(home: Home) -> bool:
    """Stop it in an orderly way and wait until it is gone; False if it did not run.

    Raises:
        SetupError: it does not go.
    """
    home.folder.mkdir(parents=True, exist_ok=True)
    with _alone(home):
        running = status(home)
        if running is None:
            return False
        with suppress(ProcessLookupError):  # it was just killed, and its guard ends what it left
            os.kill(running.pid, signal.SIGTERM)
        if not _released(home.pid_file, _STOP_SECONDS):
            what = f"the local Azure ML does not stop: process {running.pid}"
            raise SetupError(what, hint=f"see `amlkit local logs`; `kill -9 {running.pid}` loses nothing")
        return True


def _start(home: Home, reuse: str | None, environment: Mapping[str, str]) -> Running:
    settings = Settings.read(home)
    if reuse is not None:
        settings = replace(settings, reuse=reuse)
    if settings.reuse not in RULES:
        raise SetupError(f"unknown reuse rules: {settings.reuse}", hint=f"one of {', '.join(RULES)}")
    if not points_at_a_stand_in(environment):
        settings = replace(settings, network=network_of(environment))
    address, sockets = _bind(home)
    try:
        home.write_address(address)
        home.address_file.chmod(0o600)
        home.stacks.mkdir(exist_ok=True)
        clean = outside(home, address, environment, settings.network)
        ensure_certificates(home)
        write_bundle(home, clean)
        _launch(home, settings, sockets, clean)
        settings.write(home)
    finally:
        for each in sockets:
            each.close()
    running = status(home)
    if running is None:
        raise _did_not_start(home, "it ended at once")
    return running


def _bind(home: Home) -> tuple[Address, list[socket.socket]]:
    kept = home.address()
    sockets: list[socket.socket] = []
    for port in (kept.port, kept.proxy_port) if kept else (0, 0):
        each = socket.socket()
        sockets.append(each)
        each.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            each.bind((HOST, port))
        except OSError as error:
            for opened in sockets:
                opened.close()
            what = f"another process has port {port}, which this checkout's local Azure ML keeps"
            hint = f"end that process, or remove {home.address_file} (ids with the old address in them then break)"
            raise SetupError(what, hint=hint) from error
        each.listen(128)
    ports = [each.getsockname()[1] for each in sockets]
    return kept or Address(ports[0], ports[1], secrets.token_urlsafe(32)), sockets


def _launch(home: Home, settings: Settings, sockets: list[socket.socket], environment: Mapping[str, str]) -> None:
    reading, writing = os.pipe()
    descriptors = [each.fileno() for each in sockets]
    numbers = ",".join(map(str, [*descriptors, writing]))
    command = [
        sys.executable,
        "-P",
        "-m",
        "amlkit.local",
        str(home.place),
        "--reuse",
        settings.reuse,
        "--descriptors",
        numbers,
    ]
    _rotate(home.log_file)
    with home.log_file.open("ab") as log:
        child = subprocess.Popen(
            command,
            cwd=home.place,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=[*descriptors, writing],
            start_new_session=True,
        )
    os.close(writing)
    said = _said(reading)
    if said == READY:
        return
    if said is None:
        child.kill()
    child.wait()
    if said:
        raise SetupError(**json.loads(said))
    raise _did_not_start(home, f"no answer in {_START_SECONDS} s" if said is None else f"exit code {child.returncode}")


def _said(reading: int) -> bytes | None:
    """What a new stand-in says: `READY`, a `SetupError` as JSON, empty if it ended; None in case of silence."""
    with open(reading, "rb") as pipe:
        ready, _, _ = select.select([pipe], [], [], _START_SECONDS)
        return pipe.read() if ready else None


def _answers(home: Home, running: Running) -> bool:
    """Does it serve? False if it was just killed and is gone now.

    Raises:
        SetupError: it lives and does not answer.
    """
    trusted = ssl.create_default_context(cafile=home.ca / "ca.pem")
    connection = HTTPSConnection(HOST, running.address.port, timeout=_ANSWER_SECONDS, context=trusted)
    try:
        connection.request("GET", "/discovery")
        return connection.getresponse().status == 200
    except OSError as error:
        if _released(home.pid_file, _ANSWER_SECONDS):
            return False
        what = f"the local Azure ML runs but does not answer: process {running.pid}: {error}"
        raise SetupError(what, hint="`amlkit local stop`, then `amlkit local start`") from error
    finally:
        connection.close()


def _did_not_start(home: Home, why: str) -> SetupError:
    lines = home.log_file.read_text(errors="replace").splitlines()[-_LOG_TAIL:] if home.log_file.is_file() else []
    tail = "".join(f"\n    {line}" for line in lines)
    return SetupError(f"the local Azure ML did not start: {why}{tail}", hint=f"the whole log: {home.log_file}")


@contextmanager
def _alone(home: Home) -> Iterator[None]:
    """One start or stop at a time a checkout; the others wait."""
    with (home.folder / "start.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _released(path: Path, seconds: float) -> bool:
    """Wait until the process that holds the lock is gone; False if it is still there after so many seconds."""
    done = threading.Event()

    def wait() -> None:
        with path.open() as file:
            fcntl.flock(file, fcntl.LOCK_SH)
        done.set()

    threading.Thread(target=wait, daemon=True).start()
    return done.wait(seconds)


def _rotate(log: Path) -> None:
    if log.is_file() and log.stat().st_size > _LOG_BYTES:
        log.replace(log.with_suffix(".log.1"))
