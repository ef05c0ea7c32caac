"""The one table: from a Pulumi type to its ARM route, api-version and the rules that only the vendor's specs know.

Everything else in this package is general and asks here. What a type takes and gives (properties, required ones,
write-only ones, flattening) stands in `shapes/`, derived from the SDK; see `shapes.py`. Sources of the rows: the
versions are the SDK's, routes and create-only marks those of Azure's REST specifications and of the official
provider's own list. Where a row says nothing, only path parameters replace.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property


class Naming(Enum):
    """How a resource gets its name when the program gives none."""

    RANDOM = "logical name and eight hex digits"
    COPY = "logical name"
    UUID = "uuid"


@dataclass(frozen=True)
class Limit:
    """What the spec asks of a path parameter: lengths in bytes (0: none) and a regular expression, unanchored."""

    least: int = 0
    most: int = 0
    pattern: str = ""


_ARM_ENVELOPE = (
    "eTag etag extendedLocation id identity kind location managedBy name placement plan sku systemData tags type"
)
ROOT = frozenset((*_ARM_ENVELOPE.split(), "zones"))


@dataclass(frozen=True)
class ResourceType:
    """One row. `path` holds `{parameters}` that are inputs of the same name (but `subscriptionId`)."""

    name: str
    version: str
    path: str
    force_new: tuple[str, ...] = ()  # create-only inputs beyond the path's: `a`, `a.b` or `a[].b`
    polls: bool = False  # PUT is long-running in the spec: wait for its provisioningState
    query: Mapping[str, str] = field(default_factory=dict)  # inputs that PUT sends in the query, not in the body
    lists: tuple[str, ...] = ()  # sub-resource arrays: `[]` at create, left alone by an update that omits them
    limits: Mapping[str, Limit] = field(default_factory=dict)
    renames: Mapping[str, Mapping[str, str]] = field(
        default_factory=dict
    )  # object type (or `""`): Pulumi's name to ARM's
    root: frozenset[str] = ROOT  # of a flattened type: what is not in it lies under `properties`
    location_required: bool = True  # where the type has one at all
    restored: Mapping[str, Mapping[str, object]] = field(
        default_factory=dict
    )  # what an update sends for a removed input

    @property
    def token(self) -> str:
        """`azure-native:storage:StorageAccount`."""
        return f"azure-native:{self.name}"

    @cached_property
    def parameters(self) -> tuple[str, ...]:
        """The path's parameters in order."""
        return tuple(re.findall(r"{(\w+)}", self.path))

    @property
    def name_input(self) -> str:
        """The input that names the resource: the path's last parameter."""
        return self.parameters[-1]

    @property
    def naming(self) -> Naming:
        """How it is named by itself: the official provider's rule, from the shape of the path."""
        if self.name_input in ("roleAssignmentName", "roleDefinitionId"):
            return Naming.UUID
        last = self.path.lower().rpartition("microsoft.")
        if self.name_input in ("endpointName", "customDomainName") or not last[1] or last[2].count("{") == 1:
            return Naming.RANDOM
        return Naming.COPY


_GROUP = "/subscriptions/{subscriptionId}/resourceGroups/{resourceGroupName}"
_PROVIDERS = _GROUP + "/providers"
_ACCOUNT = _PROVIDERS + "/Microsoft.Storage/storageAccounts/{accountName}"
_ML = _PROVIDERS + "/Microsoft.MachineLearningServices"
_WORKSPACE = _ML + "/workspaces/{workspaceName}"
_ML_VERSION = "2025-12-01"
_ML_LOCATION = ("location",)

_COMPONENT_NAMES = {
    "applicationId": "ApplicationId",
    "appId": "AppId",
    "applicationType": "Application_Type",
    "connectionString": "ConnectionString",
    "creationDate": "CreationDate",
    "disableIpMasking": "DisableIpMasking",
    "disableLocalAuth": "DisableLocalAuth",
    "flowType": "Flow_Type",
    "forceCustomerStorageForProfiler": "ForceCustomerStorageForProfiler",
    "hockeyAppId": "HockeyAppId",
    "hockeyAppToken": "HockeyAppToken",
    "immediatePurgeDataOn30Days": "ImmediatePurgeDataOn30Days",
    "ingestionMode": "IngestionMode",
    "instrumentationKey": "InstrumentationKey",
    "laMigrationDate": "LaMigrationDate",
    "privateLinkScopedResources": "PrivateLinkScopedResources",
    "requestSource": "Request_Source",
    "retentionInDays": "RetentionInDays",
    "samplingPercentage": "SamplingPercentage",
    "tenantId": "TenantId",
    "workspaceResourceId": "WorkspaceResourceId",
}


def _inside(*names: str) -> Mapping[str, str]:
    """These lie under the `properties` of a nested object."""
    return {name: f"properties.{name}" for name in names}


