from __future__ import annotations

import socket

import pytest


@pytest.fixture(autouse=True)
def offline(monkeypatch):
    """Definitions are made, checked and compiled without a network: every attempt to reach one fails."""

    def refuse(*_args, **_kwargs):
        raise AssertionError("a definition must not touch the network")

    for name in ("connect", "connect_ex", "sendto"):
        monkeypatch.setattr(socket.socket, name, refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
