"""A refresh for which the program runs: each resource is read when it is registered, with the provider it has then.

`registrar` asks about each registration of `refresh --run-program`, which makes nothing but providers and components,
and of `--refresh --run-program`, where what the program wants follows; `operations` reads afterwards what a refresh
found in the state and not in the program. Rules: Pulumi's.
"""

from __future__ import annotations

from collections.abc import Collection

from .passedover import PassedOver
from .refreshing import Refresher
from .resource import Deployment, Resource
from .run import Run
from .snapshot import New, Old


def is_read(run: Run, new: Resource, old: Old | None, deleted: Collection[str]) -> bool:
    """Is this resource to be read now? Not if it was deleted already, with one that is replaced."""
    gone = old is not None and (old.resource.pending_replacement or old.resource.urn in deleted)
    return run.manner.reads and old is not None and new.custom and not new.is_provider and not gone


def read(run: Run, new: Resource, old: Old) -> Old | None:
    """The place in the old state as it is after reading, with the options that the program gives; None: it is gone.

    Raises:
        EngineError: the provider cannot read it.
    """
    found = Refresher.of(run).read(old.resource, new, lambda: run.registry.get(new.provider))
    run.snapshot.reread(old, found)
    return old if found else None


def note_unread(run: Run, new: Resource, old: Old | None) -> None:
    """Tell the event log of a component or provider, of which there is nothing to read."""
    if run.manner.reads and old is not None and not (new.custom and not new.is_provider):
        Refresher.of(run).looked_at(old.resource, new, internal=True)


def answered(run: Run, passed: PassedOver, new: Resource, old: Old | None) -> New | None:
    """What a refresh holds for a registration that it makes nothing of; None: it is made or updated.

    Raises:
        Answered: it does not exist, or needs what does not.
    """
    if not run.manner.refreshes or not ((new.custom and not new.is_provider) or passed.concern(new)):
        return None
    if old is None:
        run.snapshot.some_missing()
        passed.add(new, old)
    return run.snapshot.same(old, old.resource)


def read_rest(run: Run, operated: Collection[str]) -> None:
    """Read what is in the state and was not registered. Failures are reported, and leave what they concern."""
    before = [each.resource for each in run.snapshot.news if not each.gone]
    left = [each for each in run.snapshot.olds if not each.done]
    rest = Deployment(tuple(each.resource for each in left))
    after = Refresher.of(run).refreshed(rest, lambda each: each.urn not in operated, before)
    run.snapshot.set_rest(after.resources)
