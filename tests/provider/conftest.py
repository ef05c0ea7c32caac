"""An ARM over TLS, with and without Azure ML; the azure-native plugin's process, configured for it; an engine's log."""

from concurrent.futures import ThreadPoolExecutor

import grpc
import pytest

from amlkit.provider.protocol import engine_pb2_grpc

from .arm_server import SUBSCRIPTION, ArmServer
from .ml_server import MlServer
from .plugin_process import EngineLog, PluginProcess, azure_native
from .published import WORKSPACE

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


@pytest.fixture(scope="module")
def ml_process(tmp_path_factory):
    server = MlServer(tmp_path_factory.mktemp("ml"))
    server.start()
    yield server
    server.stop()


@pytest.fixture
def ml(ml_process):
    for part in ("documents", "calls", "faults", "slow", "broken", "operations", "before"):
        getattr(ml_process, part).clear()
    ml_process.etags = True
    ml_process.seed(GROUP, location="westeurope", type="Microsoft.Resources/resourceGroups")
    ml_process.seed(WORKSPACE, location="westeurope", type="Microsoft.MachineLearningServices/workspaces")
    return ml_process


@pytest.fixture(scope="module")
def log_process():
    log, server = EngineLog(), grpc.server(ThreadPoolExecutor(4))
    engine_pb2_grpc.add_EngineServicer_to_server(log, server)
    log.address = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    server.start()
    yield log
    server.stop(None)


@pytest.fixture
def log(log_process):
    log_process.lines.clear()
    return log_process
