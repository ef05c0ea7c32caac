"""Who may do what with a storage account: a bearer token, the account's key, or a shared access signature."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import parse_qsl

from starlette.requests import Request

from .. import sas
from ..web import Audience, AzureError, accepted
from ..world import World
from .errors import storage_error

_ALL = "racwdl"


@dataclass(frozen=True)
class Grant:
    """What a request may do: letters of Azure's SAS permissions, and on what: s(ervice), c(ontainer: its blobs),
    m (the container itself), o(bject).
    """

    permissions: str = _ALL
    types: str = "scmo"

    def check(self, permissions: str, resource: str) -> None:
        """Refuse, unless one of these letters is granted on this type of resource.

        Raises:
            AzureError: 403.
        """
        if resource not in self.types:
            raise storage_error("AuthorizationResourceTypeMismatch")
        if not set(permissions) & set(self.permissions):
            raise storage_error("AuthorizationPermissionMismatch")


def authenticate(request: Request, world: World, account: str, container: str, blob: str) -> Grant:
    """What the sender of this request may do.

    Raises:
        AzureError: 401, 403: nothing; 404: there is no such account.
    """
    if not world.blobs.has_account(account):
        raise AzureError(404, "ResourceNotFound", f"There is no storage account '{account}' in the local Azure ML.")
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    query = dict(request.query_params)
    if scheme.lower() == "bearer":
        return _bearer(world, value)
    if scheme == "" and "sig" not in query:
        raise storage_error("NoAuthenticationInformation")
    _check_keys_allowed(world, account)
    if scheme == "SharedKey":
        return _shared_key(request, world, account, value)
    if "sig" in query:
        return _signature(world, account, container, blob, query)
    raise storage_error("AuthenticationFailed", f"The scheme '{scheme}' is not supported.")


def _bearer(world: World, token: str) -> Grant:
    try:
        world.tokens.verify(token.strip(), accepted({Audience.STORAGE}, world.address))
    except AzureError as error:
        raise AzureError(401, "InvalidAuthenticationInfo", error.message) from error
    return Grant()


def _shared_key(request: Request, world: World, account: str, value: str) -> Grant:
    name, _, signature = value.partition(":")
    headers = {key.lower(): text for key, text in request.headers.items()}
    query = parse_qsl(request.url.query, keep_blank_values=True)
    raw_path = request.scope["raw_path"].decode("ascii").partition("?")[0]
    text = sas.shared_key_text(request.method, account, raw_path, query, headers)
    if name != account or not sas.matches(world.blobs.keys(account), text, signature):
        raise storage_error("AuthenticationFailed")
    return Grant()


def _signature(world: World, account: str, container: str, blob: str, query: Mapping[str, str]) -> Grant:
    if "skoid" in query:
        raise AzureError(501, "NotImplemented", "User delegation SAS does not exist in the local Azure ML.")
    if "si" in query:
        raise AzureError(501, "NotImplemented", "Stored access policies do not exist in the local Azure ML.")
    for_account = "ss" in query
    text = sas.account_text(account, query) if for_account else sas.service_text(account, container, blob, query)
    if not sas.matches(world.blobs.keys(account), text, query["sig"]):
        raise storage_error("AuthenticationFailed", "Signature did not match.")
    now = datetime.now(UTC)
    if not query.get("se") or _time(query["se"]) <= now or (query.get("st") and _time(query["st"]) > now):
        raise storage_error("AuthenticationFailed", "Signature not valid in the specified time frame.")
    if for_account:
        if "b" not in query["ss"]:
            raise AzureError(403, "AuthorizationServiceMismatch", "The signature is not for the blob service.")
        return Grant(query.get("sp", ""), query.get("srt", "").replace("c", "cm"))
    if query.get("sr") not in ("b", "c"):
        raise storage_error("AuthenticationFailed", f"sr={query.get('sr')} is not supported.")
    return Grant(query.get("sp", ""), "o" if query["sr"] == "b" else "co")


def _check_keys_allowed(world: World, account: str) -> None:
    document = world.documents.get(world.blobs.account_id(account))
    if document and document["properties"].get("allowSharedKeyAccess") is False:
        raise storage_error("KeyBasedAuthenticationNotPermitted")


def _time(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise storage_error("AuthenticationFailed", f"Not a time: {text}.") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