def _both_ways(**renames: Mapping[str, str]) -> Mapping[str, Mapping[str, str]]:
    """The same names for what is given (`…Args`) and what is answered (`…Response`)."""
    return {f"{name}{side}": names for name, names in renames.items() for side in ("Args", "Response")}


_IP_RULE = {"iPAddressOrRange": "value"}
_CONNECTION_NAMES = {
    "PrivateEndpointConnectionResponse": _inside(
        "privateEndpoint", "privateLinkServiceConnectionState", "provisioningState"
    )
}
_STORAGE_NAMES = {
    "": {
        "enableHttpsTrafficOnly": "supportsHttpsTrafficOnly",
        "enableNfsV3": "isNfsV3Enabled",
        "networkRuleSet": "networkAcls",
    },
    **_CONNECTION_NAMES,
    **_both_ways(
        Encryption={"keyVaultProperties": "keyvaultproperties", "encryptionIdentity": "identity"},
        EncryptionIdentity={
            "encryptionUserAssignedIdentity": "userAssignedIdentity",
            "encryptionFederatedIdentityClientId": "federatedIdentityClientId",
        },
        KeyVaultProperties={"keyName": "keyname", "keyVaultUri": "keyvaulturi", "keyVersion": "keyversion"},
        IPRule=_IP_RULE,
        VirtualNetworkRule={"virtualNetworkResourceId": "id"},
    ),
}
_FIREWALL_RULE = _inside("startIpAddress", "endIpAddress")
_STORE_ACCOUNT = _inside("suffix")
_COMPUTE_POLICY = _inside("objectId", "objectType", "maxDegreeOfParallelismPerJob", "minPriorityPerJob")
_ANALYTICS_NAMES = {
    "AddDataLakeStoreWithAccountParametersArgs": _STORE_ACCOUNT,
    "AddStorageAccountWithAccountParametersArgs": _inside("suffix", "accessKey"),
    "DataLakeStoreAccountInformationResponse": _STORE_ACCOUNT,
    "StorageAccountInformationResponse": _STORE_ACCOUNT,
    "CreateComputePolicyWithAccountParametersArgs": _COMPUTE_POLICY,
    "ComputePolicyResponse": _COMPUTE_POLICY,
    "CreateFirewallRuleWithAccountParametersArgs": _FIREWALL_RULE,
    "FirewallRuleResponse": _FIREWALL_RULE,
    "VirtualNetworkRuleResponse": _inside("subnetId", "virtualNetworkRuleState"),
}
_LAKE_STORE_NAMES = {
    "CreateFirewallRuleWithAccountParametersArgs": _FIREWALL_RULE,
    "FirewallRuleResponse": _FIREWALL_RULE,
    "CreateTrustedIdProviderWithAccountParametersArgs": _inside("idProvider"),
    "TrustedIdProviderResponse": _inside("idProvider"),
    "CreateVirtualNetworkRuleWithAccountParametersArgs": _inside("subnetId"),
    "VirtualNetworkRuleResponse": _inside("subnetId"),
}
_OPEN_NETWORK = {"bypass": "AzureServices", "defaultAction": "Allow", "ipRules": [], "virtualNetworkRules": []}


def _ml(name: str, route: str, **rules: object) -> ResourceType:
    return ResourceType(f"machinelearningservices:{name}", _ML_VERSION, route, **rules)  # type: ignore[arg-type]


def _ml_asset(noun: str, segment: str) -> tuple[ResourceType, ResourceType]:
    container = f"{_WORKSPACE}/{segment}/{{name}}"
    return _ml(f"{noun}Container", container), _ml(f"{noun}Version", container + "/versions/{version}")


