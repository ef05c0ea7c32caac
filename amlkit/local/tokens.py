"""Signed access tokens: issued by the identity routes, verified on every other request.

JWTs as Microsoft Entra's: signed with ES256, `aud` is the asked resource without a slash at the end.
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Collection
from functools import lru_cache
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from jwt.algorithms import ECAlgorithm

from ..errors import SetupError
from ..home import TENANT
from .web import AzureError

KEY_ID = "amlkit-local"
LIFETIME_SECONDS = 3600
_LEEWAY_SECONDS = 5
_KNOWN = 1000  # tokens whose signature need not be checked again
_NAMESPACE = uuid.UUID("5b1f4f0c-5d0c-4a7e-9d5c-1d1e7b8d3f11")


class Tokens:
    """Issues and verifies. `key` is a PEM file with a P-256 private key; `issuer` the stand-in's base URL."""

    def __init__(self, key: Path, issuer: str) -> None:
        self._private = _read_key(key)
        self._public = self._private.public_key()
        self._issuer = f"{issuer}/{TENANT}/"
        self._signed = lru_cache(maxsize=_KNOWN)(self._decode)  # clients send one token a thousand times

    def issue(self, audience: str, subject: str, lifetime_seconds: int = LIFETIME_SECONDS) -> str:
        """A token for one audience. `subject` names who asks; equal names have equal object ids."""
        now = int(time.time())
        identity = str(uuid.uuid5(_NAMESPACE, subject))
        claims = {
            "aud": audience.rstrip("/"),
            "iss": self._issuer,
            "oid": identity,
            "sub": identity,
            "tid": TENANT,
            "appid": subject if _is_guid(subject) else identity,
            "iat": now,
            "nbf": now - 5,
            "exp": now + lifetime_seconds,
        }
        return jwt.encode(claims, self._private, algorithm="ES256", headers={"kid": KEY_ID})

    def verify(self, token: str, audiences: Collection[str]) -> dict[str, Any]:
        """The claims of a good token for one of `audiences`.

        Raises:
            AzureError: 401, with the codes that Azure Resource Manager gives.
        """
        allowed = [audience.rstrip("/") for audience in audiences]
        try:
            claims = self._signed(token)
        except jwt.PyJWTError as error:
            raise AzureError(401, "InvalidAuthenticationToken", f"The access token is invalid: {error}.") from error
        if claims["exp"] <= time.time() - _LEEWAY_SECONDS:
            raise AzureError(401, "ExpiredAuthenticationToken", "The access token expired.")
        if str(claims["aud"]).rstrip("/") not in allowed:
            raise AzureError(
                401,
                "InvalidAuthenticationTokenAudience",
                f"The access token has been obtained for wrong audience or resource '{claims['aud']}'. "
                f"It should exactly match with one of the allowed audiences '{','.join(allowed)}'.",
            )
        return dict(claims)

    def _decode(self, token: str) -> dict[str, Any]:
        """The claims of a token that we signed; whether it has expired is for the caller to see.

        Raises:
            PyJWTError: we did not sign it.
        """
        claims: dict[str, Any] = jwt.decode(
            token,
            self._public,
            algorithms=["ES256"],
            issuer=self._issuer,
            leeway=_LEEWAY_SECONDS,
            options={"verify_aud": False, "verify_exp": False, "require": ["exp", "aud", "iss"]},
        )
        return claims

    def public_key(self) -> dict[str, Any]:
        """The verifying key, as a JWK."""
        return {**json.loads(ECAlgorithm.to_jwk(self._public)), "kid": KEY_ID, "use": "sig", "alg": "ES256"}


def _read_key(path: Path) -> EllipticCurvePrivateKey:
    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except ValueError as error:
        raise SetupError("damaged: not a private key", where=str(path), hint="remove it: it is made again") from error
    if not isinstance(key, EllipticCurvePrivateKey):
        raise SetupError("damaged: not an elliptic curve key", where=str(path), hint="remove it: it is made again")
    return key


def _is_guid(text: str) -> bool:
    try:
        uuid.UUID(text)
    except ValueError:
        return False
    return True
