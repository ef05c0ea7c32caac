"""How a run looks in a terminal and in a log: live while it runs, a line a step at the end."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import TracebackType
from typing import TYPE_CHECKING, Any

import click

from amlkit.delivery.runs import Run, StepRun

if TYPE_CHECKING:
    from rich.text import Text

SYMBOLS = {"Completed": "✓", "Failed": "✗", "Canceled": "-", "Running": "▸", "Preparing": "▸", "Queued": "·"}
PLAIN_SYMBOLS = {"Completed": "+", "Failed": "x", "Canceled": "-", "Running": ">", "Preparing": ">", "Queued": "."}
STYLES = {"Completed": "green", "Failed": "red", "Canceled": "yellow", "Running": "cyan", "Preparing": "cyan"}
WORDS = {
    "Completed": "ran",
    "NotStarted": "waiting",
    "Preparing": "preparing its environment",
    "CancelRequested": "being canceled",
}
_BUSY = ("Preparing", "Running", "CancelRequested")
_NAME_WIDTH = 40  # a name that is longer stands as it is, and its line alone is wider


def explain_lines(run: Run, only: str | None = None) -> list[str]:
    """`slow     ran     1.2 s  code changed: train.py changed`: a line a step, in the order given.

    What is in a nested pipeline or a sweep follows it, indented. `only` is the path, name or id of a step.
    """
    width = _width(run)
    steps = run.steps if only is None else (run.step(only),)
    return [_line(step, depth, width) for depth, step in _indented(steps)]


def metric_line(run: Run, step: StepRun, metrics: Mapping[str, float]) -> str:
    """`slow     accuracy 0.9634  log_loss 0.1807`."""
    shown = (f"{name} {value:.4g}" for name, value in sorted(metrics.items()))
    return "  ".join([f"{step.name:<{_width(run)}}", *shown])


def word(step: StepRun) -> str:
    """What became of a step, in a word: `ran`, `reused`, `failed`."""
    return "reused" if step.reused else WORDS.get(step.status, step.status.lower())


def duration(seconds: float | None) -> str:
    """`1.2 s`, `12 min 3 s`, `2 h 5 min`; empty for None."""
    if seconds is None:
        return ""
    if seconds < 600:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def _indented(steps: tuple[StepRun, ...], depth: int = 0) -> Iterator[tuple[int, StepRun]]:
    for step in steps:
        yield depth, step
        yield from _indented(step.steps, depth + 1)


def _width(run: Run) -> int:
    widths = (2 * depth + len(step.name) for depth, step in _indented(run.steps))
    return min(max(widths, default=0), _NAME_WIDTH)


def _line(step: StepRun, depth: int, width: int) -> str:
    took = duration(step.seconds) if not step.reused else ""
    name = "  " * depth + step.name
    return f"{name:<{width}}  {word(step):<8}  {took:>7}  {_remark(step)}".rstrip()


def _remark(step: StepRun) -> str:
    said = step.reason or step.error.partition("\n")[0]
    return "; ".join(filter(None, (said, _trials(step))))


def _trials(step: StepRun) -> str:
    """`3 of 8 trials done, best train_2`, of a sweep."""
    if step.kind != "sweep" or not step.steps:
        return ""
    done = sum(trial.is_over for trial in step.steps)
    best = next((f", best {trial.name}" for trial in step.steps if trial.id == step.best), "")
    return f"{done} of {len(step.steps)} trials done{best}"


@contextmanager
def waiting(text: str) -> Iterator[None]:
    """A line on a terminal for as long as something silent takes; nothing elsewhere."""
    shown = sys.stderr.isatty()
    if shown:
        click.echo(text, err=True, nl=False)
    try:
        yield
    finally:
        if shown:
            click.echo(f"\r{' ' * len(text)}\r", err=True, nl=False)


class Progress:
    """Shows a run while it goes on: a live table on a terminal, else a line for each change of a step.

    A run with more steps than the terminal has lines shows how many there are of each kind, and of the steps those
    that are under way and those that changed last.
    """

    def __init__(self) -> None:
        self._live: Any = None
        self._run: Run | None = None
        self._since: dict[str, tuple[str, float]] = {}
        utf = (sys.stderr.encoding or "").lower().replace("-", "").startswith("utf")
        self._symbols = SYMBOLS if utf else PLAIN_SYMBOLS

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
        width = min(max((len(path) for path, _ in run.walk()), default=0), _NAME_WIDTH) if self._live is None else 0
        for path, step in run.walk():
            if self._since.get(step.id, ("",))[0] != step.status:
                self._since[step.id] = step.status, time.monotonic()
                if self._live is None and step.status != "NotStarted":
                    click.echo(f"  {path:<{width}}  {word(step)}", err=True)
        self._run = run

    def _table(self) -> Text:
        import shutil

        from rich.text import Text

        if self._run is None:
            return Text()
        size = shutil.get_terminal_size()
        text = Text("\n", no_wrap=True, overflow="ellipsis").join(self._lines(self._run, max(size.lines - 2, 2)))
        text.no_wrap, text.overflow = True, "ellipsis"
        return text

    def _lines(self, run: Run, room: int) -> list[Text]:
        """At most `room` lines."""
        from rich.text import Text

        steps = list(_indented(run.steps))
        if len(steps) <= room:
            return [self._row(step, depth, steps) for depth, step in steps]
        counts = Counter(word(step) for _, step in steps)
        head = Text(f"{len(steps)} steps: " + ", ".join(f"{count} {name}" for name, count in counts.items()))
        latest = sorted(steps, key=lambda item: (item[1].status in _BUSY, self._since[item[1].id][1]), reverse=True)
        chosen = {step.id for _, step in latest[: room - 1]}
        shown = [(0, step) for _, step in steps if step.id in chosen]
        return [head, *(self._row(step, depth, shown) for depth, step in shown)]

    def _row(self, step: StepRun, depth: int, among: list[tuple[int, StepRun]]) -> Text:
        from rich.text import Text

        names = min(max(2 * deep + len(each.name) for deep, each in among), _NAME_WIDTH)
        words = max(len(word(each)) for _, each in among)
        row = Text("  " * depth)
        row.append(self._symbols.get(step.status, " "), STYLES.get(step.status, ""))
        name = f"{step.name:<{max(names - 2 * depth, 0)}}"
        row.append(f"  {name}  {word(step):<{words}}  {self._took(step):>7}  {_remark(step)}")
        return row

    def _took(self, step: StepRun) -> str:
        if step.status in _BUSY:
            return f"{time.monotonic() - self._since[step.id][1]:.0f} s"
        return duration(step.seconds) if not step.reused else ""