_ROWS = (
    ResourceType(
        "resources:ResourceGroup",
        "2024-03-01",
        "/subscriptions/{subscriptionId}/resourcegroups/{resourceGroupName}",
        force_new=("location",),
        limits={"resourceGroupName": Limit(1, 90)},
    ),
    ResourceType(
        "storage:StorageAccount",
        "2024-01-01",
        _ACCOUNT,
        force_new=("location", "isHnsEnabled"),
        polls=True,
        limits={"accountName": Limit(3, 24)},
        renames=_STORAGE_NAMES,
        restored={"networkRuleSet": _OPEN_NETWORK},
    ),
    ResourceType(
        "storage:BlobContainer",
        "2024-01-01",
        _ACCOUNT + "/blobServices/default/containers/{containerName}",
        limits={"containerName": Limit(3, 63)},
    ),
    ResourceType(
        "storage:FileShare",
        "2024-01-01",
        _ACCOUNT + "/fileServices/default/shares/{shareName}",
        force_new=("enabledProtocols",),
        query={"expand": "$expand"},
        limits={"shareName": Limit(3, 63)},
    ),
    ResourceType(
        "storage:ManagementPolicy",
        "2024-01-01",
        _ACCOUNT + "/managementPolicies/{managementPolicyName}",
    ),
    ResourceType(
        "keyvault:Vault",
        "2024-11-01",
        _PROVIDERS + "/Microsoft.KeyVault/vaults/{vaultName}",
        polls=True,
        lists=("properties.accessPolicies",),
        limits={"vaultName": Limit(pattern="^[a-zA-Z0-9-]{3,24}$")},
    ),
    ResourceType(
        "applicationinsights:Component",
        "2020-02-02",
        _PROVIDERS + "/Microsoft.Insights/components/{resourceName}",
        force_new=("location", "applicationType"),
        renames={"": _COMPONENT_NAMES},
    ),
    ResourceType(
        "operationalinsights:Workspace",
        "2023-09-01",
        _PROVIDERS + "/Microsoft.OperationalInsights/workspaces/{workspaceName}",
        force_new=("location",),
        root=ROOT - {"sku"},
        polls=True,
    ),
    ResourceType(
        "containerregistry:Registry",
        "2023-01-01-preview",
        _PROVIDERS + "/Microsoft.ContainerRegistry/registries/{registryName}",
        force_new=("location",),
        polls=True,
        renames={**_CONNECTION_NAMES, "IPRuleArgs": _IP_RULE, "IPRuleResponse": _IP_RULE},
        limits={"registryName": Limit(5, 50, "^[a-zA-Z0-9]*$")},
    ),
    ResourceType(
        "managedidentity:UserAssignedIdentity",
        "2023-01-31",
        _PROVIDERS + "/Microsoft.ManagedIdentity/userAssignedIdentities/{resourceName}",
        force_new=("location",),
    ),
    ResourceType(
        "authorization:RoleAssignment",
        "2022-04-01",
        "/{scope}/providers/Microsoft.Authorization/roleAssignments/{roleAssignmentName}",
        force_new=("principalId",),
    ),
    ResourceType(
        "authorization:RoleDefinition",
        "2022-05-01-preview",
        "/{scope}/providers/Microsoft.Authorization/roleDefinitions/{roleDefinitionId}",
    ),
    _ml(
        "Workspace",
        _WORKSPACE,
        polls=True,
        location_required=False,
        renames=_CONNECTION_NAMES,
        limits={"workspaceName": Limit(pattern="^[a-zA-Z0-9][a-zA-Z0-9_-]{2,32}$")},
    ),
    _ml("ManagedNetworkSettingsRule", _WORKSPACE + "/outboundRules/{ruleName}", polls=True),
    _ml("WorkspaceConnection", _WORKSPACE + "/connections/{connectionName}"),
    _ml("Datastore", _WORKSPACE + "/datastores/{name}", query={"skipValidation": "skipValidation"}),
    _ml("Compute", _WORKSPACE + "/computes/{computeName}", force_new=_ML_LOCATION, polls=True, location_required=False),
    *_ml_asset("Environment", "environments"),
    *_ml_asset("Code", "codes"),
    *_ml_asset("Component", "components"),
    *_ml_asset("Data", "data"),
    *_ml_asset("Model", "models"),
    _ml("BatchEndpoint", _WORKSPACE + "/batchEndpoints/{endpointName}", force_new=_ML_LOCATION, polls=True),
    _ml(
        "BatchDeployment",
        _WORKSPACE + "/batchEndpoints/{endpointName}/deployments/{deploymentName}",
        force_new=_ML_LOCATION,
        polls=True,
    ),
    _ml("OnlineEndpoint", _WORKSPACE + "/onlineEndpoints/{endpointName}", force_new=_ML_LOCATION, polls=True),
    _ml(
        "OnlineDeployment",
        _WORKSPACE + "/onlineEndpoints/{endpointName}/deployments/{deploymentName}",
        force_new=_ML_LOCATION,
        polls=True,
    ),
    _ml("Registry", _ML + "/registries/{registryName}", force_new=_ML_LOCATION, polls=True),
    ResourceType(
        "databricks:Workspace",
        "2026-01-01",
        _PROVIDERS + "/Microsoft.Databricks/workspaces/{workspaceName}",
        force_new=("computeMode", "location"),
        polls=True,
    ),
    ResourceType(
        "databricks:AccessConnector",
        "2026-01-01",
        _PROVIDERS + "/Microsoft.Databricks/accessConnectors/{connectorName}",
        force_new=("location",),
        polls=True,
    ),
    ResourceType(
        "datalakeanalytics:Account",
        "2019-11-01-preview",
        _PROVIDERS + "/Microsoft.DataLakeAnalytics/accounts/{accountName}",
        renames=_ANALYTICS_NAMES,
        polls=True,
    ),
    ResourceType(
        "datalakestore:Account",
        "2016-11-01",
        _PROVIDERS + "/Microsoft.DataLakeStore/accounts/{accountName}",
        renames=_LAKE_STORE_NAMES,
        polls=True,
    ),
    ResourceType(
        "datafactory:Factory",
        "2018-06-01",
        _PROVIDERS + "/Microsoft.DataFactory/factories/{factoryName}",
        location_required=False,
    ),
)

TYPES: Mapping[str, ResourceType] = {row.name: row for row in _ROWS}
