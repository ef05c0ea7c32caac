"""What resources of a state refer to, rewritten: other names for URNs, and no references to what is gone.

Used by `aliasing`, `snapshot`, `refreshing`, `recovery` and the `stack` commands.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace

from . import urns
from .resource import Resource


def with_references(resource: Resource, rename: Callable[[str], str]) -> Resource:
    """A resource whose own URN and all URNs that it refers to went through `rename`."""

    def each(names: Iterable[str]) -> tuple[str, ...]:
        return tuple(rename(urn) for urn in names)

    provider = resource.provider
    if provider:
        urn, identifier = urns.parse_reference(provider)
        provider = urns.provider_reference(rename(urn), identifier)
    return replace(
        resource,
        urn=rename(resource.urn),
        parent=resource.parent and rename(resource.parent),
        provider=provider,
        dependencies=each(resource.dependencies),
        property_dependencies={key: each(names) for key, names in resource.property_dependencies.items()},
        deleted_with=resource.deleted_with and rename(resource.deleted_with),
        replace_with=each(resource.replace_with),
        view_of=resource.view_of and rename(resource.view_of),
    )


def rebuilt(resources: Sequence[Resource], before: Sequence[Resource] = ()) -> tuple[Resource, ...]:
    """Resources without references to what is not before them; children of one that is gone have no parent.

    All of them lose the empty entries of their property dependencies, as at Pulumi's.
    """
    return _each(resources, before, _without_missing)


def without_missing(resources: Sequence[Resource]) -> tuple[Resource, ...]:
    """The same, but what refers to nothing that is missing is left as it is."""

    def kept(resource: Resource, there: Collection[str]) -> Resource:
        return resource if all(urn in there for urn in resource.targets) else _without_missing(resource, there)

    return _each(resources, (), kept)


def _each(
    resources: Sequence[Resource],
    before: Sequence[Resource],
    kept: Callable[[Resource, Collection[str]], Resource],
) -> tuple[Resource, ...]:
    there = {each.urn for each in before}
    found = []
    for each in resources:
        found.append(kept(each, there))
        there.add(each.urn)
    return tuple(found)


def _without_missing(resource: Resource, there: Collection[str]) -> Resource:
    kept = {key: tuple(urn for urn in needs if urn in there) for key, needs in resource.property_dependencies.items()}
    return replace(
        resource,
        parent=resource.parent if resource.parent in there else "",
        dependencies=tuple(urn for urn in resource.dependencies if urn in there),
        property_dependencies={key: needs for key, needs in kept.items() if needs},
        deleted_with=resource.deleted_with if resource.deleted_with in there else "",
        replace_with=tuple(urn for urn in resource.replace_with if urn in there),
    )
