"""The classes of Pulumi's protocol, without running the SDK: every module that speaks gRPC imports them here."""

from __future__ import annotations

from amlkit.bareimport import bare_parents

with bare_parents("pulumi", "runtime", "runtime.proto"):
    from pulumi.runtime.proto import (
        alias_pb2,
        callback_pb2,
        callback_pb2_grpc,
        engine_pb2,
        engine_pb2_grpc,
        plugin_pb2,
        provider_pb2,
        provider_pb2_grpc,
        resource_pb2,
        resource_pb2_grpc,
        source_pb2,
        status_pb2,
    )

MAX_MESSAGE = 400 * 1024 * 1024
"""Bytes; the limit that Pulumi's SDKs and CLI set in both directions."""

CHANNEL_OPTIONS = (("grpc.max_receive_message_length", MAX_MESSAGE), ("grpc.max_send_message_length", MAX_MESSAGE))

__all__ = [
    "CHANNEL_OPTIONS",
    "MAX_MESSAGE",
    "alias_pb2",
    "callback_pb2",
    "callback_pb2_grpc",
    "engine_pb2",
    "engine_pb2_grpc",
    "plugin_pb2",
    "provider_pb2",
    "provider_pb2_grpc",
    "resource_pb2",
    "resource_pb2_grpc",
    "source_pb2",
    "status_pb2",
]
