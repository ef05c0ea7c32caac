"""Why each step of a run was reused or ran, ingredient by ingredient: old and new, with text diffs on request.

Read from the tables, where every judged step keeps its fingerprint and the job that it was compared with, and from the
snapshots and data that still lie in storage. Used by the control routes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ...fingerprint import Fingerprint, Ingredient, Outcome, differing
from ..blobs import Blobs
from .contents import Contents
from .diffs import Diffs
from .records import Job, Status
from .reuse import BEFORE, REUSED_FROM
from .rules import Rules
from .sides import Side, Sides
from .state import REASON
from .store import Store

_SHOWN_PARTS = 200


@dataclass(frozen=True)
class _Pair:
    """A step's job, and the one that it was compared with; None: there is none."""

    old: Side | None
    new: Side | None


class Explainer:
    """Explains jobs that were judged. Writes nothing."""

    def __init__(self, store: Store, blobs: Blobs, contents: Contents, rules: Rules) -> None:
        self._store = store
        self._blobs = blobs
        self._contents = contents
        self._rules = rules

    def of(self, job: Job, *, diff: bool = False) -> dict[str, Any]:
        """A run with all its steps, or one step; with `diff` the texts that changed too, up to a size."""
        sides = Sides(self._store)
        diffs = Diffs(self._blobs, self._contents) if diff else None
        steps = [each for each in self._steps(job) if each.kind != "Run"]
        found = [self._step(each, sides, diffs) for each in steps]
        return {"job": job.name, "rules": self._rules.name, "steps": found}

    def _steps(self, job: Job) -> list[Job]:
        """The steps below a job, those of nested pipelines too; a single command is its own."""
        if job.kind != "Pipeline":
            return [job]
        found, waiting = [], [job]
        while waiting:
            children = self._store.children(waiting.pop().name)
            found += [child for child in children if child.kind != "Pipeline"]
            waiting += [child for child in children if child.kind == "Pipeline"]
        return sorted(found, key=lambda step: step.position)

    def _step(self, job: Job, sides: Sides, diffs: Diffs | None) -> dict[str, Any]:
        reason, source = job.properties.get(REASON, ""), job.properties.get(REUSED_FROM, "")
        before = job.properties.get(BEFORE, "") or source
        now = self._store.fingerprint(job.name)
        old = self._store.fingerprint(before) if before else None
        found: dict[str, Any] = {
            "step": job.step,
            "job": job.name,
            "status": str(job.status),
            "outcome": outcome_of(reason) if now else "",
            "reason": reason or ("it was not judged yet" if not job.status.is_final else _never(job)),
            "from": source,
            "before": before,
            "ingredients": [],
        }
        if now is not None:
            pair = _Pair(sides.of(before) if old else None, sides.of(job.name))
            found["rules"] = now.rules
            found["ingredients"] = _ingredients(old, now, pair, diffs)
        return found


def outcome_of(reason: str) -> str:
    """The name of the outcome that a reason's text tells: `reused`, `resumed`, `first`, `changed`, …"""
    for outcome in Outcome:
        if outcome is not Outcome.CHANGED and reason.startswith(outcome.value):
            return outcome.name.lower()
    return Outcome.CHANGED.name.lower()


def _never(job: Job) -> str:
    return job.error if job.status is not Status.COMPLETED else ""


def _ingredients(old: Fingerprint | None, now: Fingerprint, pair: _Pair, diffs: Diffs | None) -> list[dict[str, Any]]:
    names = [item.name for item in now.ingredients]
    names += [item.name for item in old.ingredients if item.name not in names] if old else []
    return [_ingredient(name, old.get(name) if old else None, now.get(name), pair, diffs) for name in names]


def _ingredient(
    name: str, was: Ingredient | None, now: Ingredient | None, pair: _Pair, diffs: Diffs | None
) -> dict[str, Any]:
    found = {"name": name, "old": was.digest if was else "", "new": now.digest if now else ""}
    if found["old"] == found["new"] or pair.old is None:
        return {**found, "changed": found["old"] != found["new"], "parts": []}
    parts = differing(was, now) or [("", found["old"], found["new"])]
    told = [_part(name, part, pair, diffs) for part in parts[:_SHOWN_PARTS]]
    more = {"more": len(parts) - _SHOWN_PARTS} if len(parts) > _SHOWN_PARTS else {}
    return {**found, "changed": True, "parts": told, **more}


def _part(name: str, part: tuple[str, str, str], pair: _Pair, diffs: Diffs | None) -> dict[str, Any]:
    label, old, new = part
    found: dict[str, Any] = {"name": label, "old": old, "new": new}
    for side, digest_, key in ((pair.old, old, "old_value"), (pair.new, new, "new_value")):
        value = side.value(name, label) if side and digest_ else None
        found |= {key: value} if value is not None else {}
    if diffs is not None:
        found |= _diff(name, part, pair, diffs)
    return found


def _diff(name: str, part: tuple[str, str, str], pair: _Pair, diffs: Diffs) -> Mapping[str, Any]:
    label, old, new = part
    was, now = pair.old, pair.new
    if was is None or now is None:
        return {}
    match name, label:
        case ("code", _):
            return diffs.files(was.code, now.code, part, (was.job.workspace, now.job.workspace))
        case ("component", "code"):
            return diffs.folders(was.code, now.code, ("", ""), (was.job.workspace, now.job.workspace))
        case ("inputs", _):
            places = was.value(name, label), now.value(name, label)
            ours = (old, new) if now.by_bytes else ("", "")
            return diffs.folders(places[0], places[1], ours, (was.job.workspace, now.job.workspace))
        case ("environment" | "command" | "component", _):
            return diffs.texts(was.text(name, label), now.text(name, label), label or name)
    return {}
