"""How a run looks in a terminal and in a log: live while it runs, a line a step at the end."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any

import click

from amlkit.delivery.runs import Run, StepRun

if TYPE_CHECKING:
    from rich.text import Text

SYMBOLS = {"Completed": "✓", "Failed": "✗", "Canceled": "-", "Running": "▸", "Preparing": "▸", "Queued": "·"}
WORDS = {"Completed": "ran", "NotStarted": "waiting", "Preparing": "preparing its environment"}


def explain_lines(run: Run, only: str | None = None) -> list[str]:
    """`slow     ran     1.2 s  code changed: train.py changed`: a line a step, in the order given."""
    width = _width(run)
    return [_line(step, width) for step in run.steps if only in (None, step.name)]


def metric_line(run: Run, step: StepRun, metrics: Mapping[str, float]) -> str:
    """`slow     accuracy 0.9634  log_loss 0.1807`."""
    shown = (f"{name} {value:.4g}" for name, value in sorted(metrics.items()))
    return "  ".join([f"{step.name:<{_width(run)}}", *shown])


def _width(run: Run) -> int:
    return max((len(step.name) for step in run.steps), default=0)


def _line(step: StepRun, width: int) -> str:
    took = f"{step.seconds:.1f} s" if step.seconds is not None and not step.reused else ""
    return f"{step.name:<{width}}  {_word(step):<8}  {took:>7}  {step.reason or step.error}".rstrip()


def _word(step: StepRun) -> str:
    return "reused" if step.reused else WORDS.get(step.status, step.status.lower())


class Progress:
    """Shows a run while it goes on: a live table on a terminal, else a line for each change of a step."""

    def __init__(self) -> None:
        self._live: Any = None
        self._run: Run | None = None
        self._since: dict[str, tuple[str, float]] = {}

    def __enter__(self) -> Progress:
        if sys.stderr.isatty():
            from rich.console import Console
            from rich.live import Live

            self._live = Live(console=Console(stderr=True), get_renderable=self._table, transient=True)
            self._live.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._live is not None:
            self._live.stop()

    def show(self, run: Run) -> None:
        """Take one look at the run."""
        for step in run.steps:
            if self._since.get(step.id, ("",))[0] != step.status:
                self._since[step.id] = step.status, time.monotonic()
                if self._live is None and step.status != "NotStarted":
                    click.echo(f"  {step.name:<{_width(run)}}  {_word(step)}", err=True)
        self._run = run

    def _table(self) -> Text:
        from rich.text import Text

        if self._run is None:
            return Text()
        names = _width(self._run)
        words = max((len(_word(step)) for step in self._run.steps), default=0)
        lines = (
            f"{SYMBOLS.get(step.status, ' ')}  {step.name:<{names}}  {_word(step):<{words}}"
            f"  {self._took(step):>7}  {step.reason}"
            for step in self._run.steps
        )
        return Text("\n".join(lines), no_wrap=True, overflow="ellipsis")

    def _took(self, step: StepRun) -> str:
        if step.status in ("Preparing", "Running"):
            return f"{time.monotonic() - self._since[step.id][1]:.0f} s"
        return f"{step.seconds:.1f} s" if step.seconds is not None and not step.reused else ""
