"""Identity: the managed identity endpoint, and the client credentials flow of Microsoft Entra."""

from __future__ import annotations

import hmac
import time
from typing import Any

from starlette.requests import Request

from ..tokens import LIFETIME_SECONDS
from ..web import Audience, AzureError, route, world

MANAGED_IDENTITY = "amlkit local"  # the subject of tokens that the managed identity endpoint gives


def managed_identity_token(request: Request, _: Any) -> dict[str, Any]:
    """`GET /msi/token?resource=…&api-version=2019-08-01`, as the App Service endpoint; needs `X-IDENTITY-HEADER`.

    Raises:
        AzureError: 401: another header; 400: no resource.
    """
    here = world(request)
    sent = request.headers.get("x-identity-header", "")
    if not hmac.compare_digest(sent.encode(), here.address.identity_header.encode()):
        raise AzureError(
            401, "Unauthorized", "The X-IDENTITY-HEADER header is missing or not the one of this endpoint."
        )
    resource = request.query_params.get("resource", "")
    if not resource:
        raise AzureError(400, "BadRequest", "The query parameter 'resource' is missing.")
    return {
        "access_token": here.tokens.issue(resource, request.query_params.get("client_id", MANAGED_IDENTITY)),
        "expires_on": str(int(time.time()) + LIFETIME_SECONDS),
        "resource": resource,
        "token_type": "Bearer",
    }


def configuration(request: Request, _: Any) -> dict[str, Any]:
    """`GET /{tenant}/v2.0/.well-known/openid-configuration`: where tokens come from."""
    url, tenant = world(request).address.url, request.path_params["tenant"]
    return {
        "issuer": f"{url}/{tenant}/v2.0",
        "token_endpoint": f"{url}/{tenant}/oauth2/v2.0/token",
        "authorization_endpoint": f"{url}/{tenant}/oauth2/v2.0/authorize",
        "device_authorization_endpoint": f"{url}/{tenant}/oauth2/v2.0/devicecode",
        "jwks_uri": f"{url}/{tenant}/discovery/v2.0/keys",
        "response_types_supported": ["code", "id_token"],
        "id_token_signing_alg_values_supported": ["ES256"],
    }


def client_token(request: Request, body: Any) -> dict[str, Any]:
    """`POST /{tenant}/oauth2/v2.0/token`: client credentials. The secret is the identity header of this stand-in.

    Raises:
        AzureError: 400: another grant or no scope; 401: a wrong secret.
    """
    form = body if isinstance(body, dict) else {}
    if form.get("grant_type") != "client_credentials" or not form.get("client_id"):
        raise AzureError(400, "unsupported_grant_type", "Only grant_type=client_credentials with a client_id exists.")
    here = world(request)
    if not hmac.compare_digest(str(form.get("client_secret", "")).encode(), here.address.identity_header.encode()):
        message = "AADSTS7000215: Invalid client secret provided; it is IDENTITY_HEADER of `amlkit local env`."
        raise AzureError(401, "invalid_client", message)
    scope = next((each for each in str(form.get("scope", "")).split() if each.endswith("/.default")), "")
    if not scope:
        raise AzureError(400, "invalid_scope", "AADSTS1002012: The scope must be a resource followed by /.default.")
    token = here.tokens.issue(scope.removesuffix("/.default"), str(form["client_id"]))
    return {
        "token_type": "Bearer",
        "expires_in": LIFETIME_SECONDS,
        "ext_expires_in": LIFETIME_SECONDS,
        "access_token": token,
    }


def keys(request: Request, _: Any) -> dict[str, Any]:
    """`GET /{tenant}/discovery/v2.0/keys`: the keys that tokens are verified with."""
    return {"keys": [world(request).tokens.public_key()]}


ROUTES = [
    route("/msi/token", managed_identity_token, ["GET"], Audience.NONE),
    route("/{tenant}/v2.0/.well-known/openid-configuration", configuration, ["GET"], Audience.NONE),
    route("/{tenant}/.well-known/openid-configuration", configuration, ["GET"], Audience.NONE),
    route("/{tenant}/oauth2/v2.0/token", client_token, ["POST"], Audience.NONE),
    route("/{tenant}/discovery/v2.0/keys", keys, ["GET"], Audience.NONE),
]
