"""The network of the platform: one virtual network, private DNS, and a private endpoint for whatever is reached."""

from ipaddress import ip_network

import pulumi
from pulumi_azure_native import network, privatedns

SUBNETS = ("compute", "endpoints", "databricks")
ZONES = {
    "blob": "privatelink.blob.core.windows.net",
    "file": "privatelink.file.core.windows.net",
    "dfs": "privatelink.dfs.core.windows.net",
    "vault": "privatelink.vaultcore.azure.net",
    "amlworkspace": "privatelink.api.azureml.ms",
}


class Network(pulumi.ComponentResource):
    """A virtual network with a subnet for each purpose, closed to the internet, and the DNS zones linked to it."""

    def __init__(self, name: str, *, group: pulumi.Input[str], address_space: str) -> None:
        super().__init__("teams:index:Network", name)
        self._group = group
        self._below = pulumi.ResourceOptions(parent=self)
        rule = network.SecurityRuleArgs(
            name="no-internet",
            access="Deny",
            direction="Inbound",
            priority=4000,
            protocol="*",
            source_address_prefix="Internet",
            source_port_range="*",
            destination_address_prefix="*",
            destination_port_range="*",
        )
        closed = network.NetworkSecurityGroup(name, resource_group_name=group, security_rules=[rule], opts=self._below)
        space = network.AddressSpaceArgs(address_prefixes=[address_space])
        self.network = network.VirtualNetwork(name, resource_group_name=group, address_space=space, opts=self._below)
        ranges = ip_network(address_space).subnets(new_prefix=24)
        self.subnets = {
            purpose: network.Subnet(
                purpose,
                resource_group_name=group,
                virtual_network_name=self.network.name,
                address_prefix=str(addresses),
                network_security_group=network.NetworkSecurityGroupArgs(id=closed.id),
                private_endpoint_network_policies="Disabled",
                opts=self._below,
            )
            for purpose, addresses in zip(SUBNETS, ranges, strict=False)
        }
        self.zones = {part: self._zone(part, zone) for part, zone in ZONES.items()}

    def endpoint(self, name: str, target: pulumi.Input[str], part: str) -> network.PrivateEndpoint:
        """A private endpoint for one part (`blob`, `vault` …) of a resource, and its name in the private DNS."""
        connection = network.PrivateLinkServiceConnectionArgs(
            name=part, group_ids=[part], private_link_service_id=target
        )
        made = network.PrivateEndpoint(
            name,
            resource_group_name=self._group,
            subnet=network.SubnetArgs(id=self.subnets["endpoints"].id),
            private_link_service_connections=[connection],
            opts=self._below,
        )
        zone = network.PrivateDnsZoneConfigArgs(name=part, private_dns_zone_id=self.zones[part].id)
        network.PrivateDnsZoneGroup(
            name,
            resource_group_name=self._group,
            private_endpoint_name=made.name,
            private_dns_zone_configs=[zone],
            opts=self._below,
        )
        return made

    def _zone(self, part: str, name: str) -> privatedns.PrivateZone:
        zone = privatedns.PrivateZone(
            part, resource_group_name=self._group, private_zone_name=name, location="global", opts=self._below
        )
        privatedns.VirtualNetworkLink(
            part,
            resource_group_name=self._group,
            private_zone_name=zone.name,
            virtual_network=privatedns.SubResourceArgs(id=self.network.id),
            registration_enabled=False,
            location="global",
            opts=self._below,
        )
        return zone
