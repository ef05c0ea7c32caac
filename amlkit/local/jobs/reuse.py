"""Whether a step's result is there already, and why not; under the rule set that the stand-in was started with.

Used by the scheduler; `forecast` shares `Seen` and `fingerprint`, and judges by itself. A hit is trusted only after its
outputs were found to have the digests that were recorded.
"""

from __future__ import annotations

import os
import string
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ... import fingerprint as record
from ...fingerprint import Fingerprint, Ingredient, Outcome, Reason
from ..blobs import Blobs
from ..web import AzureError
from .bindings import Produced
from .contents import Contents, Tree
from .locations import child_name
from .pins import Pins
from .records import Component, Job
from .rules import Facts, Rules, references
from .store import Store

RESUME = "amlkit.resume"  # property of a run: the run whose finished steps are taken as they are
BEFORE = "amlkit.reason.before"  # property of a step: the job that it was compared with
REUSED_FROM = "azureml.reusedrunid"
_PLAIN = frozenset(string.ascii_letters + string.digits + "-_./")
_NO_SEGMENTS = frozenset({"", ".", ".."})


class MissingDataError(Exception):
    """There is nothing where an input or the code should be; the message names it."""


class Seen:
    """What is where, remembered for one round of one run, in which nothing changes."""

    def __init__(self, blobs: Blobs, contents: Contents, workspace: str, rules: Rules) -> None:
        self._blobs = blobs
        self._contents = contents
        self._workspace = workspace
        self._rules = rules
        self._trees: dict[str, Tree] = {}
        self._roots: dict[str, str] = {}
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

    def check(self, uri: str, what: str) -> None:
        """See that there is something at a URI, without reading it.

        Raises:
            MissingDataError: there is nothing.
        """
        if uri not in self._trees and not os.path.exists(self._folder(uri)):  # noqa: PTH110
            raise MissingDataError(f"{what}: nothing is there: {uri}")

    def shared(self, key: str, component: Component) -> Mapping[str, Ingredient]:
        """The ingredients that all steps of a component share; `key` names it in the definition.

        Raises:
            MissingDataError: its code is gone.
        """
        if key not in self._shared:
            self._shared[key] = self._rules.shared(
                key, component, lambda: self.tree(component.code, "the code") if component.code else None
            )
        return self._shared[key]

    def _folder(self, uri: str) -> str:
        store, found, path = uri.partition("/paths/azureml/")
        segments = path.strip("/").split("/")
        if not found or not _PLAIN.issuperset(path) or not _NO_SEGMENTS.isdisjoint(segments):
            return str(self._blobs.folder_of(uri, self._workspace))
        if store not in self._roots:  # outputs of jobs: thousands of them in one datastore
            self._roots[store] = str(self._blobs.folder_of(f"{store}/paths/azureml", self._workspace))
        return "/".join((self._roots[store], *segments))


@dataclass(frozen=True)
class Verdict:
    """The reason, and the job to take the outputs from; None: the step must run. `before`: the job compared with."""

    reason: Reason
    hit: Job | None = None
    before: str = ""


def fingerprint(rules: Rules, facts: Facts, produced: Mapping[str, Produced], seen: Seen) -> Fingerprint:
    """The fingerprint of a step whose inputs are there; `produced` are the outputs of finished steps.

    Raises:
        MissingDataError: they are not there.
    """
    shared = seen.shared(facts.step.component, facts.component)
    data = [item for item in facts.inputs if not item.port.is_literal]
    if rules.by_bytes:
        found = {item.port.name: seen.tree(item.text, f"input `{item.port.name}`").digest for item in data}
        return rules.fingerprint(shared, facts, found)
    for item in data:
        seen.check(item.text, f"input `{item.port.name}`")
    return rules.fingerprint(shared, facts, references(facts.step, data, produced))


def damaged(job: Job, produced: Produced, seen: Seen) -> tuple[str, ...]:
    """The outputs that are not what was recorded: gone, or changed since."""
    found = []
    for name, output in produced.items():
        try:
            same = seen.tree(output["uri"], name).digest == output["digest"]
        except MissingDataError:
            same = False
        if not same:
            found.append(f"{name} of {job.name}")
    return tuple(found)


class Reuse:
    """Judges steps under one rule set."""

    def __init__(self, store: Store, rules: Rules, pins: Pins, ended: Callable[[], None] = lambda: None) -> None:
        self._store = store
        self.rules = rules
        self._pins = pins
        self._ended = ended

    def fingerprint(self, facts: Facts, produced: Mapping[str, Produced], seen: Seen) -> Fingerprint:
        """The fingerprint of a step whose inputs are there: see the function of the same name."""
        return fingerprint(self.rules, facts, produced, seen)

    def resumed(self, root: Job, step: str, now: Fingerprint, seen: Seen) -> Verdict | None:
        """The result of the same step of the run that `root` resumes, if that finished it and nothing differs since."""
        earlier = root.properties.get(RESUME)
        name = child_name(earlier, step) if earlier and step else earlier
        found = self._store.finished(root.workspace, name) if name else None
        if found is None or found[1] != now.key:
            return None
        job = found[0]
        self._hold(root, job)
        if damaged(job, job.produced, seen):
            return None
        return Verdict(Reason(Outcome.RESUMED, "", (job.name,)), job)

    def judge(self, root: Job, line: Callable[[], str], now: Fingerprint, seen: Seen) -> Verdict:
        """Is there a result for this fingerprint, and if not, what differs from the last run of the same step?

        `line` gives what names that step (see `store.line_of`); it is asked only if it is needed.
        """
        hit = self._store.reusable(root.workspace, now.key)
        if hit is not None:
            self._hold(root, hit)
            lost = damaged(hit, hit.produced, seen)
            return Verdict(Reason(Outcome.LOST, "", lost), None, hit.name) if lost else Verdict(_REUSED, hit)
        before = self._store.last(line())
        reason = record.compare(before[1] if before else None, now)
        if reason.outcome is Outcome.REUSED:
            reason = NOT_KEPT
        return Verdict(reason, None, before[0] if before else "")

    def release(self, run: str) -> None:
        """A run is over: what it used may be removed, and whoever waits for that is told."""
        self._pins.release(run)
        self._ended()

    def _hold(self, root: Job, job: Job) -> None:
        self._pins.hold(root.name, [str(item["uri"]) for item in job.produced.values()])


def check_resumable(store: Store, root: Job) -> None:
    """See that the run which a run wants to resume is there.

    Raises:
        AzureError: 400: it is not.
    """
    earlier = root.properties.get(RESUME)
    found = store.get(earlier) if earlier else None
    if earlier and (found is None or found.workspace.lower() != root.workspace.lower()):
        raise AzureError(400, "UserError", f"properties.{RESUME}: there is no run '{earlier}' in this workspace")


def maker(job: Job) -> str:
    """The job that made the outputs of a job: itself, or the one that it was taken from."""
    return job.properties.get(REUSED_FROM, job.name)


_REUSED = Reason(Outcome.REUSED)
NOT_KEPT = Reason(Outcome.LOST, "", ("the last result was not kept",))
