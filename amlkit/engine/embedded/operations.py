"""Preview, update, refresh, destroy and cancel as functions: what `python -m amlkit.engine` and `amlkit` call.

Each opens a session, does its phases in order and returns a `Result`; what went wrong inside is in it and was
emitted as events. Only what keeps an operation from beginning is raised.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from types import FrameType
from typing import Any

from amlkit.engine.events import Event, Op, Result, StepEvent
from amlkit.errors import AmlkitError, SetupError

from . import deleting
from .gate import Stopped
from .opened import Opened
from .recovery import recovered
from .refreshing import Refresher
from .registrar import Registrar
from .resource import Deployment, Resource
from .run import Run
from .runner import SHOWN, Program
from .session import Kind, Session, session

Emit = Callable[[Event], None]
_PATIENCE = 5.0
"""Seconds that a program gets to end by itself after a failure, before it is told to."""


@dataclass(frozen=True)
class Options:
    """`parallel` 0: four times the processors. `refresh`: read everything before the program runs.

    `clear_pending_creates` (of a refresh): forget creations that cannot be looked for.
    """

    parallel: int = 0
    refresh: bool = False
    clear_pending_creates: bool = False
    environ: Mapping[str, str] | None = None


def preview(stack: Opened, options: Options, emit: Emit) -> Result:
    """What an update would do."""
    return _operate(stack, "preview", options, emit, _update, dry=True)


def up(stack: Opened, options: Options, emit: Emit) -> Result:
    """Run the program and make what it says."""
    return _operate(stack, "update", options, emit, _update, dry=False)


def refresh(stack: Opened, options: Options, emit: Emit, *, dry: bool = False) -> Result:
    """Read what is there into the state; with `dry` only say what differs."""
    return _operate(stack, "refresh", options, emit, _refresh, dry=dry)


def destroy(stack: Opened, options: Options, emit: Emit, *, dry: bool = False) -> Result:
    """Delete everything; with `dry` only say what."""
    return _operate(stack, "destroy", options, emit, _destroy, dry=dry)


def cancel(stack: Opened) -> int:
    """Remove the locks of a stack; how many there were."""
    return stack.state.unlock_all()


def _operate(
    stack: Opened, kind: Kind, options: Options, emit: Emit, work: Callable[[Session, Options], None], *, dry: bool
) -> Result:
    began = time.monotonic()
    environ = os.environ if options.environ is None else options.environ
    with session(stack, kind, emit, preview=dry, parallel=options.parallel, environ=environ) as opened:
        interrupts = _Interrupts(opened)
        with interrupts.handled():
            try:
                work(opened, options)
            except Stopped:
                pass
            except AmlkitError as error:
                opened.reporter.failure(error)
                opened.gate.stop()
            except OSError as error:
                opened.reporter.failure(SetupError(f"the state cannot be written: {error}"))
                opened.gate.stop()
        reporter = opened.reporter
        return Result(
            kind=kind,
            succeeded=not (reporter.failed or opened.gate.stopped),
            changes=_changes(kind, reporter.counts, reporter.steps),
            steps=tuple(reporter.steps),
            messages=tuple(reporter.messages),
            outputs=opened.outputs,
            seconds=time.monotonic() - began,
            error=reporter.error,
            cancelled=interrupts.count > 0,
        )


def _update(opened: Session, options: Options) -> None:
    program = opened.program()
    run = None
    try:
        run = opened.run(_base(opened, options))
        opened.gate.check_failed(opened.reporter.failed)
        registrar = Registrar(run)
        opened.server.attach(run, registrar)
        program.go()
        done_well = _program_done(opened, run, program)
        if done_well:
            condemned = deleting.unregistered(run, registrar.seen.operated, registrar.cascade.handled)
            deleting.delete(run, condemned, registrar.cascade.deleted)
        succeeded = done_well and not opened.reporter.failed
        opened.outputs = registrar.finish_outputs(succeeded=succeeded)
        run.finished.set()  # hooks are done with
        _judge(opened, program, expected_end=done_well)
    finally:
        if run is not None:
            run.finished.set()
        program.end(0.0)


def _base(opened: Session, options: Options) -> Deployment:
    """The state to start from: interrupted creations settled, and what must be read first read."""
    deployment = recovered(opened.loaded, opened.registry, opened.reporter)

    def wanted(resource: Resource) -> bool:
        return options.refresh or resource.refresh_before_update

    return _refresher(opened, ahead=True).refreshed(deployment, wanted)


def _refresh(opened: Session, options: Options) -> None:
    deployment = recovered(opened.loaded, opened.registry, opened.reporter)
    if options.clear_pending_creates and deployment.pending:
        deployment = replace(deployment, pending=())
    opened.run(_refresher(opened).refreshed(deployment, lambda resource: True))


def _destroy(opened: Session, options: Options) -> None:
    run = opened.run(_base(opened, options))
    opened.gate.check_failed(opened.reporter.failed)
    deleting.delete(run, deleting.everything(run))


def _refresher(opened: Session, *, ahead: bool = False) -> Refresher:
    return Refresher(opened.registry, opened.reporter, opened.gate, opened.parallel, ahead)


def _program_done(opened: Session, run: Run, program: Program) -> bool:
    """Wait until the program has nothing more to register; False if it, or a step, failed, or the user stopped it."""
    while not run.program_done.wait(0.05):
        if opened.abandoned:
            return False
        code = program.poll()
        if code is not None and not run.program_done.is_set():
            _judge(opened, program, expected_end=code == 0)
            opened.gate.wait_idle()
            return code == 0 and not opened.gate.stopped
        if opened.gate.stopped:
            _wait_idle(opened)
            return False
    return not opened.gate.stopped


def _wait_idle(opened: Session) -> None:
    while not opened.gate.wait_idle(0.1):
        if opened.abandoned:
            return


def _judge(opened: Session, program: Program, *, expected_end: bool) -> None:
    """Let the program end, and report an exit code that says more than was reported yet."""
    if opened.abandoned:
        return
    code = program.wait(_PATIENCE)
    if code == 0 or (code is None and opened.gate.stopped):
        return
    if code is None:
        program.end(0.0)
        opened.reporter.message("warning", f"the program did not end within {_PATIENCE:.0f} s and was ended")
        return
    if not opened.reporter.failed and not opened.gate.stopped:
        shown = code in (1, SHOWN)
        text = "the program failed" if shown else f"program exited with non-zero exit code: {code}"
        opened.reporter.message("error", f"an unhandled error occurred: {text}")
    opened.gate.stop()


def _changes(kind: Kind, counts: Mapping[Op, int], steps: list[StepEvent]) -> dict[Op, int]:
    """Counts by operation; a refresh counts what it found."""
    if kind != "refresh":
        return dict(counts)
    found: dict[Op, int] = {}
    for step in steps:
        op = Op.DELETE if step.gone else Op.UPDATE if step.changes else Op.SAME
        found[op] = found.get(op, 0) + 1
    return found


class _Interrupts:
    """Ctrl-C: the first stops starting work, the second leaves at once what runs (and its notes in the state)."""

    def __init__(self, opened: Session) -> None:
        self._opened = opened
        self.count = 0

    @contextmanager
    def handled(self) -> Iterator[None]:
        """Take the signals while the operation works; only the main thread can."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.signal(number, self._seen) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _seen(self, number: int, frame: FrameType | None) -> Any:
        self.count += 1
        threading.Thread(target=self._act, args=(self.count,), daemon=True).start()

    def _act(self, count: int) -> None:
        if count == 1:
            self._opened.gate.stop()
            text = "stopping: what is under way is finished first; interrupt again to leave it"
            self._opened.reporter.message("warning", text)
        else:
            self._opened.abandoned = True
            self._opened.registry.kill()
