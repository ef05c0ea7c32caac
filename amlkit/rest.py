"""HTTP with the standard library: one client a process, connections that stay open, proxies and roots of the ambient.

Used by `target` alone. A library would be here if it did not cost every command a tenth of a second: what the toolkit
needs of HTTP is requests with a body, and answers that are small.
"""

from __future__ import annotations

import http.client
import json
import select
import socket
import ssl
import threading
from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit

from . import refusals
from .errors import SetupError, UnreachableError

LOOPBACK = ("127.0.0.1", "localhost", "::1")
_CONNECT_SECONDS = 2.0
ANSWER_SECONDS = 60.0
"""How long an answer may take where the caller does not say."""


class Headers(Mapping[str, str]):
    """The headers of an answer; their names do not mind the case."""

    def __init__(self, items: Iterable[tuple[str, str]] = ()) -> None:
        self._items = {name.lower(): value for name, value in items}

    def __getitem__(self, name: str) -> str:
        return self._items[name.lower()]

    def __iter__(self) -> Iterator[str]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)


@dataclass(frozen=True)
class Response:
    """An answer, read to its end. `method` and `url` are those of the request."""

    method: str
    url: str
    status_code: int
    headers: Headers
    content: bytes

    @property
    def text(self) -> str:
        """The body as text."""
        return self.content.decode("utf-8", "replace")

    def json(self) -> Any:
        """The body as JSON. Raises ValueError if it is none."""
        return json.loads(self.content)


class Client:
    """Requests over connections that are kept, a set of them a thread. `bundle` is a file of roots, or empty."""

    def __init__(self, bundle: str = "") -> None:
        self._bundle = bundle
        self._contexts: dict[bool, ssl.SSLContext] = {}
        self._kept = threading.local()

    def request(
        self,
        method: str,
        url: str,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        seconds: float = ANSWER_SECONDS,
    ) -> Response:
        """Send `body` as JSON (None: no body) and read the answer, whatever its status, within `seconds`.

        Raises:
            UnreachableError: no connection, no name, no trust, no answer in time, or one that is not HTTP.
            SetupError: the roots of trust cannot be read.
        """
        parts, connection = urlsplit(url), None
        try:
            connection = self._connection(parts, seconds)
            return self._answer(connection, method, url, body, headers or {})
        except (OSError, http.client.HTTPException) as error:
            was_sent = connection is not None
            why = str(error) or type(error).__name__
            hint = "" if was_sent else _hint(parts, error)
            raise UnreachableError(f"{parts.scheme}://{parts.netloc}", why, hint=hint, was_sent=was_sent) from error

    @staticmethod
    def _answer(
        connection: http.client.HTTPConnection, method: str, url: str, body: Any, headers: Mapping[str, str]
    ) -> Response:
        sent = {"Accept": "*/*", **headers}
        content = None if body is None else json.dumps(body).encode()
        if content is not None:
            sent.setdefault("Content-Type", "application/json")
        path = urlsplit(url)._replace(scheme="", netloc="", fragment="").geturl() or "/"
        try:
            connection.request(method, path, content, sent)
            answer = connection.getresponse()
            return Response(method, url, answer.status, Headers(answer.getheaders()), answer.read())
        except BaseException:  # also an interrupt: what is half read must not be read on
            connection.close()
            raise

    def _connection(self, parts: SplitResult, seconds: float) -> http.client.HTTPConnection:
        open_: dict[str, http.client.HTTPConnection] = self._kept.__dict__.setdefault("open", {})
        key = f"{parts.scheme}://{parts.netloc}"
        connection = open_.get(key)
        if connection is None or _is_over(connection):
            if connection is not None:
                connection.close()
            connection = self._new(parts)
            connection.connect()
            open_[key] = connection
            if connection.sock is not None:
                connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if connection.sock is not None:
            connection.sock.settimeout(seconds)
        return connection

    def _new(self, parts: SplitResult) -> http.client.HTTPConnection:
        host, is_plain = parts.hostname or "", parts.scheme == "http"
        proxy = _proxy(parts)
        at, port = (proxy.hostname or "", proxy.port or 80) if proxy else (host, parts.port)
        if is_plain:
            return http.client.HTTPConnection(at, port, timeout=_CONNECT_SECONDS)
        context = self._context(host in LOOPBACK)
        connection = http.client.HTTPSConnection(at, port, timeout=_CONNECT_SECONDS, context=context)
        if proxy:
            connection.set_tunnel(host, parts.port or 443, _login(proxy))
        return connection

    def _context(self, is_loopback: bool) -> ssl.SSLContext:
        if is_loopback not in self._contexts:
            try:
                roots = _authority(self._bundle) if is_loopback else ""
                self._contexts[is_loopback] = ssl.create_default_context(cafile=roots or self._bundle or None)
            except OSError as error:
                hint = "those of the local Azure ML: `amlkit local stop`, then `amlkit local start` writes them anew"
                raise SetupError(f"no roots of trust: {error}", where=self._bundle, hint=hint) from error
        return self._contexts[is_loopback]


def _hint(parts: SplitResult, error: Exception) -> str:
    host = parts.hostname or ""
    if host not in LOOPBACK:
        return refusals.unresolved(host) if isinstance(error, socket.gaierror) else refusals.silent(host)
    if isinstance(error, ssl.SSLError) or "handshake" in str(error):
        what = f"something else than this checkout's local Azure ML has port {parts.port}"
        return f"{what}: end it, then start the local Azure ML with `amlkit local start`"
    return "start the local Azure ML with `amlkit local start`"


def _authority(bundle: str) -> str:
    """The local Azure ML's own authority, if `bundle` is one of its: reading all roots takes twenty times as long."""
    path = Path(bundle).with_name("ca.pem") if bundle else None
    if path is None or not path.is_file() or path.read_bytes() not in Path(bundle).read_bytes():
        return ""
    return str(path)


def _is_over(connection: http.client.HTTPConnection) -> bool:
    """Did the other side end it? Then it can be read from: the end is there to be read."""
    if connection.sock is None:
        return True
    try:
        return bool(select.select([connection.sock], [], [], 0)[0])
    except (OSError, ValueError):
        return True


def _proxy(parts: SplitResult) -> SplitResult | None:
    """The proxy that the ambient names for a host; never one for loopback, nor for plain HTTP."""
    if parts.hostname in LOOPBACK or parts.scheme == "http":
        return None
    from urllib.request import getproxies, proxy_bypass

    found = getproxies().get(parts.scheme) or getproxies().get("all")
    if not found or proxy_bypass(parts.netloc):
        return None
    return urlsplit(found if "://" in found else f"http://{found}")


def _login(proxy: SplitResult) -> dict[str, str]:
    if not proxy.username:
        return {}
    words = f"{unquote(proxy.username)}:{unquote(proxy.password or '')}"
    return {"Proxy-Authorization": f"Basic {b64encode(words.encode()).decode()}"}
