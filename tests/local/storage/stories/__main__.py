"""`python -m tests.local.storage.stories record|compare [story …]`: see the package."""

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
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from amlkit.home import SUBSCRIPTION, Home
from amlkit.local import process

from ..clients import Account
from . import Server, Story, differences, stories

# the account and key that Azurite documents for everyone
DEVELOPER = "devstoreaccount1"
DEVELOPER_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="


@contextmanager
def azurite(*options: str) -> Iterator[str]:
    """A new Azurite on a port of its own; its address."""
    program = os.environ.get("AZURITE") or shutil.which("azurite-blob")
    if not program:
        sys.exit(
            "error: there is no Azurite\n  hint: `npm install azurite` in a folder; name its azurite-blob by AZURITE"
        )
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        command = [program, "--silent", "--disableTelemetry", "--skipApiVersionCheck", "--location", folder]
        running = subprocess.Popen([*command, "--blobPort", str(port), *options])
        try:
            _wait(port, running)
            yield f"http://127.0.0.1:{port}"
        finally:
            running.terminate()
            running.wait()


def _wait(port: int, running: subprocess.Popen[bytes]) -> None:
    for _ in range(200):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        if running.poll() is not None:
            break
        time.sleep(0.1)
    sys.exit("error: Azurite did not start")


@contextmanager
def azurite_server() -> Iterator[Server]:
    """Azurite as a server of stories."""
    with azurite() as url, httpx.Client(base_url=url, trust_env=False) as http:
        yield Server(http, DEVELOPER, DEVELOPER_KEY, f"{url}/{DEVELOPER}", f"/{DEVELOPER}")


@contextmanager
def stand_in_server() -> Iterator[Server]:
    """A stand-in as a server of stories."""
    from ...conftest import StandIn, make_account

    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "Pulumi.yaml").write_text("name: sample\nruntime: python\n")
        home = Home(Path(folder))
        running, _ = process.start(home)
        try:
            stand_in = StandIn(home, running.address)
            group = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/stories"
            stand_in.made(group, {"location": "westeurope"})
            yield server_of(Account(stand_in, make_account(stand_in, group)))
        finally:
            process.stop(home)


def server_of(account: Account) -> Server:
    """An account of a stand-in as a server of stories."""
    host = {"Host": f"{account.name}.blob.core.amlkit.test"}
    return Server(account.stand_in.http, account.name, account.key, account.url("blob"), "", host)


def record(chosen: list[Story]) -> int:
    """Write what Azurite answers."""
    with azurite_server() as server:
        for story in chosen:
            answers = list(story.tell(server))
            lines = ",\n".join(json.dumps(answer, ensure_ascii=False) for answer in answers)
            story.recording.write_text(f"[\n{lines}\n]\n")
            print(f"{story.name}: {len(answers)} answers")
    return 0


def compare(chosen: list[Story]) -> int:
    """Ask both; 1 if they differ where the stories do not say so."""
    found = 0
    with azurite_server() as one, stand_in_server() as other:
        for story in chosen:
            for wanted, live in zip(story.recorded(), story.tell(one), strict=True):
                for line in differences(wanted, live):
                    print(f"{story.name}: {wanted['do']}: Azurite changed: {line}")
                    found += 1
            for wanted, live in zip(story.expected(), story.tell(other), strict=True):
                for line in differences(wanted, live):
                    print(f"{story.name}: {wanted['do']}: {line}")
                    found += 1
    print(f"{found} differences")
    return 1 if found else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.local.storage.stories")
    parser.add_argument("verb", choices=("record", "compare"))
    parser.add_argument("stories", nargs="*")
    options = parser.parse_args()
    wanted = [story for story in stories() if not options.stories or story.name in options.stories]
    sys.exit((record if options.verb == "record" else compare)(wanted))
