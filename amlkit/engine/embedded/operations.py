"""Preview, update, refresh, destroy and import: what `cli` and `choice` call.

`operate` opens a session, does the phases in order and returns a `Result`; what went wrong inside is in it and was
emitted as events. Only what keeps an operation from beginning is raised.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from amlkit.engine.events import Event, Kind, Result, Verb
from amlkit.errors import AmlkitError, SetupError

from . import bulkimport, checkpoint, deleting
from .dismantling import condemned
from .gate import Stopped
from .importfile import Import
from .interrupts import Interrupts
from .opened import Opened
from .options import Options
from .recovery import recovered
from .refreshing import Refresher
from .registrar import Registrar
from .rereading import read_rest
from .resource import Deployment, Resource
from .run import Manner, Run
from .runner import SHOWN, Program
from .session import Session, session

Emit = Callable[[Event], None]
_PATIENCE = 5.0
"""Seconds that a program gets to end by itself after a failure, before it is told to."""
_SHORT_PATIENCE = 1.0
"""The same after Ctrl-C."""


def operate(
    verb: Verb, stack: Opened, options: Options, emit: Emit, *, preview: bool = False, imports: Sequence[Import] = ()
) -> Result:
    """Carry out a verb, or with `preview` only say what it would do; `imports` is what `import` takes over.

    Raises:
        SetupError: the state is damaged, the passphrase wrong, a setting or the program missing.
    """
    preview = preview or verb == "preview"
    if verb == "refresh":
        work = _update if options.run_program else _refresh
        return _operate(stack, verb, options, emit, work, preview=preview)
    if verb == "import":
        return _operate(stack, verb, options, emit, _taking_over(imports), preview=preview)
    if verb == "destroy":
        work = _update if options.run_program else _destroy
        return _operate(stack, verb, options, emit, work, preview=preview)
    return _operate(stack, "preview" if preview else "update", options, emit, _update, preview=preview)


def protected_only(stack: Opened) -> int:
    """How many resources a stack has if all of them must stay in a destroy that excludes what is protected, else 0.

    Raises:
        SetupError: the state is damaged, or the passphrase wrong.
    """
    deployment, _, _ = checkpoint.read(stack.text(), stack.keys, where=str(stack.state.file))
    count = len(deployment.resources)
    return count if count == len(deleting.protected(deployment.resources)) else 0


def _operate(
    stack: Opened, kind: Kind, options: Options, emit: Emit, work: Callable[[Session, Options], None], *, preview: bool
) -> Result:
    began = time.monotonic()
    with session(stack, kind, options, emit, preview=preview, runs_program=work is _update) as opened:
        interrupts = Interrupts(opened)
        with interrupts.handled():
            try:
                work(opened, options)
            except Stopped:
                pass
            except AmlkitError as error:
                opened.tools.reporter.failure(error)
                opened.tools.gate.stop()
            except OSError as error:
                opened.tools.reporter.failure(SetupError(f"the state cannot be written: {error}"))
                opened.tools.gate.stop()
        reporter = opened.tools.reporter
        if interrupts.count == 1 and not reporter.failed:
            reporter.message("error", f"{'preview' if opened.tools.preview else 'update'} canceled")
        return Result(
            kind=kind,
            succeeded=not (reporter.failed or opened.tools.gate.stopped),
            changes=reporter.changes(kind),
            steps=tuple(reporter.steps),
            messages=tuple(reporter.messages),
            outputs=opened.outputs,
            seconds=time.monotonic() - began,
            error=reporter.error,
            cancelled=interrupts.count > 0,
            abandoned=opened.abandoned,
            kept=len(deleting.protected(opened.loaded.resources)) if options.exclude_protected else 0,
        )


def _update(opened: Session, options: Options) -> None:
    program, run = opened.program, None
    assert program is not None  # noqa: S101  the session was told
    try:
        run = _begun(opened, options)
        registrar = Registrar(run)
        opened.server.attach(run, registrar)
        program.go(opened.values, opened.secret_keys)
        done_well = _program_done(opened, run, program)
        if done_well and run.manner.refreshes:
            read_rest(run, registrar.seen.operated)
        elif done_well:
            going = condemned(run) if run.manner.dismantles else registrar.unregistered()
            deleting.delete(run, going, registrar.cascade.deleted, registrar.failures.urns())
        succeeded = done_well and not opened.tools.reporter.failed
        opened.outputs = registrar.outputs.finish(succeeded=succeeded)
        run.snapshot.settle()
        run.finished.set()  # hooks are done with
        _judge(opened, program, expected_end=done_well)
    finally:
        if run is not None:
            run.finished.set()
        program.end(0.0)


def _base(opened: Session, options: Options) -> Deployment:
    """The state to start from: interrupted creations settled, and what must be read first read."""
    deployment = _recovered(opened, options)
    if options.run_program and opened.kind != "destroy":  # then what is read is read when it is registered
        return deployment

    def wanted(resource: Resource) -> bool:
        return options.refresh or resource.refresh_before_update

    return _refresher(opened, ahead=True).refreshed(deployment, wanted)


def _recovered(opened: Session, options: Options) -> Deployment:
    """The state without notes of what an earlier run had begun; those of a run that lives are its own business."""
    if opened.tools.preview and opened.loaded.pending and opened.stack.state.is_busy():
        opened.tools.reporter.message(
            "info", "another update of this stack is under way: shown is what is left as of now"
        )
        return replace(opened.loaded, pending=())
    deployment = recovered(opened.loaded, opened.tools.registry, opened.tools.reporter)
    return replace(deployment, pending=()) if options.clear_pending_creates and deployment.pending else deployment


def _refresh(opened: Session, options: Options) -> None:
    deployment = _recovered(opened, options)
    opened.run(_refresher(opened).refreshed(deployment, lambda resource: True))


def _taking_over(imports: Sequence[Import]) -> Callable[[Session, Options], None]:
    def work(opened: Session, options: Options) -> None:
        run = opened.run(recovered(opened.loaded, opened.tools.registry, opened.tools.reporter))
        bulkimport.take_over(run, imports)

    return work


def _destroy(opened: Session, options: Options) -> None:
    run = _begun(opened, options)
    deleting.delete(run, deleting.everything(run, without_hooks=True))


def _begun(opened: Session, options: Options) -> Run:
    kept = deleting.protected(opened.loaded.resources) if options.exclude_protected else frozenset()
    refreshes = opened.kind == "refresh"
    manner = Manner(
        continue_on_error=options.continue_on_error,
        dismantles=options.run_program and opened.kind == "destroy",
        refreshes=refreshes,
        reads=options.run_program and (refreshes or (options.refresh and opened.kind != "destroy")),
        kept=kept,
    )
    run = opened.run(_base(opened, options), manner)
    opened.tools.gate.check_failed(opened.tools.reporter.failed)
    return run


def _refresher(opened: Session, *, ahead: bool = False) -> Refresher:
    return Refresher(opened.tools.registry, opened.tools.reporter, opened.tools.gate, opened.tools.parallel, ahead)


def _program_done(opened: Session, run: Run, program: Program) -> bool:
    """Wait until the program has nothing more to register; False if it, or a step, failed, or the user stopped it."""
    while not run.program_done.wait(0.05):
        if opened.abandoned:
            return False
        code = program.poll()
        if code is not None and not run.program_done.is_set():
            _judge(opened, program, expected_end=code == 0)
            _wait_idle(opened)
            return code == 0 and not opened.tools.gate.stopped
        if opened.tools.gate.stopped:
            _wait_idle(opened)
            return False
    return not opened.tools.gate.stopped


def _wait_idle(opened: Session) -> None:
    while not opened.tools.gate.wait_idle(0.1):
        if opened.abandoned:
            return


def _judge(opened: Session, program: Program, *, expected_end: bool) -> None:
    """Let the program end, and report an exit code that says more than was reported yet."""
    if opened.abandoned:
        return
    code = program.wait(_SHORT_PATIENCE if opened.interrupted else _PATIENCE)
    if code == 0 or (code is None and opened.tools.gate.stopped):
        return
    if code is None:
        program.end(0.0)
        opened.tools.reporter.message("warning", f"the program did not end within {_PATIENCE:.0f} s and was ended")
        return
    shown = code in (1, SHOWN)
    if shown:
        opened.tools.reporter.fail_as_logged()
    if not opened.tools.gate.stopped and not (shown and opened.tools.reporter.failed):
        text = "the program failed" if shown else f"program exited with non-zero exit code: {code}"
        opened.tools.reporter.message("error", f"an unhandled error occurred: {text}")
    opened.tools.gate.stop()
