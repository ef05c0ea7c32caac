"""Where to talk to: the cloud that the environment names, read from its metadata, and the door to its REST API.

Used by the plugins, the hooks and the commands. Rule: a host that does not match what was asked for is refused,
because the official clients silently fall back to the public cloud in that case.
"""

from __future__ import annotations

import os
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from .errors import ServiceError, SetupError, UnreachableError

if TYPE_CHECKING:
    import httpx
    from azure.core.credentials import TokenCredential

PUBLIC_ARM = "https://management.azure.com"
PUBLIC_STORAGE = "core.windows.net"
PUBLIC_ML = "https://ml.azure.com"
LOOPBACK = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True)
class Target:
    """One cloud. URLs and audiences have no slash at the end."""

    name: str
    resource_manager: str
    ml_audience: str
    storage_suffix: str

    @property
    def is_local(self) -> bool:
        """Is it the stand-in (loopback)?"""
        return urlsplit(self.resource_manager).hostname in LOOPBACK

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Target:
        """The cloud that `ARM_METADATA_HOSTNAME` names, else Azure's public one.

        Raises:
            UnreachableError: the metadata cannot be read.
            SetupError: the metadata names another host than the one that gave it.
        """
        host = environment.get("ARM_METADATA_HOSTNAME")
        if not host:
            return cls("AzureCloud", PUBLIC_ARM, PUBLIC_ML, PUBLIC_STORAGE)
        return _from_metadata(host if "://" in host else f"https://{host}")


def _from_metadata(base: str) -> Target:
    url = f"{base.rstrip('/')}/metadata/endpoints?api-version=2022-09-01"
    document = _answer(client().get, url).json()
    first = document[0] if isinstance(document, list) else document
    manager = first["resourceManager"].rstrip("/")
    if urlsplit(manager).hostname != urlsplit(base).hostname:
        raise SetupError(f"{base} says that its resource manager is {manager}", hint="see `amlkit local env`")
    portal = first["portal"].rstrip("/").split(".")
    return Target(first["name"], manager, "https://ml.azure." + ".".join(portal[2:]), first["suffixes"]["storage"])


@cache
def client() -> httpx.Client:
    """One HTTP client a process, with the ambient roots: httpx itself ignores REQUESTS_CA_BUNDLE.

    Raises:
        SetupError: the roots cannot be read.
    """
    import httpx

    bundle = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("SSL_CERT_FILE") or None
    try:
        context = ssl.create_default_context(cafile=bundle)
    except OSError as error:
        hint = "those of the local Azure ML are written by its start: `amlkit local stop`, then `amlkit local start`"
        raise SetupError(f"no roots of trust: {error}", where=bundle or "", hint=hint) from error
    return httpx.Client(verify=context, timeout=httpx.Timeout(60, connect=2))


@cache
def credential() -> TokenCredential:
    """Who we are: azure-identity's default chain. Made on first use, because its import takes a quarter second."""
    from azure.identity import DefaultAzureCredential

    return DefaultAzureCredential()


class Service:
    """REST with a bearer token: `Service(target).arm("GET", id, "2025-12-01")`."""

    def __init__(self, target: Target) -> None:
        self.target = target

    def arm(self, method: str, path: str, version: str, body: Any = None) -> httpx.Response:
        """Call Azure Resource Manager. `path` starts at the root and may hold a query.

        Raises:
            ServiceError: any answer of 400 and above, with Azure's code and message.
            UnreachableError: no answer.
        """
        mark = "&" if "?" in path else "?"
        url = f"{self.target.resource_manager}{path}{mark}api-version={version}"
        return self.call(method, url, self.target.resource_manager, body)

    def call(
        self, method: str, url: str, audience: str, body: Any = None, headers: Mapping[str, str] | None = None
    ) -> httpx.Response:
        """Call any URL with a token for `audience`. Raises as `arm`."""
        sent = {**(headers or {}), "Authorization": f"Bearer {self.token(audience)}"}
        return _answer(client().request, method, url, json=body, headers=sent)

    def token(self, audience: str) -> str:
        """A bearer token for an audience.

        Raises:
            SetupError: nobody is logged in.
        """
        from azure.core.exceptions import ClientAuthenticationError

        try:
            return credential().get_token(f"{audience}/.default").token
        except ClientAuthenticationError as error:
            first = str(error.message).strip().splitlines()[0]
            hint = 'log in with `az login`, or `eval "$(amlkit local env)"` for the local Azure ML'
            raise SetupError(f"no credential for {audience}: {first}", hint=hint) from error


def _answer(send: Any, *args: Any, **kwargs: Any) -> httpx.Response:
    import httpx

    try:
        response: httpx.Response = send(*args, **kwargs)
    except httpx.HTTPError as error:
        url = next(str(item) for item in args if "://" in str(item))
        parts = urlsplit(url)
        local = parts.hostname in LOOPBACK
        hint = "start the local Azure ML with `amlkit local start`" if local else ""
        raise UnreachableError(f"{parts.scheme}://{parts.netloc}", str(error), hint=hint) from error
    if response.status_code >= 400:
        raise _refusal(response)
    return response


def _refusal(response: httpx.Response) -> ServiceError:
    try:
        error = response.json()["error"]
        return ServiceError(response.status_code, error.get("code", ""), error.get("message", ""))
    except (ValueError, KeyError, TypeError, AttributeError):
        return ServiceError(response.status_code, "", response.text[:2000])
