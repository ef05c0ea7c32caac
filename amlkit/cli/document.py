"""A run as a document: the lines of `amlkit runs show`, and its JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

from amlkit.delivery.runs import Run, StepRun
from amlkit.manifest import DEFINITION_PROPERTY

from .here import near
from .show import duration, explain_lines, metric_line

Metrics = Mapping[str, Mapping[str, float]]
_REPOSITORY = ("azureml.git.repository_uri", "mlflow.source.git.repoURL")
_BRANCH = ("azureml.git.branch", "mlflow.source.git.branch")
_COMMIT = ("azureml.git.commit", "mlflow.source.git.commit")
_DIRTY = ("azureml.git.dirty",)


def as_json(
    run: Run, metrics: Metrics | None = None, places: Mapping[str, str] | None = None, *, steps: bool = True
) -> dict[str, Any]:
    """Plain data. `metrics` is by the id of the step, `places` where a URI lies on this machine."""
    found = asdict(run)
    found["seconds"] = run.seconds
    if not steps:
        for name in ("steps", "outputs", "started", "finished", "seconds"):
            del found[name]
        return found
    found["steps"] = [_step(step, metrics or {}) for step in run.steps]
    found["places"] = {uri: place for uri, place in (places or {}).items() if uri != place}
    return found


def lines(run: Run, metrics: Metrics, places: Mapping[str, str]) -> Iterator[str]:
    """What a person reads. `metrics` is by the id of the step, `places` where a URI lies."""
    yield f"{run.name}  {run.status.lower()}  {run.id}"
    yield from _table("", dict(_head(run)))
    yield from _table("Parameters", run.parameters)
    yield from _table("Inputs", {name: near_place(places.get(uri, uri)) for name, uri in run.inputs.items()})
    yield from _table("Outputs", {name: near_place(places.get(uri, uri)) for name, uri in run.outputs.items() if uri})
    if run.steps:
        yield ""
        yield "Steps"
        yield from (f"  {line}" for line in explain_lines(run))
    yield from _errors(run)
    shown = [(step, metrics[step.id]) for _, step in run.walk() if step.id in metrics]
    if shown:
        yield ""
        yield "Metrics"
        best = {step.best for _, step in run.walk() if step.best}
        yield from (
            f"  {metric_line(run, step, found)}" + ("  (best)" if step.id in best else "") for step, found in shown
        )


def near_place(place: str) -> str:
    """A path as it is written from here; a URI as it is, but for the signature of a web address."""
    if place.startswith(("https://", "http://")):
        address, mark, _ = place.partition("?")
        return address + ("?…" if mark else "")
    return place if "://" in place or place.startswith("azureml:") else near(place)


def _head(run: Run) -> Iterator[tuple[str, str]]:
    yield "created", f"{run.created[:19]}Z"
    if run.seconds is not None:
        yield "took", duration(run.seconds)
    if run.experiment:
        yield "experiment", run.experiment
    if definition := run.properties.get(DEFINITION_PROPERTY):
        yield "definition", definition
    if git := _git(run.properties):
        yield "git", git
    if run.tags:
        yield "tags", ", ".join(f"{name}={value}" for name, value in sorted(run.tags.items()))


def _git(properties: Mapping[str, str]) -> str:
    """`main 1f3ac09 (dirty) https://…`."""
    repository, branch, commit, dirty = (
        next((properties[name] for name in names if properties.get(name)), "")
        for names in (_REPOSITORY, _BRANCH, _COMMIT, _DIRTY)
    )
    marked = "(dirty)" if dirty.lower() == "true" else ""
    return "  ".join(filter(None, (branch, commit[:12], marked, repository)))


def _table(title: str, values: Mapping[str, str]) -> Iterator[str]:
    if not values:
        return
    if title:
        yield ""
        yield title
    width = max(map(len, values))
    yield from (f"  {name:<{width}}  {value}" for name, value in values.items())


def _errors(run: Run) -> Iterator[str]:
    """The whole of what is wrong, where the line of the step has its beginning only."""
    failed = [(path, step) for path, step in run.walk() if step.status == "Failed" and "\n" in step.error]
    for path, step in failed:
        yield ""
        yield f"{path} failed"
        yield from (f"  {line}" for line in step.error.splitlines())
    if run.error and not failed and not any(step.error == run.error for _, step in run.walk()):
        yield ""
        yield f"error: {run.error}"


def _step(step: StepRun, metrics: Metrics) -> dict[str, Any]:
    found = {**asdict(step), "metrics": dict(metrics.get(step.id, {}))}
    found["steps"] = [_step(inner, metrics) for inner in step.steps]
    return found
