"""The one subscription of the stand-in, and its tenant."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request

from ...home import SUBSCRIPTION, TENANT
from ..web import route


def _subscription() -> dict[str, Any]:
    return {
        "id": f"/subscriptions/{SUBSCRIPTION}",
        "subscriptionId": SUBSCRIPTION,
        "tenantId": TENANT,
        "displayName": "amlkit local",
        "state": "Enabled",
        "authorizationSource": "RoleBased",
    }


def listed(_: Request, __: Any) -> dict[str, Any]:
    """`GET /subscriptions`."""
    return {"value": [_subscription()]}


def get(_: Request, __: Any) -> dict[str, Any]:
    """`GET /subscriptions/{subscription}`."""
    return _subscription()


ROUTES = [route("/subscriptions", listed, ["GET"]), route("/subscriptions/{subscription}", get, ["GET"])]
