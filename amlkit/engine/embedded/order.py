"""In which order things are deleted, and what a replacement pulls along: pure, over the resources of a state."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import TypeVar

from . import urns
from .resource import Resource

T = TypeVar("T")


def needs(resource: Resource, *, parent: bool = True) -> set[str]:
    """URNs of everything that a resource refers to; its parent only if asked for."""
    found = {*resource.dependencies, *resource.replace_with}
    for dependencies in resource.property_dependencies.values():
        found.update(dependencies)
    if resource.deleted_with:
        found.add(resource.deleted_with)
    if resource.provider:
        found.add(urns.parse_reference(resource.provider)[0])
    if parent and resource.parent:
        found.add(resource.parent)
    return found


def delete_layers(condemned: Sequence[T], resource_of: Callable[[T], Resource]) -> list[list[T]]:
    """Layers to delete one after the other, each in parallel: nothing goes before what depends on it.

    `condemned` is in the order of the state. Of several with one URN (replaced ones), a dependant is held to need
    those that come before it.
    """
    depth: list[int] = []
    last: dict[str, int] = {}
    for item in condemned:
        resource = resource_of(item)
        level = 1 + max((last[urn] for urn in needs(resource) if urn in last), default=0)
        depth.append(level)
        last[resource.urn] = max(level, last.get(resource.urn, 0))
    layers: list[list[T]] = [[] for _ in range(max(depth, default=0))]
    for item, level in zip(condemned, depth, strict=True):
        layers[level - 1].append(item)
    return layers[::-1]


def dependants(resources: Iterable[T], of: T, resource_of: Callable[[T], Resource], ignore: Collection[str]) -> list[T]:
    """Everything after `of` in the state that depends on it, directly or not; children alone do not count."""
    reached = {resource_of(of).urn}
    found: list[T] = []
    after = False
    for item in resources:
        if item is of:
            after = True
        elif after and resource_of(item).urn not in ignore and needs(resource_of(item), parent=False) & reached:
            reached.add(resource_of(item).urn)
            found.append(item)
    return found
