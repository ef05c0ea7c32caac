"""The jobs of nested pipelines: their states and outputs follow from those of the steps inside them.

Used by the scheduler, once a round, before it commits.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ..clock import now
from .locations import child_name, paths
from .records import Nested, Status
from .state import Changes, Run


def settle(run: Run, changes: Changes) -> None:
    """Bring the rows of the nested pipelines up to date in which a step changed."""
    if not run.members:
        return
    touched = {path: None for step in sorted(changes.touched) for path in paths(step)[:-1]}
    nested = {item.name: item for item in run.definition.nested}
    for path in touched:
        state = _state([run.progress.states[name] for name in run.members[path]])
        if state is run.groups.get(path, Status.NOT_STARTED):
            continue
        columns: dict[str, Any] = {"status": state}
        if path not in run.groups and state is not Status.CANCELED:
            columns["started"] = now()
        if state.is_final:
            columns |= {"ended": now(), "produced": outputs(nested[path], run.produced)}
            columns["error"] = next((run.errors[name] for name in run.members[path] if run.errors.get(name)), "")
            changes.say(path, str(state).lower())
        run.groups[path] = state
        changes.update(child_name(run.job.name, path), **columns)


def outputs(item: Nested, produced: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """The outputs of a nested pipeline that are there."""
    return {
        name: produced[source.text][source.output]
        for name, source in item.outputs.items()
        if source.output in produced.get(source.text, {})
    }


def _state(states: Iterable[Status]) -> Status:
    found = set(states)
    if all(state.is_final for state in found):
        worst = (state for state in (Status.FAILED, Status.CANCELED) if state in found)
        return next(worst, Status.COMPLETED)
    return Status.NOT_STARTED if found == {Status.NOT_STARTED} else Status.RUNNING
