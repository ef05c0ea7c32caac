"""Reads what is really there into the state: `refresh`, `--refresh`, and resources that ask for it before every update.

`operations` calls it before the program runs (or instead of it), `rereading` while it runs. Rules: Pulumi's, with one
addition: what the state holds as a secret stays one, also where a provider reads it back plain.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any, Literal

from amlkit.engine.events import Changes, Op, StepEvent
from amlkit.errors import AmlkitError

from .decide import named_changes, settled
from .gate import Gate, Stopped
from .manifest import now
from .providers import Outcome, Provider
from .references import rebuilt
from .registry import Registry
from .reporter import Reporter
from .resource import Deployment, Resource
from .run import Run
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

    @classmethod
    def of(cls, run: Run) -> Refresher:
        """What reads for a run whose program is at work."""
        return cls(run.registry, run.reporter, run.gate, run.parallel, ahead=not run.manner.refreshes)

    def refreshed(
        self, deployment: Deployment, wanted: Callable[[Resource], bool], before: Sequence[Resource] = ()
    ) -> Deployment:
        """The state after reading what `wanted` chooses; the same object if nothing was read and nothing differs.

        `before` is what comes before it in a whole state. Failures are reported, and leave what they concern as it was.
        """
        known = (*before, *deployment.resources)
        chosen = [each for each in deployment.resources if wanted(each) and not each.pending_replacement]
        for each in chosen:
            if not _readable(each):
                self._nothing_to_read(each)
        chosen = [each for each in chosen if _readable(each)]
        if not chosen and not before:
            return deployment
        with ThreadPoolExecutor(max_workers=self.parallel) as pool:
            found = list(pool.map(lambda each: self._one(each, known), chosen))
        after = {id(before): now_there for before, now_there in zip(chosen, found, strict=True)}
        resources = [after.get(id(each), each) for each in deployment.resources]
        same = all(one is other for one, other in zip(resources, deployment.resources, strict=True))
        if same and self.ahead:
            return deployment
        after_all = rebuilt([each for each in resources if each is not None], before)
        return deployment if after_all == deployment.resources else replace(deployment, resources=after_all)

    def _nothing_to_read(self, resource: Resource) -> None:
        """Components and providers count as looked at, too."""
        self.looked_at(resource, resource)

    def looked_at(self, old: Resource, new: Resource, *, internal: bool = False) -> None:
        """Tell of a resource that there is nothing to read of; `internal`: for the event log alone."""
        self.reporter.hide([old.inputs, old.outputs])
        self._tell(old, new, "started", after=new, internal=internal)
        self._tell(old, new, "done", after=old, internal=internal)

    def _tell(self, old: Resource, new: Resource, state: Literal["started", "done", "failed"], **found: Any) -> None:
        self.reporter.step(
            StepEvent(urn=new.urn, type=new.type, op=Op.REFRESH, state=state, before=old, ahead=self.ahead, **found)
        )

    def _one(self, old: Resource, known: Sequence[Resource]) -> Resource | None:
        """What the state should hold for it: the same object if nothing differs, None if it is gone."""
        try:
            with self.gate.enter(), self.gate.slot():
                return self.read(old, old, lambda: self.registry.ensure(old.provider, known))
        except Stopped:
            return old
        except AmlkitError as error:
            self.reporter.failure(error, old.urn)
            return old

    def read(self, old: Resource, kept: Resource, provider: Callable[[], Provider]) -> Resource | None:
        """What the state should hold: `kept` with what is there, the same object if nothing differs; None: it is gone.

        Raises:
            AmlkitError: the provider cannot read it, or be started.
        """
        self.reporter.hide([old.inputs, old.outputs])
        began = time.monotonic()
        self._tell(old, kept, "started", after=kept)
        try:
            found = self._found(old, kept, provider())
        except AmlkitError as error:
            self._tell(old, kept, "failed", error=str(error))
            raise
        if found is None:
            self._tell(old, kept, "done", gone=True, seconds=time.monotonic() - began)
            return None
        new, changes = found
        self.reporter.hide([new.inputs, new.outputs])
        self._tell(old, kept, "done", changes=changes, after=new, seconds=time.monotonic() - began)
        return new

    def _found(self, old: Resource, kept: Resource, provider: Provider) -> tuple[Resource, Changes] | None:
        outcome = provider.read(replace(old, urn=kept.urn, type=kept.type), old.outputs)
        if not outcome.id:
            return None
        if outcome.init_errors:
            said = "\n* ".join(outcome.init_errors)
            self.reporter.message("warning", f"Refreshed resource is in an unhealthy state:\n* {said}", kept.urn)
        new = _merged(old, kept, outcome)
        return new, self._changes(old, new, provider)

    def _changes(self, old: Resource, new: Resource, provider: Provider) -> Changes:
        """What an `up` would change back, told the other way round."""
        if old.external:
            return Changes() if equal(old.outputs, new.outputs) else Changes({"outputs": "update"})
        diff = settled(provider.diff(new, old.inputs, old.ignore_changes), new, old.inputs)
        if not diff.changes:
            return Changes(detailed=diff.has_details)
        named = named_changes(diff, new, old)
        kinds = {path: _INVERTED[kind.removesuffix("-replace")] for path, kind in named.items()}
        return replace(named, kinds=kinds, replaces=())


def _readable(resource: Resource) -> bool:
    return resource.custom and not resource.is_provider


def _merged(old: Resource, kept: Resource, outcome: Outcome) -> Resource:
    inputs = old.inputs if outcome.inputs is None else remark(outcome.inputs, old.inputs)
    outputs = remark(outcome.outputs, old.outputs)
    unchanged = equal(inputs, old.inputs) and equal(outputs, old.outputs)
    new = replace(
        kept,
        id=outcome.id,
        inputs=inputs,
        outputs=outputs,
        init_errors=outcome.init_errors,
        refresh_before_update=outcome.refresh_before_update,
    )
    if unchanged and new == old:
        return old
    return new if unchanged else replace(new, modified=now())
