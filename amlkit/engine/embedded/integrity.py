"""The rules that Pulumi holds every state to; `checkpoint` checks them on the way in and on the way out.

Source: the CLI's own verification of a snapshot; it refuses a state that breaks one.
"""

from __future__ import annotations

from collections.abc import Iterator

from .resource import Deployment, Resource
from .urns import parse_reference


def verify(deployment: Deployment) -> list[str]:
    """What is wrong with a state, each with its URN; empty if it is sound."""
    problems: list[str] = []
    earlier: set[str] = set()
    providers: set[str] = set()
    alive: set[str] = set()
    for resource in deployment.resources:
        problems += _own_problems(resource)
        if not resource.targets <= earlier or (resource.provider and resource.provider not in providers):
            problems += [f"{resource.urn} refers to {what}" for what in _missing(resource, earlier, providers)]
        if not resource.delete:
            if resource.urn in alive:
                problems.append(f"two resources of the URN {resource.urn}")
            alive.add(resource.urn)
        earlier.add(resource.urn)
        if resource.is_provider:
            providers.add(f"{resource.urn}::{resource.id}")
    return problems


def _own_problems(resource: Resource) -> tuple[str, ...]:
    if resource.urn and resource.type and (resource.custom or not resource.id):
        return ()
    found = (
        (not resource.urn, "a resource without URN"),
        (not resource.type, f"{resource.urn} has no type"),
        (bool(resource.id) and not resource.custom, f"{resource.urn} has an id but is no custom resource"),
    )
    return tuple(what for holds, what in found if holds)


def _missing(resource: Resource, earlier: set[str], providers: set[str]) -> Iterator[str]:
    if resource.provider and resource.provider not in providers:
        try:
            parse_reference(resource.provider)
        except ValueError:
            yield f"a damaged provider reference: {resource.provider}"
        else:
            yield f"a provider that does not come before it: {resource.provider}"
    for urn in sorted(resource.targets - earlier):
        yield f"a resource that does not come before it: {urn}"
