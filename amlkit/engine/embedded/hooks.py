"""Resource hooks: remembers which the program registered, and calls them back in the program's process.

`monitor` registers, `steps` and `registrar` run. Texts of the errors are Pulumi's.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import grpc

from amlkit.errors import EngineError
from amlkit.propertyvalues import to_struct

from .protocol import CHANNEL_OPTIONS, callback_pb2, callback_pb2_grpc, resource_pb2
from .resource import Resource


@dataclass(frozen=True)
class Hook:
    """A registered hook: where to call it, and when."""

    name: str
    target: str
    token: str
    on_dry_run: bool
    ignore_errors: bool


class Hooks:
    """All hooks of one program. `warn(urn, message)` is told of failures that are to be ignored."""

    def __init__(self, *, preview: bool, warn: Callable[[str, str], None]) -> None:
        self._preview = preview
        self._warn = warn
        self._hooks: dict[str, Hook] = {}
        self._channels: dict[str, grpc.Channel] = {}
        self._lock = threading.Lock()

    def register(self, hook: Hook) -> None:
        """Remember a hook.

        Raises:
            EngineError: there is one of that name.
        """
        with self._lock:
            if hook.name in self._hooks:
                raise EngineError(f'resource hook already registered for name "{hook.name}"')
            self._hooks[hook.name] = hook

    def run(
        self, kind: str, resource: Resource, *, old: Resource | None, new: Resource | None, done: bool = False
    ) -> None:
        """Call the hooks that `resource` binds to `kind` (`BeforeCreate` …), in order.

        `done` says that the operation is over, so that new outputs are shown.

        Raises:
            EngineError: a hook failed, or is not registered.
        """
        for name in resource.resource_hooks.get(kind, ()):
            hook = self._hooks.get(name)
            if hook is None:
                raise EngineError(f'hook "{name}" was not registered')
            if self._preview and not hook.on_dry_run:
                continue
            when = "before" if kind.startswith("Before") else "after"
            failure = self._call(hook, _request(resource, old, new, done=done))
            if failure and hook.ignore_errors:
                self._warn(resource.urn, f'{when} hook "{name}" failed: {failure}')
            elif failure:
                raise EngineError(f'{when} hook "{name}" failed: {failure}')

    def close(self) -> None:
        """Close the ways back to the program."""
        for channel in self._channels.values():
            channel.close()

    def _call(self, hook: Hook, request: resource_pb2.ResourceHookRequest) -> str:
        stub = callback_pb2_grpc.CallbacksStub(self._channel(hook.target))
        call = callback_pb2.CallbackInvokeRequest(token=hook.token, request=request.SerializeToString())
        try:
            answer = stub.Invoke(call)
        except grpc.RpcError as error:
            return str(error.details() or error)
        return resource_pb2.ResourceHookResponse.FromString(answer.response).error

    def _channel(self, target: str) -> grpc.Channel:
        with self._lock:
            if target not in self._channels:
                options = (*CHANNEL_OPTIONS, ("grpc.enable_http_proxy", 0))
                self._channels[target] = grpc.insecure_channel(target, options=options)
            return self._channels[target]


def _request(
    resource: Resource, old: Resource | None, new: Resource | None, *, done: bool
) -> resource_pb2.ResourceHookRequest:
    def struct(values: Mapping[str, Any] | None) -> Any:
        return None if values is None else to_struct(values)

    return resource_pb2.ResourceHookRequest(
        urn=resource.urn,
        id=resource.id,
        name=resource.name,
        type=resource.type,
        new_inputs=struct(new.inputs if new else None),
        old_inputs=struct(old.inputs if old else None),
        new_outputs=struct(new.outputs if new and done else None),
        old_outputs=struct(old.outputs if old else None),
    )
