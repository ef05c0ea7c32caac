"""User delegation keys: given to holders of a token, and the base of signatures that need no account key.

A key is not kept: it is made of its terms and a secret of the account; a signature is checked by making it again.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from xml.sax.saxutils import escape

from ..web import AzureError
from ..world import World
from .errors import storage_error
from .xmlbody import parsed

_LONGEST = timedelta(days=7)


@dataclass(frozen=True)
class Terms:
    """Whose key it is, from when to when (RFC 3339, UTC), for which service, under which version of the REST API."""

    oid: str
    tid: str
    start: str
    expiry: str
    service: str
    version: str


def terms_of(query: Mapping[str, str]) -> Terms:
    """The terms that a signature names."""
    return Terms(*(query.get(name, "") for name in ("skoid", "sktid", "skt", "ske", "sks", "skv")))


def valid(query: Mapping[str, str]) -> bool:
    """Is the key of a signature valid now?"""
    try:
        return _moment(query.get("skt", "")) <= datetime.now(UTC) < _moment(query.get("ske", ""))
    except ValueError:
        return False


def value(world: World, account: str, terms: Terms) -> str:
    """The key, base64."""
    secret = hashlib.sha256("\0".join(["delegation", world.blobs.account_id(account), _seed(world)]).encode()).digest()
    text = "\n".join(vars(terms).values())
    return base64.b64encode(hmac.new(secret, text.encode(), hashlib.sha256).digest()).decode()


def issue(world: World, account: str, who: Mapping[str, str], service: str, version: str, body: bytes) -> str:
    """The answer to `POST ?restype=service&comp=userdelegationkey`, XML. `who`: claims of the sender's token.

    Raises:
        AzureError: 400: not XML, or no such times; 403: not a token's holder.
    """
    if not who.get("oid") or not who.get("tid"):
        raise storage_error("AuthorizationPermissionMismatch", "User delegation keys are for holders of a token.")
    asked = parsed(body)
    try:
        start, expiry = (_moment(asked.findtext(name) or _now()) for name in ("Start", "Expiry"))
    except ValueError as error:
        raise storage_error("InvalidXmlDocument") from error
    if asked.findtext("DelegatedUserTid"):
        message = "User delegation keys for another tenant do not exist in the local Azure ML."
        raise AzureError(501, "NotImplemented", message)
    if not start < expiry <= datetime.now(UTC) + _LONGEST:
        raise AzureError(400, "InvalidXmlNodeValue", "A user delegation key ends after its start, within seven days.")
    terms = Terms(who["oid"], who["tid"], _text(start), _text(expiry), service, version)
    values = {
        "SignedOid": terms.oid,
        "SignedTid": terms.tid,
        "SignedStart": terms.start,
        "SignedExpiry": terms.expiry,
        "SignedService": terms.service,
        "SignedVersion": terms.version,
        "Value": value(world, account, terms),
    }
    inner = "".join(f"<{name}>{escape(text)}</{name}>" for name, text in values.items())
    return f"<UserDelegationKey>{inner}</UserDelegationKey>"


def _seed(world: World) -> str:
    return (world.home.ca / "tokens.pem").read_text()  # what else only the stand-in of this checkout knows


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _now() -> str:
    return _text(datetime.now(UTC))


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
