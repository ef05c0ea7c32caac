"""`python -m amlkit.local <checkout>`: the stand-in itself. Started by `process.start`, never by hand."""

from __future__ import annotations

import argparse
import asyncio
import fcntl
import json
import logging
import os
import signal
import socket
import sys
import time
from pathlib import Path
from typing import Any

import h11
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from ..errors import AmlkitError
from ..home import Address, Home
from . import proxy
from .clock import now
from .jobs import processes
from .process import READY
from .server import build_app, build_world
from .settings import RULES

_GRACE_SECONDS = 3


class _Parser(h11.Connection):
    """One that remembers how the names of metadata were written, which Azure Storage keeps and HTTP does not need."""

    names: dict[str, str] | None = None

    def next_event(self) -> h11.Event | type[h11.NEED_DATA] | type[h11.PAUSED]:
        event = super().next_event()
        if isinstance(event, h11.Request):
            written = [name.decode("latin-1") for name, _ in event.headers.raw_items()]
            self.names = {name.lower(): name for name in written if name.lower().startswith("x-ms-meta-")}
        return event


class _Connection(H11Protocol):
    """One that ends at once when the server stops and nothing is under way on it.

    A TLS connection that is closed in the polite way waits for the client's word, and idle clients say none.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.conn = _Parser(h11.SERVER)

    def handle_events(self) -> None:
        super().handle_events()
        if self.scope and isinstance(self.conn, _Parser) and self.conn.names:
            self.scope["state"]["header_names"] = self.conn.names  # its handler begins after this

    def shutdown(self) -> None:
        idle = self.cycle is None or self.cycle.response_complete
        super().shutdown()
        if idle:
            self.transport.abort()


class _Server(uvicorn.Server):
    """Says when it is ready: the application has started and the sockets are served."""

    def __init__(self, config: uvicorn.Config, ready: int) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            os.write(self._ready, READY)
            os.close(self._ready)


def main(arguments: list[str]) -> int:
    """Run until SIGTERM. Descriptors are those of the HTTPS socket, the proxy's socket, and the ready pipe."""
    parser = argparse.ArgumentParser(prog="python -m amlkit.local")
    parser.add_argument("root", type=Path)
    parser.add_argument("--reuse", choices=RULES, required=True)
    parser.add_argument("--descriptors", required=True)
    options = parser.parse_args(arguments)
    https, tunnels, ready = map(int, options.descriptors.split(","))
    home = Home(options.root)
    _log()
    lock = _hold_pid_file(home, options.reuse)
    address = home.address()
    if address is None:
        raise SystemExit("there is no address file")
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)  # uvicorn raises the signal again when it has shut down
    with (
        processes.guard(str(home.folder), lock),
        socket.socket(fileno=https) as https_socket,
        socket.socket(fileno=tunnels) as proxy_socket,
    ):
        try:
            asyncio.run(_serve(home, address, options.reuse, https_socket, proxy_socket, ready))
        except AmlkitError as error:
            logging.error("%s", error)
            problem = error.problems[0]
            os.write(ready, json.dumps({"what": problem.what, "where": problem.where, "hint": problem.hint}).encode())
            return 1
    logging.info("stopped")
    return 0


async def _serve(
    home: Home, address: Address, reuse: str, https: socket.socket, tunnels: socket.socket, ready: int
) -> None:
    world = build_world(home, address, reuse)
    config = uvicorn.Config(
        build_app(world),
        loop="asyncio",
        http=_Connection,
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        ssl_certfile=str(home.ca / "server.pem"),
        ssl_keyfile=str(home.ca / "server.key"),
        timeout_graceful_shutdown=_GRACE_SECONDS,
    )
    tunnel = await proxy.serve(tunnels, address.port)
    logging.info("serving %s, proxy on port %s, reuse rules %s", address.url, address.proxy_port, reuse)
    await _Server(config, ready).serve(sockets=[https])
    tunnel.close()
    world.database.close()


def _hold_pid_file(home: Home, reuse: str) -> int:
    """Lock the pid file, and say in it who runs. Only the end of this process and its guard gives the lock back."""
    descriptor = os.open(home.pid_file, os.O_RDWR | os.O_CREAT, 0o644)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    os.ftruncate(descriptor, 0)
    os.write(descriptor, f"{os.getpid()} {now('seconds')} {reuse}\n".encode())
    return descriptor


def _log() -> None:
    logging.Formatter.converter = time.gmtime
    form = "%(asctime)sZ %(levelname)s %(name)s: %(message)s"
    logging.basicConfig(level=logging.INFO, format=form, datefmt="%Y-%m-%dT%H:%M:%S", stream=sys.stderr)
    logging.getLogger("uvicorn.error").setLevel(logging.WARNING)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
