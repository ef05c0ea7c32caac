"""Whether a step's result is there already, and why not. The rule set `content`: equal bytes in, same result.

Used by the scheduler. A hit is trusted only after its outputs were found to have the digests that were recorded.
"""

from __future__ import annotations

import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ... import fingerprint as record
from ...fingerprint import Fingerprint, Ingredient, Outcome, Reason
from ..blobs import Blobs
from .bindings import Given
from .contents import Contents, Tree
from .fingerprints import of_component, of_step
from .records import Component, Job, Step
from .store import Store

_PLAIN = frozenset(string.ascii_letters + string.digits + "-_/")


class MissingDataError(Exception):
    """There is nothing where an input or the code should be; the message names it."""


class Seen:
    """What is where, remembered for one round of one run, in which nothing changes."""

    def __init__(self, blobs: Blobs, contents: Contents, workspace: str) -> None:
        self._blobs = blobs
        self._contents = contents
        self._workspace = workspace
        self._trees: dict[str, Tree] = {}
        self._roots: dict[str, Path] = {}
        self._shared: dict[str, Mapping[str, Ingredient]] = {}

    def tree(self, uri: str, what: str) -> Tree:
        """The content at a URI; `what` is who needs it, for the message.

        Raises:
            MissingDataError: there is nothing.
        """
        if uri not in self._trees:
            try:
                self._trees[uri] = self._contents.tree(self._folder(uri))
            except FileNotFoundError as error:
                raise MissingDataError(f"{what}: nothing is there: {uri}") from error
        return self._trees[uri]

    def shared(self, key: str, component: Component) -> Mapping[str, Ingredient]:
        """The ingredients that all steps of a component share; `key` names it in the definition.

        Raises:
            MissingDataError: its code is gone.
        """
        if key not in self._shared:
            code = self.tree(component.code, "the code") if component.code else None
            self._shared[key] = of_component(component, code)
        return self._shared[key]

    def _folder(self, uri: str) -> Path:
        store, found, path = uri.partition("/paths/azureml/")
        segments = path.strip("/").split("/")
        if not found or not _PLAIN.issuperset(path) or not all(segments):
            return self._blobs.folder_of(uri, self._workspace)
        if store not in self._roots:  # outputs of jobs: thousands of them in one datastore
            self._roots[store] = self._blobs.folder_of(f"{store}/paths/azureml", self._workspace)
        return self._roots[store].joinpath(*segments)


@dataclass(frozen=True)
class Verdict:
    """The reason, and the job to take the outputs from; None: the step must run."""

    reason: Reason
    hit: Job | None = None


class Reuse:
    """Judges steps."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def fingerprint(self, component: Component, step: Step, inputs: Sequence[Given], seen: Seen) -> Fingerprint:
        """The fingerprint of a step whose inputs are there.

        Raises:
            MissingDataError: they are not.
        """
        data = {
            item.port.name: seen.tree(item.text, f"input `{item.port.name}`")
            for item in inputs
            if not item.port.is_literal
        }
        return of_step(seen.shared(step.component, component), component, step, inputs, data)

    def judge(self, workspace: str, line: str, now: Fingerprint, seen: Seen) -> Verdict:
        """Is there a result for this fingerprint, and if not, what differs from the last run of the same step?"""
        hit = self._store.reusable(workspace, now.key)
        if hit is not None:
            lost = self._lost(hit, seen)
            return Verdict(Reason(Outcome.LOST, "", lost)) if lost else Verdict(Reason(Outcome.REUSED), hit)
        reason = record.compare(self._store.last_fingerprint(line), now)
        return Verdict(
            Reason(Outcome.LOST, "", ("the last result was not kept",)) if reason.outcome is Outcome.REUSED else reason
        )

    def _lost(self, job: Job, seen: Seen) -> tuple[str, ...]:
        found = []
        for name, output in job.produced.items():
            try:
                same = seen.tree(output["uri"], name).digest == output["digest"]
            except MissingDataError:
                same = False
            if not same:
                found.append(f"{name} of {job.name}")
        return tuple(found)
