"""The running stand-in for these tests: a real process in a folder of its own, spoken to over HTTPS only."""

import json
import os
import ssl
import subprocess
import sys
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import httpx
import pytest

from amlkit.home import SUBSCRIPTION, Address, Home, pointed_at
from amlkit.local import process

VERSION = "2025-12-01"
ML = "providers/Microsoft.MachineLearningServices/workspaces"


@dataclass(frozen=True)
class StandIn:
    """A stand-in and a client of it."""

    home: Home
    address: Address

    @cached_property
    def environment(self) -> dict[str, str]:
        """The environment that `amlkit local env` makes."""
        return pointed_at(self.home.environment(self.address))

    @cached_property
    def http(self) -> httpx.Client:
        """HTTPS to the control plane, trusting its authority only."""
        trusted = ssl.create_default_context(cafile=self.home.ca / "ca.pem")
        return httpx.Client(base_url=self.address.url, verify=trusted, trust_env=False, timeout=30)

    def token(self, audience: str = "") -> str:
        """A token of the managed identity; for ARM unless said otherwise."""
        query = {"resource": audience or self.address.url, "api-version": "2019-08-01"}
        headers = {"X-IDENTITY-HEADER": self.address.identity_header}
        return str(self.http.get("/msi/token", params=query, headers=headers).json()["access_token"])

    def arm(self, method: str, path: str, body: Any = None, *, query: Any = None, **headers: str) -> httpx.Response:
        """A call of ARM with a good token. Header names are given with `_` for `-`."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        sent.setdefault("Authorization", f"Bearer {self.token()}")
        return self.http.request(method, path, params={"api-version": VERSION} | (query or {}), json=body, headers=sent)

    def made(self, path: str, body: Any) -> dict[str, Any]:
        """What a PUT of something new answers."""
        answer = self.arm("PUT", path, body)
        assert answer.status_code in (200, 201), answer.text  # some types answer the first PUT with 200
        return dict(answer.json())

    def script(self, text: str, *arguments: str, **variables: str) -> str:
        """Run a Python script in a process that only the printed environment points at the stand-in; its output."""
        command, environment = [sys.executable, "-c", text, *arguments], self.environment | variables
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


@dataclass(frozen=True)
class Workspace:
    """A workspace with its storage, in a resource group of its own."""

    stand_in: StandIn
    group: str
    id: str
    account: str

    @property
    def name(self) -> str:
        """Its name."""
        return self.id.rpartition("/")[2]

    def call(self, method: str, path: str, body: Any = None, **more: Any) -> httpx.Response:
        """A call below the workspace: `call("GET", "computes/cpu")`."""
        return self.stand_in.arm(method, f"{self.id}/{path}", body, **more)

    def made(self, path: str, body: Any) -> dict[str, Any]:
        """What a PUT of something new below the workspace answers."""
        return self.stand_in.made(f"{self.id}/{path}", body)


@pytest.fixture(scope="session", autouse=True)
def environment_cache(request: pytest.FixtureRequest) -> Iterator[None]:
    """Environments of steps lie in pytest's own cache: never in the user's, and built once for many runs of tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AMLKIT_CACHE", str(request.config.cache.mkdir("amlkit")))
        yield


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    """An empty checkout; what was started in it is stopped."""
    (tmp_path / "Pulumi.yaml").write_text("name: sample\nruntime: python\n")
    home = Home(tmp_path)
    yield home
    process.stop(home)


@pytest.fixture(scope="session")
def stand_in(tmp_path_factory: pytest.TempPathFactory, environment_cache: None) -> Iterator[StandIn]:
    """A running stand-in, shared: every test uses names of its own."""
    home = Home(tmp_path_factory.mktemp("checkout"))
    (home.root / "Pulumi.yaml").write_text("name: sample\nruntime: python\n")
    running, _ = process.start(home)
    yield StandIn(home, running.address)
    process.stop(home)


@pytest.fixture
def group(stand_in: StandIn) -> Iterator[str]:
    """The id of a new resource group."""
    path = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-{uuid.uuid4().hex[:8]}"
    stand_in.made(path, {"location": "westeurope"})
    yield path
    stand_in.arm("DELETE", path)


@pytest.fixture
def account(stand_in: StandIn, group: str) -> str:
    """The id of a new storage account."""
    return make_account(stand_in, group)


@pytest.fixture
def workspace(stand_in: StandIn, group: str) -> Workspace:
    """A new workspace."""
    return make_workspace(stand_in, group)


def make_account(stand_in: StandIn, group: str) -> str:
    """A storage account in a group; its id."""
    path = f"{group}/providers/Microsoft.Storage/storageAccounts/st{uuid.uuid4().hex[:12]}"
    body = {"location": "westeurope", "kind": "StorageV2", "sku": {"name": "Standard_LRS"}}
    return str(stand_in.made(path, body)["id"])


def make_workspace(stand_in: StandIn, group: str) -> Workspace:
    """A workspace with what it needs, in a group."""
    account = make_account(stand_in, group)
    vault = f"{group}/providers/Microsoft.KeyVault/vaults/kv-{uuid.uuid4().hex[:8]}"
    properties = {"tenantId": str(uuid.uuid4()), "sku": {"family": "A", "name": "standard"}}
    stand_in.made(vault, {"location": "westeurope", "properties": properties})
    body = {
        "location": "westeurope",
        "identity": {"type": "SystemAssigned"},
        "properties": {"storageAccount": account, "keyVault": vault},
    }
    made = stand_in.made(f"{group}/{ML}/ws-{uuid.uuid4().hex[:8]}", body)
    return Workspace(stand_in, group.rpartition("/")[2], made["id"], account.rpartition("/")[2])


def command_line(home: Home, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run `amlkit …` in a checkout, as a user does."""
    command = [sys.executable, "-c", "from amlkit.cli import main; main()", *words]
    environment = os.environ | variables
    return subprocess.run(
        command, cwd=home.root, env=environment, capture_output=True, text=True, timeout=120, check=False
    )


def error_of(answer: httpx.Response) -> tuple[int, str]:
    """Status and code of a refusal in Azure's shape."""
    error = json.loads(answer.text)["error"]
    assert error["message"]
    return answer.status_code, error["code"]
