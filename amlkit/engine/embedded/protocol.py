"""Pulumi's protocol classes, the SDK's own, without running the SDK: every module that speaks gRPC imports them here.

`import pulumi` runs 0.5 s of code that an engine has no use for. Its generated protocol modules need none of it, so
they are imported below packages that only know their folder. The stand-ins are taken away again at once: a later
`import pulumi` in the same process gets the real thing, with these same protocol modules in it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from types import ModuleType


@contextmanager
def _bare_packages() -> Iterator[None]:
    if "pulumi" in sys.modules:
        yield
        return
    spec = find_spec("pulumi")
    if spec is None or not spec.submodule_search_locations:
        raise ImportError("the Pulumi SDK is not installed")
    folder = spec.submodule_search_locations[0]
    bare = {"pulumi": folder, "pulumi.runtime": f"{folder}/runtime"}
    for name, path in bare.items():
        module = ModuleType(name)
        module.__path__ = [path]
        sys.modules[name] = module
    try:
        yield
    finally:
        for name in bare:
            del sys.modules[name]


with _bare_packages():
    from pulumi.runtime.proto import (
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
