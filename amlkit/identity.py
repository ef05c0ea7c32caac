"""Who we are: a bearer token for an audience. Used by `target`; `transfer` hands it to Azure's own storage client."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol
from urllib.parse import quote

from .errors import ServiceError, SetupError
from .rest import Client

_EARLY_SECONDS = 300  # before a token ends, another one is asked for


class Token(NamedTuple):
    """A bearer token; `expires_on` in seconds since 1970. The same shape as azure-core's."""

    token: str
    expires_on: int


class Credential(Protocol):
    """What azure-core calls a TokenCredential."""

    def get_token(self, *scopes: str, **kwargs: Any) -> Any:
        """A token for `https://<audience>/.default`."""


class LocalIdentity:
    """The managed identity of the local Azure ML, by the protocol of App Service (2019-08-01)."""

    def __init__(self, endpoint: str, header: str, client: Client) -> None:
        self._endpoint = endpoint
        self._header = header
        self._client = client
        self._known: dict[str, Token] = {}

    @classmethod
    def of(cls, environment: Mapping[str, str], client: Client) -> LocalIdentity | None:
        """The one that an environment names, if it does."""
        endpoint, header = environment.get("IDENTITY_ENDPOINT"), environment.get("IDENTITY_HEADER")
        return cls(endpoint, header, client) if endpoint and header else None

    def get_token(self, *scopes: str, **_: Any) -> Token:
        """A token, kept until shortly before it ends.

        Raises:
            UnreachableError: nothing answers.
            ServiceError: refused.
        """
        resource = scopes[0].removesuffix("/.default")
        known = self._known.get(resource)
        if known is None or known.expires_on < time.time() + _EARLY_SECONDS:
            known = self._known[resource] = self._asked(resource)
        return known

    def _asked(self, resource: str) -> Token:
        url = f"{self._endpoint}?api-version=2019-08-01&resource={quote(resource, safe='')}"
        answer = self._client.request("GET", url, headers={"X-IDENTITY-HEADER": self._header})
        try:
            document = answer.json()
            if answer.status_code < 400:
                return Token(str(document["access_token"]), int(document["expires_on"]))
            said = document["error"]
            raise ServiceError(answer.status_code, str(said["code"]), str(said["message"]), where=self._endpoint)
        except (ValueError, KeyError, TypeError) as error:
            raise ServiceError(
                answer.status_code, "", f"no token: {answer.text[:500]}", where=self._endpoint
            ) from error


def quiet() -> None:
    """What Azure's libraries warn of, our errors say; without a handler it would go to standard error as well."""
    import logging

    logging.getLogger("azure").addHandler(logging.NullHandler())


class Ambient:
    """azure-identity's default chain, with its refusals in our words."""

    def __init__(self) -> None:
        from azure.identity import DefaultAzureCredential

        quiet()
        self._chain = DefaultAzureCredential()

    def get_token(self, *scopes: str, **options: Any) -> Any:
        """A token.

        Raises:
            SetupError: nobody is logged in.
        """
        from azure.core.exceptions import ClientAuthenticationError

        try:
            return self._chain.get_token(*scopes, **options)
        except ClientAuthenticationError as error:
            first = str(error.message).strip().splitlines()[0]
            hint = 'log in with `az login`, or `eval "$(amlkit local env)"` for the local Azure ML'
            audience = scopes[0].removesuffix("/.default")
            raise SetupError(f"no credential for {audience}: {first}", hint=hint) from error
