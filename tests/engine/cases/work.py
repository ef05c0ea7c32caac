"""What the commands of `__main__` do with one case; each says in lines what is not as wanted."""

from __future__ import annotations

import tempfile
import traceback
from collections.abc import Callable
from functools import partial
from pathlib import Path

from ...warm import Warm
from . import play
from .interpreter import warmed
from .story import Case

FORBIDDEN = ("/home/", "/root/", "/tmp/", "site-packages", "/usr/", "/opt/")
"""What no recording may hold: paths of a machine."""


def record(case: Case, folder: Path) -> list[str]:
    """Write the expectation."""
    if case.refused:
        return []
    steps = play.official(case, folder / "official")
    if case.differs:
        play.overlays(case, steps, play.embedded(case, folder / "embedded", steps))
    play.record(case, steps)
    return []


def check(case: Case, folder: Path, warm: Warm | None = None) -> list[str]:
    """The embedded engine alone."""
    if case.refused:
        return refused(case, folder, warm)
    wanted = play.expected(case)
    return play.differences(case, wanted, play.embedded(case, folder / "embedded", wanted, warm))


def compare(case: Case, folder: Path) -> list[str]:
    """Both, alone and in turn."""
    if case.refused:
        return refused(case, folder)
    wanted = play.expected(case)
    theirs = play.official(case, folder / "official")
    lines = [f"official: {line}" for line in play.differences(case, wanted, theirs, lambda number, step: False)]
    lines += [f"embedded: {line}" for line in check(case, folder)]
    if case.alternate or case.differs:
        return lines
    for first in ("embedded", "official"):
        seen = play.alternating(case, folder / f"{first}-first", first)
        found = play.differences(case, wanted, seen, partial(play.is_ours, first))
        lines += [f"{first} first: {line}" for line in found]
    return lines


def refused(case: Case, folder: Path, warm: Warm | None = None) -> list[str]:
    """Every command fails, in the words of the case, and nothing is made."""
    lines = []
    for step, seen in zip(case.steps, play.embedded(case, folder / "refused", None, warm), strict=True):
        told = "\n".join([*seen.get("messages", []), *seen.get("printed", [])])
        if step.command[0] != "stack" and (seen["code"] == 0 or case.refused not in told):
            lines.append(f"`{' '.join(step.command)}`: exit code {seen['code']}\n{told}")
        if any(call["method"] == "Create" and not call.get("preview") for call in seen.get("calls", [])):
            lines.append(f"`{' '.join(step.command)}`: something was made")
    return lines


def check_warm(case: Case, folder: Path) -> list[str]:
    """`check`, a program at the price of a fork."""
    with warmed(folder) as warm:
        return check(case, folder, warm)


def guarded(work: Callable[[Case, Path], list[str]], case: Case) -> list[str]:
    """`work` in a folder of its own; an exception is the end of its traceback."""
    with tempfile.TemporaryDirectory(prefix="case-") as folder:
        try:
            return work(case, Path(folder))
        except Exception:
            return traceback.format_exc().splitlines()[-5:]
