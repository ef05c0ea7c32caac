"""A destroy for which the program runs: it makes providers and components anew and registers hooks, nothing else.

`registrar` asks about each registration, `operations` deletes afterwards: what the program registered as it is then,
and what else is in the state. Rules: Pulumi's `destroy --run-program`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from . import steps
from .deleting import Condemned, everything, operation
from .kinds import Kind
from .passedover import PassedOver
from .resource import Resource
from .run import Run
from .snapshot import New, Old


def refuse_new(passed: PassedOver, new: Resource, old: Old | None) -> None:
    """Pass over what does not exist, and what needs something that does not.

    Raises:
        Answered: it was passed over.
    """
    missing = new.custom and not new.is_provider and old is None
    if missing or passed.concern(new):
        passed.add(new, old)


def as_it_is(run: Run, new: Resource, old: Old | None, kind: Kind) -> Callable[[], New] | None:
    """The work for what stays as it is until it is deleted; None for providers and components: they are updated."""
    if old is None or new.is_provider or not (new.custom or new.urn in run.manner.kept):
        return None
    kept = replace(new, inputs=old.resource.inputs)
    return lambda: steps.same(run, old, kept, kind)


def condemned(run: Run) -> list[Condemned]:
    """Everything that goes: what the program registered, in its new form, and what else is in the state."""
    left = everything(run, without_hooks=False)
    registered = [Old(each.resource, made=each) for each in run.snapshot.news if not each.gone]
    return [(each, operation(each.resource)) for each in registered if each.resource.urn not in run.manner.kept] + left
