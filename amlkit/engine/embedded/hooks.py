"""Resource and error hooks: remembers which the program registered, and calls them back in the program's process.

`monitor` registers; `steps`, `retrying` and `registrar` run. Order, texts and what hooks are told are Pulumi's.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from google.protobuf.message import Message

from amlkit.errors import EngineError
from amlkit.propertyvalues import to_struct

from .callbacks import CallbackError, Callbacks
from .gate import ConsequenceError
from .protocol import callback_pb2, resource_pb2
from .resource import Resource

_BINDINGS = {
    "before_create": "BeforeCreate",
    "after_create": "AfterCreate",
    "before_update": "BeforeUpdate",
    "after_update": "AfterUpdate",
    "before_delete": "BeforeDelete",
    "after_delete": "AfterDelete",
    "on_error": "OnError",
}


T = TypeVar("T", resource_pb2.ResourceHookResponse, resource_pb2.ErrorHookResponse)


@dataclass(frozen=True)
class Hook:
    """A registered hook: what to call, and when. `on_error`: it decides on retries; called in previews too."""

    name: str
    callback: callback_pb2.Callback
    on_dry_run: bool = False
    ignore_errors: bool = False
    on_error: bool = False


class Hooks:
    """All hooks of one program. `warn(urn, message)` is told of failures that are to be ignored."""

    def __init__(self, callbacks: Callbacks, *, preview: bool, warn: Callable[[str, str], None]) -> None:
        self._callbacks = callbacks
        self._preview = preview
        self._warn = warn
        self._hooks: dict[str, Hook] = {}
        self._lock = threading.Lock()

    def register(self, hook: Hook) -> None:
        """Remember a hook.

        Raises:
            EngineError: it has no name, or there is one of that name, of either kind.
        """
        if not hook.name:
            raise EngineError("resource hook name cannot be empty")
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
            if hook is None or hook.on_error:
                raise EngineError(f'hook "{name}" was not registered')
            if self._preview and not hook.on_dry_run:
                continue
            when = "before" if kind.startswith("Before") else "after"
            request = _request(resource, old, new, done=done)
            failure = self._asked(hook, request, resource_pb2.ResourceHookResponse).error
            if failure and hook.ignore_errors:
                self._warn(resource.urn, f'{kind} hook "{name}" failed: {failure}')
            elif failure:
                raise EngineError(f'{when} hook "{name}" failed: {failure}')

    def wants_retry(
        self, operation: str, resource: Resource, old: Resource | None, new: Resource | None, failures: Sequence[str]
    ) -> bool:
        """Ask all error hooks of a resource whether a failed `create`, `update` or `delete` is tried again.

        `failures` are the errors so far, newest first.

        Raises:
            EngineError: a hook failed, or is not registered.
        """
        wanted = False
        for name in resource.resource_hooks.get("OnError", ()):
            hook = self._hooks.get(name)
            if hook is None or not hook.on_error:
                raise EngineError(f'error hooks execution failed: error hook "{name}" was not registered')
            request = _error_request(operation, resource, old, new, failures)
            reply = self._asked(hook, request, resource_pb2.ErrorHookResponse)
            if reply.error:
                raise EngineError(f'error hooks execution failed: error hook "{name}" failed: {reply.error}')
            wanted = wanted or reply.retry
        return wanted

    def _asked(self, hook: Hook, request: Message, reply: type[T]) -> T:
        """The hook's reply; what kept it from replying is its `error`."""
        try:
            return reply.FromString(self._callbacks.invoke(hook.callback, request.SerializeToString()))
        except CallbackError as error:
            if error.gone:
                raise ConsequenceError(f'the program ended while its hook "{hook.name}" was called') from error
            return reply(error=str(error))


def bindings(binding: resource_pb2.RegisterResourceRequest.ResourceHooksBinding) -> dict[str, tuple[str, ...]]:
    """What a registration binds, as the state keeps it: kind (`BeforeCreate` …) to names, without empty ones."""
    named = {kind: tuple(getattr(binding, field_name)) for field_name, kind in _BINDINGS.items()}
    return {kind: names for kind, names in named.items() if names}


def _struct(values: Mapping[str, Any] | None) -> Any:
    return None if values is None else to_struct(values)


def _request(
    resource: Resource, old: Resource | None, new: Resource | None, *, done: bool
) -> resource_pb2.ResourceHookRequest:
    new_outputs = _struct(new.outputs if new and done else None)
    return resource_pb2.ResourceHookRequest(**_known(resource, old, new), new_outputs=new_outputs)


def _error_request(
    operation: str, resource: Resource, old: Resource | None, new: Resource | None, failures: Sequence[str]
) -> resource_pb2.ErrorHookRequest:
    known = _known(resource, old, new)
    return resource_pb2.ErrorHookRequest(**known, failed_operation=operation, errors=failures)


def _known(resource: Resource, old: Resource | None, new: Resource | None) -> dict[str, Any]:
    """What every hook is told."""
    return {
        "urn": resource.urn,
        "id": resource.id,
        "name": resource.name,
        "type": resource.type,
        "new_inputs": _struct(new.inputs if new else None),
        "old_inputs": _struct(old.inputs if old else None),
        "old_outputs": _struct(old.outputs if old else None),
    }
