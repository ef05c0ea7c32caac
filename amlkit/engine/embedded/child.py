"""Runs a Pulumi program: this file is the main file of the program's own process, started by `runner`.

It imports the SDK and the standard library only, so that it runs in any environment that has the SDK. It does what the
CLI's language host does, and four things more: it begins when the engine says so (the SDK is imported meanwhile), it
ends when the engine ends, a log line that cannot be delivered does not keep it alive, and two things that cost the SDK
the square of a program's resources are done at a cost that is linear in them, with the same result (`Outstanding`,
`_find_cycles_quickly`).
"""

from __future__ import annotations

import os
import sys

if sys.path[:1] == [os.path.dirname(os.path.abspath(__file__))]:  # noqa: PTH100, PTH120  pathlib is not imported yet
    del sys.path[0]  # this file's folder is none of the program's business, and hides modules of the library

import asyncio
import json
import logging
import runpy
import sysconfig
import threading
import traceback
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

SHOWN = 32
"""Exit code: the error was shown already (the language host's number)."""


def main() -> int:
    """Run the program that the first argument describes (JSON); returns the exit code."""
    order = json.loads(sys.argv[1])
    import pulumi
    import pulumi.runtime

    settings = _settings(order["lifeline"])
    if settings is None:
        return 1
    os.environ.update(settings)
    threading.Thread(target=_end_with_engine, args=(order["lifeline"],), daemon=True).start()
    _configure(order)
    sys.argv = [order["program"], *order["arguments"]]
    os.chdir(order["folder"])
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    workers = ThreadPoolExecutor(max_workers=max(order["parallel"], 1) * 4)
    loop.set_default_executor(workers)
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)  # futures left over by a failure are expected

    def program() -> None:
        runpy.run_path(order["program"], run_name="__main__")

    try:
        loop.run_until_complete(pulumi.runtime.run_in_stack(program))
    except pulumi.RunError as error:
        pulumi.log.error(str(error))
        return 1
    except Exception:
        pulumi.log.error(f"Program failed with an unhandled exception:\n{_user_trace()}")
        return SHOWN
    finally:
        workers.shutdown(wait=True)
        loop.close()
        sys.stdout.flush()
        sys.stderr.flush()
    return 0


class GuardedEngine:
    """The engine's log, without hanging when it is gone; `debug`: with debug lines, four blocking calls a resource."""

    def __init__(self, address: str, *, debug: bool) -> None:
        import grpc
        from pulumi.runtime.proto import engine_pb2_grpc

        self._debug = debug
        self._error = grpc.RpcError
        self._stub = engine_pb2_grpc.EngineStub(grpc.insecure_channel(address))

    def Log(self, request: Any) -> Any:  # noqa: N802  the SDK's name
        """Deliver a line if that is possible."""
        from google.protobuf import empty_pb2

        if request.severity or self._debug:
            try:
                return self._stub.Log(request)
            except self._error:
                pass
        return empty_pb2.Empty()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stub, name)


class Outstanding(set[Any]):
    """The outputs that are not there yet, which the SDK lists, clears and waits for the first of, again and again.

    Waiting for the first of all of them costs as much as there are, each time one has come. So it is shown one future,
    which is there as soon as one of them is, or those that failed, which it is to raise; the others stay in here. The
    SDK takes out those that came well.
    """

    def __init__(self) -> None:
        super().__init__()
        self._failed: dict[Any, None] = {}
        self._listed: list[Any] = []
        self._next: asyncio.Future[None] | None = None

    def add(self, output: Any) -> None:
        """Take an output's task or future, unless it is the one that stood for all."""
        if output is not self._next:
            super().add(output)
            output.add_done_callback(self._came)

    def __iter__(self) -> Iterator[Any]:
        self._listed = [each for each in self._failed if each in self]
        if self._listed:
            return iter(self._listed)
        if self._next is None or self._next.done():
            self._next = asyncio.get_running_loop().create_future()
        return iter([self._next])

    def clear(self) -> None:
        """Drop what was listed, and is waited for outside."""
        for each in self._listed:
            self.discard(each)
            del self._failed[each]
        self._listed = []

    def _came(self, output: Any) -> None:
        if output.cancelled() or output.exception() is not None:
            self._failed[output] = None
        if self._next is not None and not self._next.done():
            self._next.set_result(None)


