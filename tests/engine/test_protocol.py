"""The SDK moves on: an RPC or a feature that this engine has not seen yet must be looked at, not overlooked."""

import subprocess
import sys

from amlkit.engine.embedded.monitor import FEATURES, Engine, Monitor
from amlkit.engine.embedded.protocol import engine_pb2, resource_pb2

KNOWN = {
    "GetDeploymentInfo",
    "SupportsFeature",
    "Invoke",
    "Call",
    "ReadResource",
    "ExistsResource",
    "RegisterResource",
    "RegisterResourceOutputs",
    "RegisterStackTransform",
    "RegisterStackInvokeTransform",
    "RegisterResourceHook",
    "RegisterErrorHook",
    "RegisterPackage",
    "SignalAndWaitForShutdown",
}
LAST_KNOWN_FEATURE = 18


def test_every_method_of_the_monitor_is_known():
    methods = {each.name for each in resource_pb2.DESCRIPTOR.services_by_name["ResourceMonitor"].methods}

    assert methods == KNOWN
    assert {name for name in vars(Monitor) if name[0].isupper()} <= methods


def test_every_method_of_the_engine_service_is_known():
    methods = {each.name for each in engine_pb2.DESCRIPTOR.services_by_name["Engine"].methods}

    assert methods == {"Log", "GetRootResource", "SetRootResource", "StartDebugging", "RequirePulumiVersion"}
    assert {name for name in vars(Engine) if name[0].isupper()} <= methods


def test_every_feature_is_known():
    numbers = [value.number for name, enum in _enums() if "Feature" in name for value in enum.values]

    assert numbers
    assert max(numbers) <= LAST_KNOWN_FEATURE
    assert set(FEATURES) <= set(numbers)


def test_the_engine_does_not_run_the_sdk_and_does_not_stand_in_its_way():
    script = (
        "import sys, amlkit.engine.embedded.operations\n"
        "assert not [name for name in sys.modules if name in ('pulumi', 'pulumi.runtime', 'pulumi.resource')]\n"
        "import pulumi, pulumi.automation\n"
        "from pulumi.runtime.proto import resource_pb2\n"
        "from amlkit.engine.embedded import protocol\n"
        "assert protocol.resource_pb2 is resource_pb2 and pulumi.Output\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


def _enums():
    return resource_pb2.DESCRIPTOR.enum_types_by_name.items()
