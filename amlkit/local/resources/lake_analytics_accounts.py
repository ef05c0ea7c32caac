"""Data Lake Analytics accounts: the ARM resource only, with the stores that it reads. Azure has retired them."""

from __future__ import annotations

from typing import Any

from ..arm import GROUP, Kind, Put, group_id, routes_of
from ..web import AzureError
from .lake_store_accounts import NAME, check_unique, common, parts

DNS_SUFFIX = "azuredatalakeanalytics.amlkit.test"
_PARTS = ("dataLakeStoreAccounts", "storageAccounts", "firewallRules", "computePolicies")
_STORE = "Microsoft.DataLakeStore/accounts"


def _shape(write: Put) -> dict[str, Any]:
    properties = write.properties
    check_unique(write, KIND.type)
    default, stores = properties.get("defaultDataLakeStoreAccount"), parts(write, "dataLakeStoreAccounts")
    if not default or not stores:
        message = "The properties 'defaultDataLakeStoreAccount' and 'dataLakeStoreAccounts' are required."
        raise AzureError(400, "InvalidRequestContent", message)
    names = [each["name"].lower() for each in stores]
    if default.lower() not in names:
        raise AzureError(400, "InvalidRequestContent", f"The default store '{default}' is not among the stores.")
    known = [each["name"].lower() for each in write.world.documents.of_type("", _STORE)]
    for name in names:
        if name not in known:
            raise AzureError(404, "AccountDoesNotExist", f"The Data Lake Store account '{name}' does not exist.")
    defaults = {
        "firewallState": "Disabled",
        "firewallAllowAzureIps": "Disabled",
        "maxJobCount": 3,
        "maxDegreeOfParallelism": 30,
        "maxDegreeOfParallelismPerJob": 32,
        "queryStoreRetention": 30,
        "newTier": "Consumption",
    }
    computed = {
        **common(write),
        "endpoint": f"{write.name}.{DNS_SUFFIX}",
        "currentTier": properties.get("newTier", "Consumption"),
        "systemMaxDegreeOfParallelism": 250,
        "systemMaxJobCount": 20,
        **{name: parts(write, name) for name in _PARTS},
    }
    return {
        "location": write.body["location"],
        "tags": write.body.get("tags") or {},
        "properties": defaults | properties | computed,
    }


KIND = Kind(
    type="Microsoft.DataLakeAnalytics/accounts",
    path=f"{GROUP}/providers/Microsoft.DataLakeAnalytics/accounts",
    name=NAME,
    parent=group_id,
    shape=_shape,
    types={"properties.defaultDataLakeStoreAccount": str, **{f"properties.{name}": list for name in _PARTS}},
    created=200,
    patches=True,
)
ROUTES = routes_of(KIND)
