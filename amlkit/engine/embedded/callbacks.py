"""Calls back into the program: functions of it that it registered under a token, in the process that runs it.

`hooks` and `transforms` call through it. Messages are bytes; what they hold is the caller's business.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import grpc

from amlkit.errors import EngineError

from .protocol import CHANNEL_OPTIONS, callback_pb2, callback_pb2_grpc

_PROGRAM_GONE = (grpc.StatusCode.CANCELLED, grpc.StatusCode.UNAVAILABLE)


class CallbackError(EngineError):
    """A function of the program raised: what it said. `gone`: the program ended instead of answering."""

    def __init__(self, said: str, *, gone: bool) -> None:
        super().__init__(said)
        self.gone = gone


class Callbacks:
    """Ways back to the program, one a target; safe to call from many threads."""

    def __init__(self) -> None:
        self._channels: dict[str, grpc.Channel] = {}
        self._calls: dict[str, int] = {}
        self._lock = threading.Lock()

    def invoke(self, callback: callback_pb2.Callback, request: bytes) -> bytes:
        """Call a function of the program and wait for its answer.

        Raises:
            CallbackError: it raised, or the program is gone.
        """
        call = callback_pb2.CallbackInvokeRequest(token=callback.token, request=request)
        try:
            with self._channel(callback.target) as channel:
                response: bytes = callback_pb2_grpc.CallbacksStub(channel).Invoke(call).response
        except grpc.RpcError as error:
            raise CallbackError(str(error.details() or error), gone=error.code() in _PROGRAM_GONE) from error
        return response

    def close(self) -> None:
        """Break off the calls that are still under way."""
        with self._lock:
            channels, self._channels = self._channels, {}
        for channel in channels.values():
            channel.close()

    @contextmanager
    def _channel(self, target: str) -> Iterator[grpc.Channel]:
        """A channel that is shared by the calls of the moment, and closed after the last one.

        A program stops its callback servers before it ends; a channel that is open then complains on standard error.
        """
        with self._lock:
            if target not in self._channels:
                options = (*CHANNEL_OPTIONS, ("grpc.enable_http_proxy", 0))
                self._channels[target] = grpc.insecure_channel(target, options=options)
            channel = self._channels[target]
            self._calls[target] = self._calls.get(target, 0) + 1
        try:
            yield channel
        finally:
            with self._lock:
                self._calls[target] -= 1
                unused = self._channels.pop(target, None) if not self._calls[target] else None
            if unused is not None:
                unused.close()
