"""How many durable submits of a job a second, as ratios against bare SQLite in the same minutes.

    python benchmarks/submits.py [--seconds 5] [--clients 1 32]

It starts a stand-in of its own in a temporary folder and submits pipelines of one step over HTTPS, each client on a
connection of its own. The step is reused, so that every run is judged, recorded and over, and no process of a step
takes part. The floor is one committed row a submit with the same durability (WAL, synchronous FULL), without a server.
"""

from __future__ import annotations

import argparse
import http.client
import json
import socket
import sqlite3
import ssl
import statistics
import tempfile
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from amlkit.home import HOST, SUBSCRIPTION, Address, Home
from amlkit.local import process

GROUP = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg"
WORKSPACE = f"{GROUP}/providers/Microsoft.MachineLearningServices/workspaces/ws-1"
VERSION = "?api-version=2025-12-01"
PLACE = {"location": "westeurope"}
Submit = Callable[[], None]


@dataclass(frozen=True)
class Measured:
    """Submits a second, and the latencies in seconds that half and 99 % of them stay under."""

    rate: float
    median: float
    p99: float


class Connection:
    """One client's connection: as little Python as possible, because it shares the machine with what it measures."""

    def __init__(self, home: Home, address: Address) -> None:
        context = ssl.create_default_context(cafile=home.ca / "ca.pem")
        plain = socket.create_connection((HOST, address.port))
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket = context.wrap_socket(plain, server_hostname=HOST)
        self._reader = self._socket.makefile("rb")

    def put(self, path: str, token: str, body: bytes) -> None:
        """Send a PUT, which must be answered with 201."""
        lines = [f"PUT {path} HTTP/1.1", f"Host: {HOST}", f"Authorization: Bearer {token}"]
        head = "\r\n".join([*lines, f"Content-Length: {len(body)}", "", ""])
        self._socket.sendall(head.encode() + body)
        status = self._reader.readline()
        length = 0
        while (line := self._reader.readline()) != b"\r\n":
            if line.lower().startswith(b"content-length:"):
                length = int(line.partition(b":")[2])
        answer = self._reader.read(length)
        if b" 201 " not in status:
            raise RuntimeError(f"{status!r} {answer!r}")


class Workspace:
    """A workspace with a pipeline component whose one step has run."""

    def __init__(self, home: Home, address: Address) -> None:
        self._home, self._address = home, address
        self._http = http.client.HTTPSConnection(
            HOST, address.port, context=ssl.create_default_context(cafile=home.ca / "ca.pem")
        )
        header = {"X-IDENTITY-HEADER": address.identity_header}
        self.token = str(
            self.call("GET", f"/msi/token?resource={address.url}&api-version=1", None, header)["access_token"]
        )
        self.body = json.dumps({"properties": self._pipeline()}).encode()

    def call(self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None) -> dict[str, Any]:
        """The answer to a call, which must be good."""
        sent = headers or {"Authorization": f"Bearer {self.token}"}
        self._http.request(method, path, json.dumps(body) if body is not None else None, sent)
        answer = self._http.getresponse()
        text = answer.read()
        if answer.status >= 300:
            raise RuntimeError(text.decode())
        return dict(json.loads(text))

    def reconnect(self) -> None:
        """Begin with a new connection: the server ends one that was idle for some seconds."""
        self._http.close()
        self.call("GET", WORKSPACE + VERSION)

    def client(self) -> Submit:
        """A client of its own: each call is one submit that was answered."""
        connection = Connection(self._home, self._address)
        return lambda: connection.put(f"{WORKSPACE}/jobs/{uuid.uuid4()}{VERSION}", self.token, self.body)

    def _pipeline(self) -> dict[str, Any]:
        providers = f"{GROUP}/providers"
        storage = f"{providers}/Microsoft.Storage/storageAccounts/submits"
        vault = f"{providers}/Microsoft.KeyVault/vaults/submits-1"
        needs = {"storageAccount": storage, "keyVault": vault}
        spec = {"name": "step", "version": "1", "type": "command", "command": "echo ${{inputs.n}} > ${{outputs.o}}/n"}
        spec |= {"environment": "azureml:bare:1"}
        ports = {"inputs": {"n": {"type": "integer", "default": "1"}}, "outputs": {"o": {"type": "uri_folder"}}}
        for path, body in {
            GROUP: PLACE,
            storage: PLACE | {"kind": "StorageV2", "sku": {"name": "Standard_LRS"}},
            vault: PLACE | {"properties": {"tenantId": "t", "sku": {"name": "standard"}}},
            WORKSPACE: PLACE | {"identity": {"type": "SystemAssigned"}, "properties": needs},
            f"{WORKSPACE}/environments/bare/versions/1": {"properties": {"image": "ubuntu"}},
            f"{WORKSPACE}/components/step/versions/1": {"properties": {"componentSpec": spec | ports}},
        }.items():
            self.call("PUT", path + VERSION, body)
        jobs = {"step": {"type": "command", "componentId": "azureml:step:1"}}
        pipeline = {"jobType": "Pipeline", "experimentName": "submits", "jobs": jobs}
        first = f"{WORKSPACE}/jobs/first{VERSION}"
        self.call("PUT", first, {"properties": pipeline})
        while self.call("GET", first)["properties"]["status"] != "Completed":
            time.sleep(0.05)
        return pipeline

    def over(self) -> int:
        """How many of its jobs are over, read from its database."""
        with sqlite3.connect(f"file:{self._home.database}?mode=ro", uri=True) as connection:
            sql = "SELECT count(*) FROM jobs WHERE parent = '' AND status = 'Completed'"
            return int(connection.execute(sql).fetchone()[0])


