"""Whether a step's result is there already, and why not. The rule set `content`: equal bytes in, same result.

Used by the scheduler. A hit is trusted only after its outputs were found to have the digests that were recorded.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ... import fingerprint as record
from ...fingerprint import Fingerprint, Outcome, Reason
from ..blobs import Blobs
from .bindings import Given
from .contents import Contents, Tree
from .fingerprints import fingerprint
from .records import Component, Job, Step
from .store import Store

Seen = dict[str, Tree]


class MissingDataError(Exception):
    """There is nothing where an input or the code should be; the message names it."""


@dataclass(frozen=True)
class Verdict:
    """The reason, and the job to take the outputs from; None: the step must run."""

    reason: Reason
    hit: Job | None = None


class Reuse:
    """Judges steps. `seen` in its methods remembers content for one round, in which nothing changes."""

    def __init__(self, store: Store, contents: Contents, blobs: Blobs) -> None:
        self._store = store
        self._contents = contents
        self._blobs = blobs

    def fingerprint(
        self, workspace: str, component: Component, step: Step, inputs: Sequence[Given], seen: Seen
    ) -> Fingerprint:
        """The fingerprint of a step whose inputs are there.

        Raises:
            MissingDataError: they are not.
        """
        data = {
            item.port.name: self._tree(item.text, workspace, seen, f"input `{item.port.name}`")
            for item in inputs
            if not item.port.is_literal
        }
        code = self._tree(component.code, workspace, seen, "the code") if component.code else None
        return fingerprint(component, step, inputs, data, code)

    def judge(self, workspace: str, line: str, now: Fingerprint, seen: Seen) -> Verdict:
        """Is there a result for this fingerprint, and if not, what differs from the last run of the same step?"""
        hit = self._store.reusable(workspace, now.key)
        if hit is not None:
            lost = self._lost(hit, seen)
            return Verdict(Reason(Outcome.LOST, "", lost)) if lost else Verdict(Reason(Outcome.REUSED), hit)
        reason = record.compare(self._store.last_fingerprint(line), now)
        return Verdict(Reason(Outcome.LOST) if reason.outcome is Outcome.REUSED else reason)

    def _lost(self, job: Job, seen: Seen) -> tuple[str, ...]:
        found = []
        for name, output in job.produced.items():
            try:
                same = self._tree(output["uri"], job.workspace, seen, name).digest == output["digest"]
            except MissingDataError:
                same = False
            if not same:
                found.append(f"{name} of {job.name}")
        return tuple(found)

    def _tree(self, uri: str, workspace: str, seen: Seen, what: str) -> Tree:
        if uri not in seen:
            try:
                seen[uri] = self._contents.tree(self._blobs.folder_of(uri, workspace))
            except FileNotFoundError as error:
                raise MissingDataError(f"{what}: nothing is there: {uri}") from error
        return seen[uri]
