"""What an engine had begun when it was killed: looked for through the plugins, taken over if made, dropped if gone.

`operations` calls it first of all. A plugin that builds ids from inputs answers a Read with an empty id; one that does
not, refuses, and then Pulumi's own behaviour holds: a warning, and the note stays.
"""

from __future__ import annotations

from dataclasses import replace

from amlkit.errors import AmlkitError

from .manifest import now
from .references import rebuilt
from .registry import Registry
from .reporter import Reporter
from .resource import Deployment, Pending, Resource
from .values import remark


def recovered(deployment: Deployment, registry: Registry, reporter: Reporter) -> Deployment:
    """The state with what was made after all, without notes that are settled; the same object if there is no note."""
    if not deployment.pending:
        return deployment
    kept: list[Pending] = []
    resources = deployment.resources
    for pending in deployment.pending:
        if pending.type == "deleting" and _is_gone(pending.resource, resources, registry):
            reporter.message("info", "an earlier run was interrupted after it was deleted", pending.resource.urn)
            resources = rebuilt([each for each in resources if not _same(each, pending.resource)])
            continue
        if pending.type != "creating":
            reporter.message(
                "warning", f"an earlier run was interrupted while {pending.type} this resource", pending.resource.urn
            )
            continue
        try:
            made = _look(pending.resource, resources, registry)
        except AmlkitError as error:
            kept.append(pending)
            reporter.message("warning", _undecided(error), pending.resource.urn)
            continue
        if made is None:
            reporter.message("info", "an earlier run was interrupted before it was made", pending.resource.urn)
            continue
        reporter.message("info", "an earlier run was interrupted after it was made: taken over", pending.resource.urn)
        resources = _placed(made, resources)
    return replace(deployment, resources=resources, pending=tuple(kept))


def _is_gone(resource: Resource, resources: tuple[Resource, ...], registry: Registry) -> bool:
    """Was it deleted after all? Not when the provider cannot say: then the state is believed."""
    if not resource.custom or resource.is_provider or not resource.id:
        return False
    try:
        return not registry.ensure(resource.provider, resources).read(resource, resource.outputs).id
    except AmlkitError:
        return False


def _same(one: Resource, other: Resource) -> bool:
    return (one.urn, one.id) == (other.urn, other.id)


def _look(resource: Resource, resources: tuple[Resource, ...], registry: Registry) -> Resource | None:
    if not resource.custom or resource.is_provider:
        return None
    provider = registry.ensure(resource.provider, resources)
    outcome = provider.read(replace(resource, id=""), {})
    if not outcome.id:
        return None
    stamp = now()
    return replace(
        resource,
        id=outcome.id,
        inputs=resource.inputs if outcome.inputs is None else remark(outcome.inputs, resource.inputs),
        outputs=remark(outcome.outputs, resource.inputs),
        refresh_before_update=outcome.refresh_before_update,
        init_errors=outcome.init_errors,
        created=stamp,
        modified=stamp,
    )


def _placed(made: Resource, resources: tuple[Resource, ...]) -> tuple[Resource, ...]:
    """In the place of what it replaces if that is gone already; else at the end, or before what now waits to go."""
    before = next((each for each in resources if each.urn == made.urn and not each.delete), None)
    if before is None:
        return (*resources, made)
    if before.pending_replacement:
        return tuple(made if each is before else each for each in resources)
    if before.id == made.id:
        return resources  # the old one was found: its replacement is still to be made
    index = resources.index(before)
    return (*resources[:index], made, replace(before, delete=True), *resources[index + 1 :])


def _undecided(error: AmlkitError) -> str:
    return (
        "an earlier run was interrupted while it was made, and the provider cannot say whether it is there "
        f"({error.problems[0].what}); `refresh --clear-pending-creates` removes this note"
    )
