"""Upload and download of many small files and of one large one through azure-storage-blob, beside Azurite.

    AZURITE=…/azurite-blob python benchmarks/transfer.py [--files 10000] [--megabytes 2048] [--threads 8]

The stand-in is reached as always: HTTPS through its proxy. Azurite, if on PATH or named by `AZURITE`, serves HTTPS
with the stand-in's certificate, and is reached directly. Both lie on the same disk; all runs are in turn, in processes
of their own. The last column is the time of the stand-in over that of Azurite.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

SMALL = 2048  # bytes
AZURITE_ACCOUNT = "devstoreaccount1"
AZURITE_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="


def transfers(options: dict[str, Any]) -> dict[str, float]:
    """All four of one service, in seconds. Run in a process of its own."""
    from azure.storage.blob import BlobServiceClient

    client = BlobServiceClient(
        options["url"],
        options["key"],
        proxies=options["proxies"],
        connection_verify=options["ca"],
        api_version="2025-05-05",
    )
    container = client.get_container_client("transfer")
    container.create_container()
    data = os.urandom(SMALL)
    names = [f"small/{number % 100:02d}/{number}" for number in range(options["files"])]
    with ThreadPoolExecutor(options["threads"]) as pool, tempfile.TemporaryDirectory(dir=options["folder"]) as folder:
        large, copy = Path(folder) / "large", Path(folder) / "copy"
        _fill(large, options["megabytes"])

        def up(name: str) -> None:
            container.upload_blob(name, data)

        def down(name: str) -> None:
            if container.download_blob(name).readall() != data:
                raise RuntimeError(name)

        def up_large() -> None:
            with large.open("rb") as file:
                container.upload_blob("large", file, max_concurrency=4)

        def down_large() -> None:
            with copy.open("wb") as file:
                container.download_blob("large", max_concurrency=4).readinto(file)

        works: dict[str, Callable[[], object]] = {
            "upload small": lambda: list(pool.map(up, names)),
            "list small": lambda: sum(1 for _ in container.list_blobs("small/")),
            "download small": lambda: list(pool.map(down, names)),
            "upload large": up_large,
            "download large": down_large,
        }
        return {name: _seconds(work) for name, work in works.items()}


def _fill(path: Path, megabytes: int) -> None:
    piece = os.urandom(1 << 20)
    with path.open("wb") as file:
        for _ in range(megabytes):
            file.write(piece)


def _seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


@contextmanager
def stand_in(folder: Path) -> Iterator[tuple[dict[str, Any], Any]]:
    """A stand-in with an account."""
    from amlkit.home import HOST, SUBSCRIPTION, Home
    from amlkit.local import process
    from tests.local.conftest import StandIn, make_account
    from tests.local.storage.clients import Account

    (folder / "Pulumi.yaml").write_text("name: sample\nruntime: python\n")
    home = Home(folder)
    running, _ = process.start(home)
    try:
        found = StandIn(home, running.address)
        group = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/transfer"
        found.made(group, {"location": "westeurope"})
        account = Account(found, make_account(found, group))
        proxies = {"https": f"http://{HOST}:{running.address.proxy_port}"}
        yield {"url": account.url("blob"), "key": account.key, "proxies": proxies, "ca": str(home.ca_bundle)}, home
    finally:
        process.stop(home)


@contextmanager
def azurite(program: str, folder: Path, ca: Path) -> Iterator[dict[str, Any]]:
    """Azurite with the stand-in's certificate."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [program, "--silent", "--disableTelemetry", "--skipApiVersionCheck", "--location", str(folder)]
    command += ["--blobPort", str(port), "--cert", str(ca / "server.pem"), "--key", str(ca / "server.key")]
    running = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        for _ in range(300):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        url = f"https://127.0.0.1:{port}/{AZURITE_ACCOUNT}"
        yield {"url": url, "key": AZURITE_KEY, "proxies": {}, "ca": str(ca / "ca.pem")}
    finally:
        running.terminate()
        running.wait()


def measured(options: dict[str, Any]) -> dict[str, float]:
    """The transfers, in a new process."""
    command = [sys.executable, __file__, "--only", json.dumps(options)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return dict(json.loads(done.stdout))


def main() -> None:
    """Print the times."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--megabytes", type=int, default=2048)
    parser.add_argument("--threads", type=int, default=8)
    parser.add_argument("--only", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.only:
        print(json.dumps(transfers(json.loads(options.only))))
        return
    program = os.environ.get("AZURITE") or shutil.which("azurite-blob")
    sizes = {"files": options.files, "megabytes": options.megabytes, "threads": options.threads}
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        (folder / "checkout").mkdir()
        (folder / "azurite").mkdir()
        ours, home = stack.enter_context(stand_in(folder / "checkout"))
        found = {"stand-in": measured(ours | sizes | {"folder": str(folder)})}
        if program:
            other = stack.enter_context(azurite(program, folder / "azurite", home.ca))
            found["Azurite"] = measured(other | sizes | {"folder": str(folder)})
    print(
        f"{options.files} files of {SMALL} bytes by {options.threads} threads, one of {options.megabytes} MiB; seconds"
    )
    for name, value in found["stand-in"].items():
        beside = found.get("Azurite", {}).get(name)
        print(f"{name:16} {value:8.2f}" + (f" {beside:8.2f}  {value / beside:5.2f}" if beside else ""))


if __name__ == "__main__":
    main()
