"""A plugin as Pulumi runs it: its own process, spoken to over gRPC. For the tests of both plugins."""

import os
import subprocess
import sys
from dataclasses import dataclass

import grpc

from amlkit.propertyvalues import from_struct, to_struct
from amlkit.provider.protocol import engine_pb2_grpc, provider_pb2_grpc, status_pb2
from amlkit.provider.protocol import provider_pb2 as pb

STRIPPED = ("AZURE_", "ARM_", "IDENTITY_", "HTTPS_PROXY", "PULUMI_")


class RefusedError(Exception):
    """A call that the plugin failed. `partial` is what of the resource the engine keeps, if anything."""

    def __init__(self, error):
        super().__init__(error.details())
        self.text = error.details()
        self.partial = None
        details = dict(error.trailing_metadata() or ()).get("grpc-status-details-bin")
        if details:
            status = status_pb2.Status.FromString(details)
            self.partial = pb.ErrorResourceInitFailed()
            status.details[0].Unpack(self.partial)


@dataclass
class PluginProcess:
    process: subprocess.Popen
    stub: provider_pb2_grpc.ResourceProviderStub

    @classmethod
    def start(cls, command, environment, engine=""):
        ambient = {name: value for name, value in os.environ.items() if not name.startswith(STRIPPED)}
        process = subprocess.Popen(
            [*command, *([engine] if engine else [])],
            env={**ambient, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        port = process.stdout.readline().strip()
        assert port, process.stderr.read()
        channel = grpc.insecure_channel(f"127.0.0.1:{port}")
        return cls(process, provider_pb2_grpc.ResourceProviderStub(channel))

    def stop(self):
        self.process.terminate()
        self.process.wait(10)
        self.process.stdout.close()
        self.process.stderr.close()

    def call(self, method, request):
        try:
            return getattr(self.stub, method)(request, timeout=60)
        except grpc.RpcError as error:
            raise RefusedError(error) from error

    def configure(self, **config):
        variables = {f"azure-native:config:{name}": value for name, value in config.items()}
        request = pb.ConfigureRequest(
            variables=variables, sends_old_inputs=True, sends_old_inputs_to_delete=True, acceptSecrets=True
        )
        return self.call("Configure", request)

    def check(self, type_, news, olds=None, name="it", **rest):
        request = pb.CheckRequest(
            urn=urn(type_, name), news=to_struct(news), olds=to_struct(olds or {}), randomSeed=b"seed", **rest
        )
        answer = self.call("Check", request)
        return from_struct(answer.inputs), [failure.reason for failure in answer.failures]

    def create(self, type_, inputs, preview=False, **rest):
        request = pb.CreateRequest(urn=urn(type_), properties=to_struct(inputs), preview=preview, **rest)
        answer = self.call("Create", request)
        return answer.id, from_struct(answer.properties)

    def update(self, type_, id_, olds, old_inputs, news, preview=False):
        request = pb.UpdateRequest(
            id=id_,
            urn=urn(type_),
            olds=to_struct(olds),
            old_inputs=to_struct(old_inputs),
            news=to_struct(news),
            preview=preview,
        )
        return from_struct(self.call("Update", request).properties)

    def read(self, type_, id_, inputs=None, state=None):
        request = pb.ReadRequest(
            id=id_, urn=urn(type_), inputs=to_struct(inputs or {}), properties=to_struct(state or {})
        )
        answer = self.call("Read", request)
        return answer.id, from_struct(answer.properties), from_struct(answer.inputs)

    def delete(self, type_, id_):
        self.call("Delete", pb.DeleteRequest(id=id_, urn=urn(type_)))

    def invoke(self, token, **arguments):
        answer = self.call("Invoke", pb.InvokeRequest(tok=token, args=to_struct(arguments)))
        return from_struct(getattr(answer, "return"))


class EngineLog(engine_pb2_grpc.EngineServicer):
    """The engine's end of the log."""

    def __init__(self):
        self.lines = []

    def Log(self, request, context):
        from google.protobuf import empty_pb2

        self.lines.append((request.severity, request.message))
        return empty_pb2.Empty()


def urn(type_, name="it"):
    return f"urn:pulumi:local::project::{type_}::{name}"


def azure_native():
    return [sys.executable, "-m", "amlkit.provider.azure_native"]
