"""Who may do what with a storage account: a bearer token, the account's key, or a shared access signature."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from ipaddress import ip_address
from urllib.parse import parse_qsl

from starlette.requests import Request

from .. import sas
from ..web import Audience, AzureError, accepted
from ..world import World
from . import delegation
from .errors import storage_error
from .policies import Policies
from .records import Records

_ALL = "racwdxyltfmeopi"
_LETTERS = {"blob": "b", "dfs": "b", "file": "f"}  # of services in an account SAS
_RESOURCES = {"blob": ("b", "c", "d"), "dfs": ("b", "c", "d"), "file": ("f", "s")}
_OVERRIDES = {
    "rscc": "Cache-Control",
    "rscd": "Content-Disposition",
    "rsce": "Content-Encoding",
    "rscl": "Content-Language",
    "rsct": "Content-Type",
}


@dataclass(frozen=True)
class Place:
    """What a request is about: one of the services of an account, and names in it, empty where the path has none."""

    service: str
    account: str
    container: str
    path: str


@dataclass(frozen=True)
class Grant:
    """What a request may do: letters of Azure's SAS permissions, and on what: s(ervice), c(ontainer: its blobs),
    m (the container itself), o(bject). `account`: of which account the sender proved to be; `headers`: what a signature
    puts in place of the stored headers of content; `who`: claims of a token; `is_owner`: by a key or a token.
    """

    account: str
    permissions: str = _ALL
    types: str = "scmo"
    is_owner: bool = True
    headers: Mapping[str, str] = field(default_factory=dict)
    who: Mapping[str, str] = field(default_factory=dict)

    def check(self, permissions: str, resource: str) -> None:
        """Refuse, unless one of these letters is granted on this type of resource.

        Raises:
            AzureError: 403.
        """
        if resource not in self.types:
            raise storage_error("AuthorizationResourceTypeMismatch")
        if not set(permissions) & set(self.permissions):
            raise storage_error("AuthorizationPermissionMismatch")


def authenticate(request: Request, world: World, records: Records, place: Place) -> Grant:
    """What the sender of this request may do.

    Raises:
        AzureError: 400, 401, 403: nothing; 404: there is no such account.
    """
    if not world.blobs.has_account(place.account):
        message = f"There is no storage account '{place.account}' in the local Azure ML."
        raise AzureError(404, "ResourceNotFound", message)
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    query = dict(request.query_params)
    if scheme.lower() == "bearer":
        return _bearer(request, world, place, value)
    if scheme == "SharedKey":
        _check_keys_allowed(world, place.account)
        return _shared_key(request, world, place.account, value)
    if scheme:
        raise storage_error("AuthenticationFailed", f"The scheme '{scheme}' is not supported.")
    if "sig" in query:
        return signed(world, records, place, query, request.client.host if request.client else "")
    raise storage_error("NoAuthenticationInformation")


def signed(world: World, records: Records, place: Place, query: Mapping[str, str], client: str = "") -> Grant:
    """What the holder of a shared access signature may do.

    Raises:
        AzureError: 403: nothing; 501: a kind of signature that is not served.
    """
    of_account = "ss" in query
    if of_account or "skoid" not in query:
        _check_keys_allowed(world, place.account)
    if of_account:
        text = sas.account_text(place.account, query)
        good = sas.matches(world.blobs.keys(place.account), text, query["sig"])
    else:
        good = _service_signature(world, place, query)
    if not good:
        raise storage_error("AuthenticationFailed", "Signature did not match.")
    terms = _terms(records, place, query)
    _check_time(terms)
    _check_address(query.get("sip", ""), client)
    if of_account:
        if _LETTERS[place.service] not in query["ss"]:
            raise storage_error("AuthorizationServiceMismatch")
        return Grant(place.account, terms.get("sp", ""), query.get("srt", "").replace("c", "cm"), is_owner=False)
    if query.get("sr") not in _RESOURCES[place.service]:
        raise storage_error("AuthenticationFailed", f"sr={query.get('sr')} is not supported.")
    whole = query["sr"] in ("c", "s", "d")
    headers = {header: query[name] for name, header in _OVERRIDES.items() if query.get(name)}
    who = {"oid": query["skoid"]} if "skoid" in query else {}
    return Grant(place.account, terms.get("sp", ""), "co" if whole else "o", False, headers, who)


def _bearer(request: Request, world: World, place: Place, token: str) -> Grant:
    try:
        claims = world.tokens.verify(token.strip(), accepted({Audience.STORAGE}, world.address))
    except AzureError as error:
        raise AzureError(401, "InvalidAuthenticationInfo", error.message) from error
    about_files = place.service == "file" and place.container
    if about_files and request.headers.get("x-ms-file-request-intent", "").lower() != "backup":
        raise storage_error("MissingRequiredHeader", "With a token: x-ms-file-request-intent: backup.")
    return Grant(place.account, who={name: str(claims.get(name, "")) for name in ("oid", "tid")})


def _shared_key(request: Request, world: World, account: str, value: str) -> Grant:
    name, _, signature = value.partition(":")
    headers = {key.lower(): text for key, text in request.headers.items()}
    query = parse_qsl(request.url.query, keep_blank_values=True)
    raw_path = request.scope["raw_path"].decode("ascii").partition("?")[0]
    text = sas.shared_key_text(request.method, account, raw_path, query, headers)
    if name != account or not sas.matches(world.blobs.keys(account), text, signature):
        raise storage_error("AuthenticationFailed")
    return Grant(account)


def _service_signature(world: World, place: Place, query: Mapping[str, str]) -> bool:
    for name in ("suoid", "sduoid", "skdutid", "srh", "srq"):
        if query.get(name):
            raise AzureError(501, "NotImplemented", f"'{name}' of a SAS does not exist in the local Azure ML.")
    service = "file" if place.service == "file" else "blob"
    names = (place.account, place.container, place.path)
    if "skoid" not in query:
        return sas.matches(world.blobs.keys(place.account), sas.service_text(*names, query, service), query["sig"])
    letter = _LETTERS[place.service]
    if not delegation.valid(query) or letter not in query.get("sks", ""):
        raise storage_error("AuthenticationFailed", "The user delegation key is not valid in the specified time frame.")
    key = delegation.value(world, place.account, delegation.terms_of(query))
    return sas.matches((key,), sas.delegation_text(*names, query, service), query["sig"])


def _terms(records: Records, place: Place, query: Mapping[str, str]) -> Mapping[str, str]:
    """`sp`, `st`, `se` of a signature; from the stored access policy that it names."""
    if not query.get("si"):
        return query
    account = f"{place.account}.file" if place.service == "file" else place.account
    policy = Policies(records).find(account, place.container, query["si"])
    if policy is None:
        raise storage_error("AuthenticationFailed", f"There is no access policy '{query['si']}'.")
    both = {name for name in ("sp", "st", "se") if policy.get(name) and query.get(name)}
    if both:
        raise storage_error("AuthenticationFailed", f"In the access policy and in the signature: {', '.join(both)}.")
    return {**query, **{name: value for name, value in policy.items() if value}}


def _check_time(terms: Mapping[str, str]) -> None:
    now = datetime.now(UTC)
    if not terms.get("se") or _time(terms["se"]) <= now or (terms.get("st") and _time(terms["st"]) > now):
        raise storage_error("AuthenticationFailed", "Signature not valid in the specified time frame.")


def _check_address(allowed: str, client: str) -> None:
    if not allowed or not client:
        return
    first, _, last = allowed.partition("-")
    try:
        inside = ip_address(first) <= ip_address(client) <= ip_address(last or first)  # type: ignore[operator]
    except (ValueError, TypeError) as error:
        raise storage_error("AuthenticationFailed", f"Not a range of addresses: {allowed}.") from error
    if not inside:
        raise storage_error("AuthorizationSourceIPMismatch")


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
