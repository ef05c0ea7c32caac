"""Fixtures of the azure-native tests: an ARM over TLS and the plugin's process, configured for it."""

import pytest

from .arm_server import SUBSCRIPTION, ArmServer
from .plugin_process import PluginProcess, azure_native

GROUP = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg"


@pytest.fixture(scope="module")
def arm_process(tmp_path_factory):
    server = ArmServer(tmp_path_factory.mktemp("arm"))
    server.start()
    yield server
    server.stop()


@pytest.fixture
def arm(arm_process):
    """An ARM with one empty resource group `rg` in westeurope."""
    for part in ("documents", "calls", "faults", "slow", "broken", "operations", "secrets"):
        getattr(arm_process, part).clear()
    arm_process.seed(GROUP, location="westeurope", type="Microsoft.Resources/resourceGroups")
    return arm_process


@pytest.fixture(scope="module")
def plugin_process(arm_process):
    process = PluginProcess.start(azure_native(), arm_process.environment)
    yield process
    process.stop()


@pytest.fixture
def plugin(plugin_process, arm):
    plugin_process.configure(subscriptionId=SUBSCRIPTION)
    return plugin_process
