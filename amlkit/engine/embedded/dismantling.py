"""A destroy for which the program runs: it makes providers and components anew and registers hooks, nothing else.

`registrar` asks about each registration, `operations` deletes afterwards: what the program registered as it is then,
and what else is in the state. Rules: Pulumi's `destroy --run-program`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from amlkit.engine.events import Op

from . import order, steps
from .answers import Answer, Answered
from .deleting import Condemned, everything, operation
from .kinds import Kind
from .resource import Resource
from .run import Run
from .snapshot import New, Old


class Dismantling:
    """What one run passed over: resources that are not there, and what needs them."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._passed: set[str] = set()

    def __contains__(self, urn: str) -> bool:
        return urn in self._passed

    def refuse_new(self, new: Resource, old: Old | None) -> None:
        """Pass over what does not exist, and what needs something that does not.

        Raises:
            Answered: it was passed over; the program gets what is known of it.
        """
        missing = new.custom and not new.is_provider and old is None
        if not missing and self._passed.isdisjoint(order.needs(new)):
            return
        self._passed.add(new.urn)
        before = old.resource if old else new
        shown = replace(new, id=before.id, outputs=before.outputs)
        with steps.reported(self._run, steps.Step(Op.SAME, before, shown, {})):
            pass
        raise Answered(Answer(shown, unknown=True))

    def as_it_is(self, new: Resource, old: Old | None, kind: Kind) -> Callable[[], New] | None:
        """The work for what stays as it is until it is deleted; None for providers and components: they are updated."""
        if old is None or new.is_provider or not (new.custom or new.urn in self._run.kept):
            return None
        kept = replace(new, inputs=old.resource.inputs)
        return lambda: steps.same(self._run, old, kept, kind)


def condemned(run: Run) -> list[Condemned]:
    """Everything that goes: what the program registered, in its new form, and what else is in the state."""
    left = everything(run, without_hooks=False)
    registered = [Old(each.resource, made=each) for each in run.snapshot.news if not each.gone]
    return [(each, operation(each.resource)) for each in registered if each.resource.urn not in run.kept] + left
