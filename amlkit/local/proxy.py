"""The CONNECT proxy that `HTTPS_PROXY` names: storage hosts of the stand-in lead to it, Azure's hosts nowhere.

It looks at host names only; what goes through is encrypted between client and server. Other hosts are reached directly,
or through the proxy of the environment in which the stand-in was started.
"""

from __future__ import annotations

import asyncio
import socket
from contextlib import suppress
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from ..home import HOST, STORAGE_SUFFIX

AZURE_HOSTS = (
    "azure.com",
    "azure.net",
    "azurecr.io",
    "azuredatabricks.net",
    "azuredatalakeanalytics.net",
    "azuredatalakestore.net",
    "azureml.ms",
    "azureml.net",
    "graph.microsoft.com",
    "microsoftonline.com",
    "windows.net",
)
PACKAGE_FEEDS = ("dev.azure.com",)  # Azure DevOps holds package feeds, not resources
_HEAD_SECONDS = 30
_CONNECT_SECONDS = 30
_CHUNK = 1 << 18


async def serve(listener: socket.socket, port: int) -> asyncio.Server:
    """Start the proxy on a bound socket; `port` is the stand-in's HTTPS port on loopback."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        ends = (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, TimeoutError)
        with suppress(*ends, asyncio.CancelledError):  # cancelled: the stand-in stops, which is no error to log
            await _tunnel(reader, writer, port)
        writer.close()

    return await asyncio.start_server(handle, sock=listener, limit=_CHUNK)


def refusal(host: str) -> str:
    """Why a host is not reached; empty if it may be."""
    if _below(host, AZURE_HOSTS) and not _below(host, PACKAGE_FEEDS):
        return f"{host} belongs to Azure and this environment points at the local Azure ML"
    if _below(host, ("amlkit.test",)) and not _below(host, (STORAGE_SUFFIX,)):
        return f"{host} does not exist in the local Azure ML"
    return ""


async def _tunnel(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, port: int) -> None:
    async with asyncio.timeout(_HEAD_SECONDS):
        head = await reader.readuntil(b"\r\n\r\n")
    method, target, *_ = [*head.split(b"\r\n", 1)[0].decode("latin-1").split(" "), "", ""]
    host, _, number = target.rpartition(":")
    if method != "CONNECT" or not number.isdecimal():
        await _answer(writer, "405 Only CONNECT is served here")
        return
    host = host.strip("[]").lower().rstrip(".")
    if reason := refusal(host):
        await _answer(writer, f"403 {reason}")
        return
    try:
        async with asyncio.timeout(_CONNECT_SECONDS):
            far_reader, far_writer = await _connect(host, int(number), port)
    except (OSError, TimeoutError) as error:
        await _answer(writer, f"502 {host} cannot be reached: {str(error) or type(error).__name__}")
        return
    writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
    try:
        await asyncio.gather(_copy(reader, far_writer, writer), _copy(far_reader, writer, far_writer))
    finally:
        far_writer.close()


async def _connect(host: str, number: int, port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    if _below(host, (STORAGE_SUFFIX,)):
        return await asyncio.open_connection(HOST, port, limit=_CHUNK)
    above = _above(host)
    if above is None:
        return await asyncio.open_connection(host, number)
    reader, writer = await asyncio.open_connection(*above)
    writer.write(f"CONNECT {host}:{number} HTTP/1.1\r\nHost: {host}:{number}\r\n\r\n".encode())
    head = await reader.readuntil(b"\r\n\r\n")
    status = head.split(b"\r\n", 1)[0].decode("latin-1")
    if status.split(" ")[1:2] != ["200"]:
        writer.close()
        raise OSError(f"the proxy above says {status}")
    return reader, writer


def _above(host: str) -> tuple[str, int] | None:
    proxies = getproxies()
    address = proxies.get("https") or proxies.get("all")
    if not address or proxy_bypass(host):
        return None
    parts = urlsplit(address if "://" in address else f"http://{address}")
    return (parts.hostname or HOST, parts.port or 3128)


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, source: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await reader.read(_CHUNK):
            _acknowledge(source)
            writer.write(data)
            await writer.drain()
        if writer.can_write_eof():
            writer.write_eof()


def _acknowledge(stream: asyncio.StreamWriter) -> None:
    """Acknowledge at once: urllib3 turns Nagle's algorithm on towards proxies, which costs 40 ms a write otherwise."""
    if hasattr(socket, "TCP_QUICKACK"):
        stream.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)


async def _answer(writer: asyncio.StreamWriter, status: str) -> None:
    body = f"{status.partition(' ')[2]}\n".encode()
    head = f"HTTP/1.1 {status}\r\nContent-Type: text/plain\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    writer.write(head.encode("latin-1", "replace") + body)
    await writer.drain()


def _below(host: str, domains: tuple[str, ...]) -> bool:
    return any(host == domain or host.endswith(f".{domain}") for domain in domains)
