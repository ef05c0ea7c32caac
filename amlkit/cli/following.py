"""Following a run on the terminal to its end, and saying what came out. Shared by `run` and `invoke`."""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress

import click

from amlkit.delivery import logs, outputs, runs
from amlkit.delivery.stacks import Workspace
from amlkit.errors import RunError, UnreachableError

from .document import as_json, near_place
from .here import command
from .printing import harmless
from .show import Progress, explain_lines, metric_line
from .stackoptions import as_given

_TAIL = 20


def follow(workspace: Workspace, run_id: str, *, cancels: bool) -> runs.Run:
    """The run once it ended. Ctrl-C on a terminal asks what to do; elsewhere it cancels the run if `cancels`.

    So does SIGTERM, and SIGHUP of a terminal that is closed; they never ask.

    Raises:
        RunError: the service is gone, or the run was left; the message says how to come back.
    """
    try:
        with _heeding_signals(), Progress() as progress:
            return runs.follow(workspace, run_id, progress.show)
    except UnreachableError as error:
        (problem,) = error.problems
        onward = f"the run goes on there; how it ended: `amlkit explain {run_id}{as_given()}`"
        raise RunError(problem.what, hint="; ".join(filter(None, (problem.hint, onward)))) from error
    except KeyboardInterrupt as interrupt:
        if not _is_to_end(run_id, cancels=cancels, asks=not isinstance(interrupt, _Told)):
            hint = f"`amlkit runs show {run_id}{as_given()}`; `amlkit runs cancel {run_id}{as_given()}` ends it"
            raise RunError(f"left run {run_id}, which goes on", hint=hint) from None
        runs.cancel(workspace, run_id)
        return runs.follow(workspace, run_id, lambda _: None)


def report(workspace: Workspace, run: runs.Run, form: str, more: Iterable[str] = ()) -> None:
    """What came out: a line a step with its reason, metrics, outputs as places here; then `more`. Or all of it as JSON.

    Raises:
        RunError: the run did not complete; the last lines of the failed steps are printed before.
    """
    metrics = runs.all_metrics(workspace, run)
    places = {uri: outputs.place(workspace, uri) for uri in run.outputs.values() if uri}
    if form == "json":
        click.echo(json.dumps(as_json(run, metrics, places), indent=2))
    else:
        for line in explain_lines(run):
            click.echo(line)
        shown = [metric_line(run, step, metrics[step.id]) for _, step in run.walk() if step.id in metrics]
        named = [f"Output {name}: {near_place(places[uri])}" for name, uri in run.outputs.items() if uri]
        for block in (shown, [*named, *more] if run.status == "Completed" else []):
            click.echo("\n" + "\n".join(block) if block else "", nl=bool(block))
    if run.status != "Completed":
        raise _failure(workspace, run)


def try_next(lines: Iterable[str]) -> None:
    """Commands to go on with, as they can be pasted here."""
    click.echo("\nTry next:", err=True)
    for line in lines:
        click.echo(f"  {command()} {line}{as_given()}", err=True)


class _Told(KeyboardInterrupt):
    """A signal told this process to end."""


@contextmanager
def _heeding_signals() -> Iterator[None]:
    """What would end this process without a word is an interrupt, but for signals that are ignored (`nohup`)."""

    def told(number: int, _: object) -> None:
        raise _Told(number)

    wanted = [each for each in (signal.SIGTERM, signal.SIGHUP) if signal.getsignal(each) is signal.SIG_DFL]
    for number in wanted:
        signal.signal(number, told)
    try:
        yield
    finally:
        for number in wanted:
            signal.signal(number, signal.SIG_DFL)


def _is_to_end(run_id: str, *, cancels: bool, asks: bool) -> bool:
    if not (asks and sys.stdin.isatty() and sys.stderr.isatty()):
        if cancels:
            with suppress(OSError):  # the terminal may be gone
                click.echo(f"Canceling run {run_id}", err=True)
        return cancels
    try:
        return click.confirm(f"\nCancel run {run_id}?", default=cancels, err=True)
    except (click.Abort, KeyboardInterrupt):
        return False


def _failure(workspace: Workspace, run: runs.Run) -> RunError:
    failed = [(path, step) for path, step in run.walk() if step.status == "Failed" and not step.steps]
    for path, step in failed:
        lines = logs.log_tail(workspace, step, _TAIL)
        if lines:
            click.echo(f"Last lines of {path}:", err=True)
        for line in lines:
            click.echo(f"  {harmless(line) if sys.stderr.isatty() else line}", err=True)
    why = "; ".join(_why(path, step) for path, step in failed) or run.error
    what = f"run {run.id} was canceled" if run.status == "Canceled" else f"run {run.id} {run.status.lower()}"
    onward = f"runs logs {run.id} {failed[0][0]}" if failed else f"explain {run.id}"
    return RunError(f"{what}: {why}" if why else what, hint=f"`amlkit {onward}{as_given()}`")


def _why(path: str, step: runs.StepRun) -> str:
    """The first line of what the service says; the lines of the log were shown."""
    said = step.error.partition("\n")[0]
    return said if f"`{step.name}`" in said else f"step `{path}` failed: {said}"
