"""The plugin as a process: without a cloud, on the wrong target, found by its launcher, gone with its engine."""

import json
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from amlkit.provider.protocol import provider_pb2 as pb

from .plugin_process import PluginProcess, RefusedError
from .published import ADDRESS, COMMAND, ENDPOINT, PUBLISHED, address, pin, publication


@pytest.fixture
def nowhere():
    """A port where nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{taken.getsockname()[1]}"


def test_without_a_connection_the_state_stands_and_the_user_is_told(log, nowhere):
    process = PluginProcess.start(COMMAND, {"ARM_METADATA_HOSTNAME": nowhere}, log.address)
    try:
        stored = publication("a" * 12, pin=json.loads(pin("a" * 12)))
        assert process.read(PUBLISHED, f"{ENDPOINT}#publication", stored, stored)[1:] == (stored, stored)
        assert log.lines[0][1].startswith("not checked against the cloud: no answer from https://127.0.0.1")
        with pytest.raises(RefusedError, match="no answer"):
            process.create(ADDRESS, address())
        with pytest.raises(RefusedError, match="no answer"):
            process.read(ADDRESS, "", address())
    finally:
        process.stop()


def test_a_local_stack_never_talks_to_another_target():
    process = PluginProcess.start(COMMAND, {})
    try:
        with pytest.raises(RefusedError, match="a local stack, but the target is https://management"):
            process.create(ADDRESS, address())
    finally:
        process.stop()


LOCAL_STATE = {"PULUMI_BACKEND_URL": "file:///somewhere/.amlkit/stacks"}


@pytest.mark.parametrize(
    ("said", "environment", "what"),
    [
        ("local", {}, "the stack is local, and the target is Azure's public cloud"),
        ("local", {"ARM_METADATA_HOSTNAME": "management.azure.cn"}, "is local, and the target is management.azure.cn"),
        ("azure", {"ARM_METADATA_HOSTNAME": "127.0.0.1:1"}, "is on Azure, and the environment points at the local"),
        ("azure", LOCAL_STATE, "is on Azure, and the state that is named is the local Azure ML's"),
        ("", {}, "the stack does not say where it lives"),
        ("", {"ARM_METADATA_HOSTNAME": "127.0.0.1:1"}, "the stack does not say where it lives"),
        ("cloud", {}, "no such target: cloud"),
    ],
)
def test_a_stack_and_an_environment_that_disagree_are_refused_before_anything_is_sent(said, environment, what):
    process = PluginProcess.start(COMMAND, environment)
    try:
        with pytest.raises(RefusedError, match=what):
            process.call("Configure", pb.ConfigureRequest(variables={"amlkit:config:target": said} if said else {}))
    finally:
        process.stop()


def test_an_engine_that_does_not_refresh_is_told_of(log, ml):
    process = PluginProcess.start(COMMAND, ml.environment, log.address)
    try:
        process.call("Handshake", pb.ProviderHandshakeRequest())
        assert "run `refresh` first" in log.lines[0][1]
    finally:
        process.stop()


def test_the_launcher_finds_the_environment_and_the_plugin_dies_with_its_engine(ml):
    launcher = Path(__file__).parents[2] / "amlkit/provider/bin/pulumi-resource-amlkit"
    script = f"""
import subprocess
plugin = subprocess.Popen([{str(launcher)!r}, "127.0.0.1:1"], stdout=subprocess.PIPE, text=True)
print(plugin.stdout.readline(), flush=True)
input()
"""
    engine = subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    port = int(engine.stdout.readline())
    with socket.create_connection(("127.0.0.1", port)) as connection:
        engine.send_signal(signal.SIGKILL)
        engine.wait()
        connection.settimeout(10)
        while connection.recv(1024):  # ends when the plugin does
            pass
    engine.stdin.close()
    engine.stdout.close()