def _configure(order: dict[str, Any]) -> None:
    from pulumi import runtime

    runtime.set_all_config(runtime.get_config_env(), runtime.get_config_secret_keys_env())
    settings = runtime.Settings(
        monitor=order["address"],
        engine=GuardedEngine(order["address"], debug=order["debug"]),
        project=order["project"],
        stack=order["stack"],
        parallel=order["parallel"],
        dry_run=order["preview"],
        organization="organization",
        root_directory=order["root"],
    )
    if type(settings.outputs) is set and "FIRST_COMPLETED" in runtime.stack.wait_for_rpcs.__code__.co_names:
        settings.outputs = Outstanding()
    runtime.configure(settings)
    _find_cycles_quickly()


def _find_cycles_quickly() -> None:
    """Have the SDK's search for circular dependencies ask first whether there can be one, and then not recurse.

    Its own walks through all that a resource depends on for every dependency, and a chain of a thousand breaks it. What
    nothing depends on is on no circle: true of nearly every resource when its own dependencies are declared.
    """
    from pulumi.runtime import resource_cycle_breaker as breaker

    needed: set[Any] = set()

    def reachable(from_resource: Any, to_resource: Any) -> bool:
        needed.add(from_resource)  # what is asked about here is a dependency of `to_resource` from now on
        if from_resource == to_resource:
            return True
        seen, waiting = {from_resource}, [from_resource] if to_resource in needed else []
        while waiting:
            for each in breaker._deps(waiting.pop()):
                if each == to_resource:
                    return True
                if each not in seen:
                    seen.add(each)
                    waiting.append(each)
        return False

    if breaker._reachable.__code__.co_varnames[:2] == ("from_resource", "to_resource"):
        breaker._reachable = reachable


def _settings(lifeline: int) -> dict[str, str] | None:
    """The variables that hold the configuration: the line with which the engine says go; None if it ended instead."""
    line = b""
    while not line.endswith(b"\n"):
        part = os.read(lifeline, 65536)
        if not part:
            return None
        line += part
    found: dict[str, str] = json.loads(line)
    return found


def _end_with_engine(lifeline: int) -> None:
    """The engine holds the other end of this pipe: it is at its end when the engine is."""
    while os.read(lifeline, 1):
        pass
    os._exit(1)


def _user_trace() -> str:
    """The exception with all its causes, each from the user's own first line on: what runs above that is ours.

    Of one that no line of the user's raised only the message is told, unless none of them has such a line.
    """
    told = traceback.TracebackException(*sys.exc_info())
    chain: list[traceback.TracebackException] = []
    following: traceback.TracebackException | None = told
    while following is not None:
        chain.append(following)
        following = following.__cause__ or (None if following.__suppress_context__ else following.__context__)
    stacks = [_from_user(each) for each in chain]
    if any(stacks) or isinstance(sys.exc_info()[1], SyntaxError):
        for each, frames in zip(chain, stacks, strict=True):
            each.stack = traceback.StackSummary.from_list(frames) if frames else None  # type: ignore[assignment]
    return "".join(told.format())


def _from_user(told: traceback.TracebackException) -> list[traceback.FrameSummary]:
    """The frames from the first one on that is in no library."""
    paths = sysconfig.get_paths()
    libraries = tuple(paths[name] for name in ("stdlib", "platstdlib", "purelib", "platlib"))
    for index, frame in enumerate(told.stack):
        if not frame.filename.startswith((*libraries, __file__, "<frozen ")):
            return list(told.stack)[index:]
    return []


if __name__ == "__main__":
    sys.exit(main())
