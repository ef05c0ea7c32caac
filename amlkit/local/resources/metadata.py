"""What clients ask first, without a token: the cloud's endpoints, and the workspace's discovery document."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request

from ...home import CLOUD, STORAGE_SUFFIX, TENANT
from ..web import Audience, route, world

SINGLE_SINCE = "2022-09-01"  # from this api-version on the answer is one cloud, before it a list of clouds


def endpoints(request: Request, _: Any) -> Any:
    """`GET /metadata/endpoints`: this cloud. `portal` keeps the public host: clients derive the ML audience from it."""
    url = world(request).address.url
    cloud = {
        "name": CLOUD,
        "portal": "https://portal.azure.com/",
        "resourceManager": f"{url}/",
        "authentication": {
            "loginEndpoint": f"{url}/",
            "audiences": [url, f"{url}/"],
            "tenant": TENANT,
            "identityProvider": "AAD",
        },
        "microsoftGraphResourceId": f"{url}/graph/",
        "graph": f"{url}/graph/",
        "suffixes": {
            "storage": STORAGE_SUFFIX,
            "keyVaultDns": "vault.amlkit.test",
            "acrLoginServer": "azurecr.amlkit.test",
            "azureDataLakeStoreFileSystem": "azuredatalakestore.amlkit.test",
            "azureDataLakeAnalyticsCatalogAndJob": "azuredatalakeanalytics.amlkit.test",
        },
    }
    return cloud if request.query_params.get("api-version", "") >= SINGLE_SINCE else [cloud]


def discovery(request: Request, _: Any) -> dict[str, str]:
    """`GET <workspace's discoveryUrl>`: the base address of each service of the workspace."""
    url = world(request).address.url
    services = ("api", "history", "experimentation", "catalog", "hyperdrive", "modelmanagement", "pipelines", "studio")
    return dict.fromkeys(services, url)


ROUTES = [
    route("/metadata/endpoints", endpoints, ["GET"], Audience.NONE),
    route("/discovery", discovery, ["GET"], Audience.NONE),
]
