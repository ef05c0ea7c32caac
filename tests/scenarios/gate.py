"""A gate in front of a project's local Azure ML: it holds one chosen request, or its answer, as long as a test wants.

So a test can kill a process at one very step, without a sleep. Behind the gate is the real local Azure ML: it only
listens elsewhere, and the gate has its address and its certificate.
"""

from __future__ import annotations

import os
import re
import socket
import ssl
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from http.client import HTTPSConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Literal

from amlkit.home import HOST, Home

from .project import Project

SECONDS = 60
_OURS = ("connection", "keep-alive", "transfer-encoding", "content-length")

When = Literal["before", "after"]


@dataclass(frozen=True)
class Hold:
    """A request that is held `before` it is passed on, or `after` it was answered."""

    method: str
    place: str
    when: When
    reached: threading.Event = field(default_factory=threading.Event)
    over: threading.Event = field(default_factory=threading.Event)
    lost: threading.Event = field(default_factory=threading.Event)

    def wait(self) -> None:
        """Until the request is here."""
        assert self.reached.wait(SECONDS), f"no {self.method} of {self.place} came"

    def release(self) -> None:
        """Let it go on."""
        self.over.set()

    def drop(self) -> None:
        """Lose it: the request, or its answer, never arrives."""
        self.lost.set()
        self.over.set()


class Gate:
    """The local Azure ML of a project, with a gate in front."""

    def __init__(self, project: Project) -> None:
        self.project = project
        project.ok("local", "start")  # makes the certificates and chooses the ports
        project.ok("local", "stop")
        home = Home(project.root)
        address = home.address()
        assert address is not None
        self._holds: list[Hold] = []  # all that were ever asked for
        self._waiting: list[Hold] = []
        port, self._process = _start_behind(project, home, address.proxy_port)
        self._server = _Server((HOST, address.port), home, port, self._taken)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def hold(self, method: str, place: str, when: When) -> Hold:
        """Hold the next request of `method` whose `host/path?query` the expression `place` finds."""
        held = Hold(method, place, when)
        self._holds.append(held)
        self._waiting.append(held)
        return held

    def close(self) -> None:
        """End it, and the local Azure ML."""
        for held in self._holds:
            held.drop()
        self.project.ok("local", "stop")
        self._process.wait(SECONDS)
        self._server.shutdown()
        self._server.server_close()

    def _taken(self, method: str, place: str) -> Hold | None:
        for held in self._waiting:
            if held.method == method and re.search(held.place, place):
                self._waiting.remove(held)
                return held
        return None


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, address, home, port, taken):
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(home.ca / "server.pem", home.ca / "server.key")
        self.trusted = ssl.create_default_context(cafile=home.ca / "ca.pem")
        self.port = port
        self.taken = taken
        super().__init__(address, _Handler)

    def finish_request(self, request, client_address):
        with self.context.wrap_socket(request, server_side=True) as secured:
            self.RequestHandlerClass(secured, client_address, self)

    def handle_error(self, request, client_address):
        pass  # a client that is killed breaks its connections


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def __getattr__(self, name):
        if name.startswith("do_"):  # every method of HTTP
            return self._pass_on
        raise AttributeError(name)

    def _pass_on(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        held = self.server.taken(self.command, self.headers["Host"] + self.path)
        if held and held.when == "before" and _is_lost(held):
            self.close_connection = True
            return
        answer, content = self._asked(body)
        if held and held.when == "after" and _is_lost(held):
            self.close_connection = True
            return
        self.send_response_only(answer.status, answer.reason)
        for name, value in answer.getheaders():
            if name.lower() not in _OURS:
                self.send_header(name, value)
        length = answer.getheader("Content-Length") if self.command == "HEAD" else len(content)
        self.send_header("Content-Length", length)
        self.end_headers()
        self.wfile.write(content)

    def _asked(self, body):
        connection = HTTPSConnection(HOST, self.server.port, context=self.server.trusted, timeout=SECONDS)
        try:
            connection.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
            for name, value in self.headers.items():
                connection.putheader(name, value)
            connection.endheaders(body)
            answer = connection.getresponse()
            return answer, answer.read()
        finally:
            connection.close()


def _is_lost(held: Hold) -> bool:
    held.reached.set()
    held.over.wait()
    return held.lost.is_set()


def _start_behind(project: Project, home: Home, proxy_port: int) -> tuple[int, subprocess.Popen[bytes]]:
    """Start the local Azure ML as `amlkit local start` does, but with a socket on a port that is not in its address."""
    with socket.create_server((HOST, 0)) as https, socket.create_server((HOST, proxy_port)) as tunnels:
        reading, writing = os.pipe()
        handed = [https.fileno(), tunnels.fileno(), writing]
        command = [sys.executable, "-P", "-m", "amlkit.local", str(home.root), "--reuse", "content", "--descriptors"]
        with home.log_file.open("ab") as log:
            process = subprocess.Popen(
                [*command, ",".join(map(str, handed))],
                cwd=home.root,
                env=project.environment,
                stdout=log,
                stderr=log,
                pass_fds=handed,
            )
        os.close(writing)
        with os.fdopen(reading, "rb") as said:
            assert said.read() == b"ready\n", home.log_file.read_text()
        return https.getsockname()[1], process
