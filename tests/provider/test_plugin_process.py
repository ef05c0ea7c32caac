"""The process: how it starts, whom it talks to, how it ends, and how failures read."""

import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import grpc
import pytest
from google.protobuf import empty_pb2

from amlkit.provider.install import install
from amlkit.provider.protocol import engine_pb2_grpc, plugin_pb2
from amlkit.provider.protocol import provider_pb2 as pb

from .arm_server import SUBSCRIPTION
from .plugin_process import EngineLog, PluginProcess, RefusedError, azure_native


@pytest.fixture
def engine_log():
    log = EngineLog()
    server = grpc.server(ThreadPoolExecutor(2))
    engine_pb2_grpc.add_EngineServicer_to_server(log, server)
    log.address = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    server.start()
    yield log
    server.stop(None)


@pytest.fixture
def process():
    made = PluginProcess.start(azure_native(), {})
    yield made
    made.stop()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_without_a_word(number, engine_log):
    plugin = PluginProcess.start(azure_native(), {}, engine_log.address)
    plugin.process.send_signal(number)
    _, said = plugin.process.communicate(timeout=10)
    assert plugin.process.returncode == -number
    assert said == ""


def test_it_dies_with_its_engine():
    """The engine here is a shell: it starts the plugin, tells us the plugin's pid and port, and is killed."""
    command = " ".join(azure_native())
    engine = subprocess.Popen(["sh", "-c", f"{command} 127.0.0.1:1 & echo $!; wait"], stdout=subprocess.PIPE, text=True)
    assert int(engine.stdout.readline()) != engine.pid
    assert int(engine.stdout.readline()) > 0
    engine.kill()
    engine.wait(10)
    assert engine.stdout.read() == ""  # ends when the plugin, the last holder of the pipe, is gone
    engine.stdout.close()


def test_without_an_engine_it_stays_for_a_debugger_to_attach(process, engine_log):
    process.call("Attach", plugin_pb2.PluginAttach(address=engine_log.address))
    assert process.call("GetPluginInfo", empty_pb2.Empty()).version.startswith("3.")


def test_it_accepts_no_secrets_as_the_official_one(process, arm):
    answer = process.call("Handshake", pb.ProviderHandshakeRequest())
    assert not answer.accept_secrets
    assert not answer.accept_resources
    with_arm = PluginProcess.start(azure_native(), arm.environment)
    configured = with_arm.configure(subscriptionId=SUBSCRIPTION)
    with_arm.stop()
    assert configured.supportsPreview
    assert not configured.acceptSecrets
    assert not configured.acceptResources
    assert not configured.acceptOutputs


@pytest.mark.parametrize("host", ["management.azure.com", "https://example.org:443", ""])
def test_it_talks_to_loopback_only(process, host):
    with pytest.raises(RefusedError, match="the local azure-native plugin only talks to loopback, not to"):
        process.configure(subscriptionId=SUBSCRIPTION, metadataHost=host)


def test_no_stand_in_is_one_line_and_a_hint(process):
    with pytest.raises(RefusedError) as refused:
        process.configure(subscriptionId=SUBSCRIPTION, metadataHost="127.0.0.1:1")
    assert refused.value.text.startswith("no answer from https://127.0.0.1:1: ")
    assert "hint: start the local Azure ML with `amlkit local start`" in refused.value.text


def test_no_subscription_is_said(arm):
    plugin = PluginProcess.start(azure_native(), arm.environment)
    try:
        with pytest.raises(RefusedError, match="A Subscription ID must be configured"):
            plugin.configure()
    finally:
        plugin.stop()


def test_the_environment_names_the_subscription_unless_the_config_does(arm):
    plugin = PluginProcess.start(azure_native(), {**arm.environment, "ARM_SUBSCRIPTION_ID": "from-environment"})
    try:
        plugin.configure()
        found = plugin.invoke("azure-native:authorization:getClientConfig")["subscriptionId"]
        assert found == "from-environment"
        plugin.configure(subscriptionId=SUBSCRIPTION)
        assert plugin.invoke("azure-native:authorization:getClientConfig")["subscriptionId"] == SUBSCRIPTION
    finally:
        plugin.stop()


def test_an_old_engine_is_refused(process):
    with pytest.raises(RefusedError, match=r"requires Pulumi CLI v3\.74\.0 or later"):
        process.call("Configure", pb.ConfigureRequest())


def test_what_it_does_not_have_is_refused_by_name(process):
    with pytest.raises(RefusedError) as refused:
        process.call("Construct", pb.ConstructRequest())
    assert refused.value.text == "Construct is not yet implemented"


def test_a_fault_of_ours_is_one_line(process):
    with pytest.raises(RefusedError) as refused:
        process.call("Check", pb.CheckRequest(urn="nonsense"))
    assert refused.value.text.startswith("the plugin failed: IndexError: ")
    assert "\n" not in refused.value.text


def test_another_api_version_in_the_state_is_told_to_the_user(arm, engine_log):
    plugin = PluginProcess.start(azure_native(), arm.environment, engine_log.address)
    olds = {"azureApiVersion": "2019-01-01"}
    from amlkit.propertyvalues import to_struct

    urn = "urn:pulumi:local::p::azure-native:storage:StorageAccount::it"
    plugin.call("Diff", pb.DiffRequest(urn=urn, olds=to_struct(olds), old_inputs=to_struct(olds), news=to_struct(olds)))
    plugin.stop()
    assert [text for _, text in engine_log.lines if "from 2019-01-01 to 2024-01-01" in text]


def test_installed_it_runs_from_anywhere_and_shadows_nothing(tmp_path):
    (tmp_path / "platform.py").write_text("raise SystemExit('shadowed')\n")
    executable = install(tmp_path / "home")
    before = executable.stat().st_mtime_ns
    assert install(tmp_path / "home").stat().st_mtime_ns == before
    done = subprocess.Popen(
        [executable], cwd=tmp_path, env={"PATH": os.environ["PATH"]}, stdout=subprocess.PIPE, text=True
    )
    try:
        assert int(done.stdout.readline()) > 0
    finally:
        done.terminate()
        done.wait(10)
        done.stdout.close()
    names = [path.name for path in executable.parent.iterdir()]
    assert names == ["pulumi-resource-azure-native"]
    assert executable.parent.name.startswith("resource-azure-native-v3.")


def test_the_protocol_is_imported_without_the_sdk_and_leaves_the_sdk_whole():
    code = (
        "import sys; import amlkit.provider.serve as s; assert 'pulumi' not in sys.modules;"
        "import pulumi; from pulumi.runtime.proto import provider_pb2 as p;"
        "assert p is s.provider_pb2; assert pulumi.Output"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
