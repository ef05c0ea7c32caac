"""Inert types: listed ones live as documents under ARM's own ids, others are refused with the way to list them."""

import json
import re
from pathlib import Path

import pytest

from amlkit.errors import DefinitionError
from amlkit.provider.azure_native.inert import VARIABLE, arm_types, named
from amlkit.provider.azure_native.inertpaths import PATHS
from amlkit.provider.azure_native.inertrows import row
from amlkit.provider.azure_native.shapes import shape
from amlkit.provider.azure_native.types import TYPES

from .arm_server import SUBSCRIPTION
from .plugin_process import PluginProcess, RefusedError, azure_native

GROUP = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg"
NETWORK = f"{GROUP}/providers/Microsoft.Network/virtualNetworks"
VNET, SUBNET = "azure-native:network:VirtualNetwork", "azure-native:network:Subnet"
LISTED = named(["network", "monitor", {"compute:Snapshot": "Microsoft.Compute/snapshots/{snapshotName}"}], "here")


@pytest.fixture(scope="module")
def process(arm_process):
    listed = {f"azure-native:{name}": path for name, path in LISTED.items()}
    started = PluginProcess.start(azure_native(), {**arm_process.environment, VARIABLE: json.dumps(listed)})
    yield started
    started.stop()


@pytest.fixture
def plugin(process, arm):
    process.configure(subscriptionId=SUBSCRIPTION, location="westeurope")
    return process


def problems_of(entries):
    with pytest.raises(DefinitionError) as refused:
        named(entries, "Pulumi.prod.yaml: amlkit:inert")
    return [str(problem) for problem in refused.value.problems]


@pytest.mark.parametrize("module", sorted({name.split(":")[0] for name in PATHS}))
def test_every_type_of_the_table_is_in_the_sdk_and_its_path_is_made_of_inputs(module):
    for name in PATHS:
        if name.startswith(f"{module}:"):
            assert set(row(name, PATHS).parameters) - {"subscriptionId"} <= shape(row(name, PATHS)).inputs.keys()


def test_what_has_behaviour_is_not_in_the_table():
    assert PATHS.keys().isdisjoint(TYPES)


def test_a_list_names_modules_types_and_paths():
    assert named(["azure-native:privatedns:PrivateZone"], "") == {
        "privatedns:PrivateZone": PATHS["privatedns:PrivateZone"]
    }
    assert named(["dns"], "").keys() == {"dns:RecordSet", "dns:Zone"}
    assert LISTED["compute:Snapshot"].endswith("/providers/Microsoft.Compute/snapshots/{snapshotName}")
    assert named([{"x:Y": "/{scope}/providers/Microsoft.X/ys/{yName}"}], "")["x:Y"].startswith("/{scope}/")


def test_everything_wrong_with_a_list_is_said_at_once():
    first, second, third, fourth = problems_of(
        ["netwrk", "storage:StorageAccount", {"compute:Disk": "disks"}, {"Compute/Disk": "Microsoft.Compute/disks/{x}"}]
    )
    assert first.startswith("Pulumi.prod.yaml: amlkit:inert[0]: no module or type that can be inert by name: netwrk")
    assert "did you mean `network`?" in first
    assert "the local Azure ML has behaviour for it: storage:StorageAccount" in second
    assert "not the path of a type: disks" in third
    assert "not a type: Compute/Disk" in fourth
    assert "is not a list of modules and types" in problems_of("network")[0]


def test_arm_types_are_those_of_the_paths():
    paths = [PATHS["network:Subnet"], PATHS["privatedns:PrivateRecordSet"], PATHS["monitor:DiagnosticSetting"]]
    assert list(arm_types(paths)) == [
        "Microsoft.Network/virtualNetworks/subnets",
        "Microsoft.Network/privateDnsZones",
        "Microsoft.Insights/diagnosticSettings",
    ]


