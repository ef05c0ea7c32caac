"""Where to talk to: the cloud that the environment names, read from its metadata, and the door to its REST API.

Used by the plugins, the hooks and the commands. Rule: a host that does not match what was asked for is refused,
because the official clients silently fall back to the public cloud in that case.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import urlsplit

from . import refusals
from .errors import Problem, ServiceError, SetupError
from .identity import Ambient, Credential, LocalIdentity
from .rest import ANSWER_SECONDS, LOOPBACK, Client, Response

PUBLIC_ARM = "https://management.azure.com"
PUBLIC_STORAGE = "core.windows.net"
PUBLIC_ML = "https://ml.azure.com"


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
    document = _answered("GET", url).json()
    first = document[0] if isinstance(document, list) else document
    manager = first["resourceManager"].rstrip("/")
    if urlsplit(manager).hostname != urlsplit(base).hostname:
        raise SetupError(f"{base} says that its resource manager is {manager}", hint="see `amlkit local env`")
    portal = first["portal"].rstrip("/").split(".")
    return Target(first["name"], manager, "https://ml.azure." + ".".join(portal[2:]), first["suffixes"]["storage"])


@cache
def client() -> Client:
    """One HTTP client a process, with the ambient roots: `REQUESTS_CA_BUNDLE`, `SSL_CERT_FILE` or the system's."""
    return Client(os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("SSL_CERT_FILE") or "")


@cache
def credential(is_local: bool) -> Credential:
    """Who we are: the identity that the local Azure ML gives, else azure-identity's default chain.

    That one is made on first use, because its import takes a quarter second.
    """
    return (is_local and LocalIdentity.of(os.environ, client())) or Ambient()


class Service:
    """REST with a bearer token: `Service(target).arm("GET", id, "2025-12-01")`."""

    def __init__(self, target: Target) -> None:
        self.target = target

    def arm(
        self, method: str, path: str, version: str, body: Any = None, *, seconds: float = ANSWER_SECONDS
    ) -> Response:
        """Call Azure Resource Manager. `path` starts at the root and may hold a query.

        `seconds` is how long an answer may take.

        Raises:
            ServiceError: any answer of 400 and above, with Azure's code and message.
            UnreachableError: no answer.
        """
        mark = "&" if "?" in path else "?"
        url = f"{self.target.resource_manager}{path}{mark}api-version={version}"
        return self.call(method, url, self.target.resource_manager, body, seconds=seconds)

    def call(
        self,
        method: str,
        url: str,
        audience: str,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        *,
        seconds: float = ANSWER_SECONDS,
    ) -> Response:
        """Call any URL with a token for `audience`. Takes `seconds` and raises as `arm`."""
        sent = {**(headers or {}), "Authorization": f"Bearer {self.token(audience)}"}
        return _answered(method, url, body, sent, seconds)

    def token(self, audience: str) -> str:
        """A bearer token for an audience.

        Raises:
            SetupError: nobody is logged in.
        """
        return str(credential(self.target.is_local).get_token(f"{audience}/.default").token)


def _answered(
    method: str,
    url: str,
    body: Any = None,
    headers: Mapping[str, str] | None = None,
    seconds: float = ANSWER_SECONDS,
) -> Response:
    response = client().request(method, url, body, headers, seconds)
    if response.status_code >= 400:
        raise _refusal(response)
    return response


def _refusal(response: Response) -> ServiceError:
    try:
        error = response.json()["error"]
        listed = [each for each in error.get("details") or () if each.get("target")]
        details = tuple(Problem(str(each["target"]), str(each.get("message") or "")) for each in listed)
        code, message = error.get("code", ""), error.get("message", "")
    except (ValueError, KeyError, TypeError, AttributeError):
        code, message, details = "", response.text[:2000], ()
    status, code, message = response.status_code, str(code or ""), str(message or "")
    hint = refusals.hint(response.method, response.url, status, code, message)
    return ServiceError(status, code, message, hint=hint, details=details, retry_after=_retry_after(response))


def _retry_after(response: Response) -> float:
    """Seconds; a date, which HTTP allows and Azure does not send, counts as nothing said."""
    text = response.headers.get("Retry-After", "")
    return float(text) if text.isdigit() else 0.0
