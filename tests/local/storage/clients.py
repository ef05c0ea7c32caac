"""One storage account, and unmodified clients of its services with any credential."""

import time
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import httpx
from azure.core.credentials import AccessToken
from azure.core.exceptions import HttpResponseError
from azure.storage.blob import BlobServiceClient
from azure.storage.filedatalake import DataLakeServiceClient
from azure.storage.fileshare import ShareServiceClient

from amlkit.home import HOST

from ..conftest import StandIn


@dataclass(frozen=True)
class Account:
    """An account by its ARM id. It is a bearer credential itself: `account.blob(account)`."""

    stand_in: StandIn
    id: str

    @property
    def name(self) -> str:
        """Its name."""
        return self.id.rpartition("/")[2]

    @cached_property
    def key(self) -> str:
        """Its first key."""
        return str(self.stand_in.arm("POST", f"{self.id}/listKeys").json()["keys"][0]["value"])

    @property
    def folder(self) -> Path:
        """Where its containers lie."""
        return self.stand_in.home.data / self.name

    @property
    def shares(self) -> Path:
        """Where its shares lie."""
        return self.stand_in.home.data / f"{self.name}.file"

    def url(self, service: str) -> str:
        """The address of a service."""
        return f"https://{self.name}.{service}.core.amlkit.test"

    def get_token(self, *scopes: str, **_: Any) -> AccessToken:
        """A bearer credential for whatever is asked."""
        return AccessToken(self.stand_in.token(scopes[0].removesuffix("/.default")), int(time.time()) + 3600)

    def options(self) -> dict[str, Any]:
        """How clients reach it: through the proxy, as the printed environment says."""
        proxy = f"http://{HOST}:{self.stand_in.address.proxy_port}"
        trusted = str(self.stand_in.home.ca_bundle)
        return {"proxies": {"https": proxy}, "connection_verify": trusted, "retry_total": 0}

    def blob(self, credential: Any = None, **options: Any) -> BlobServiceClient:
        """A client of blobs; with the account's key if no other credential is given."""
        return BlobServiceClient(self.url("blob"), credential or self.key, **(self.options() | options))

    def file(self, credential: Any = None, **options: Any) -> ShareServiceClient:
        """A client of shares."""
        intent = {"token_intent": "backup"} if credential is self else {}
        return ShareServiceClient(self.url("file"), credential or self.key, **(self.options() | intent | options))

    def dfs(self, credential: Any = None, **options: Any) -> DataLakeServiceClient:
        """A client of file systems."""
        return DataLakeServiceClient(self.url("dfs"), credential or self.key, **(self.options() | options))

    def raw(self, service: str, method: str, path: str, **more: Any) -> httpx.Response:
        """A request with a token that no client shaped: straight to the HTTPS port, as the proxy would carry it."""
        token = self.stand_in.token("https://storage.azure.com")
        headers = {"Host": f"{self.name}.{service}.core.amlkit.test", "Authorization": f"Bearer {token}"}
        return self.stand_in.http.request(method, path, headers=headers | more.pop("headers", {}), **more)


class Refusal:
    """`with refused("BlobNotFound"): …`: the client raises with this code and no other."""

    def __init__(self, code: str) -> None:
        self.code = code

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: Any, error: Any, trace: Any) -> bool:
        assert isinstance(error, HttpResponseError), f"not refused with {self.code}: {error!r}"
        found = getattr(error, "error_code", None)
        assert getattr(found, "value", found) == self.code, f"{found}: {error.message}"
        return True


refused = Refusal