class Floor:
    """Rows in a SQLite file, one transaction each."""

    def __init__(self, folder: Path, body: bytes) -> None:
        self._path, self._body = folder / "floor.db", body
        self._lock = threading.Lock()
        self._connection = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False)
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = FULL")
        self._connection.execute("CREATE TABLE jobs (name TEXT PRIMARY KEY, body TEXT)")

    def client(self) -> Submit:
        """Each call is one row that is on disk."""

        def submit() -> None:
            with self._lock:
                self._connection.execute("INSERT INTO jobs VALUES (?, ?)", (str(uuid.uuid4()), self._body.decode()))

        return submit


def measure(client: Callable[[], Submit], clients: int, seconds: float) -> Measured:
    """Submit from so many threads for so long."""
    latencies: list[list[float]] = [[] for _ in range(clients)]
    submits = [client() for _ in range(clients)]
    until = time.perf_counter() + seconds

    def work(submit: Submit, found: list[float]) -> None:
        while (began := time.perf_counter()) < until:
            submit()
            found.append(time.perf_counter() - began)

    threads = [threading.Thread(target=work, args=each) for each in zip(submits, latencies, strict=True)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = sorted(item for each in latencies for item in each)
    return Measured(len(found) / (time.perf_counter() - began), statistics.median(found), found[int(len(found) * 0.99)])


def main() -> None:
    """Measure what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=5, help="how long each client submits")
    parser.add_argument("--clients", type=int, nargs="+", default=[1, 32], help="how many at once")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = Home(Path(folder))
        (home.root / "Pulumi.yaml").write_text("name: submits\nruntime: python\n")
        running, _ = process.start(home)
        try:
            workspace = Workspace(home, running.address)
            floor = Floor(Path(folder), workspace.body)
            print(
                f"{'clients':>7}  {'submits/s':>9}  {'floor/s':>9}  {'ratio':>5}  {'median':>7}  {'p99':>7}  still open"
            )
            sent = 1
            for clients in options.clients:
                bare = measure(floor.client, clients, options.seconds / 2)
                ours = measure(workspace.client, clients, options.seconds)
                sent += round(ours.rate * options.seconds)
                left = max(0, sent - workspace.over())
                line = f"{clients:7}  {ours.rate:9.0f}  {bare.rate:9.0f}  {ours.rate / bare.rate:5.2f}"
                print(f"{line}  {ours.median * 1000:4.0f} ms  {ours.p99 * 1000:4.0f} ms  about {left}")
        finally:
            process.stop(home)


if __name__ == "__main__":
    main()
