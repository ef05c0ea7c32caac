"""Deletes what a run leaves over: what the program no longer registers, what was replaced, or everything.

`operations` calls it after the program; `cascade` shares its rule of what is really deleted.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from amlkit.engine.events import Op
from amlkit.errors import AmlkitError, EngineError

from . import order, steps
from .gate import Stopped
from .kinds import Custom
from .resource import Resource
from .run import Run
from .snapshot import Old

Condemned = tuple[Old, Op | None]
"""A place in the old state, and the operation; None: it is gone already, and only the state must forget it."""


def kind_for_deletion(run: Run, resource: Resource, deleted: Collection[str]) -> Custom | None:
    """The provider that must be told; None where only the state forgets, and in previews.

    That is: what is read, retained, a component, a provider, or goes with another one.

    Raises:
        EngineError, SetupError: its provider cannot be started.
    """
    quiet = resource.external or resource.retain_on_delete or not resource.custom or resource.is_provider
    if run.preview or quiet or resource.deleted_with in deleted:
        return None
    return Custom(run.registry.ensure(resource.provider, run.snapshot.resources()))


def unregistered(run: Run, operated: Collection[str], handled: Collection[Old]) -> list[Condemned]:
    """What is to go after a program: replaced ones, and those that it did not register, in the order of the state."""
    found: list[Condemned] = []
    for old in run.snapshot.olds:
        if old.done or (old in handled and old.resource.delete):
            continue
        resource = old.resource
        if resource.delete or resource.urn not in operated:
            found.append((old, operation(resource)))
    return found


def everything(run: Run, *, without_hooks: bool) -> list[Condemned]:
    """The whole state, for a destroy, but for what is to be kept; `without_hooks`: no program runs.

    Raises:
        EngineError: a resource has delete hooks, and no program runs them.
    """
    olds = [old for old in run.snapshot.olds if not old.done]
    bound = [old.resource for old in olds if _delete_hooks(old.resource)] if without_hooks else []
    for resource in bound:
        names = ", ".join(_delete_hooks(resource))
        run.reporter.message(
            "error",
            f"Resource has delete hooks registered, but the program is not running. Hooks: {names}",
            resource.urn,
        )
    if bound:
        raise EngineError("You must run with the `--run-program` flag to use delete hooks during destroy.")
    found: list[Condemned] = []
    for old in olds:
        resource = old.resource
        if resource.urn in run.manner.kept:
            with steps.reported(run, steps.Step(Op.SAME, resource, resource, {})):
                continue
        found.append((old, operation(resource)))
    return found


def protected(resources: Sequence[Resource]) -> frozenset[str]:
    """URNs of protected resources and of all that they need: what `--exclude-protected` keeps."""
    by_urn = {each.urn: each for each in resources}
    guarded = [each for each in resources if each.protect]
    return frozenset(each.urn for each in guarded).union(
        *(_all_needs(by_urn, each) & by_urn.keys() for each in guarded)
    )


def delete(
    run: Run, condemned: Sequence[Condemned], deleted: Collection[str] = (), failed: Collection[str] = ()
) -> None:
    """Delete in layers, each in parallel; a failure lets the layer end and stops the rest.

    What a protected resource needs stays too, and what one of the URNs in `failed` needs. So does, where the run
    continues after errors, what a resource needs that could not be deleted. Raises nothing: failures are reported.
    """
    going = {old.resource.urn for old, op in condemned} | set(deleted)
    by_urn = {old.resource.urn: old.resource for old in run.snapshot.olds}
    spared: set[str] = set()
    for urn in failed:
        spared |= _all_needs(by_urn, by_urn[urn]) if urn in by_urn else set()
    with ThreadPoolExecutor(max_workers=run.parallel) as pool:
        for layer in order.delete_layers(condemned, lambda each: each[0].resource):
            chosen = [each for each in layer if each[0].resource.urn not in spared]
            for kept in pool.map(lambda each: _delete_one(run, each, going), chosen):
                if kept is not None:
                    spared |= _all_needs(by_urn, kept)
            for old, _ in layer:
                if old.resource.urn in spared:
                    spared |= _all_needs(by_urn, old.resource)
            if run.gate.stopped:
                return


def _delete_one(run: Run, condemned: Condemned, going: Collection[str]) -> Resource | None:
    """Returns the resource if it stays and the others go on, so that what it needs is spared."""
    old, op = condemned
    if op is None:
        run.snapshot.forget(old)
        return None
    try:
        with run.gate.enter(), run.gate.slot():
            steps.delete(run, old, kind_for_deletion(run, old.resource, going), op)
    except Stopped:
        return None
    except steps.ProtectedError as error:
        run.reporter.failure(error, old.resource.urn)
        return old.resource
    except AmlkitError as error:
        run.reporter.failure(error, old.resource.urn)
        if run.manner.continue_on_error:
            return old.resource
        run.gate.stop()
    return None


def _all_needs(by_urn: Mapping[str, Resource], resource: Resource) -> set[str]:
    found: set[str] = set()
    waiting = list(order.needs(resource))
    while waiting:
        urn = waiting.pop()
        if urn not in found:
            found.add(urn)
            if urn in by_urn:
                waiting.extend(order.needs(by_urn[urn]))
    return found


def operation(resource: Resource) -> Op | None:
    """How a resource goes at the end of a run; None: it is gone, and only the state must forget it."""
    if resource.delete:
        return Op.DISCARD_REPLACED if resource.external else Op.DELETE_REPLACED
    if resource.pending_replacement:
        return None
    return Op.DISCARD if resource.external else Op.DELETE


def _delete_hooks(resource: Resource) -> tuple[str, ...]:
    hooks = resource.resource_hooks
    return (*hooks.get("BeforeDelete", ()), *hooks.get("AfterDelete", ()))
