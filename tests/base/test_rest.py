"""The HTTP client: connections that are kept, those that the other side closed, proxies, what is said of failures."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from amlkit.errors import SetupError, UnreachableError
from amlkit.identity import LocalIdentity
from amlkit.rest import Client


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def do_GET(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.seen.append((self.command, self.path, body, self.client_address[1], dict(self.headers)))
        content = self.server.answer
        self.send_response(self.server.status)
        self.send_header("X-Mixed-Case", "yes")
        self.send_header("Content-Length", str(len(content)))
        if self.server.closes:
            self.send_header("Connection", "close")
            self.close_connection = True
        self.end_headers()
        self.wfile.write(content)

    def do_PUT(self):
        self.do_GET()

    def do_POST(self):
        self.do_GET()


@pytest.fixture
def server():
    made = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    made.seen, made.answer, made.status, made.closes = [], b"{}", 200, False
    made.url = f"http://127.0.0.1:{made.server_address[1]}"
    threading.Thread(target=made.serve_forever, daemon=True).start()
    yield made
    made.shutdown()
    made.server_close()


def test_a_connection_is_kept_and_a_body_is_json(server):
    client = Client()
    answer = client.request("PUT", f"{server.url}/a?b=c", {"x": [1]}, {"X-Own": "1"})
    client.request("GET", f"{server.url}/d")
    (first, second) = server.seen
    assert (answer.method, answer.status_code, answer.json()) == ("PUT", 200, {})
    assert first[:2] == ("PUT", "/a?b=c")
    assert json.loads(first[2]) == {"x": [1]}
    assert (first[4]["Content-Type"], first[4]["X-Own"]) == ("application/json", "1")
    assert first[3] == second[3], "one connection"


def test_headers_do_not_mind_the_case(server):
    headers = Client().request("GET", server.url).headers
    assert headers["x-mixed-case"] == headers.get("X-MIXED-CASE") == "yes"
    assert headers.get("absent") is None
    with pytest.raises(KeyError):
        headers["absent"]


def test_a_connection_that_the_server_closed_is_made_anew(server):
    client = Client()
    server.closes = True
    for _ in range(3):
        assert client.request("GET", server.url).status_code == 200
    assert len({call[3] for call in server.seen}) == 3


def test_any_status_is_an_answer(server):
    server.status, server.answer = 418, b"short and stout"
    answer = Client().request("POST", server.url)
    assert (answer.status_code, answer.text) == (418, "short and stout")


def test_nobody_there_says_so_with_the_way_to_start_it(server):
    server.shutdown()
    server.server_close()
    with pytest.raises(UnreachableError, match="no answer from http://127") as caught:
        Client().request("GET", server.url)
    assert "amlkit local start" in caught.value.problems[0].hint


def test_roots_that_cannot_be_read_are_named(tmp_path):
    bundle = tmp_path / "roots.pem"
    bundle.write_text("no certificate")
    with pytest.raises(SetupError, match="no roots of trust"):
        Client(str(bundle)).request("GET", "https://127.0.0.1:9/")


def test_another_host_is_reached_through_the_ambient_proxy(server, monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", f"http://me:secret@{server.url.removeprefix('http://')}")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("https_proxy", raising=False)
    with pytest.raises(UnreachableError, match="example"):
        Client().request("GET", "https://example.org/x")  # this proxy knows no CONNECT, and says so


def test_the_local_identity_is_asked_once_for_an_audience(server):
    server.answer = json.dumps({"access_token": "t", "expires_on": "99999999999"}).encode()
    identity = LocalIdentity.of({"IDENTITY_ENDPOINT": f"{server.url}/msi", "IDENTITY_HEADER": "h"}, Client())
    assert identity.get_token("https://a/.default").token == "t"
    assert identity.get_token("https://a/.default").expires_on == 99999999999
    identity.get_token("https://b/.default")
    assert [call[1] for call in server.seen] == [
        "/msi?api-version=2019-08-01&resource=https%3A%2F%2Fa",
        "/msi?api-version=2019-08-01&resource=https%3A%2F%2Fb",
    ]
    assert server.seen[0][4]["X-IDENTITY-HEADER"] == "h"


def test_an_environment_without_an_identity_has_none():
    assert LocalIdentity.of({"IDENTITY_ENDPOINT": "https://x"}, Client()) is None
