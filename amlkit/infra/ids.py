"""ARM ids in arguments: checked where they are known already, and taken apart.

`…Id` is a text (a setting, or an argument that may be an Output); `…Ref` takes a component or a resource as well.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Annotated, Any

import pulumi
from pydantic import AfterValidator, BeforeValidator

from .args import Text, wrong

_GROUP = re.compile(r"/subscriptions/(?P<subscription>[^/]+)/resourceGroups/(?P<group>[^/]+)", re.IGNORECASE)
_RESOURCE = re.compile(_GROUP.pattern + r"/providers/(?P<namespace>[^/]+)(?P<path>(?:/[^/]+/[^/]+)+)", re.IGNORECASE)
_EXAMPLE = "/subscriptions/00000000-…/resourceGroups/group"


def type_of(arm_id: str) -> str:
    """`Microsoft.Network/virtualNetworks/subnets` of the id of a subnet; empty if it is not the id of a resource."""
    found = _RESOURCE.fullmatch(arm_id)
    return f"{found['namespace']}/{'/'.join(found['path'].split('/')[1::2])}" if found else ""


def subscription_of(arm_id: str) -> str:
    """The subscription in an id; empty if there is none."""
    found = _GROUP.match(arm_id)
    return found["subscription"] if found else ""


def group_of(arm_id: str) -> str:
    """The name of the resource group in an id; empty if there is none."""
    found = _GROUP.match(arm_id)
    return found["group"] if found else ""


def _is(arm_id: str, *types: str) -> bool:
    return type_of(arm_id).lower() in {each.lower() for each in types}


def _id(type_: str) -> AfterValidator:
    def check(value: Any) -> Any:
        if isinstance(value, str) and not _is(value, type_):
            raise ValueError(f"not the id of one of `{type_}`: {value}")
        return value

    return AfterValidator(check)


StorageAccountId = Annotated[Text, _id("Microsoft.Storage/storageAccounts")]
VaultId = Annotated[Text, _id("Microsoft.KeyVault/vaults")]
InsightsId = Annotated[Text, _id("Microsoft.Insights/components")]
RegistryId = Annotated[Text, _id("Microsoft.ContainerRegistry/registries")]
IdentityId = Annotated[Text, _id("Microsoft.ManagedIdentity/userAssignedIdentities")]
WorkspaceId = Annotated[Text, _id("Microsoft.MachineLearningServices/workspaces")]


def reference(*types: str) -> Callable[[Any], Any]:
    """A check: a component or resource with an `id`, an Output, or the ARM id of one of these types."""

    def check(value: Any) -> Any:
        if value is None or isinstance(value, pulumi.Output):
            return value
        if not isinstance(value, str):
            found = getattr(value, "id", None)
            if found is None:
                raise wrong(f"neither an ARM id nor a resource: {type(value).__name__}")
            return found
        if not _is(value, *types):
            wanted = " or ".join(f"`{each}`" for each in types)
            raise wrong(f"not the ARM id of {wanted}: {value}", f"it looks like {_example(types[0])}")
        return value

    return check


def _example(type_: str) -> str:
    namespace, *kinds = type_.split("/")
    return f"{_EXAMPLE}/providers/{namespace}" + "".join(f"/{kind}/name" for kind in kinds)


SubnetRef = Annotated[Any, BeforeValidator(reference("Microsoft.Network/virtualNetworks/subnets"))]
KubernetesRef = Annotated[
    Any,
    BeforeValidator(
        reference("Microsoft.ContainerService/managedClusters", "Microsoft.Kubernetes/connectedClusters"),
    ),
]
MachineRef = Annotated[Any, BeforeValidator(reference("Microsoft.Compute/virtualMachines"))]
DatabricksRef = Annotated[Any, BeforeValidator(reference("Microsoft.Databricks/workspaces"))]
AnalyticsRef = Annotated[Any, BeforeValidator(reference("Microsoft.DataLakeAnalytics/accounts"))]
FactoryRef = Annotated[Any, BeforeValidator(reference("Microsoft.DataFactory/factories"))]