def test_a_network_and_its_subnet_live_under_the_ids_of_arm(plugin, arm):
    inputs, problems = plugin.check(
        VNET, {"resourceGroupName": "rg", "addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}}, name="net"
    )
    assert problems == []
    assert inputs["location"] == "westeurope"
    assert inputs["virtualNetworkName"].startswith("net")
    id_, outputs = plugin.create(VNET, inputs)
    assert id_ == f"{NETWORK}/{inputs['virtualNetworkName']}"
    assert outputs["addressSpace"] == {"addressPrefixes": ["10.0.0.0/16"]}
    assert outputs["provisioningState"] == "Succeeded"
    assert arm.at(id_)["properties"]["addressSpace"] == {"addressPrefixes": ["10.0.0.0/16"]}
    below = {"resourceGroupName": "rg", "virtualNetworkName": inputs["virtualNetworkName"]}
    inputs, problems = plugin.check(SUBNET, {**below, "addressPrefix": "10.0.1.0/24"}, name="compute")
    assert problems == []
    assert plugin.create(SUBNET, inputs)[0] == f"{id_}/subnets/compute"


def test_parts_of_a_network_lie_as_arm_has_them(plugin, arm):
    rule = {"name": "no", "access": "Deny", "direction": "Inbound", "priority": 100, "protocol": "*"}
    inputs, _ = plugin.check(
        "azure-native:network:NetworkSecurityGroup", {"resourceGroupName": "rg", "securityRules": [rule]}, name="nsg"
    )
    id_, outputs = plugin.create("azure-native:network:NetworkSecurityGroup", inputs)
    (kept,) = arm.at(id_)["properties"]["securityRules"]
    assert (kept["name"], kept["properties"]["access"], "access" in kept) == ("no", "Deny", False)
    assert outputs["securityRules"] == [rule]


def test_what_hangs_on_another_resource_is_below_its_id(plugin):
    given = {"resourceUri": GROUP, "name": "all"}
    inputs, problems = plugin.check("azure-native:monitor:DiagnosticSetting", given)
    assert problems == []
    id_, _ = plugin.create("azure-native:monitor:DiagnosticSetting", inputs)
    assert id_ == f"{given['resourceUri']}/providers/Microsoft.Insights/diagnosticSettings/all"


def test_any_type_of_the_sdk_lives_with_a_path(plugin):
    given = {"resourceGroupName": "rg", "creationData": {"createOption": "Empty"}}
    inputs, problems = plugin.check("azure-native:compute:Snapshot", given, name="snap")
    assert problems == []
    assert "/providers/Microsoft.Compute/snapshots/snap" in plugin.create("azure-native:compute:Snapshot", inputs)[0]


@pytest.mark.parametrize(
    ("token", "entry"),
    [
        ("azure-native:privatedns:PrivateZone", "amlkit:inert: [privatedns:PrivateZone]"),
        ("azure-native:compute:Gallery", "amlkit:inert: [{compute:Gallery: Microsoft."),
    ],
)
def test_what_is_not_listed_is_refused_by_name_with_the_way_to_list_it(plugin, token, entry):
    with pytest.raises(RefusedError) as refused:
        plugin.check(token, {})
    assert f"the local Azure ML has no behaviour for {token}" in refused.value.text
    assert entry in refused.value.text


def test_a_path_that_does_not_fit_its_type_is_refused_with_the_inputs_that_there_are():
    with pytest.raises(Exception, match="has a parameter that is no input of the type: snapName") as refused:
        row("compute:Snapshot", {"compute:Snapshot": "/x/providers/Microsoft.Compute/snapshots/{snapName}"})
    assert "snapshotName" in str(refused.value)


def test_the_guide_names_every_module_of_the_table():
    guide = (Path(__file__).parents[2] / "docs/stacks.md").read_text()
    known = guide.partition("Known by name are types of")[2].partition("\n\n")[0]
    assert set(re.findall(r"`(\w+)`", known)) == {name.split(":")[0] for name in PATHS}
