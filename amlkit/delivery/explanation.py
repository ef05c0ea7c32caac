"""Why each step of a run was reused, or ran: ingredient by ingredient where the service keeps them.

The local Azure ML compares fingerprints and says so, with text diffs on request. Azure ML says only whether a step was
reused: why one ran is inferred here from what differs to the run before of the same experiment, and marked `likely`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from amlkit import digest

from .comparison import ABSENT, Topic, facts_of
from .records import Run, StepRun
from .runs import read, recent
from .stacks import Workspace

_CAUSES: tuple[Topic, ...] = ("code", "environment", "parameters", "inputs")
_SEARCHED = 50  # runs, newest first, among which the one before is looked for


@dataclass(frozen=True)
class Change:
    """A part of an ingredient that differs: a file, a parameter, an input. `diff` is a unified diff, `note` a remark.

    `old` and `new` are values where they are known, else short digests; empty: it was not there.
    """

    name: str
    old: str
    new: str
    diff: str = ""
    note: str = ""
    files: tuple[str, ...] = ()


@dataclass(frozen=True)
class Ingredient:
    """A part of a step's fingerprint that differs from the run before; `more` changes are not listed."""

    name: str
    changes: tuple[Change, ...]
    more: int = 0


@dataclass(frozen=True)
class Explanation:
    """Of one step. `before` is the id of the step's run that it was compared with; empty: none."""

    path: str
    step: StepRun
    outcome: str = ""
    before: str = ""
    ingredients: tuple[Ingredient, ...] = ()


def explain(workspace: Workspace, run: Run, *, diff: bool = False) -> tuple[Run, tuple[Explanation, ...]]:
    """The run, with a reason for each step that was judged, and what the service knows besides.

    `diff` asks for text diffs, which only the local Azure ML has.
    """
    if not workspace.service.target.is_local:
        run = _inferred(workspace, run)
        return run, tuple(Explanation(path, step) for path, step in run.walk())
    target = workspace.service.target.resource_manager
    url = f"{target}/control/explain{workspace.id}/jobs/{run.id}?diff={str(diff).lower()}"
    told = {item["job"]: item for item in workspace.fetch(url).json()["steps"]}
    return run, tuple(_explanation(path, step, told.get(step.id, {})) for path, step in run.walk())


def _explanation(path: str, step: StepRun, told: Mapping[str, Any]) -> Explanation:
    changed = [item for item in told.get("ingredients") or () if item.get("changed") and told.get("before")]
    ingredients = tuple(
        Ingredient(item["name"], tuple(map(_change, item.get("parts") or ())), int(item.get("more") or 0))
        for item in changed
    )
    return Explanation(path, step, told.get("outcome") or "", told.get("before") or "", ingredients)


def _change(part: Mapping[str, Any]) -> Change:
    old, new = (
        str(part[f"{side}_value"]) if part.get(f"{side}_value") is not None else _short(str(part.get(side) or ""))
        for side in ("old", "new")
    )
    note, files = str(part.get("note") or ""), tuple(part.get("files") or ())
    return Change(str(part.get("name") or ""), old, new, str(part.get("diff") or ""), note, files)


def _short(value: str) -> str:
    return digest.short(value) if value else ""


def _inferred(workspace: Workspace, run: Run) -> Run:
    """With likely reasons for the steps that ran and have none."""
    if not any(_is_silent(step) for _, step in run.walk()):
        return run
    earlier = _before(workspace, run)
    now = facts_of(workspace, run)
    was = facts_of(workspace, read(workspace, earlier)) if earlier else None
    return replace(run, steps=_with_reasons(run.steps, was, now, ""))


def _is_silent(step: StepRun) -> bool:
    return step.kind == "step" and bool(step.started) and not (step.reason or step.reused)


def _before(workspace: Workspace, run: Run) -> str:
    """The id of the run before of the same experiment; empty: none is found."""
    found = [each for each in recent(workspace, _SEARCHED) if each.experiment == run.experiment]
    older = [each.id for each in found if each.id != run.id and each.created < run.created]
    return older[0] if older else ""


Facts = Mapping[tuple[Topic, str, str], str]


def _with_reasons(steps: tuple[StepRun, ...], was: Facts | None, now: Facts, above: str) -> tuple[StepRun, ...]:
    found = []
    for step in steps:
        path = f"{above}.{step.name}" if above else step.name
        reason = likely(path, was, now) if _is_silent(step) else step.reason
        found.append(replace(step, reason=reason, steps=_with_reasons(step.steps, was, now, path)))
    return tuple(found)


def likely(path: str, was: Facts | None, now: Facts) -> str:
    """Why a step that ran was not reused, from the facts of its run and of the one before (None: there was none)."""
    if was is None or not any(key[1] == path for key in was):
        return "likely first run"
    for topic in _CAUSES:
        keys = sorted({key for key in (*was, *now) if key[:2] == (topic, path) and was.get(key) != now.get(key)})
        if keys:
            told = ", ".join(f"{key[2]} {was.get(key, ABSENT)} → {now.get(key, ABSENT)}" for key in keys)
            return f"likely {topic} changed: {told}"
    return "likely what a step before it wrote is new, reuse is off, or it was forced"
