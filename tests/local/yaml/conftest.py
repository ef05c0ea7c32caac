"""What `client.py` found of the files of a folder, once for all tests of a module."""

from __future__ import annotations

import json
import os
import shutil
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from ..conftest import StandIn

HERE = Path(__file__).parent


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture(scope="session")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a web server with one page."""
    folder = tmp_path_factory.mktemp("web")
    (folder / "page.txt").write_text("page\n")
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture(scope="module")
def facts(request: pytest.FixtureRequest, stand_in: StandIn, web: str) -> dict[str, Any]:
    """By part, and by file of the folder that the module names as its `FILES`."""
    folder = stand_in.home.root / f"yaml-{request.module.FILES}"
    for name in ("shapes", "refused"):
        shutil.copytree(HERE / name, folder / name)
    data = folder / "shapes" / "data.yml"
    data.write_text(data.read_text().replace("${WEB}", web))
    own = {"AZUREML_RUN_POLLING_INTERVAL_MIN": "1", "NO_COLOR": "1"}
    own |= {"AMLKIT_CACHE": os.environ["AMLKIT_CACHE"]}
    found: dict[str, Any] = json.loads(
        stand_in.script((HERE / "client.py").read_text(), str(folder), request.module.FILES, **own).rpartition("FACTS")[
            2
        ]
    )
    return found
