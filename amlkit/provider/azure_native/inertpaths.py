"""Where ARM keeps the types that may be inert by name alone: paths from Azure's REST specifications.

`inert` reads what a stack lists against this table. Types with behaviour are in `types`.
"""

from __future__ import annotations

from collections.abc import Mapping

GROUP = "/subscriptions/{subscriptionId}/resourceGroups/{resourceGroupName}/providers"

# Module and namespace, then each type with its path below the namespace.
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
    "authorization:ManagementLockAtResourceGroupLevel": f"{GROUP.removesuffix('/providers')}/{_LOCKS}",
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
        f"{module}:{noun}": f"{GROUP}/{namespace}/{path}"
        for (module, namespace), nouns in _BELOW_GROUP.items()
        for noun, path in nouns.items()
    },
    **_ELSEWHERE,
}
"""Type (`network:Subnet`) to ARM path, of what may be listed by name alone."""
