"""Calls to the control routes of a checkout's running stand-in, for commands that need no Azure client."""

from __future__ import annotations

import json
import ssl
from http.client import HTTPSConnection
from typing import Any
from urllib.parse import quote

from ..errors import SetupError
from ..home import HOST, Address, Home

_SECONDS = 600


def call(home: Home, address: Address, path: str, body: Any) -> dict[str, Any]:
    """The answer to a POST.

    Raises:
        SetupError: it does not answer, or refuses.
    """
    context = ssl.create_default_context(cafile=home.ca / "ca.pem")
    connection = HTTPSConnection(HOST, address.port, timeout=_SECONDS, context=context)
    try:
        identity = {"X-IDENTITY-HEADER": address.identity_header}
        asked = f"/msi/token?resource={quote(address.url, safe='')}&api-version=2019-08-01"
        token = _answer(connection, "GET", asked, None, identity)["access_token"]
        return _answer(connection, "POST", path, body, {"Authorization": f"Bearer {token}"})
    except OSError as error:
        raise SetupError(f"the local Azure ML does not answer: {error}", hint="see `amlkit local logs`") from error
    finally:
        connection.close()


def _answer(connection: HTTPSConnection, method: str, path: str, body: Any, headers: dict[str, str]) -> dict[str, Any]:
    connection.request(method, path, json.dumps(body) if body is not None else None, headers)
    answer = connection.getresponse()
    found = json.loads(answer.read() or b"{}")
    if answer.status >= 300:
        raise SetupError(f"the local Azure ML refuses: {found.get('error', {}).get('message') or answer.status}")
    return dict(found)
