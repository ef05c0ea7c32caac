"""Pulumi's protocol classes, without running the SDK itself: the plugins import their messages from here."""

from __future__ import annotations

from amlkit.bareimport import bare_parents

with bare_parents("pulumi", "runtime", "runtime.proto"):
    from pulumi.runtime.proto import (
        engine_pb2,
        engine_pb2_grpc,
        plugin_pb2,
        provider_pb2,
        provider_pb2_grpc,
        status_pb2,
    )

ErrorResourceInitFailed = provider_pb2.ErrorResourceInitFailed
ResourceProviderServicer = provider_pb2_grpc.ResourceProviderServicer

__all__ = [
    "ErrorResourceInitFailed",
    "ResourceProviderServicer",
    "engine_pb2",
    "engine_pb2_grpc",
    "plugin_pb2",
    "provider_pb2",
    "provider_pb2_grpc",
    "status_pb2",
]
