"""The CONNECT proxy: what it lets through, and what not."""

import socket
import threading

import pytest

from amlkit.home import HOST, Home
from amlkit.local import process
from amlkit.local.proxy import refusal

from .conftest import StandIn


def connect(stand_in: StandIn, target: str) -> tuple[socket.socket, str]:
    """A connection through the proxy, and its status line."""
    tunnel = socket.create_connection((HOST, stand_in.address.proxy_port), timeout=10)
    tunnel.sendall(f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n".encode())
    return tunnel, tunnel.recv(4096).decode().partition("\r\n")[0]


def test_other_hosts_are_tunnelled(stand_in: StandIn) -> None:
    with socket.create_server((HOST, 0)) as server:

        def echo() -> None:
            there, _ = server.accept()
            with there:
                there.sendall(there.recv(100).upper())

        threading.Thread(target=echo, daemon=True).start()
        tunnel, status = connect(stand_in, f"{HOST}:{server.getsockname()[1]}")
        with tunnel:
            assert " 200 " in status
            tunnel.sendall(b"hello")
            assert tunnel.recv(100) == b"HELLO"


def test_a_stop_with_open_tunnels_and_connections_waits_for_nobody_and_says_nothing(home: Home) -> None:
    stand_in = StandIn(home, process.start(home)[0].address)
    assert stand_in.http.get("/discovery").status_code == 200
    with socket.create_server((HOST, 0)) as server:
        tunnel, status = connect(stand_in, f"{HOST}:{server.getsockname()[1]}")
        with tunnel:
            assert " 200 " in status
            process.stop(home)
            assert tunnel.recv(1) == b""
    log = home.log_file.read_text().splitlines()  # that a client made it wait would be an error there
    assert [line for line in log if " INFO " not in line] == []
    assert log[-1].endswith("stopped")


@pytest.mark.parametrize(
    "host",
    [
        "management.azure.com",
        "x.blob.core.windows.net",
        "LOGIN.microsoftonline.com",
        "ep.westeurope.inference.ml.azure.com",
    ],
)
def test_azures_hosts_are_refused_with_a_sentence(stand_in: StandIn, host: str) -> None:
    tunnel, status = connect(stand_in, f"{host}:443")
    tunnel.close()
    assert status.startswith("HTTP/1.1 403 ")
    assert "points at the local Azure ML" in status


def test_a_host_that_does_not_answer_is_502(stand_in: StandIn) -> None:
    with socket.create_server((HOST, 0)) as server:
        port = server.getsockname()[1]
    tunnel, status = connect(stand_in, f"{HOST}:{port}")
    tunnel.close()
    assert status.startswith("HTTP/1.1 502 ")


@pytest.mark.parametrize("host", ["pypi.org", "pkgs.dev.azure.com", "notazure.com", "acct.blob.core.amlkit.test"])
def test_package_feeds_and_our_storage_are_not_refused(host: str) -> None:
    assert refusal(host) == ""


def test_our_own_domain_holds_storage_only() -> None:
    assert "does not exist" in refusal("kv.vault.amlkit.test")
