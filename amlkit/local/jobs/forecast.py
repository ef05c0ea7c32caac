"""What a run would do, step by step, before anything runs. Shares fingerprints and tables with the scheduler, no code.

A step whose data is known is judged for certain. Behind a step that runs, the rule set `content` cannot know: a step
`depends` if there is a result that it would take should the bytes come out as they did before, and `runs` if there is
none. Under `azure` it runs: a new output is a new reference. Assumed is that every step succeeds, and that two outputs
which are still to be made differ: if they do not, one of their consumers takes the result of the other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from graphlib import TopologicalSorter
from typing import Any, Literal

from ... import digest
from ... import fingerprint as record
from ...fingerprint import Fingerprint, Outcome, Reason
from ..blobs import Blobs, is_web, shown
from .bindings import Given, Produced, given
from .contents import Contents
from .locations import child_name
from .records import Job, Step
from .reuse import NOT_KEPT, RESUME, MissingDataError, Seen, damaged, maker
from .rules import Facts, Rules, references
from .state import line
from .store import Store
from .submit import Submission, Submitter

Known = Literal["reused", "runs", "depends"]


@dataclass(frozen=True)
class Forecast:
    """Of one step. `seconds` is how long it took when it last ran, None: it never did."""

    step: str
    outcome: Known
    reason: str
    details: tuple[str, ...] = ()
    seconds: float | None = None

    def as_json(self) -> dict[str, Any]:
        """As the control route answers."""
        return {
            "step": self.step,
            "outcome": self.outcome,
            "reason": self.reason,
            "details": list(self.details),
            "seconds": self.seconds,
        }


class Forecaster:
    """Makes forecasts of submissions that were read and not accepted. Writes nothing but what `Contents` learns."""

    def __init__(self, store: Store, submitter: Submitter, blobs: Blobs, contents: Contents, rules: Rules) -> None:
        self._store = store
        self._submitter = submitter
        self._blobs = blobs
        self._contents = contents
        self.rules = rules

    def of_body(self, workspace: str, properties: Mapping[str, Any], endpoint: str = "") -> dict[str, Any]:
        """Of an ARM job's `properties`, as if they were submitted; with `endpoint`, as if that was invoked.

        Raises:
            AzureError: 400 with all that is wrong.
        """
        made = self._submitter.of_job(workspace, "forecast", properties)
        if endpoint:
            made = replace(made, job=replace(made.job, endpoint=endpoint))
        return {"rules": self.rules.name, "steps": [each.as_json() for each in self.of(made)]}

    def of(self, submission: Submission) -> list[Forecast]:
        """Of all steps, each behind those that it needs; a single command is one step of an empty name."""
        job, steps = submission.job, {step.name: step for step in submission.definition.steps}
        seen = Seen(self._blobs, self._contents, job.workspace, self.rules)
        look = _Look(self._store, submission, self._blobs, seen, self.rules)
        order = TopologicalSorter({name: sorted(step.needs) for name, step in steps.items()}).static_order()
        found = {name: look.at(steps[name]) for name in order}
        self._contents.flush()
        return list(found.values())


class _NotFetchedError(Exception):
    """The file behind a web address is not here yet; the message is the address."""


@dataclass(frozen=True)
class _Way:
    """What a step goes by: its inputs, its fingerprint, and the inputs that are not known yet with what makes them."""

    facts: Facts
    print: Fingerprint
    unknown: Mapping[str, str]


@dataclass
class _Look:
    """One forecast under way. `produced` are outputs that are there, `pending` the keys of steps whose are not."""

    store: Store
    submission: Submission
    blobs: Blobs
    seen: Seen
    rules: Rules
    produced: dict[str, Produced] = field(default_factory=dict)
    pending: dict[str, str] = field(default_factory=dict)
    outcomes: dict[str, Known] = field(default_factory=dict)
    makers: dict[str, str] = field(default_factory=dict)
    results: dict[str, list[Fingerprint]] | None = None

    def at(self, step: Step) -> Forecast:
        """The next step: those that it needs have been looked at."""
        try:
            way = self._way(step)
        except MissingDataError as error:
            return self._says(step, "runs", Reason(Outcome.FIRST), "", f"cannot start: {error}")
        except _NotFetchedError as error:
            return self._says(step, "runs", Reason(Outcome.FIRST), "", f"fetches {error}")
        if resumed := self._resumed(step, way):
            return self._says(step, "reused", Reason(Outcome.RESUMED, "", (resumed.name,)))
        if not way.facts.component.deterministic:
            return self._says(step, "runs", Reason(Outcome.NOT_ALLOWED), f"{way.print.key} {step.name}")
        if way.facts.definition.force_rerun:
            return self._says(step, "runs", Reason(Outcome.FORCED), f"{way.print.key} {step.name}")
        if other := self.makers.get(way.print.key):
            told = self._says(step, "reused", Reason(Outcome.REUSED), "", f"the same as step `{other}`")
            self.pending[step.name], self.outcomes[step.name] = way.print.key, self.outcomes[other]
            return told
        if way.unknown:
            return self._behind(step, way)
        return self._judge(step, way)

    def _way(self, step: Step) -> _Way:
        job, definition = self.submission.job, self.submission.definition
        component = definition.components[step.component]
        open_ = {
            name: source
            for name, source in step.inputs.items()
            if source.kind == "step" and source.text in self.pending
        }
        places = {
            source.text: {other.output: {"uri": ""} for other in open_.values() if other.text == source.text}
            for source in open_.values()
        }
        inputs = tuple(given(step, component, job.inputs, {**self.produced, **places}))
        facts = Facts(job, definition, component, step, inputs)
        data = self._data(step, [item for item in inputs if item.port.name not in open_])
        data |= {
            name: digest.of(["to come", self.pending[source.text], source.output]) for name, source in open_.items()
        }
        shared = self.seen.shared(step.component, component)
        return _Way(facts, self.rules.fingerprint(shared, facts, data), {n: s.text for n, s in open_.items()})

    def _data(self, step: Step, inputs: list[Given]) -> dict[str, str]:
        data = [item for item in inputs if not item.port.is_literal]
        for item in data:
            if is_web(item.text) and not self.blobs.web_file(item.text).is_file():
                raise _NotFetchedError(shown(item.text))
        if self.rules.by_bytes:
            return {item.port.name: self.seen.tree(item.text, f"input `{item.port.name}`").digest for item in data}
        for item in data:
            self.seen.check(item.text, f"input `{item.port.name}`")
        return references(step, data, self.produced)

    def _resumed(self, step: Step, way: _Way) -> Job | None:
        job = self.submission.job
        earlier = job.properties.get(RESUME)
        if not earlier or way.unknown:
            return None
        found = self.store.finished(job.workspace, child_name(earlier, step.name) if step.name else earlier)
        if found is None or found[1] != way.print.key or damaged(found[0], found[0].produced, self.seen):
            return None
        self.produced[step.name] = found[0].produced
        return found[0]

    def _judge(self, step: Step, way: _Way) -> Forecast:
        hit = self.store.reusable(self.submission.job.workspace, way.print.key)
        if hit is not None:
            lost = damaged(hit, hit.produced, self.seen)
            if lost:
                return self._says(step, "runs", Reason(Outcome.LOST, "", lost), way.print.key)
            self.produced[step.name] = hit.produced
            return self._says(step, "reused", Reason(Outcome.REUSED), "", "", (f"from {hit.name}",))
        reason = record.compare(self._last(step), way.print)
        return self._says(step, "runs", NOT_KEPT if reason.outcome is Outcome.REUSED else reason, way.print.key)

    def _behind(self, step: Step, way: _Way) -> Forecast:
        """A step behind one that is not there yet."""
        may = {name: "runs" if self.outcomes[maker] == "runs" else "may run" for name, maker in way.unknown.items()}
        told = tuple(f"{name} comes from step `{way.unknown[name]}`, which {word}" for name, word in may.items())
        if self.rules.by_bytes and self._has_result(way):
            return self._says(step, "depends", Reason(Outcome.CHANGED, "inputs"), way.print.key, told[0], told)
        reason = record.compare(self._last(step), way.print)
        if reason.outcome is Outcome.CHANGED and reason.ingredient == "inputs":
            known = tuple(item for item in reason.details if item.rpartition(" ")[0] not in way.unknown)
            reason = Reason(Outcome.CHANGED, "inputs", known or told)
        return self._says(step, "runs", reason, way.print.key)

    def _has_result(self, way: _Way) -> bool:
        """Is there a result for all that is known of a step, whatever the rest turns out to be?"""
        job = self.submission.job
        if self.results is None:
            self.results = {}
            for found in self.store.reusable_fingerprints(job.workspace):
                self.results.setdefault(_but_inputs(found), []).append(found)
        inputs = way.print.get("inputs")
        known = {part for part in (inputs.parts if inputs else ()) if part[0] not in way.unknown}
        for found in self.results.get(_but_inputs(way.print), ()):
            old = found.get("inputs")
            if old is not None and known <= set(old.parts) and len(old.parts) == len(known) + len(way.unknown):
                hit = self.store.reusable(job.workspace, found.key)
                if hit is not None and not damaged(hit, hit.produced, self.seen):
                    return True
        return False

    def _last(self, step: Step) -> Fingerprint | None:
        found = self.store.last(self._line(step))
        return found[1] if found else None

    def _line(self, step: Step) -> str:
        return line(self.submission.job, self.submission.definition.components[step.component], step)

    def _says(
        self, step: Step, outcome: Known, reason: Reason, key: str = "", text: str = "", details: tuple[str, ...] = ()
    ) -> Forecast:
        """Note what a step does, and by which key its outputs will be known; an empty one: they are there."""
        self.outcomes[step.name] = outcome
        if outcome != "reused":
            self.pending[step.name] = key or f"nothing of {step.name}"
            if key and key not in self.makers:
                self.makers[key] = step.name
        return Forecast(step.name, outcome, text or str(reason), details or reason.details, self._seconds(step))

    def _seconds(self, step: Step) -> float | None:
        last = self.store.last(self._line(step))
        job = self.store.get(last[0]) if last else None
        made = self.store.get(maker(job)) if job else None
        if made is None or not made.started or not made.ended:
            return None
        return round((datetime.fromisoformat(made.ended) - datetime.fromisoformat(made.started)).total_seconds(), 3)


def _but_inputs(found: Fingerprint) -> str:
    others = ((item.name, item.digest) for item in found.ingredients if item.name != "inputs")
    return record.key_of(found.rules, others)
