"""The `import_` option: what exists in the cloud under a given id becomes a resource of the state, by reading it.

`registrar` asks `is_asked` while it decides, takes over with `take`, and then goes on as with any resource that was
there before: where the program's inputs differ, an update follows in the same run. Rules: Pulumi's, with one addition:
what the program gives as a secret is one in the state at once, also where the provider reads it back plain.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from amlkit.digest import compact_json
from amlkit.engine.events import HIDDEN, Op
from amlkit.errors import EngineError
from amlkit.propertyvalues import UNKNOWN, is_secret, unsecret

from . import urns
from .decide import Diff, object_diff
from .goal import Goal
from .kinds import Custom
from .manifest import now
from .providers import Outcome
from .resource import Resource
from .run import Run
from .snapshot import New, Old
from .steps import Step, reported
from .values import mark_outputs, remark


def is_asked(goal: Goal, old: Resource | None) -> bool:
    """Must this registration take over something: an id is given, and the state does not have it under that id?"""
    if not goal.custom or not goal.import_id:
        return False
    return old is None or old.external or (old.import_id or old.id) != goal.import_id


def take(run: Run, new: Resource, find: Callable[[], Resource], replaces: Old | None) -> New:
    """Have in the state what `find` finds in the cloud; with `replaces`, in the place of another one.

    Raises:
        EngineError: it does not exist, or the provider cannot read or import it.
    """
    op = Op.IMPORT_REPLACEMENT if replaces else Op.IMPORT
    before = replaces.resource if replaces else None
    with reported(run, Step(op, before, new, {})) as course:
        ticket = run.snapshot.begin(new, "importing")
        try:
            found = find()
        except BaseException:
            run.snapshot.failed(ticket)
            raise
        run.reporter.hide([found.inputs, found.outputs])
        entry = run.snapshot.created(ticket, found, replaces)
        course.made(found, old=before or found)
    if before is not None:
        changes = object_diff(unsecret(before.inputs), unsecret(found.inputs))
        run.reporter.step(Step(Op.REPLACE, before, found, changes).event(state="done"))
    return entry


def read(kind: Custom, new: Resource) -> Outcome:
    """What the provider finds under `new.import_id`, inputs included.

    Raises:
        EngineError: nothing is there, or the provider gives no inputs.
    """
    asked = replace(new, id=new.import_id, inputs={})
    outcome = kind.provider.read(asked, {})
    if not outcome.id:
        raise EngineError(f"resource '{new.import_id}' does not exist")
    if outcome.inputs is None:
        package = urns.package_of(new.type)
        raise EngineError(f"provider does not support importing resources; please try updating the '{package}' plugin")
    return outcome


def imported(new: Resource, kind: Custom) -> Resource:
    """The resource that the state holds for what the provider finds under `new.import_id`. Raises as `read` does."""
    outcome = read(kind, new)
    inputs = remark(outcome.inputs or {}, new.inputs)
    return stamped(
        replace(
            new,
            id=outcome.id,
            inputs=inputs,
            outputs=mark_outputs(outcome.outputs, inputs, new.additional_secret_outputs),
            init_errors=outcome.init_errors,
            refresh_before_update=outcome.refresh_before_update,
        )
    )


def stamped(found: Resource) -> Resource:
    """With this moment as the one at which it came into the state."""
    stamp = now()
    return replace(found, created=stamp, modified=stamp)


def adjustable(found: Resource, wanted: Resource) -> Resource:
    """What the program wants of something that was just taken over; a replacement trigger does not count there."""
    return replace(
        wanted,
        created=found.created,
        modified=found.modified,
        refresh_before_update=found.refresh_before_update,
        replacement_trigger=None,
    )


def must_not_replace(old: Resource, new: Resource, diff: Diff) -> str:
    """Why a resource that still names the id it was imported with is not replaced, with what would cause it."""
    keys = diff.replaces or sorted(path for path, kind in diff.detailed.items() if kind.endswith("-replace"))
    causes = [f"{key}: {_shown(old, key)} => {_shown(new, key)}" for key in keys]
    head = (
        "previously-imported resources that still specify an ID may not be replaced; "
        "please remove the `import` declaration from your program;"
    )
    return "\n".join([head, *causes])


def _shown(resource: Resource, key: str) -> str:
    value = _redacted(resource.inputs.get(key))
    if value == UNKNOWN:
        return "output<string>{}"
    text = "<nil>" if value is None else value if isinstance(value, str) else compact_json(value)
    return f"{{{text}}}"


def _redacted(value: Any) -> Any:
    if is_secret(value):
        return HIDDEN
    if isinstance(value, Mapping):
        return {key: _redacted(item) for key, item in value.items()}
    return [_redacted(item) for item in value] if isinstance(value, list | tuple) else value
