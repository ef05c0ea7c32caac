"""Reads what is really there into the state: `refresh`, `--refresh`, and resources that ask for it before every update.

`operations` calls it before the program runs (or instead of it). Rules: Pulumi's, with one addition: what the state
holds as a secret stays one, also where a provider reads it back plain.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any, Literal

from amlkit.engine.events import Changes, Op, StepEvent
from amlkit.errors import AmlkitError

from .decide import named_changes, settled
from .gate import Gate, Stopped
from .manifest import now
from .providers import Outcome, Provider
from .registry import Registry
from .reporter import Reporter
from .resource import Deployment, Resource
from .values import equal, remark

_INVERTED = {"add": "delete", "delete": "add", "update": "update"}


@dataclass(frozen=True)
class Refresher:
    """What a refresh works with."""

    registry: Registry
    reporter: Reporter
    gate: Gate
    parallel: int
    ahead: bool = False

    def refreshed(self, deployment: Deployment, wanted: Callable[[Resource], bool]) -> Deployment:
        """The state after reading what `wanted` chooses; the same object if nothing was read and nothing differs.

        Failures are reported, and leave what they concern as it was.
        """
        chosen = [each for each in deployment.resources if wanted(each) and not each.pending_replacement]
        for each in chosen:
            if not _readable(each):
                self._nothing_to_read(each)
        chosen = [each for each in chosen if _readable(each)]
        if not chosen:
            return deployment
        with ThreadPoolExecutor(max_workers=self.parallel) as pool:
            found = list(pool.map(lambda each: self._one(each, deployment), chosen))
        after = {id(before): now_there for before, now_there in zip(chosen, found, strict=True)}
        resources = [after.get(id(each), each) for each in deployment.resources]
        same = all(one is other for one, other in zip(resources, deployment.resources, strict=True))
        if same and self.ahead:
            return deployment
        after_all = rebuilt([each for each in resources if each is not None])
        return deployment if after_all == deployment.resources else replace(deployment, resources=after_all)

    def _nothing_to_read(self, resource: Resource) -> None:
        """Components and providers count as looked at, too."""
        self.reporter.hide([resource.inputs, resource.outputs])
        self.reporter.step(self._event(resource, "started", after=resource))
        self.reporter.step(self._event(resource, "done", after=resource))

    def _event(self, resource: Resource, state: Literal["started", "done", "failed"], **found: Any) -> StepEvent:
        return StepEvent(
            urn=resource.urn,
            type=resource.type,
            op=Op.REFRESH,
            state=state,
            before=resource,
            ahead=self.ahead,
            **found,
        )

    def _one(self, old: Resource, deployment: Deployment) -> Resource | None:
        """What the state should hold for it: the same object if nothing differs, None if it is gone."""
        try:
            with self.gate.enter(), self.gate.slot():
                return self._read(old, self.registry.ensure(old.provider, deployment.resources))
        except Stopped:
            return old
        except AmlkitError as error:
            self.reporter.step(self._event(old, "failed", error=str(error)))
            self.reporter.failure(error, old.urn)
            return old

    def _read(self, old: Resource, provider: Provider) -> Resource | None:
        self.reporter.hide([old.inputs, old.outputs])
        began = time.monotonic()
        self.reporter.step(self._event(old, "started", after=old))
        outcome = provider.read(old, old.outputs)
        if not outcome.id:
            self.reporter.step(self._event(old, "done", gone=True, seconds=time.monotonic() - began))
            return None
        if outcome.init_errors:
            said = "\n* ".join(outcome.init_errors)
            self.reporter.message("warning", f"Refreshed resource is in an unhealthy state:\n* {said}", old.urn)
        new = _merged(old, outcome)
        self.reporter.hide([new.inputs, new.outputs])
        changes = self._changes(old, new, provider)
        event = self._event(old, "done", changes=changes, after=new, seconds=time.monotonic() - began)
        self.reporter.step(event)
        return new

    def _changes(self, old: Resource, new: Resource, provider: Provider) -> Changes:
        """What an `up` would change back, told the other way round."""
        if old.external:
            return Changes() if equal(old.outputs, new.outputs) else Changes({"outputs": "update"})
        diff = settled(provider.diff(new, old.inputs, old.ignore_changes), new, old.inputs)
        if not diff.changes:
            return Changes()
        named = named_changes(diff, new, old)
        kinds = {path: _INVERTED[kind.removesuffix("-replace")] for path, kind in named.items()}
        return replace(named, kinds=kinds, replaces=())


def rebuilt(resources: list[Resource]) -> tuple[Resource, ...]:
    """Resources without references to what is no longer before them; children of one that is gone have no parent."""
    there: set[str] = set()
    kept = []
    for each in resources:
        kept.append(_without_dangling(each, there))
        there.add(each.urn)
    return tuple(kept)


def _without_dangling(resource: Resource, there: Collection[str]) -> Resource:
    kept = {key: tuple(urn for urn in needs if urn in there) for key, needs in resource.property_dependencies.items()}
    return replace(
        resource,
        parent=resource.parent if resource.parent in there else "",
        dependencies=tuple(urn for urn in resource.dependencies if urn in there),
        property_dependencies={key: needs for key, needs in kept.items() if needs},
        deleted_with=resource.deleted_with if resource.deleted_with in there else "",
        replace_with=tuple(urn for urn in resource.replace_with if urn in there),
    )


def _readable(resource: Resource) -> bool:
    return resource.custom and not resource.is_provider


def _merged(old: Resource, outcome: Outcome) -> Resource:
    inputs = old.inputs if outcome.inputs is None else remark(outcome.inputs, old.inputs)
    outputs = remark(outcome.outputs, old.outputs)
    unchanged = equal(inputs, old.inputs) and equal(outputs, old.outputs)
    new = replace(
        old,
        id=outcome.id,
        inputs=inputs,
        outputs=outputs,
        init_errors=outcome.init_errors,
        refresh_before_update=outcome.refresh_before_update,
    )
    if unchanged and new == old:
        return old
    return new if unchanged else replace(new, modified=now())
