"""Subscriptions of stacks that are rehearsed here: there once they are named, beside the stand-in's own."""

from __future__ import annotations

import re
from typing import Any

from starlette.requests import Request

from ...home import SUBSCRIPTION
from ..web import AzureError, route, world

_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_TYPE = "Microsoft.Resources/subscriptions"


def put(request: Request, _: Any) -> dict[str, Any]:
    """`PUT /control/subscriptions/{subscription}`: from now on it is there. Azure has no such call.

    Raises:
        AzureError: 400: not an id.
    """
    name = request.path_params["subscription"].lower()
    if not _ID.fullmatch(name):
        raise AzureError(400, "InvalidSubscriptionId", f"The provided subscription identifier '{name}' is malformed.")
    if name != SUBSCRIPTION:
        world(request).documents.put(f"/subscriptions/{name}", {"name": name, "type": _TYPE})
    return {"subscriptionId": name}


ROUTES = [route("/control/subscriptions/{subscription}", put, ["PUT"])]
