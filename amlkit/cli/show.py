"""How a run looks in a terminal and in a log: live while it runs, a line a step at the end."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import Any

import click

from amlkit.delivery.runs import Run, StepRun

SYMBOLS = {"Completed": "✓", "Failed": "✗", "Canceled": "-", "Running": "▸", "Preparing": "▸", "Queued": "·"}


def explain_lines(run: Run, only: str | None = None) -> list[str]:
    """`slow     ran     1.2 s  code changed: train.py changed`: a line a step, in the order given."""
    width = max((len(step.name) for step in run.steps), default=0)
    return [_line(step, width) for step in run.steps if only in (None, step.name)]


def _line(step: StepRun, width: int) -> str:
    took = f"{step.seconds:.1f} s" if step.seconds is not None and not step.reused else ""
    return f"{step.name:<{width}}  {_word(step):<9}  {took:>7}  {step.reason}".rstrip()


def _word(step: StepRun) -> str:
    if step.reused:
        return "reused"
    return "ran" if step.status == "Completed" else step.status.lower()


class Progress:
    """Shows a run while it goes on: a live table on a terminal, else a line for each change of a step."""

    def __init__(self) -> None:
        self._live: Any = None
        self._seen: dict[str, str] = {}

    def __enter__(self) -> Progress:
        if sys.stderr.isatty():
            from rich.console import Console
            from rich.live import Live

            self._live = Live(console=Console(stderr=True), transient=True)
            self._live.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._live is not None:
            self._live.stop()

    def show(self, run: Run) -> None:
        """Take one look at the run."""
        if self._live is not None:
            self._live.update(_table(run))
            return
        for step in run.steps:
            if self._seen.get(step.id) != step.status and step.status != "NotStarted":
                self._seen[step.id] = step.status
                click.echo(f"  {step.name}  {_word(step)}", err=True)


def _table(run: Run) -> Any:
    from rich.table import Table

    table = Table.grid(padding=(0, 2))
    for step in run.steps:
        table.add_row(SYMBOLS.get(step.status, " "), step.name, _word(step), step.reason)
    return table
