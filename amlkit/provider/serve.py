"""Runs a plugin as the process that Pulumi starts: its server, its end, its log, and how its failures read.

`serve` is the body of both plugins' `main`. A plugin derives from `Plugin`, which has the calls that every plugin
answers alike. Raising an `AmlkitError` in any call is how a plugin fails: its text is what the user reads.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Literal, NoReturn

import grpc
from google.protobuf import empty_pb2

from amlkit import propertyvalues
from amlkit.errors import AmlkitError

from .protocol import (
    ErrorResourceInitFailed,
    ResourceProviderServicer,
    engine_pb2,
    engine_pb2_grpc,
    plugin_pb2,
    provider_pb2,
    provider_pb2_grpc,
    status_pb2,
)

Severity = Literal["debug", "info", "warning", "error"]

_MESSAGE_LIMIT = 400 * 1024 * 1024  # bytes; what Pulumi itself allows, both ways
_OPTIONS = [("grpc.max_receive_message_length", _MESSAGE_LIMIT), ("grpc.max_send_message_length", _MESSAGE_LIMIT)]
_LOG_SECONDS = 2.0
_WATCH_SECONDS = 0.5
_SEVERITIES = {
    "debug": engine_pb2.DEBUG,
    "info": engine_pb2.INFO,
    "warning": engine_pb2.WARNING,
    "error": engine_pb2.ERROR,
}


class Engine:
    """The engine that started us, as far as a plugin talks back to it: its log. Without an address it is silent."""

    def __init__(self, address: str = "") -> None:
        self._stub: engine_pb2_grpc.EngineStub | None = None
        self.attach(address)

    def attach(self, address: str) -> None:
        """Talk to the engine at `host:port` from now on."""
        channel = grpc.insecure_channel(address, options=_OPTIONS) if address else None
        self._stub = engine_pb2_grpc.EngineStub(channel) if channel else None

    def log(self, severity: Severity, message: str, urn: str = "", ephemeral: bool = False) -> None:
        """Show a line to the user, at the resource `urn` if given; `error` fails the update.

        Never fails and never blocks for long: an engine that is gone must not keep a plugin.
        """
        if self._stub is None:
            return
        line = engine_pb2.LogRequest(severity=_SEVERITIES[severity], message=message, urn=urn, ephemeral=ephemeral)
        with contextlib.suppress(grpc.RpcError):
            self._stub.Log(line, timeout=_LOG_SECONDS)


class Plugin(ResourceProviderServicer):
    """The calls that both plugins answer alike. `cancelled` is set while the engine wants running calls to end."""

    version = ""
    accept_secrets = False
    autonaming = False

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.cancelled = threading.Event()

    def Handshake(  # noqa: N802  the protocol's name
        self, request: provider_pb2.ProviderHandshakeRequest, context: grpc.ServicerContext
    ) -> provider_pb2.ProviderHandshakeResponse:
        """What the plugin understands; the same as it answers to Configure."""
        return provider_pb2.ProviderHandshakeResponse(
            accept_secrets=self.accept_secrets, supports_autonaming_configuration=self.autonaming
        )

    def Attach(self, request: plugin_pb2.PluginAttach, context: grpc.ServicerContext) -> empty_pb2.Empty:  # noqa: N802
        """An engine took over a plugin that somebody else had started (debugging)."""
        self.engine.attach(request.address)
        return empty_pb2.Empty()

    def GetPluginInfo(self, request: empty_pb2.Empty, context: grpc.ServicerContext) -> plugin_pb2.PluginInfo:  # noqa: N802
        """Our version."""
        return plugin_pb2.PluginInfo(version=self.version)

    def Cancel(self, request: empty_pb2.Empty, context: grpc.ServicerContext) -> empty_pb2.Empty:  # noqa: N802
        """Running calls should end; they look at `cancelled` where they wait."""
        self.cancelled.set()
        return empty_pb2.Empty()


def serve(make: Callable[[Engine], ResourceProviderServicer]) -> None:
    """Serve a plugin until its engine ends it or dies: prints the port on stdout, as Pulumi wants it.

    The first argument of the process is the engine's address; without one (a plugin under a debugger) it stays until
    a signal comes.
    """
    address = sys.argv[1] if len(sys.argv) > 1 else ""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)  # the kernel ends it: Python may wait for a lock that gRPC holds
    if address:
        threading.Thread(target=_leave_with_parent, args=(os.getppid(),), daemon=True).start()
    server = grpc.server(ThreadPoolExecutor(64), interceptors=[_Guard()], options=_OPTIONS)
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(make(Engine(address)), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        print(port, flush=True)
    except BrokenPipeError:
        os._exit(0)  # the engine died while we started
    while True:
        signal.pause()


def abort(context: grpc.ServicerContext, message: str) -> NoReturn:
    """End a call with an error that the user reads as it is."""
    context.abort(grpc.StatusCode.UNKNOWN, message)
    raise AssertionError("abort returned")


def init_failed(
    context: grpc.ServicerContext,
    id_: str,
    properties: Mapping[str, Any],
    inputs: Mapping[str, Any],
    reasons: Iterable[str],
) -> NoReturn:
    """End a Create, Update or Read whose resource exists but is not whole: the engine keeps it with `initErrors`.

    `properties` and `inputs` are plain property values (see `amlkit.propertyvalues`).
    """
    texts = list(reasons)
    detail = ErrorResourceInitFailed(
        id=id_,
        properties=propertyvalues.to_struct(properties),
        inputs=propertyvalues.to_struct(inputs),
        reasons=texts,
    )
    message = "\n".join(texts)
    status = status_pb2.Status(code=grpc.StatusCode.UNKNOWN.value[0], message=message)
    status.details.add().Pack(detail)
    context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
    abort(context, message)


class _Guard(grpc.ServerInterceptor):
    """Turns what a call raises into the text that the user reads; the traceback goes to stderr (debug events)."""

    def intercept_service(self, continuation: Any, details: grpc.HandlerCallDetails) -> Any:
        handler = continuation(details)
        if handler is None or handler.unary_unary is None:
            return handler
        call = handler.unary_unary
        return grpc.unary_unary_rpc_method_handler(
            lambda request, context: _guarded(call, request, context, details.method),
            request_deserializer=handler.request_deserializer,
            response_serializer=handler.response_serializer,
        )


def _guarded(call: Callable[[Any, Any], Any], request: Any, context: Any, method: str) -> Any:
    try:
        return call(request, context)
    except AmlkitError as error:
        abort(context, str(error))
    except Exception as error:
        if context.code() is grpc.StatusCode.UNIMPLEMENTED:  # one of the protocol's methods that we do not have
            context.abort(context.code(), f"{method.rpartition('/')[2]} is not yet implemented")
        if context.code() is not None:  # an abort
            raise
        traceback.print_exc(file=sys.stderr)
        abort(context, f"the plugin failed: {type(error).__name__}: {error}".splitlines()[0])


def _leave_with_parent(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(_WATCH_SECONDS)
    os._exit(0)
