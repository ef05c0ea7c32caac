"""Types for which the local Azure ML has no behaviour, and that a stack may list as inert: where ARM keeps them.

`amlkit:inert` of a stack's file names modules (`network`), types (`network:Subnet`) or, for a type that is not in the
table here, a type and its path. `named` turns that list into paths, `delivery.hosting` hands them to the plugin in a
variable, and `plugin` takes them for types. What a type takes and gives is read from the installed SDK (`derive`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import takewhile
from typing import Any

from amlkit.errors import DefinitionError, EngineError, Problem, near

from .types import TYPES

VARIABLE = "AMLKIT_INERT"
CONFIG_KEY = "amlkit:inert"

_GROUP = "/subscriptions/{subscriptionId}/resourceGroups/{resourceGroupName}/providers"
_TYPE = re.compile(r"([a-z0-9]+):([A-Za-z0-9]+)")

# Module and namespace, then each type with its path below the namespace. Source: Azure's REST specifications.
_BELOW_GROUP: Mapping[tuple[str, str], Mapping[str, str]] = {
    ("network", "Microsoft.Network"): {
        "ApplicationSecurityGroup": "applicationSecurityGroups/{applicationSecurityGroupName}",
        "AzureFirewall": "azureFirewalls/{azureFirewallName}",
        "BastionHost": "bastionHosts/{bastionHostName}",
        "DdosProtectionPlan": "ddosProtectionPlans/{ddosProtectionPlanName}",
        "FirewallPolicy": "firewallPolicies/{firewallPolicyName}",
        "FirewallPolicyRuleCollectionGroup": (
            "firewallPolicies/{firewallPolicyName}/ruleCollectionGroups/{ruleCollectionGroupName}"
        ),
        "FlowLog": "networkWatchers/{networkWatcherName}/flowLogs/{flowLogName}",
        "IpGroup": "ipGroups/{ipGroupsName}",
        "LoadBalancer": "loadBalancers/{loadBalancerName}",
        "NatGateway": "natGateways/{natGatewayName}",
        "NetworkInterface": "networkInterfaces/{networkInterfaceName}",
        "NetworkSecurityGroup": "networkSecurityGroups/{networkSecurityGroupName}",
        "NetworkWatcher": "networkWatchers/{networkWatcherName}",
        "PrivateDnsZoneGroup": "privateEndpoints/{privateEndpointName}/privateDnsZoneGroups/{privateDnsZoneGroupName}",
        "PrivateEndpoint": "privateEndpoints/{privateEndpointName}",
        "PrivateLinkService": "privateLinkServices/{serviceName}",
        "PublicIPAddress": "publicIPAddresses/{publicIpAddressName}",
        "PublicIPPrefix": "publicIPPrefixes/{publicIpPrefixName}",
        "Route": "routeTables/{routeTableName}/routes/{routeName}",
        "RouteTable": "routeTables/{routeTableName}",
        "SecurityRule": "networkSecurityGroups/{networkSecurityGroupName}/securityRules/{securityRuleName}",
        "ServiceEndpointPolicy": "serviceEndpointPolicies/{serviceEndpointPolicyName}",
        "Subnet": "virtualNetworks/{virtualNetworkName}/subnets/{subnetName}",
        "VirtualNetwork": "virtualNetworks/{virtualNetworkName}",
        "VirtualNetworkGateway": "virtualNetworkGateways/{virtualNetworkGatewayName}",
        "VirtualNetworkPeering": (
            "virtualNetworks/{virtualNetworkName}/virtualNetworkPeerings/{virtualNetworkPeeringName}"
        ),
    },
    ("privatedns", "Microsoft.Network"): {
        "PrivateRecordSet": "privateDnsZones/{privateZoneName}/{recordType}/{relativeRecordSetName}",
        "PrivateZone": "privateDnsZones/{privateZoneName}",
        "VirtualNetworkLink": "privateDnsZones/{privateZoneName}/virtualNetworkLinks/{virtualNetworkLinkName}",
    },
    ("dns", "Microsoft.Network"): {
        "RecordSet": "dnsZones/{zoneName}/{recordType}/{relativeRecordSetName}",
        "Zone": "dnsZones/{zoneName}",
    },
    ("dnsresolver", "Microsoft.Network"): {
        "DnsForwardingRuleset": "dnsForwardingRulesets/{dnsForwardingRulesetName}",
        "DnsResolver": "dnsResolvers/{dnsResolverName}",
        "ForwardingRule": "dnsForwardingRulesets/{dnsForwardingRulesetName}/forwardingRules/{forwardingRuleName}",
        "InboundEndpoint": "dnsResolvers/{dnsResolverName}/inboundEndpoints/{inboundEndpointName}",
        "OutboundEndpoint": "dnsResolvers/{dnsResolverName}/outboundEndpoints/{outboundEndpointName}",
        "PrivateResolverVirtualNetworkLink": (
            "dnsForwardingRulesets/{dnsForwardingRulesetName}/virtualNetworkLinks/{virtualNetworkLinkName}"
        ),
    },
    ("monitor", "Microsoft.Insights"): {
        "ActionGroup": "actionGroups/{actionGroupName}",
        "ActivityLogAlert": "activityLogAlerts/{activityLogAlertName}",
        "AutoscaleSetting": "autoscaleSettings/{autoscaleSettingName}",
        "DataCollectionEndpoint": "dataCollectionEndpoints/{dataCollectionEndpointName}",
        "DataCollectionRule": "dataCollectionRules/{dataCollectionRuleName}",
        "MetricAlert": "metricAlerts/{ruleName}",
        "PrivateLinkScope": "privateLinkScopes/{scopeName}",
        "PrivateLinkScopedResource": "privateLinkScopes/{scopeName}/scopedResources/{name}",
        "ScheduledQueryRule": "scheduledQueryRules/{ruleName}",
    },
    ("compute", "Microsoft.Compute"): {
        "AvailabilitySet": "availabilitySets/{availabilitySetName}",
        "Disk": "disks/{diskName}",
        "DiskEncryptionSet": "diskEncryptionSets/{diskEncryptionSetName}",
        "VirtualMachine": "virtualMachines/{vmName}",
        "VirtualMachineExtension": "virtualMachines/{vmName}/extensions/{vmExtensionName}",
        "VirtualMachineScaleSet": "virtualMachineScaleSets/{vmScaleSetName}",
    },
    ("containerservice", "Microsoft.ContainerService"): {
        "AgentPool": "managedClusters/{resourceName}/agentPools/{agentPoolName}",
        "ManagedCluster": "managedClusters/{resourceName}",
    },
    ("databricks", "Microsoft.Databricks"): {
        "PrivateEndpointConnection": (
            "workspaces/{workspaceName}/privateEndpointConnections/{privateEndpointConnectionName}"
        ),
        "vNetPeering": "workspaces/{workspaceName}/virtualNetworkPeerings/{peeringName}",
    },
    ("eventgrid", "Microsoft.EventGrid"): {
        "SystemTopic": "systemTopics/{systemTopicName}",
        "SystemTopicEventSubscription": "systemTopics/{systemTopicName}/eventSubscriptions/{eventSubscriptionName}",
        "Topic": "topics/{topicName}",
    },
    ("eventhub", "Microsoft.EventHub"): {
        "EventHub": "namespaces/{namespaceName}/eventhubs/{eventHubName}",
        "Namespace": "namespaces/{namespaceName}",
    },
    ("keyvault", "Microsoft.KeyVault"): {
        "PrivateEndpointConnection": "vaults/{vaultName}/privateEndpointConnections/{privateEndpointConnectionName}",
    },
    ("machinelearningservices", "Microsoft.MachineLearningServices"): {
        "PrivateEndpointConnection": (
            "workspaces/{workspaceName}/privateEndpointConnections/{privateEndpointConnectionName}"
        ),
        "Schedule": "workspaces/{workspaceName}/schedules/{name}",
        "ServerlessEndpoint": "workspaces/{workspaceName}/serverlessEndpoints/{name}",
    },
    ("managedidentity", "Microsoft.ManagedIdentity"): {
        "FederatedIdentityCredential": (
            "userAssignedIdentities/{resourceName}/federatedIdentityCredentials/"
            "{federatedIdentityCredentialResourceName}"
        ),
    },
    ("operationalinsights", "Microsoft.OperationalInsights"): {
        "LinkedService": "workspaces/{workspaceName}/linkedServices/{linkedServiceName}",
        "SavedSearch": "workspaces/{workspaceName}/savedSearches/{savedSearchId}",
        "Table": "workspaces/{workspaceName}/tables/{tableName}",
    },
    ("operationsmanagement", "Microsoft.OperationsManagement"): {"Solution": "solutions/{solutionName}"},
    ("portal", "Microsoft.Portal"): {"Dashboard": "dashboards/{dashboardName}"},
    ("recoveryservices", "Microsoft.RecoveryServices"): {"Vault": "vaults/{vaultName}"},
    ("storage", "Microsoft.Storage"): {
        "EncryptionScope": "storageAccounts/{accountName}/encryptionScopes/{encryptionScopeName}",
        "PrivateEndpointConnection": (
            "storageAccounts/{accountName}/privateEndpointConnections/{privateEndpointConnectionName}"
        ),
    },
}
_LOCKS = "providers/Microsoft.Authorization/locks/{lockName}"
_ELSEWHERE: Mapping[str, str] = {
    "authorization:ManagementLockAtResourceGroupLevel": f"{_GROUP.removesuffix('/providers')}/{_LOCKS}",
    "authorization:ManagementLockAtSubscriptionLevel": "/subscriptions/{subscriptionId}/" + _LOCKS,
    "authorization:ManagementLockByScope": "/{scope}/" + _LOCKS,
    "authorization:PolicyAssignment": (
        "/{scope}/providers/Microsoft.Authorization/policyAssignments/{policyAssignmentName}"
    ),
    "authorization:PolicyDefinition": (
        "/subscriptions/{subscriptionId}/providers/Microsoft.Authorization/policyDefinitions/{policyDefinitionName}"
    ),
    "authorization:PolicyExemption": (
        "/{scope}/providers/Microsoft.Authorization/policyExemptions/{policyExemptionName}"
    ),
    "authorization:PolicySetDefinition": (
        "/subscriptions/{subscriptionId}/providers/Microsoft.Authorization/policySetDefinitions/"
        "{policySetDefinitionName}"
    ),
    "consumption:Budget": "/{scope}/providers/Microsoft.Consumption/budgets/{budgetName}",
    "eventgrid:EventSubscription": (
        "/{scope}/providers/Microsoft.EventGrid/eventSubscriptions/{eventSubscriptionName}"
    ),
    "monitor:DataCollectionRuleAssociation": (
        "/{resourceUri}/providers/Microsoft.Insights/dataCollectionRuleAssociations/{associationName}"
    ),
    "monitor:DiagnosticSetting": "/{resourceUri}/providers/Microsoft.Insights/diagnosticSettings/{name}",
}

PATHS: Mapping[str, str] = {
    **{
        f"{module}:{noun}": f"{_GROUP}/{namespace}/{path}"
        for (module, namespace), nouns in _BELOW_GROUP.items()
        for noun, path in nouns.items()
    },
    **_ELSEWHERE,
}
"""Type (`network:Subnet`) to ARM path, of what may be listed by name alone."""


def named(entries: Any, place: str) -> dict[str, str]:
    """Type to path of everything that a stack's list names.

    Raises:
        DefinitionError: everything in the list, at `place`, that is no type, is not known here, or has behaviour.
    """
    if not isinstance(entries, list):
        hint = "write it like `[network, privatedns, monitor:DiagnosticSetting]`"
        raise DefinitionError([Problem(place, "is not a list of modules and types", hint)])
    found: dict[str, str] = {}
    problems: list[Problem] = []
    for index, entry in enumerate(entries):
        pairs = entry.items() if isinstance(entry, Mapping) else [(entry, None)]
        for name, path in pairs:
            listed = _of_path(str(name), path) if path is not None else _of_table(str(name))
            if isinstance(listed, Problem):
                problems.append(Problem(f"{place}[{index}]", listed.what, listed.hint))
            else:
                found |= listed
    if problems:
        raise DefinitionError(problems)
    return found


def from_variable(text: str) -> dict[str, str]:
    """Type to path, as the plugin's environment has it.

    Raises:
        EngineError: the variable holds something else.
    """
    try:
        found = json.loads(text) if text else {}
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise EngineError(f"{VARIABLE} is no JSON object of types and paths")
    return {str(name).removeprefix("azure-native:"): str(path) for name, path in found.items()}


def arm_types(paths: Iterable[str]) -> Iterator[str]:
    """The ARM types of paths: `Microsoft.Network/virtualNetworks/subnets`; the one above where a path leaves it."""
    for path in paths:
        namespace, *rest = path.rpartition("/providers/")[2].split("/")
        kinds = takewhile(lambda kind: not kind.startswith("{"), rest[::2])
        yield "/".join([namespace, *kinds])


def how_to_list(name: str) -> str:
    """The hint for a type that a program declares and the stack does not list."""
    entry = name if name in PATHS else f"{{{name}: Microsoft.…/…/{{…Name}}}}"
    return f"the stack may keep it as a document, with nothing behind it: `{CONFIG_KEY}: [{entry}]` in its file"


def _of_table(name: str) -> dict[str, str] | Problem:
    name = name.removeprefix("azure-native:")
    if name in PATHS:
        return {name: PATHS[name]}
    if name in TYPES:
        return Problem("", f"the local Azure ML has behaviour for it: {name}", "take it off the list")
    if found := {each: path for each, path in PATHS.items() if each.startswith(f"{name}:")}:
        return found
    modules = {each.partition(":")[0] for each in PATHS}
    close = near(name, {*modules, *PATHS})
    if close:
        return Problem("", f"no module or type that can be inert by name: {name}", f"did you mean `{close[0]}`?")
    hint = "give a type's path below the resource group: `{compute:Disk: 'Microsoft.Compute/disks/{diskName}'}`"
    return Problem("", f"no module or type that can be inert by name: {name}", hint)


def _of_path(name: str, path: Any) -> dict[str, str] | Problem:
    name = name.removeprefix("azure-native:")
    if not _TYPE.fullmatch(name):
        return Problem("", f"not a type: {name}", "it is written like `compute:Disk`")
    if name in TYPES:
        return Problem("", f"the local Azure ML has behaviour for it: {name}", "take it off the list")
    whole = str(path) if str(path).startswith("/") else f"{_GROUP}/{path}"
    below = whole.rpartition("/providers/")[2].split("/")
    if "/providers/" not in whole or len(below) < 3 or len(below) % 2 == 0 or not re.fullmatch(r"{\w+}", below[-1]):
        hint = "it is written like `Microsoft.Compute/disks/{diskName}`, or begins with a slash and holds `/providers/`"
        return Problem("", f"not the path of a type: {path}", hint)
    return {name: whole}
